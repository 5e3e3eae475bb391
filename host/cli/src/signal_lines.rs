//! Owns files of signals, an object a line: reading them as often as needed, never all at once, and saying which line is wrong.
//! It refuses to know who is sent them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hal9_host::{Signal, SignalBatch};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::failure::{Code, Failure};
use crate::output::plain;

/// A line that is longer is not taken.
const LINE_BYTES: u64 = 16 << 20;

/// So many signals are in memory at once at most, and about so many bytes of them.
const CHUNK_ROWS: usize = 4_096;
const CHUNK_BYTES: usize = 4 << 20;

const EXAMPLE: &str =
    "write an object a line, such as {\"content\": \"I love this!\", \"metadata\": {\"lang\": \"en\"}}";

/// A file of signals. What cannot be read twice is kept in an unnamed file meanwhile.
pub(crate) struct SignalLines<'a> {
    path: PathBuf,
    file: File,
    /// The type of a signal that does not say one.
    signal_type: &'a str,
    /// Facts about every signal that does not say otherwise.
    meta: &'a [(String, String)],
}

/// Signals that are sent together, with the line that each is from.
pub(crate) struct Chunk {
    pub(crate) batch: SignalBatch,
    pub(crate) lines: Vec<u64>,
}

/// What a line says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    content: String,
    #[serde(rename = "type")]
    signal_type: Option<String>,
    metadata: Option<Map<String, Value>>,
    id: Option<Uuid>,
    timestamp: Option<u64>,
}

impl<'a> SignalLines<'a> {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(path: &Path, signal_type: &'a str, meta: &'a [(String, String)]) -> Result<Self, Failure> {
        let wrong = |error: std::io::Error| Failure::file(path, &error);
        let (path, file) = if path.as_os_str() == "-" {
            (PathBuf::from("standard input"), standard_input()?)
        } else {
            let file = File::open(path).map_err(wrong)?;
            let is_file = file.metadata().map_err(wrong)?.is_file();
            (path.to_owned(), if is_file { file } else { kept(file).map_err(wrong)? })
        };
        Ok(Self { path, file, signal_type, meta })
    }

    /// How many signals there are, if every line is right.
    ///
    /// # Errors
    ///
    /// The first line that is not, and what is wrong with it.
    pub(crate) fn check(&self) -> Result<u64, Failure> {
        let mut count = 0;
        for signal in self.signals()? {
            let (line, signal) = signal?;
            if !signal.metadata.is_empty() {
                let fits = SignalBatch::from_signals([&signal]);
                fits.map_err(|_| self.wrong(line, "it has more than 256 metadata entries"))?;
            }
            count += 1;
        }
        Ok(count)
    }

    /// All signals, some thousands at once. Each that says no id or time gets its own.
    pub(crate) fn chunks(&self) -> Result<impl Iterator<Item = Result<Chunk, Failure>>, Failure> {
        let mut signals = self.signals()?;
        let mut next: Option<(u64, Signal)> = None;
        let mut chunk = move || -> Result<Option<Chunk>, Failure> {
            let mut chunk = Chunk { batch: SignalBatch::new(), lines: Vec::new() };
            while chunk.lines.len() < CHUNK_ROWS && chunk.batch.contents.text.len() < CHUNK_BYTES {
                let Some((line, signal)) = next.take().map(Ok).or_else(|| signals.next()).transpose()? else { break };
                match chunk.batch.push_signal(&signal) {
                    Ok(()) => chunk.lines.push(line),
                    Err(error) if chunk.lines.is_empty() => return Err(error.into()),
                    // Its metadata has names for which this chunk has no room.
                    Err(_) => {
                        next = Some((line, signal));
                        break;
                    }
                }
            }
            Ok((!chunk.lines.is_empty()).then_some(chunk))
        };
        Ok(std::iter::from_fn(move || chunk().transpose()))
    }

    /// All signals, each with its line.
    fn signals(&self) -> Result<impl Iterator<Item = Result<(u64, Signal), Failure>>, Failure> {
        let unread = |error: &std::io::Error| Failure::file(&self.path, error);
        let mut file = &self.file;
        file.rewind().map_err(|error| unread(&error))?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let (mut number, mut bytes) = (0, Vec::new());
        let mut signal = move || -> Result<Option<(u64, Signal)>, Failure> {
            loop {
                bytes.clear();
                let read = (&mut reader).take(LINE_BYTES + 1).read_until(b'\n', &mut bytes);
                if read.map_err(|error| unread(&error))? == 0 {
                    return Ok(None);
                }
                number += 1;
                if bytes.len() as u64 > LINE_BYTES {
                    return Err(self.wrong(number, "it has more than 16 MiB"));
                }
                let text = std::str::from_utf8(&bytes).map_err(|error| {
                    self.wrong(number, &format!("it is not UTF-8: byte {} is wrong", error.valid_up_to()))
                })?;
                let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
                if !text.trim().is_empty() {
                    return self.signal(number, text).map(|signal| Some((number, signal)));
                }
            }
        };
        Ok(std::iter::from_fn(move || signal().transpose()))
    }

