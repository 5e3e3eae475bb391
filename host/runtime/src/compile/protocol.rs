//! Owns what a host and the child that compiles for it have agreed upon: how the task is told, and how the child ends. It
//! refuses to know how either does its part.

use std::fmt;
use std::str::FromStr;

use crate::engine::Init;

/// The variable of the child's environment that holds its [`Task`]: what it needs before it reads anything.
pub(super) const TASK: &str = "HAL9_COMPILE";

/// The child's status for bytes that are no component that can be compiled; the reason is on its standard error.
pub(super) const INVALID: u8 = 65;

/// The child's status for a component that it has not enough memory for.
pub(super) const NO_MEMORY: u8 = 71;

/// The child's status where it was not started by a host.
pub(super) const NO_TASK: u8 = 64;

/// The most of a child's standard error that is read.
pub(super) const REASON_BYTES: u64 = 4 << 10;

/// What a child may use, and how much it is given to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Seconds of processor time, of all threads together.
    pub(super) cpu: u64,
    /// Bytes of the component on its standard input.
    pub(super) component: u64,
    /// How its data come into its memory.
    pub(super) init: Init,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let init = u64::from(self.init == Init::Mapped);
        write!(f, "{} {} {} {init}", self.memory, self.cpu, self.component)
    }
}

impl FromStr for Task {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split(' ').map(str::parse);
        let mut next = || numbers.next().unwrap_or_else(|| "".parse());
        let (memory, cpu, component) = (next()?, next()?, next()?);
        let init = if next()? == 0 { Init::Copied } else { Init::Mapped };
        Ok(Self { memory, cpu, component, init })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_was_written() {
        for init in [Init::Copied, Init::Mapped] {
            let task = Task { memory: 1, cpu: u64::MAX, component: 0, init };
            assert_eq!(task.to_string().parse(), Ok(task));
        }
        for wrong in ["", "1 2", "1 2 3", "1 2 x 0", "1 2 -3 0"] {
            assert!(wrong.parse::<Task>().is_err(), "{wrong}");
        }
    }
}
