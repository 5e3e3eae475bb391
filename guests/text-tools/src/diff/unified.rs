//! The unified format, as GNU diffutils define it and `patch` reads it. It knows which lines changed, and not how that
//! was found out.

use imara_diff::{Diff, Hunk, InternedInput, Token};
use std::fmt;
use std::ops::Range;

/// A diff with all that it takes to show it.
pub(super) struct Unified<'d> {
    pub(super) diff: &'d Diff,
    pub(super) input: &'d InternedInput<&'d str>,
    /// What the text before and the text after are called.
    pub(super) names: [&'d str; 2],
    /// Unchanged lines around each change.
    pub(super) context: u32,
}

impl fmt::Display for Unified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hunks = self.diff.hunks().peekable();
        if hunks.peek().is_some() {
            writeln!(f, "--- {}\n+++ {}", self.names[0], self.names[1])?;
        }
        while let Some(first) = hunks.next() {
            // Changes whose contexts touch are shown as one.
            let mut group = vec![first];
            let touches = |last: &Hunk, next: &Hunk| next.before.start - last.before.end <= 2 * self.context;
            while let Some(next) = hunks.next_if(|next| group.last().is_some_and(|last| touches(last, next))) {
                group.push(next);
            }
            self.show(f, &group)?;
        }
        Ok(())
    }
}

impl Unified<'_> {
    fn show(&self, f: &mut fmt::Formatter<'_>, group: &[Hunk]) -> fmt::Result {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return Ok(());
        };
        let lines = u32::try_from(self.input.before.len()).unwrap_or(u32::MAX);
        let lead = first.before.start.min(self.context);
        let trail = (lines - last.before.end).min(self.context);
        let before = first.before.start - lead..last.before.end + trail;
        let after = first.after.start - lead..last.after.end + trail;
        writeln!(f, "@@ -{} +{} @@", Place(&before), Place(&after))?;
        let mut at = before.start;
        for hunk in group {
            self.lines(f, ' ', &self.input.before, at..hunk.before.start)?;
            self.lines(f, '-', &self.input.before, hunk.before.clone())?;
            self.lines(f, '+', &self.input.after, hunk.after.clone())?;
            at = hunk.before.end;
        }
        self.lines(f, ' ', &self.input.before, at..before.end)
    }

    fn lines(&self, f: &mut fmt::Formatter<'_>, mark: char, tokens: &[Token], lines: Range<u32>) -> fmt::Result {
        for token in tokens.get(lines.start as usize..lines.end as usize).unwrap_or_default() {
            let line = self.input.interner[*token];
            write!(f, "{mark}{line}")?;
            if !line.ends_with('\n') {
                f.write_str("\n\\ No newline at end of file\n")?;
            }
        }
        Ok(())
    }
}

/// Where lines stand in their text: the first one's number and how many they are. No lines stand behind the line
/// before them.
struct Place<'r>(&'r Range<u32>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = *self.0;
        match end - start {
            0 => write!(f, "{start},0"),
            1 => write!(f, "{}", start + 1),
            lines => write!(f, "{},{lines}", start + 1),
        }
    }
}
