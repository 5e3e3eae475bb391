//! `hal9:plugin/learning`: what plugins report for HAL9 to learn from. It refuses to know what is learned: that is the
//! embedder's [`LearningSink`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hal9_package::{Permission, PermissionKind, PluginId};

use crate::bindings::hal9::plugin::learning::{self, Experience};
use crate::bindings::hal9::plugin::types::{Error, SignalId};
use crate::guard::{Guard, Interface};

/// The most numbers of a state.
pub(crate) const STATE_NUMBERS: usize = 65_536;
/// The longest action, in bytes.
pub(crate) const ACTION_BYTES: usize = 256;
/// The longest comment, in bytes.
pub(crate) const COMMENT_BYTES: usize = 4 << 10;

/// What a plugin said of the reply to a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// Which signal.
    pub signal: SignalId,
    /// From -1 (wrong) to 1 (right).
    pub score: f32,
    /// In words; may be empty. As the plugin wrote it.
    pub comment: String,
}

/// Takes what all plugins report. What comes here is within its bounds, and numbers are finite.
pub trait LearningSink: Send + Sync {
    /// One step and what came of it.
    fn experience(&self, plugin: &PluginId, experience: Experience);
    /// How good a reply was.
    fn feedback(&self, plugin: &PluginId, feedback: Feedback);
}

/// The last experiences and feedback, as far as there is room, for as long as the process lives.
#[derive(Debug, Default)]
pub struct InProcessLearning {
    experiences: Kept<Experience>,
    feedback: Kept<Feedback>,
}

/// The most reports of one sort that are kept.
const KEPT: usize = 1_000;

/// The most bytes that the reports of one sort take up.
const KEPT_BYTES: usize = 16 << 20;

/// The last reports of one sort.
#[derive(Debug)]
struct Kept<T>(Mutex<Reports<T>>);

#[derive(Debug)]
struct Reports<T> {
    /// Oldest first, each with the bytes that it takes up.
    queue: VecDeque<(PluginId, T, usize)>,
    bytes: usize,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Reports { queue: VecDeque::new(), bytes: 0 }))
    }
}

impl<T: Clone> Kept<T> {
    fn push(&self, plugin: &PluginId, report: T, bytes: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.queue.push_back((plugin.clone(), report, bytes));
        kept.bytes += bytes;
        while kept.queue.len() > KEPT || kept.bytes > KEPT_BYTES {
            let Some((_, _, oldest)) = kept.queue.pop_front() else { break };
            kept.bytes -= oldest;
        }
    }

    fn all(&self) -> Vec<(PluginId, T)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.queue.iter().map(|(plugin, report, _)| (plugin.clone(), report.clone())).collect()
    }
}

impl InProcessLearning {
    /// The experiences that are kept, oldest first.
    pub fn experiences(&self) -> Vec<(PluginId, Experience)> {
        self.experiences.all()
    }

    /// The feedback that is kept, oldest first.
    pub fn feedback(&self) -> Vec<(PluginId, Feedback)> {
        self.feedback.all()
    }
}

impl LearningSink for InProcessLearning {
    fn experience(&self, plugin: &PluginId, experience: Experience) {
        let numbers = experience.state.len() + experience.next_state.as_ref().map_or(0, Vec::len);
        let bytes = size_of::<Experience>() + numbers * size_of::<f32>() + experience.action.len();
        self.experiences.push(plugin, experience, bytes);
    }

    fn feedback(&self, plugin: &PluginId, feedback: Feedback) {
        let bytes = size_of::<Feedback>() + feedback.comment.len();
        self.feedback.push(plugin, feedback, bytes);
    }
}

/// The reports of one instance.
pub(crate) struct LearningCtx {
    guard: Arc<Guard>,
    sink: Arc<dyn LearningSink>,
}

impl LearningCtx {
    pub(crate) fn new(guard: Arc<Guard>, sink: Arc<dyn LearningSink>) -> Self {
        Self { guard, sink }
    }

    fn enter(&self) -> wasmtime::Result<()> {
        self.guard.enter(Interface::Learning)?;
        self.guard.used(&Permission::unscoped(PermissionKind::Hal9Learning));
        Ok(())
    }
}

fn check(experience: &Experience) -> Result<(), Error> {
    if experience.action.is_empty() || experience.action.len() > ACTION_BYTES || !experience.reward.is_finite() {
        return Err(Error::InvalidInput);
    }
    let next = experience.next_state.as_ref().map_or(0, Vec::len);
    if experience.state.len() > STATE_NUMBERS || next > STATE_NUMBERS {
        return Err(Error::LimitExceeded);
    }
    Ok(())
}

impl learning::Host for LearningCtx {
    fn report_experience(&mut self, experience: Experience) -> wasmtime::Result<Result<(), Error>> {
        self.enter()?;
        Ok(check(&experience).map(|()| self.sink.experience(self.guard.plugin(), experience)))
    }

    fn report_feedback(
        &mut self,
        signal: SignalId,
        score: f32,
        comment: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.enter()?;
        if !(-1.0..=1.0).contains(&score) || comment.len() > COMMENT_BYTES {
            return Ok(Err(Error::InvalidInput));
        }
        self.sink.feedback(self.guard.plugin(), Feedback { signal, score, comment });
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use learning::Host as _;

    #[test]
    fn reports_within_bounds_are_kept_and_others_refused() {
        let sink = Arc::new(InProcessLearning::default());
        let mut ctx = LearningCtx::new(Guard::of("test.plugin", &["Hal9Learning"]), sink.clone());
        let good = Experience { state: vec![1.0], action: "go".into(), reward: 0.5, next_state: None };
        ctx.report_experience(good.clone()).unwrap().unwrap();
        let refused = [
            (Experience { action: String::new(), ..good.clone() }, Error::InvalidInput),
            (Experience { reward: f32::NAN, ..good.clone() }, Error::InvalidInput),
            (Experience { next_state: Some(vec![0.0; STATE_NUMBERS + 1]), ..good.clone() }, Error::LimitExceeded),
        ];
        for (experience, error) in refused {
            assert_eq!(ctx.report_experience(experience).unwrap(), Err(error));
        }
        ctx.report_feedback((1, 2), -1.0, "no".into()).unwrap().unwrap();
        assert_eq!(ctx.report_feedback((1, 2), 1.5, String::new()).unwrap(), Err(Error::InvalidInput));
        assert_eq!(ctx.report_feedback((1, 2), f32::NAN, String::new()).unwrap(), Err(Error::InvalidInput));
        assert_eq!((sink.experiences().len(), sink.feedback().len()), (1, 1));
    }

    #[test]
    fn what_is_kept_is_bounded_by_number_and_by_size() {
        let sink = InProcessLearning::default();
        let plugin: PluginId = "test.plugin".parse().unwrap();
        let small = Feedback { signal: (0, 0), score: 1.0, comment: String::new() };
        (0..KEPT + 10).for_each(|_| LearningSink::feedback(&sink, &plugin, small.clone()));
        assert_eq!(sink.feedback().len(), KEPT);
        let state = vec![0.0; STATE_NUMBERS];
        let large = Experience { state, action: "go".into(), reward: 0.0, next_state: None };
        (0..100).for_each(|_| sink.experience(&plugin, large.clone()));
        let kept = sink.experiences().len();
        assert!((50..=KEPT_BYTES / (STATE_NUMBERS * 4)).contains(&kept), "{kept}");
    }
}
