//! Owns what reaches the screen: results on standard output, as text or as one JSON value; failures on standard error. It
//! refuses to know what a command did.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use hal9_host::{escape, shell_word};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::secrets::GIVEN;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// The most of a plugin's text that a terminal gets in one piece, in bytes.
const SHOWN_BYTES: usize = 64 << 10;

/// Where results and progress go. Whatever it is, nothing gets to a terminal that this would obey, but for colours.
/// What a command tells beside its result has no secret of any plugin's in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, quiet: false }
    }

    /// One that shows nothing but failures.
    pub(crate) fn quiet() -> Self {
        Self { json: true, quiet: true }
    }

    /// Whether results are for programs.
    pub(crate) fn json(self) -> bool {
        self.json
    }

    /// Gives a result: as JSON, or as the lines that `text` makes.
    pub(crate) fn result(self, value: &impl serde::Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string(value)
                .map_err(|error| Failure::internal("the result could not be written", &error))?
        } else {
            harmless(&text())
        };
        self.write(&text);
        Ok(())
    }

    /// Gives lines of JSON, as far as there are some yet; whether somebody still reads them.
    pub(crate) fn stream(self, lines: &str) -> bool {
        if self.quiet || lines.is_empty() {
            return true;
        }
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()).is_ok()
    }

    /// One line for people; nothing with `--json`.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            self.write(&harmless(&text.to_string()));
        }
    }

    /// One line for people about what is done meanwhile, on standard error; nothing with `--json`.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json && !self.quiet {
            let text = text.to_string();
            let _ = writeln!(anstream::stderr(), "{DIM}{}{DIM:#}", harmless(&GIVEN.mask(&text)));
        }
    }

    fn write(self, text: &str) {
        if self.quiet {
            return;
        }
        // Whoever closed the pipe has read enough.
        let _ = writeln!(anstream::stdout(), "{}", text.trim_end_matches('\n'));
    }

    /// Says why the command failed, and gives the status to exit with.
    pub(crate) fn failure(self, failure: &Failure) -> ExitCode {
        let failure = &GIVEN.failure(failure);
        let text = if self.json {
            serde_json::json!({ "error": failure }).to_string()
        } else {
            let help = failure.help.as_ref().map_or_else(String::new, |help| format!("\n  {BOLD}help:{BOLD:#} {help}"));
            harmless(&format!("{RED}error:{RED:#} {}{help}", failure.message))
        };
        let _ = writeln!(anstream::stderr(), "{text}");
        ExitCode::from(failure.code.status())
    }

    /// A spinner for work that may take over a second; it shows on a terminal only, until it is dropped.
    pub(crate) fn spinner(self, what: impl Into<String>) -> Spinner {
        if self.json || self.quiet || !std::io::stderr().is_terminal() {
            return Spinner(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = ProgressBar::new_spinner().with_style(style).with_message(what.into());
        spinner.enable_steady_tick(Duration::from_millis(100));
        Spinner(spinner)
    }

    /// A bar for bytes that are sent or received; it shows on a terminal only, until it is dropped.
    pub(crate) fn bytes(self, what: impl Into<String>) -> Spinner {
        if self.json || self.quiet || !std::io::stderr().is_terminal() {
            return Spinner(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{wide_msg} {bar:30} {bytes:>10} of {total_bytes:<10} {eta:>4}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Spinner(ProgressBar::new(0).with_style(style).with_message(what.into()))
    }
}

/// A line that says what goes on. However the work ends, the line is gone then.
pub(crate) struct Spinner(ProgressBar);

impl std::ops::Deref for Spinner {
    type Target = ProgressBar;

    fn deref(&self) -> &ProgressBar {
        &self.0
    }
}

impl Spinner {
    /// So many bytes of so many are done.
    pub(crate) fn done(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Text of a plugin's, fit for a terminal.
pub(crate) fn plain(text: &str) -> String {
    escape(text, SHOWN_BYTES)
}

/// Lines of a plugin's, each fit for a terminal.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", plain(line))).collect()
}

/// Text of several lines, fit for a terminal: lines, tabs and colours stay as they are, and whatever else a terminal would
/// obey is shown. Names of files can be such text, and errors tell them.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kept = match first {
            '\n' | '\t' => 1,
            '\u{1b}' => colour(rest),
            _ => 0,
        };
        if kept > 0 {
            out.push_str(&rest[..kept]);
            rest = &rest[kept..];
            continue;
        }
        let others = &rest[first.len_utf8()..];
        let end = rest.len() - others.len() + others.find(['\n', '\t', '\u{1b}']).unwrap_or(others.len());
        out.push_str(&escape(&rest[..end], usize::MAX));
        rest = &rest[end..];
    }
    out
}

/// So many bytes at the beginning are a sequence that sets colours and the like; 0 for any other.
fn colour(text: &str) -> usize {
    let Some(inner) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = inner.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == ';');
    if end.starts_with('m') { text.len() - end.len() + 1 } else { 0 }
}

