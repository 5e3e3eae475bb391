//! Dates as people write them, in figures or with the English name of the month. It knows the calendar, and says
//! nothing where day and month cannot be told apart.

use regex_lite::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

const MONTHS: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

/// One form each; every repetition is bounded, so that a search is linear in the text.
static FORMS: LazyLock<Vec<(Regex, Order)>> = LazyLock::new(|| {
    let forms = [
        (
            r"\b(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b"
                .to_owned(),
            Order::YearMonthDay,
        ),
        (r"\b(\d{1,2})([./-])(\d{1,2})([./-])(\d{4})\b".to_owned(), Order::Figures),
        (
            format!(
                r"(?i)\b(\d{{1,2}})(?:st|nd|rd|th)?\.?\s{{1,3}}(?:of\s{{1,3}})?({MONTHS})\.?,?\s{{1,3}}(\d{{4}})\b"
            ),
            Order::DayMonthYear,
        ),
        (
            format!(r"(?i)\b({MONTHS})\.?\s{{1,3}}(\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,3}}(\d{{4}})\b"),
            Order::MonthDayYear,
        ),
    ];
    forms.into_iter().filter_map(|(form, order)| Some((Regex::new(&form).ok()?, order))).collect()
});

#[derive(Clone, Copy)]
enum Order {
    YearMonthDay,
    DayMonthYear,
    MonthDayYear,
    /// Day and month in figures, in one order or the other.
    Figures,
}

/// All dates with their places, in order, in ISO form where they are certain; `day_first` makes more of them so.
pub(super) fn find(text: &str, day_first: Option<bool>) -> Vec<(Range<usize>, Option<String>)> {
    let mut found = Vec::new();
    for (form, order) in FORMS.iter() {
        for captures in form.captures_iter(text) {
            if let (Some(whole), Some(date)) = (captures.get(0), read(&captures, *order, day_first)) {
                found.push((whole.range(), date));
            }
        }
    }
    found.sort_unstable_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut end = 0;
    found.retain(|(span, _)| {
        let free = span.start >= end;
        if free {
            end = span.end;
        }
        free
    });
    found
}

/// The date, `Some(None)` if it may be one of two, `None` if there is no such day.
fn read(captures: &Captures<'_>, order: Order, day_first: Option<bool>) -> Option<Option<String>> {
    let part = |at: usize| captures.get(at).map_or("", |part| part.as_str());
    let figure = |at: usize| part(at).parse::<u32>().unwrap_or(0);
    match order {
        Order::YearMonthDay => iso(figure(1), figure(2), figure(3)).map(Some),
        Order::DayMonthYear => iso(figure(3), month(part(2)), figure(1)).map(Some),
        Order::MonthDayYear => iso(figure(3), month(part(1)), figure(2)).map(Some),
        Order::Figures if part(2) != part(4) => None,
        Order::Figures => {
            let (one, other, year) = (figure(1), figure(3), figure(5));
            // Nobody puts the month first before a full stop.
            let day_first = day_first.or((part(2) == ".").then_some(true));
            match (iso(year, other, one), iso(year, one, other), day_first) {
                (Some(date), None, _) | (None, Some(date), _) => Some(Some(date)),
                (Some(date), Some(_), Some(true)) | (Some(_), Some(date), Some(false)) => Some(Some(date)),
                (Some(date), Some(same), None) => Some((date == same).then_some(date)),
                (None, None, _) => None,
            }
        }
    }
}

fn month(name: &str) -> u32 {
    const STARTS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.to_ascii_lowercase();
    (1..).zip(STARTS).find(|(_, start)| name.starts_with(start)).map_or(0, |(month, _)| month)
}

/// A day of the Gregorian calendar, if there is one.
fn iso(year: u32, month: u32, day: u32) -> Option<String> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn found(text: &str, day_first: Option<bool>) -> Vec<(String, Option<String>)> {
        find(text, day_first).into_iter().map(|(span, date)| (text[span].to_owned(), date)).collect()
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(FORMS.len(), 4);
        for text in [
            "2026-11-21",
            "2026-11-21T10:15:00.5+02:00",
            "2026-11-21 10:15",
            "21.11.2026",
            "21/11/2026",
            "11/21/2026",
            "21 November 2026",
            "21st of Nov. 2026",
            "November 21, 2026",
            "NOV 21st 2026",
        ] {
            let sentence = format!("due {text}, not later");
            assert_eq!(found(&sentence, None), [(text.to_owned(), Some("2026-11-21".to_owned()))]);
        }
    }

    #[test]
    fn what_may_be_one_of_two_days_is_left_open_unless_the_order_is_said() {
        let date = |day_first| found("03/04/2026", day_first).pop().unwrap().1;
        assert_eq!(date(None), None);
        assert_eq!(date(Some(true)).as_deref(), Some("2026-04-03"));
        assert_eq!(date(Some(false)).as_deref(), Some("2026-03-04"));
        assert_eq!(found("04/04/2026", None).pop().unwrap().1.as_deref(), Some("2026-04-04"));
        assert_eq!(found("03.04.2026", None).pop().unwrap().1.as_deref(), Some("2026-04-03"));
    }

    #[test]
    fn days_that_do_not_exist_are_none() {
        for text in ["2026-02-29", "2026-13-01", "31.04.2026", "0 May 2026", "1-2/2026", "12026-11-21", "may 2026"] {
            assert_eq!(found(text, None), [], "{text}");
        }
        assert_eq!(found("2024-02-29 and 2000-02-29", None).len(), 2);
        assert_eq!(found("1900-02-29", None), []);
    }
}
