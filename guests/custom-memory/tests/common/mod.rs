//! A memory for tests: has the host's limits, counts what is asked of it, and can break at any step.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(dead_code, unreachable_pub, reason = "each test file is a program of its own and uses some of these")]

use custom_memory::memory::Memory;
use hal9_plugin_sdk::HostError;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Values that outlive the provider over them: a clone is the same memory.
#[derive(Clone, Default)]
pub struct TestMemory(Rc<State>);

#[derive(Default)]
struct State {
    values: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Names at most; 0 is the host's default.
    names: Cell<usize>,
    /// Steps until it breaks, and for how many it does.
    breaks_in: Cell<Option<usize>>,
    for_steps: Cell<usize>,
    /// Whether the next step that fails happens nevertheless.
    happens: Cell<bool>,
    work: Cell<Work>,
}

/// What was asked of a memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub gets: usize,
    pub sets: usize,
    pub deletes: usize,
    pub lists: usize,
    /// Bytes that came and went.
    pub bytes: usize,
}

impl TestMemory {
    /// A copy of what is in it, which goes its own way.
    pub fn copy(&self) -> Self {
        let copy = Self::default();
        copy.0.values.borrow_mut().clone_from(&self.0.values.borrow());
        copy
    }

    pub fn len(&self) -> usize {
        self.0.values.borrow().len()
    }

    /// Changes what is there behind everybody's back.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.0.values.borrow_mut().get_mut(name).unwrap());
    }

    pub fn remove(&self, name: &str) {
        self.0.values.borrow_mut().remove(name).unwrap();
    }

    /// Takes at most so many names.
    pub fn limit_names(&self, names: usize) {
        self.0.names.set(names);
    }

    /// Breaks after so many more steps, for so many.
    pub fn break_in(&self, steps: usize, for_steps: usize) {
        self.0.breaks_in.set(Some(steps));
        self.0.for_steps.set(for_steps);
    }

    /// The first step that fails happens nevertheless: it is the answer that is lost.
    pub fn lose_an_answer(&self) {
        self.0.happens.set(true);
    }

    /// Works again; says whether it had broken.
    pub fn repair(&self) -> bool {
        self.0.breaks_in.take() == Some(0)
    }

    /// What was asked of it since this was last called.
    pub fn work(&self) -> Work {
        self.0.work.take()
    }

    fn step(&self, count: impl FnOnce(&mut Work)) -> Result<(), HostError> {
        let mut work = self.0.work.get();
        count(&mut work);
        self.0.work.set(work);
        match self.0.breaks_in.get() {
            None => Ok(()),
            Some(0) if self.0.for_steps.get() == 0 => Ok(()),
            Some(0) => {
                self.0.for_steps.set(self.0.for_steps.get() - 1);
                Err(HostError::Unavailable)
            }
            Some(steps) => {
                self.0.breaks_in.set(Some(steps - 1));
                Ok(())
            }
        }
    }
}

fn check(name: &str) {
    assert!(!name.is_empty() && name.len() <= 512, "the host refuses this name: {name:?}");
}

impl Memory for TestMemory {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        check(name);
        let value = self.0.values.borrow().get(name).cloned();
        self.step(|work| {
            work.gets += 1;
            work.bytes += value.as_ref().map_or(0, Vec::len);
        })?;
        Ok(value)
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        check(name);
        let step = self.step(|work| {
            work.sets += 1;
            work.bytes += value.len();
        });
        if step.is_err() && !self.0.happens.take() {
            step.clone()?;
        }
        let mut values = self.0.values.borrow_mut();
        let names = if self.0.names.get() == 0 { 10_000 } else { self.0.names.get() };
        if value.len() > 1 << 20 || (values.len() >= names && !values.contains_key(name)) {
            return Err(HostError::LimitExceeded);
        }
        values.insert(name.to_owned(), value.to_vec());
        step
    }

    fn delete(&self, name: &str) -> Result<bool, HostError> {
        check(name);
        let step = self.step(|work| work.deletes += 1);
        if step.is_err() && !self.0.happens.take() {
            step.clone()?;
        }
        let removed = self.0.values.borrow_mut().remove(name).is_some();
        step.map(|()| removed)
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, HostError> {
        self.step(|work| work.lists += 1)?;
        Ok(self.0.values.borrow().keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }
}
