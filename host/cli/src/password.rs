//! Owns how a password gets from a person, or from the environment, to a key or a registry. It refuses to keep it, to show it, and to guess
//! that there is none.

use std::io::{self, IsTerminal as _, Read, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::failure::{Code, Failure};

/// What a password is of.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// A secret key, by its file.
    Key(&'a str),
    /// An account of a registry.
    Account(&'a str),
}

impl Of<'_> {
    /// The variable that it is taken from, where it is set.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Key(_) => "HAL9_KEY_PASSWORD",
            Self::Account(_) => "HAL9_PASSWORD",
        }
    }

    fn instead(self) -> &'static str {
        match self {
            Self::Key(_) => "a key without a password is made with --no-password, and needs none to sign",
            Self::Account(_) => "every account has a password",
        }
    }
}

impl std::fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Key(name) | Self::Account(name)) = self;
        f.write_str(name)
    }
}

/// The longest password in bytes.
const MOST: usize = 1024;

/// The password of something that is there.
pub(crate) fn ask(of: Of<'_>) -> Result<String, Failure> {
    match given(of)? {
        Some(password) => Ok(password),
        None => read(of, &format!("Password of {of}: ")),
    }
}

/// The password of something that is made now: asked for twice.
pub(crate) fn choose(of: Of<'_>) -> Result<String, Failure> {
    if let Some(password) = given(of)? {
        return Ok(password);
    }
    let password = read(of, &format!("New password of {of}: "))?;
    if password.is_empty() {
        return Err(empty(of, "no password was typed"));
    }
    if read(of, "The same again: ")? != password {
        return Err(Failure::usage("the two passwords differ", "try again; nothing was written"));
    }
    Ok(password)
}

/// That of the environment, which is there for machines.
fn given(of: Of<'_>) -> Result<Option<String>, Failure> {
    let variable = of.variable();
    match std::env::var(variable) {
        Ok(password) if password.is_empty() => Err(empty(of, &format!("{variable} is empty"))),
        Ok(password) => Ok(Some(password)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{variable} is not UTF-8"), "set it to text"))
        }
    }
}

fn empty(of: Of<'_>, what: &str) -> Failure {
    Failure::usage(what, of.instead())
}

/// A line that is typed, and not shown.
fn read(of: Of<'_>, prompt: &str) -> Result<String, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let help = format!("run it on a terminal, or set {}; {}", of.variable(), of.instead());
        return Err(Failure::usage("a password is needed, and there is no terminal to type it on", help));
    }
    let failed = |error: io::Error| Failure::new(Code::Unavailable, format!("the terminal cannot be read: {error}"));
    let silence = Silence::begin().map_err(|error| failed(error.into()))?;
    // The prompt comes after the silence: what is typed at once is not shown either.
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{prompt}").and_then(|()| stderr.flush());
    let typed = line(&mut stdin.lock());
    drop(silence);
    let _ = writeln!(stderr);
    match typed.map_err(failed)? {
        Some(password) => Ok(password),
        None => Err(Failure::usage("no password was typed", "try again; nothing was written")),
    }
}

/// Reads keys to the end of a line: none, where it was broken off.
fn line(keys: &mut impl Read) -> io::Result<Option<String>> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const ERASE_LINE: u8 = 21;
    let mut typed: Vec<u8> = Vec::new();
    let mut key = [0];
    loop {
        if keys.read(&mut key)? == 0 {
            return Ok(None);
        }
        match key[0] {
            b'\r' | b'\n' => return Ok(String::from_utf8(typed).ok()),
            INTERRUPT => return Ok(None),
            END if typed.is_empty() => return Ok(None),
            ERASE_LINE => typed.clear(),
            8 | 127 => {
                // A character, not a byte of one.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if typed.len() < MOST => typed.push(byte),
            _ => {}
        }
    }
}

/// While it lives, the terminal shows nothing of what is typed and hands it over key by key, Ctrl-C among them: who breaks off
/// has the terminal back as it was.
struct Silence(Termios);

impl Silence {
    fn begin() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nothing to be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_correct_a_line_do() {
        let typed = |keys: &str| line(&mut keys.as_bytes()).unwrap();
        assert_eq!(typed("secret\n").as_deref(), Some("secret"));
        assert_eq!(typed("secré\u{7f}et\r").as_deref(), Some("secret"));
        assert_eq!(typed("wrong\u{15}right\n").as_deref(), Some("right"));
        assert_eq!(typed("\u{7f}\u{8}x\n").as_deref(), Some("x"));
        assert_eq!(typed("\n").as_deref(), Some(""));
        for broken_off in ["se\u{3}cret\n", "\u{4}", "no end"] {
            assert_eq!(typed(broken_off), None, "{broken_off:?}");
        }
    }
}
