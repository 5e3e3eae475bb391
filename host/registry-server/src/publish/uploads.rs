//! Packages on their way in: begun, sent in parts that go on where the last one ended, and given up. It does not know what is in them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use hal9_package::Digest;
use hal9_registry_index::api::{Begin, Scope, Upload};
use rusqlite::{OptionalExtension as _, Row};
use uuid::Uuid;

use super::MAX_PART;
use crate::{AppState, Changes, Error, Refusal, accounts::Caller, catalogue::parse, clock::now, state::Taken};

/// An upload as it is kept.
struct Begun {
    id: String,
    package: String,
    size: u64,
    expires: u64,
}

const COLUMNS: &str = "id, package, size, expires";

impl AppState {
    /// Begins an upload, or finds the one of the same account and package again.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a package that is too large, and for an account that has begun too many: so it has at most so many times the largest package on
    /// the disk.
    pub async fn begin_upload(&self, caller: &Caller, begin: Begin) -> Result<Upload, Refusal> {
        self.check_writable()?;
        caller.may(Scope::Publish)?;
        let most = self.max_package();
        if begin.size == 0 || begin.size > most {
            let message = format!("a package of {} bytes: it may have 1 to {most}", begin.size);
            return Err(if begin.size == 0 { Refusal::usage(message) } else { Refusal::too_large(message) });
        }
        let (account, max, expires) = (caller.account, self.config().max_uploads, self.upload_end());
        let state = self.clone();
        let (begun, _taken) = self
            .write(move |changes| {
                let transaction = changes.transaction;
                let mut taken = None;
                // Those that are over do not count; their files go with them.
                for over in state.over(changes, account)? {
                    transaction.execute("DELETE FROM upload WHERE id = ?", [&over])?;
                    state.remove_upload(&over)?;
                }
                let package = begin.package.to_string();
                let sql = format!("SELECT {COLUMNS} FROM upload WHERE account = ? AND package = ?");
                let known = transaction.query_row(&sql, (account, &package), begun).optional()?;
                if let Some(known) = known {
                    if known.size == begin.size {
                        return Ok((known, None));
                    }
                    // One of the two sizes was wrong, as a digest has one. Nobody goes on with it until its row is gone as well.
                    taken = Some(state.take_upload(&known.id)?);
                    transaction.execute("DELETE FROM upload WHERE id = ?", [&known.id])?;
                    state.remove_upload(&known.id)?;
                }
                let count: u32 =
                    transaction
                        .query_row("SELECT count(*) FROM upload WHERE account = ?", [account], |row| row.get(0))?;
                if count >= max {
                    return Err(Refusal::conflict("uploads", format!("you have begun {count} uploads"))
                        .help("publish or give up those first"));
                }
                let id = Uuid::new_v4().simple().to_string();
                let row = (&id, account, &package, begin.size, expires);
                transaction.execute("INSERT INTO upload VALUES (?, ?, ?, ?, ?)", row)?;
                Ok((Begun { id, package, size: begin.size, expires }, taken))
            })
            .await?;
        self.upload_of(begun)
    }

