//! Owns how a call of the host is written down, in a line that a case can name, and which one goes wrong. It refuses to know
//! what a call does.

use std::fmt::Write as _;

use hal9_host::{HostCall, Interference, Level};

use crate::cases::{Fault, FaultKind};
use crate::text;

/// Calls of the host in one case: those that count, in order, and the one that is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Those of interfaces that need a permission. (The log and the configuration are asked by language runtimes as well; a case has
    /// other members for both.)
    pub(crate) made: Vec<String>,
    fault: Option<Fault>,
    /// How many calls the fault has seen.
    seen: u32,
    /// Why the fault did not come to pass, where its call was made.
    pub(crate) misfit: Option<String>,
    /// Whether it came to pass.
    pub(crate) struck: bool,
}

impl Calls {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Takes down a call that is about to be done.
    pub(crate) fn take(&mut self, call: &HostCall<'_>) -> Option<Interference> {
        let counts = !matches!(call.interface(), "config" | "logging");
        if counts {
            self.made.push(line(call));
        }
        let fault = self.fault.as_ref()?;
        let is_meant = match &fault.of {
            None => counts,
            Some(of) => of == call.interface() || *of == name(call),
        };
        self.seen += u32::from(is_meant);
        if !is_meant || self.seen != fault.call {
            return None;
        }
        if fault.kind == FaultKind::Deny && !call.can_be_denied() {
            self.misfit =
                Some(format!("call {} was `{}`, which has no answer that says denied", fault.call, name(call)));
            return None;
        }
        self.struck = true;
        Some(match fault.kind {
            FaultKind::Deny => Interference::Deny,
            FaultKind::TimeOut => Interference::TimeOut,
            FaultKind::OutOfMemory => Interference::OutOfMemory,
            FaultKind::Trap => Interference::Trap,
        })
    }

    /// Why the fault that a case asked for did not come to pass, if it did not.
    pub(crate) fn missed(&self) -> Option<String> {
        let fault = self.fault.as_ref().filter(|_| !self.struck)?;
        let of = fault.of.as_ref().map_or_else(String::new, |of| format!(" of {of}"));
        Some(
            self.misfit
                .clone()
                .unwrap_or_else(|| format!("there were {} calls{of}, and not {}", self.seen, fault.call)),
        )
    }
}

/// The function with its interface: `memory.list-keys`.
fn name(call: &HostCall<'_>) -> String {
    format!("{}.{}", call.interface(), call.function())
}

/// The name of a level.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// A call in one line: `memory.set visits 1`. An argument that is no plain word is written as a string of JSON.
fn line(call: &HostCall<'_>) -> String {
    let mut line = name(call);
    let mut word = |argument: &str| {
        let _ = write!(line, " {}", text::word(argument));
    };
    match call {
        HostCall::ConfigGet { key } | HostCall::MemoryGet { key } | HostCall::MemoryDelete { key } => word(key),
        HostCall::Log { level: of, message } => {
            word(level(*of));
            word(message);
        }
        HostCall::MemorySet { key, value } => {
            word(key);
            word(&text::of_bytes(value));
        }
        HostCall::MemoryListKeys { prefix, after, limit } => {
            word(prefix);
            word(&limit.to_string());
            after.iter().for_each(|after| word(after));
        }
        HostCall::Increment { name, by: value }
        | HostCall::Gauge { name, value }
        | HostCall::Histogram { name, value } => {
            word(name);
            word(&value.to_string());
        }
        HostCall::ReportExperience { experience } => {
            word(&experience.action);
            word(&experience.reward.to_string());
        }
        HostCall::ReportFeedback { score, comment, .. } => {
            word(&score.to_string());
            word(comment);
        }
        HostCall::CallPlugin { target, method, params } => {
            word(target);
            word(method);
            line.push(' ');
            line.push_str(params);
        }
        HostCall::AskPlugin { target, signal } => {
            word(target);
            word(&signal.content);
        }
        HostCall::Emit { layer, signal } => {
            word(layer);
            word(&signal.content);
        }
        _ => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: HostCall<'_> = HostCall::MemoryGet { key: "a b" };

    #[test]
    fn a_call_is_a_line_of_words() {
        assert_eq!(line(&GET), "memory.get \"a b\"");
        assert_eq!(line(&HostCall::MemorySet { key: "k", value: b"" }), "memory.set k \"\"");
        assert_eq!(line(&HostCall::MemorySet { key: "k", value: &[0xff, 0] }), "memory.set k hex:ff00");
        assert_eq!(line(&HostCall::CurrentTimestamp), "clock.current-timestamp");
        let call = HostCall::CallPlugin { target: "a.b", method: "m", params: "{\"x\": 1}" };
        assert_eq!(line(&call), "plugins.call a.b m {\"x\": 1}");
    }

    #[test]
    fn the_nth_call_goes_wrong_and_no_other() {
        let fault = Fault { call: 2, of: None, kind: FaultKind::Trap };
        let mut calls = Calls::new(Some(fault));
        assert_eq!(calls.take(&GET), None);
        assert_eq!(calls.take(&HostCall::ConfigDocument), None, "it does not count");
        assert!(calls.missed().unwrap().contains("1 calls"));
        assert_eq!(calls.take(&GET), Some(Interference::Trap));
        assert_eq!((calls.take(&GET), calls.missed()), (None, None));
        assert_eq!(calls.made.len(), 3);
    }

    #[test]
    fn a_fault_may_be_of_one_interface_or_function() {
        for of in ["memory", "memory.get"] {
            let mut calls = Calls::new(Some(Fault { call: 1, of: Some(of.to_owned()), kind: FaultKind::Deny }));
            assert_eq!(calls.take(&HostCall::CurrentTimestamp), None);
            assert_eq!(calls.take(&GET), Some(Interference::Deny));
        }
    }

    #[test]
    fn what_has_no_answer_for_it_is_not_denied() {
        let mut calls = Calls::new(Some(Fault { call: 1, of: None, kind: FaultKind::Deny }));
        assert_eq!(calls.take(&HostCall::CurrentTimestamp), None);
        assert!(calls.missed().unwrap().contains("clock.current-timestamp"));
    }
}
