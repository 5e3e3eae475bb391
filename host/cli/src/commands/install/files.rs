//! `hal9 plugin files`: what came with an installed plugin, beside its component.

use std::io::{IsTerminal as _, Write as _};

use hal9_registry::Source;
use serde_json::json;

use super::remove::{Present, installed};
use crate::failure::{Code, Failure};
use crate::output::{lines, plain, size, table};
use crate::session::Session;

pub(super) fn run(session: &Session, name: &str, path: Option<&str>) -> Result<(), Failure> {
    let Present { id, current, .. } = installed(session, name)?;
    let Source::Installed(stored) = &current.source else { return Ok(()) };
    let package = session.registry.package(stored)?;
    let Some(path) = path else {
        let files: Vec<(String, u64)> = package.files().map(|file| (file.path.to_owned(), file.size)).collect();
        let value: Vec<_> = files.iter().map(|(path, size)| json!({ "path": path, "size": size })).collect();
        return session.output.result(&json!({ "id": id, "version": stored.version, "files": value }), || {
            table(["FILE", "SIZE"], files.iter().map(|(path, bytes)| [plain(path), size(*bytes)]))
        });
    };
    let read =
        package.file(path).map_err(|error| Failure::new(Code::InvalidPackage, format!("{id}: {error}")).plugin(&id))?;
    let Some(bytes) = read else {
        let message = format!("{id} {} has no file `{}`", stored.version, plain(path));
        return Err(Failure::not_found(message, format!("see which it has: hal9 plugin files {id}")).plugin(&id));
    };
    if session.output.json() {
        let text = std::str::from_utf8(&bytes).ok();
        let value = json!({ "id": id, "version": stored.version, "path": path, "size": bytes.len(), "text": text });
        return session.output.result(&value, String::new);
    }
    let mut out = std::io::stdout().lock();
    // A terminal gets text that cannot command it; a file or a pipe gets the bytes.
    let shown = match std::str::from_utf8(&bytes) {
        Ok(text) if out.is_terminal() => lines(text).into_bytes(),
        Err(_) if out.is_terminal() => {
            let help = format!("write it to a file: hal9 plugin files {id} {} > FILE", hal9_host::shell_word(path));
            return Err(Failure::usage(format!("{} is no text", plain(path)), help).plugin(&id));
        }
        _ => bytes,
    };
    // Whoever closed the pipe has read enough.
    let _ = out.write_all(&shown).and_then(|()| out.flush());
    Ok(())
}