    /// The uploads of an account that nobody went on with in time.
    fn over(&self, changes: &Changes<'_>, account: i64) -> Result<Vec<String>, Refusal> {
        let mut statement =
            changes.transaction.prepare_cached("SELECT id FROM upload WHERE account = ? AND expires < ?")?;
        Ok(statement.query_map((account, now()), |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Removes what came of an upload: nothing of what its account has begun stays without being counted.
    fn remove_upload(&self, id: &str) -> Result<(), Refusal> {
        let path = self.upload_path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", &path)(error).into()),
            _ => Ok(()),
        }
    }

    /// How far an upload is.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the account has no such upload.
    pub async fn upload(&self, caller: &Caller, id: &str) -> Result<Upload, Refusal> {
        caller.may(Scope::Publish)?;
        let begun = self.begun(caller, id).await?;
        self.upload_of(begun)
    }

    /// Adds a part, on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where `offset` is not where the upload is (`offset`), while somebody else sends a part of it (`busy`), and for more than there may be.
    pub async fn add_part(
        &self,
        caller: &Caller,
        id: &str,
        offset: u64,
        part: bytes::Bytes,
    ) -> Result<Upload, Refusal> {
        caller.may(Scope::Publish)?;
        let taken = self.take_upload(id)?;
        let begun = self.begun(caller, id).await?;
        if part.len() as u64 > MAX_PART || offset.saturating_add(part.len() as u64) > begun.size {
            let message = format!("a part has at most {MAX_PART} bytes, and the package {} in all", begun.size);
            return Err(Refusal::too_large(message));
        }
        let path = self.upload_path(&begun.id);
        let adding = tokio::task::spawn_blocking(move || {
            let _taken = taken;
            add(&path, offset, &part)
        });
        adding.await.map_err(Refusal::internal)??;
        let (begun, expires) = (begun, self.upload_end());
        let half = self.config().upload_lifetime.as_secs() / 2;
        let begun = if begun.expires < now() + half { self.prolong(begun, expires).await? } else { begun };
        self.upload_of(begun)
    }

    /// Gives an upload up.
    ///
    /// # Errors
    ///
    /// [`Refusal`] where the account has no such upload, and while somebody sends a part of it.
    pub async fn abandon_upload(&self, caller: &Caller, id: &str) -> Result<(), Refusal> {
        caller.may(Scope::Publish)?;
        let _taken = self.take_upload(id)?;
        self.begun(caller, id).await?;
        self.forget_upload(id).await
    }

    /// All bytes of an upload, if they are what was said of them.
    pub(super) async fn uploaded(&self, caller: &Caller, id: &str) -> Result<(Vec<u8>, Taken), Refusal> {
        let taken = self.take_upload(id)?;
        let begun = self.begun(caller, id).await?;
        let path = self.upload_path(&begun.id);
        let size = begun.size;
        let reading = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            match File::open(&path) {
                Ok(file) => file.take(size + 1).read_to_end(&mut bytes).map(|_| bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(bytes),
                Err(error) => Err(error),
            }
        });
        let bytes = reading.await.map_err(Refusal::internal)?.map_err(Refusal::internal)?;
        if (bytes.len() as u64) < size {
            return Err(Refusal::conflict("offset", format!("{} of {size} bytes are there", bytes.len()))
                .offset(bytes.len() as u64)
                .help("send the rest first"));
        }
        let found = Digest::of(&bytes);
        if found.to_string() != begun.package {
            self.forget_upload(id).await?;
            let message = format!("what was sent has the digest {found}, and {} was announced", begun.package);
            return Err(Refusal::package(message).reason("digest").help("upload it anew"));
        }
        Ok((bytes, taken))
    }

    pub(super) async fn forget_upload(&self, id: &str) -> Result<(), Refusal> {
        let (state, id) = (self.clone(), id.to_owned());
        self.write(move |changes| {
            changes.transaction.execute("DELETE FROM upload WHERE id = ?", [&id])?;
            // A file that is gone although its row stayed, where this breaks off, is sent anew.
            state.remove_upload(&id)
        })
        .await
    }

    fn take_upload(&self, id: &str) -> Result<Taken, Refusal> {
        self.take(id).ok_or_else(|| Refusal::conflict("busy", "another request writes this upload: try again"))
    }

    async fn begun(&self, caller: &Caller, id: &str) -> Result<Begun, Refusal> {
        let (account, id) = (caller.account, id.to_owned());
        self.read(move |catalogue| {
            let sql = format!("SELECT {COLUMNS} FROM upload WHERE id = ? AND account = ? AND expires > ?");
            let found = catalogue.connection.prepare_cached(&sql)?.query_row((id, account, now()), begun).optional()?;
            found.ok_or_else(|| Refusal::not_found("you have begun no such upload, or it is over").reason("upload"))
        })
        .await
    }

    async fn prolong(&self, begun: Begun, expires: u64) -> Result<Begun, Refusal> {
        self.write(move |changes| {
            changes.transaction.execute("UPDATE upload SET expires = ? WHERE id = ?", (expires, &begun.id))?;
            Ok(Begun { expires, ..begun })
        })
        .await
    }

    fn upload_of(&self, begun: Begun) -> Result<Upload, Refusal> {
        let path = self.upload_path(&begun.id);
        let offset = match fs::metadata(&path) {
            Ok(about) => about.len().min(begun.size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::file("read", &path)(error).into()),
        };
        let package = parse(&begun.package, "a digest")?;
        Ok(Upload { id: begun.id, package, size: begun.size, offset, expires: begun.expires })
    }

    fn upload_path(&self, id: &str) -> PathBuf {
        self.uploads().join(id)
    }

    fn upload_end(&self) -> u64 {
        now() + self.config().upload_lifetime.as_secs()
    }
}

fn begun(row: &Row<'_>) -> rusqlite::Result<Begun> {
    Ok(Begun { id: row.get(0)?, package: row.get(1)?, size: row.get(2)?, expires: row.get(3)? })
}

fn add(path: &Path, offset: u64, part: &[u8]) -> Result<(), Refusal> {
    let failed = |error| Refusal::from(Error::file("write", path)(error));
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    let at = file.metadata().map_err(failed)?.len();
    if at != offset {
        return Err(Refusal::conflict("offset", format!("the upload is at {at}, and not at {offset}"))
            .offset(at)
            .help("go on from there"));
    }
    file.write_all(part).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a part is none; where this fails too, the digest tells.
        let _ = file.set_len(at);
        failed(error)
    })
}