/// A path as a word of a command line; in quotes, where it needs them.
pub(crate) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |sign: char| sign.is_alphanumeric() || "/._-+@%:,=".contains(sign);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { shell_word(&text) }
}

pub(crate) fn bold(text: impl Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

pub(crate) fn dim(text: impl Display) -> String {
    format!("{DIM}{text}{DIM:#}")
}

pub(crate) fn green(text: impl Display) -> String {
    format!("{GREEN}{text}{GREEN:#}")
}

pub(crate) fn yellow(text: impl Display) -> String {
    format!("{YELLOW}{text}{YELLOW:#}")
}

pub(crate) fn red(text: impl Display) -> String {
    format!("{RED}{text}{RED:#}")
}

/// A table without lines; the first row is its head. Numbers stand below each other by their last digit.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    aligned(head, rows, true)
}

/// A table of texts, some of which may be numbers: all stand below each other by their first sign.
pub(crate) fn text_table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    aligned(head, rows, false)
}

fn aligned<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>, numbers: bool) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers && rows.iter().all(|row| row.get(index).is_some_and(|cell| cell.parse::<f64>().is_ok())) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    table.add_rows(rows);
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// So many of something: `1 call`, `2 calls`.
pub(crate) fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// How many columns there are; none, where standard output is no terminal.
pub(crate) fn columns() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from)
}

/// Text in lines of at most so many columns, broken at spaces where it can be; lines after the first are indented. Styles
/// take no room.
pub(crate) fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let width = anstream::adapter::strip_str(word).to_string().trim_end().chars().count();
        if used > indent && used + width > columns {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            used = indent;
            if word.trim().is_empty() {
                continue;
            }
        }
        lines.push_str(word);
        used += anstream::adapter::strip_str(word).to_string().chars().count();
    }
    lines
}

/// A time in the unit that fits: `850 ns`, `12.3 µs`, `4.0 ms`, `2.1 s`.
pub(crate) fn time(time: Duration) -> String {
    let nanos = time.as_nanos();
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A size in the unit that fits, such as `1.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces_and_styles_take_no_room() {
        assert_eq!(wrap("one two three", 80, 2), "one two three");
        assert_eq!(wrap("one two three", 8, 2), "one two\n  three");
        assert_eq!(wrap(&format!("{} two three", bold("one")), 8, 0), format!("{} two\nthree", bold("one")));
        assert_eq!(wrap("one two  three", 8, 2), "one two\n  three");
        assert_eq!(wrap("incomprehensible it is", 6, 1), "incomprehensible\n it is");
        assert_eq!(wrap("  a   b", 80, 0), "  a   b");
    }

    #[test]
    fn numbers_in_tables_are_aligned_at_their_end() {
        let rows = [["a".to_owned(), "5".to_owned()], ["long".to_owned(), "12".to_owned()]];
        assert_eq!(table(["NAME", "COUNT"], rows), "NAME  COUNT\na         5\nlong     12\n");
        let rows = [["a".to_owned(), "5".to_owned()], ["long".to_owned(), "12".to_owned()]];
        assert_eq!(text_table(["NAME", "VALUE"], rows), "NAME  VALUE\na     5\nlong  12\n");
    }

    #[test]
    fn of_what_a_terminal_obeys_only_colours_are_left() {
        let red = red("a\tb\nc");
        assert_eq!(harmless(&red), red);
        let text = "\u{1b}]0;x\u{7}\u{1b}[2K\u{1b}[1;\u{1b}ü\r\u{202e}\n";
        assert_eq!(harmless(text), "\\u{1b}]0;x\\u{7}\\u{1b}[2K\\u{1b}[1;\\u{1b}ü\\r\\u{202e}\n");
    }

    #[test]
    fn paths_are_words() {
        assert_eq!(word(Path::new("a/b-1.0.hal9")), "a/b-1.0.hal9");
        assert_eq!(word(Path::new("a b'; rm")), r"'a b'\''; rm'");
    }

    #[test]
    fn times_have_units() {
        let nanos = [850, 12_345, 4_000_000, 2_100_000_000];
        assert_eq!(nanos.map(|n| time(Duration::from_nanos(n))), ["850 ns", "12.3 µs", "4.0 ms", "2.1 s"]);
    }
}