    fn signal(&self, number: u64, text: &str) -> Result<Signal, Failure> {
        let line: Line = serde_json::from_str(text).map_err(|error| {
            // It is the first line of what was parsed, and that is of no use to anybody.
            let what = error.to_string();
            let what = what.split(" at line 1 column ").next().unwrap_or_default();
            self.wrong(number, &format!("{what}, in column {}", error.column()))
        })?;
        let mut metadata = Vec::new();
        for (name, value) in line.metadata.unwrap_or_default() {
            let Value::String(value) = value else {
                let what = format!("the metadata entry `{}` is no text; put it in quotes", plain(&name));
                return Err(self.wrong(number, &what));
            };
            metadata.push((name, value));
        }
        let own = metadata.len();
        for (name, value) in self.meta {
            if !metadata[..own].iter().any(|(known, _)| known == name) {
                metadata.push((name.clone(), value.clone()));
            }
        }
        let mut signal = Signal::text(&line.content);
        signal.signal_type = line.signal_type.unwrap_or_else(|| self.signal_type.to_owned());
        signal.metadata = metadata;
        signal.id = line.id.map_or(signal.id, |id| id.as_u64_pair());
        signal.timestamp = line.timestamp.unwrap_or(signal.timestamp);
        Ok(signal)
    }

    fn wrong(&self, line: u64, what: &str) -> Failure {
        Failure::usage(format!("{}, line {line}: {}", self.path.display(), plain(what)), EXAMPLE)
    }
}

/// All of standard input, in a file that is gone with the process. A command that runs twice reads the same twice.
fn standard_input() -> Result<File, Failure> {
    static KEPT: OnceLock<File> = OnceLock::new();
    let wrong = |error: std::io::Error| {
        Failure::new(Code::Unavailable, format!("standard input could not be read, or not be kept: {error}"))
            .help("make room where temporary files are, or give a file")
    };
    let file = match KEPT.get() {
        Some(file) => file,
        None => {
            let file = kept(std::io::stdin().lock()).map_err(wrong)?;
            KEPT.get_or_init(|| file)
        }
    };
    file.try_clone().map_err(wrong)
}

fn kept(mut from: impl std::io::Read) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(&mut from, &mut file)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'a>(text: &str, meta: &'a [(String, String)]) -> SignalLines<'a> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signals.jsonl");
        std::fs::write(&path, text).unwrap();
        SignalLines::open(&path, "note", meta).unwrap()
    }

    #[test]
    fn a_line_says_what_it_wants_and_the_rest_is_given() {
        let meta = [("lang".to_owned(), "de".to_owned())];
        let id = "00112233-4455-6677-8899-aabbccddeeff";
        let text = format!(
            "\u{feff}{{\"content\": \"a\\nb\"}}\r\n\n  \n{{\"content\":\"\",\"type\":\"\",\"metadata\":{{\"z\":\"1\",\"lang\":\"en\"}},\"id\":\"{id}\",\"timestamp\":7}}"
        );
        let lines = lines(&text, &meta);
        assert_eq!(lines.check().unwrap(), 2);
        let chunks: Vec<_> = lines.chunks().unwrap().map(Result::unwrap).collect();
        let [chunk] = &chunks[..] else { panic!("{} chunks", chunks.len()) };
        assert_eq!(chunk.lines, [1, 4]);
        let [first, second] = [chunk.batch.signal(0).unwrap(), chunk.batch.signal(1).unwrap()];
        assert_eq!(
            (first.content.as_str(), first.signal_type.as_str(), first.get("lang")),
            ("a\nb", "note", Some("de"))
        );
        assert!(first.timestamp > 7);
        assert_eq!((second.signal_type.as_str(), second.get("lang"), second.get("z")), ("", Some("en"), Some("1")));
        assert_eq!((second.uuid().to_string().as_str(), second.timestamp), (id, 7));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let names: Vec<_> = (0..257).map(|name| format!("\"{name}\":\"x\"")).collect();
        let wide = format!("{{\"content\":\"\",\"metadata\":{{{}}}}}", names.join(","));
        for (line, says) in [
            ("nonsense", "expected"),
            ("{\"content\": \"x\"", "EOF"),
            ("{\"text\": \"x\"}", "unknown field `text`"),
            ("{}", "missing field `content`"),
            ("{\"content\": 7}", "expected a string"),
            ("[\"x\"]", "expected"),
            ("{\"content\": \"x\", \"id\": \"7\"}", "UUID"),
            ("{\"content\": \"x\", \"metadata\": {\"a\": 1}}", "`a` is no text"),
            (&wide, "256 metadata"),
        ] {
            let failure = lines(&format!("{{\"content\": \"ok\"}}\n\n{line}\n"), &[]).check().unwrap_err();
            assert_eq!(failure.code, Code::Usage);
            let place =
                failure.message.find("signals.jsonl, line 3: ").unwrap_or_else(|| panic!("{}", failure.message));
            assert!(failure.message[place..].contains(says), "{line}: {}", failure.message);
            assert!(!failure.message.contains("line 1"), "{}", failure.message);
        }
    }

    #[test]
    fn no_chunk_is_larger_than_it_may_be() {
        let many: String = (0..10_000).map(|n| format!("{{\"content\":\"{n}\"}}\n")).collect();
        let sizes = |text: &str| -> Vec<usize> {
            let lines = lines(text, &[]);
            lines.chunks().unwrap().map(|chunk| chunk.unwrap().lines.len()).collect()
        };
        assert_eq!(sizes(&many), [4_096, 4_096, 1_808]);
        let large = format!("{{\"content\":\"{}\"}}\n", "x".repeat(3 << 20)).repeat(3);
        assert_eq!(sizes(&large), [2, 1]);
        let names = (0..257).map(|n| format!("{{\"content\":\"\",\"metadata\":{{\"{n}\":\"x\"}}}}\n"));
        assert_eq!(sizes(&names.collect::<String>()), [256, 1]);
        assert_eq!(sizes(""), [0_usize; 0]);
    }
}
