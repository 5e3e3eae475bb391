//! Owns what a line of the report says: what was measured, against what, and what it is to be. It refuses to know where
//! figures come from.

/// Bytes of a kibibyte.
pub const KIB: f64 = 1024.0;
/// Bytes of a mebibyte.
pub const MIB: f64 = 1024.0 * KIB;

/// A line of the report. What was not measured has none.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is measured, in words; unique in its group, as notes name it.
    pub what: &'static str,
    /// What is measured, in figures.
    pub measure: Measure,
    /// What it is to be; none, where it is only told.
    pub target: Option<Target>,
}

/// What a row shows. Benchmarks and figures are named by their ids, `group/name`.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// The time of a benchmark over that of another one in the same run.
    Ratio {
        /// The benchmark that is divided.
        subject: &'static str,
        /// The one that it is divided by.
        floor: &'static str,
        /// How many pieces of work one iteration of each does: the times are those of a piece.
        pieces: (u64, u64),
    },
    /// The median time of a benchmark.
    Time {
        /// The benchmark.
        subject: &'static str,
        /// How many pieces of work one iteration does: the time is that of a piece.
        pieces: u64,
    },
    /// What was given to [`record`](crate::record).
    Figure {
        /// The name it was given under.
        id: &'static str,
        /// What it counts.
        unit: Unit,
    },
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Nanos,
    /// Things.
    Count,
    /// How many times something else.
    Times,
}

/// What a row is to be: a ratio or a figure as it is, a time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Target {
    /// Whether a value is what it is to be.
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    /// It in a unit, as people read it.
    pub fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", unit.show(most)),
            Self::AtLeast(least) => format!("≥ {}", unit.show(least)),
        }
    }
}

impl Row {
    /// How many times a subject takes what its floor takes.
    pub const fn ratio(what: &'static str, subject: &'static str, floor: &'static str) -> Self {
        Self { what, measure: Measure::Ratio { subject, floor, pieces: (1, 1) }, target: None }
    }

    /// What a subject takes.
    pub const fn time(what: &'static str, subject: &'static str) -> Self {
        Self { what, measure: Measure::Time { subject, pieces: 1 }, target: None }
    }

    /// What was recorded under an id.
    pub const fn figure(what: &'static str, id: &'static str, unit: Unit) -> Self {
        Self { what, measure: Measure::Figure { id, unit }, target: None }
    }

    /// Says how many pieces of work an iteration of the subject does, and how many one of the floor does.
    #[must_use]
    pub const fn pieces(self, of_subject: u64, of_floor: u64) -> Self {
        let measure = match self.measure {
            Measure::Ratio { subject, floor, .. } => Measure::Ratio { subject, floor, pieces: (of_subject, of_floor) },
            Measure::Time { subject, .. } => Measure::Time { subject, pieces: of_subject },
            figure @ Measure::Figure { .. } => figure,
        };
        Self { measure, ..self }
    }

    /// Must be this or less; a time in nanoseconds.
    #[must_use]
    pub const fn at_most(self, value: f64) -> Self {
        Self { target: Some(Target::AtMost(value)), ..self }
    }

    /// Must be this or more; a time in nanoseconds.
    #[must_use]
    pub const fn at_least(self, value: f64) -> Self {
        Self { target: Some(Target::AtLeast(value)), ..self }
    }
}

impl Unit {
    /// A value with its unit, as people read it.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Bytes if value < KIB => format!("{value:.0} B"),
            Self::Bytes if value < MIB => format!("{:.1} KiB", value / KIB),
            Self::Bytes if value < KIB * MIB => format!("{:.1} MiB", value / MIB),
            Self::Bytes => format!("{:.1} GiB", value / (KIB * MIB)),
            Self::Nanos if value < 1e3 => format!("{value:.0} ns"),
            Self::Nanos if value < 1e6 => format!("{} µs", digits(value / 1e3)),
            Self::Nanos if value < 1e9 => format!("{} ms", digits(value / 1e6)),
            Self::Nanos => format!("{} s", digits(value / 1e9)),
            Self::Count => format!("{value:.0}"),
            Self::Times => format!("{} ×", digits(value)),
        }
    }
}

/// Three digits, or all of those before the point.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        ..0.1 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_by_its_own_value_and_by_no_worse_one() {
        assert!(Target::AtMost(1.15).is_met(1.15));
        assert!(!Target::AtMost(1.15).is_met(1.16));
        assert!(Target::AtLeast(25.0).is_met(25.0));
        assert!(!Target::AtLeast(25.0).is_met(24.9));
        assert!(!Target::AtMost(1.0).is_met(f64::NAN) && !Target::AtLeast(1.0).is_met(f64::NAN));
    }

    #[test]
    fn values_are_shown_with_three_digits_and_their_unit() {
        for (unit, value, shown) in [
            (Unit::Nanos, 358.4, "358 ns"),
            (Unit::Nanos, 1_510.0, "1.51 µs"),
            (Unit::Nanos, 25_240.0, "25.2 µs"),
            (Unit::Nanos, 154_300.0, "154 µs"),
            (Unit::Nanos, 44_600_000.0, "44.6 ms"),
            (Unit::Nanos, 2_000_000_000.0, "2.00 s"),
            (Unit::Bytes, 512.0, "512 B"),
            (Unit::Bytes, 45_056.0, "44.0 KiB"),
            (Unit::Bytes, 640.0 * MIB, "640.0 MiB"),
            (Unit::Count, 10_000.0, "10000"),
            (Unit::Times, 0.0123, "0.012 ×"),
            (Unit::Times, 22.96, "23.0 ×"),
        ] {
            assert_eq!(unit.show(value), shown);
        }
    }
}
