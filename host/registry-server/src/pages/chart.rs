//! Owns the picture of a plugin's downloads. It refuses to know how they are counted.

use std::fmt::Write as _;

use hal9_registry_index::{
    Seconds,
    api::{Downloads, Trend},
};

use super::words;

/// The width of the picture, and the height of its greatest bar, in units of its own.
const SIZE: (usize, usize) = (360, 72);

/// Downloads as bars and as numbers.
pub(crate) struct Chart {
    /// The bars: a path of an SVG.
    pub(crate) bars: String,
    /// The greatest number of a day.
    pub(crate) most: u64,
    /// The day of the first bar.
    pub(crate) first: String,
    /// The day of the last.
    pub(crate) last: String,
    /// For who does not see the picture: the weeks, last one first.
    pub(crate) weeks: Vec<(String, u64)>,
    /// Where it goes.
    pub(crate) trend: String,
    /// `up`, `down` or `level`.
    pub(crate) way: &'static str,
}

impl Chart {
    /// The picture of some days, of which the last is that of `today`.
    pub(crate) fn of(downloads: &Downloads, today: Seconds) -> Self {
        const DAY: Seconds = 86_400;
        let days = &downloads.days;
        let most = days.iter().copied().max().unwrap_or_default();
        let (width, height) = SIZE;
        let step = width as f64 / days.len().max(1) as f64;
        let mut bars = String::new();
        for (at, number) in days.iter().enumerate().filter(|(_, number)| **number > 0) {
            // One download is to be seen beside ten thousand.
            let tall = (*number as f64 / most as f64 * height as f64).max(2.0);
            let (left, wide) = (at as f64 * step, (step - 1.0).max(0.5));
            // Writing to a text does not fail.
            let _ = write!(bars, "M{left:.1} {height}v-{tall:.1}h{wide:.1}v{tall:.1}z");
        }
        let day_of = |back: usize| words::day(today.saturating_sub(back as u64 * DAY));
        let weeks = days.rchunks(7).enumerate().map(|(at, week)| (day_of(at * 7 + week.len() - 1), week.iter().sum()));
        let (trend, way) = trend(&downloads.trend);
        let first = day_of(days.len().saturating_sub(1));
        Self { bars, most, first, last: day_of(0), weeks: weeks.collect(), trend, way }
    }
}

fn trend(trend: &Trend) -> (String, &'static str) {
    match (trend.now, trend.before) {
        (0, 0) => ("no use in the last 8 weeks".to_owned(), "level"),
        (_, 0) => ("new in the last 4 weeks".to_owned(), "up"),
        (now, before) => {
            let change = (now as f64 / before as f64 - 1.0) * 100.0;
            match change.round() as i64 {
                -4..=4 => ("level over the last 4 weeks".to_owned(), "level"),
                up @ 5.. => (format!("up {up} % in the last 4 weeks"), "up"),
                down => (format!("down {} % in the last 4 weeks", -down), "down"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_weeks_show_the_same_days() {
        let mut days = vec![0; 90];
        (days[0], days[89]) = (1, 1000);
        let downloads = Downloads { total: 2000, recent: 1001, days, trend: Trend { now: 1000, before: 500 } };
        let chart = Chart::of(&downloads, 90 * 86_400);
        assert_eq!(chart.bars, "M0.0 72v-2.0h3.0v2.0zM356.0 72v-72.0h3.0v72.0z");
        assert_eq!((chart.first.as_str(), chart.last.as_str()), ("1970-01-02", "1970-04-01"));
        assert_eq!(chart.weeks.iter().map(|(_, number)| number).sum::<u64>(), 1001);
        assert_eq!(chart.weeks[0], ("1970-03-26".to_owned(), 1000));
        assert_eq!((chart.trend.as_str(), chart.way), ("up 100 % in the last 4 weeks", "up"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let chart = Chart::of(&Downloads::default(), 0);
        assert!(chart.bars.is_empty() && chart.weeks.is_empty());
    }
}
