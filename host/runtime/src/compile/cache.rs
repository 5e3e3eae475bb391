//! Owns the entries of the cache: reading, writing and dropping them, and how much there is of them. It refuses to know
//! what makes an entry good: that is `sealed`'s.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder::{self, KEY, TEMPORARY};
use super::sealed::{Artifact, Name, Secret};
use crate::engine::Fingerprint;

/// What a process that was killed while it wrote leaves behind is removed when it is as old as this.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// Compiled code in a folder. Any number of processes may use it at once.
pub(super) struct Cache {
    folder: PathBuf,
    secret: Secret,
    most: u64,
}

/// What the cache has of a name.
pub(super) enum Found {
    Code(Artifact),
    Nothing,
    /// Something that is not what was put there.
    Wrong(String),
}

impl Cache {
    /// The cache in a folder, of so many bytes at most; and why all that was in it was dropped, if it was.
    pub(super) fn open(folder: &Path, most: u64) -> io::Result<(Self, Option<String>)> {
        let (secret, dropped) = folder::open(folder)?;
        Ok((Self { folder: folder.to_owned(), secret, most }, dropped))
    }

    /// The name of the code that an engine makes of a component.
    pub(super) fn name(&self, fingerprint: &Fingerprint, component: &[u8]) -> Name {
        self.secret.name(fingerprint, component)
    }

    /// Reads an entry, once: what is checked is what is used.
    pub(super) fn get(&self, name: &Name) -> Found {
        let bytes = match self.read(&self.path(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
            Err(error) => return Found::Wrong(format!("it cannot be read: {error}")),
        };
        match self.secret.open(name, bytes) {
            Ok(artifact) => Found::Code(artifact),
            Err(reason) => Found::Wrong(reason.to_owned()),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (file, size) = folder::open_file(path)?;
        if size > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        (&file).take(self.most).read_to_end(&mut bytes)?;
        // Whoever is used last is dropped last. An entry is as good without that.
        let _ = file.set_modified(SystemTime::now());
        Ok(bytes)
    }

    /// Keeps code. Whoever reads meanwhile sees the old entry or the new one, whole. Code that is larger than the cache
    /// is not kept.
    pub(super) fn put(&self, name: &Name, code: &[u8]) -> io::Result<()> {
        let header = self.secret.seal(name, code);
        let size = (header.len() + code.len()) as u64;
        if size > self.most {
            return Ok(());
        }
        make_room(&self.folder, self.most - size)?;
        folder::write(&self.folder, &[&header, code], |temporary| fs::rename(temporary, self.path(name)))
    }

    /// Drops an entry. One that cannot be removed is found wrong again, and never used.
    pub(super) fn remove(&self, name: &Name) {
        let _ = fs::remove_file(self.path(name));
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.folder.join(name.hex())
    }
}

/// Removes what was used least recently, until what is left has `most` bytes; and what nobody finished.
fn make_room(folder: &Path, most: u64) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == KEY {
            continue;
        }
        // Another process may have removed it.
        let Ok(about) = entry.metadata() else { continue };
        let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let is_temporary = entry.file_name().to_string_lossy().ends_with(TEMPORARY);
        if is_temporary && used.elapsed().is_ok_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        } else {
            entries.push((used, about.len(), entry.path()));
        }
    }
    entries.sort_unstable();
    let mut size: u64 = entries.iter().map(|(_, size, _)| size).sum();
    for (_, bytes, path) in entries {
        if size <= most {
            break;
        }
        let _ = fs::remove_file(path);
        size = size.saturating_sub(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn cache(folder: &Path, most: u64) -> Cache {
        let (cache, dropped) = Cache::open(folder, most).unwrap();
        assert_eq!(dropped, None);
        cache
    }

    fn name(cache: &Cache, component: u8) -> Name {
        cache.name(&[0; 32], &[component])
    }

    /// The components that the cache has code of.
    fn kept(cache: &Cache, of: std::ops::Range<u8>) -> Vec<u8> {
        of.filter(|component| matches!(cache.get(&name(cache, *component)), Found::Code(_))).collect()
    }

    fn touch(cache: &Cache, component: u8, age: Duration) {
        let file = File::open(cache.path(&name(cache, component))).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn what_one_process_keeps_another_finds() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("new").join("cache");
        let (one, other) = (cache(&at, 1 << 20), cache(&at, 1 << 20));
        let name = name(&one, 1);
        assert!(matches!(other.get(&name), Found::Nothing));
        one.put(&name, b"code").unwrap();
        let Found::Code(code) = other.get(&name) else { panic!("it is there") };
        assert_eq!(code.bytes(), b"code");
        other.put(&name, b"newer code").unwrap();
        let Found::Code(code) = one.get(&name) else { panic!("it is there") };
        assert_eq!(code.bytes(), b"newer code");
        one.remove(&name);
        assert!(matches!(other.get(&name), Found::Nothing));
    }

    #[test]
    fn what_was_used_least_recently_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), 4_000);
        for component in 0..3 {
            cache.put(&name(&cache, component), &[0; 1_000]).unwrap();
            touch(&cache, component, Duration::from_secs(100 - u64::from(component)));
        }
        // Used now, so that the next one is older.
        assert!(matches!(cache.get(&name(&cache, 0)), Found::Code(_)));
        cache.put(&name(&cache, 3), &[0; 1_000]).unwrap();
        assert_eq!(kept(&cache, 0..4), [0, 2, 3]);
        cache.put(&name(&cache, 4), &[0; 5_000]).unwrap();
        assert_eq!(kept(&cache, 0..5), [0, 2, 3], "what is too large is not kept, and nothing makes room for it");
    }

    #[test]
    fn what_nobody_finished_is_removed_and_what_somebody_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), 4_000);
        let (old, new) = (folder.path().join(format!("1{TEMPORARY}")), folder.path().join(format!("2{TEMPORARY}")));
        fs::write(&old, "half").unwrap();
        fs::write(&new, "half").unwrap();
        File::open(&old).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        cache.put(&name(&cache, 1), b"code").unwrap();
        assert!(!old.exists() && new.exists());
    }

    #[test]
    fn what_is_no_file_or_too_large_is_wrong_and_does_not_keep_anybody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), 4_000);
        let path = cache.path(&name(&cache, 1));
        let wrong = || matches!(cache.get(&name(&cache, 1)), Found::Wrong(_));
        fs::create_dir(&path).unwrap();
        assert!(wrong(), "a folder");
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink(folder.path().join(KEY), &path).unwrap();
        assert!(wrong(), "a link");
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(wrong(), "a pipe that nobody writes to");
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(wrong(), "a terabyte");
        cache.remove(&name(&cache, 1));
        cache.put(&name(&cache, 1), b"code").unwrap();
        assert!(!wrong());
    }
}
