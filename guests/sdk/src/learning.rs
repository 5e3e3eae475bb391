//! The learning algorithm: the trait that authors implement, a value of which is one model, and its way to the
//! `learning-algorithm` export. Knows nothing of what is learned.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::learning::exports::hal9::plugin::learning_algorithm as wit;
use crate::{ErrorCode, PluginError, Value, err};
use std::cell::RefCell;
use std::marker::PhantomData;

/// What an algorithm is called and what its options are (`algorithm-description` of `learning-algorithm.wit`).
#[derive(Clone, Debug, PartialEq)]
pub struct AlgorithmDescription {
    /// The name.
    pub name: String,
    /// What it learns and how, in words.
    pub description: String,
    /// A JSON Schema of the options.
    pub options: Value,
}

/// Rows of features with what is to be learned about each (`training-batch` of `learning-algorithm.wit`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingBatch {
    /// All rows, one after the other: `dimensions` numbers each.
    pub features: Vec<f32>,
    /// Numbers a row. 0 only where `features` is empty.
    pub dimensions: u32,
    /// One number a row: a class counted from 0, or the value itself, as the algorithm says.
    pub targets: Vec<f32>,
}

impl TrainingBatch {
    /// Whether the lengths agree. The SDK has checked this before `train` is called.
    ///
    /// # Errors
    /// `invalid-input`, saying which lengths do not go together.
    pub fn check(&self) -> Result<(), PluginError> {
        let rows = row_count(self.features.len(), self.dimensions)?;
        if rows == self.targets.len() {
            return Ok(());
        }
        err(
            ErrorCode::InvalidInput,
            format!("{rows} rows of features with {} targets: there must be one for each row", self.targets.len()),
        )
    }

    /// How many rows there are: one for each target.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Each row's features with its target. As many as are whole, where the lengths do not agree.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&[f32], f32)> {
        feature_rows(&self.features, self.dimensions).zip(self.targets.iter().copied())
    }
}

/// Rows of features, `dimensions` numbers each: how `predict` gets at its rows.
pub fn feature_rows(features: &[f32], dimensions: u32) -> impl ExactSizeIterator<Item = &[f32]> {
    features.chunks_exact(usize::try_from(dimensions).unwrap_or(usize::MAX).max(1))
}

/// How many rows of so many numbers a list of features holds.
fn row_count(features: usize, dimensions: u32) -> Result<usize, PluginError> {
    match usize::try_from(dimensions).unwrap_or(usize::MAX) {
        0 if features == 0 => Ok(0),
        0 => err(
            ErrorCode::InvalidInput,
            format!("{features} features in rows of 0 numbers: say how many numbers make a row"),
        ),
        dimensions if features.is_multiple_of(dimensions) => Ok(features / dimensions),
        dimensions => {
            err(ErrorCode::InvalidInput, format!("{features} features do not make whole rows of {dimensions}"))
        }
    }
}

/// What came of a training step (`training-report` of `learning-algorithm.wit`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrainingReport {
    /// Rows that the model has seen in its life, those of this batch among them.
    pub samples: u64,
    /// The mean loss over this batch before it was learned from; 0 for a batch of no rows.
    pub loss: f32,
}

/// What a model says about rows (`prediction` of `learning-algorithm.wit`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// One number a row: the most likely class, or the value.
    pub targets: Vec<f32>,
    /// For every row `width` numbers: how likely each class is. Empty where the algorithm has none.
    pub scores: Vec<f32>,
    /// Numbers a row in `scores`; 0 where it is empty.
    pub width: u32,
}

/// A learning algorithm; a value of the type is one model. Export it with [`learning_plugin!`](crate::learning_plugin).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no learning algorithm",
    label = "implement `LearningPlugin` for this type"
)]
pub trait LearningPlugin: Sized + 'static {
    /// What this algorithm is.
    fn describe() -> AlgorithmDescription;

    /// A new model that knows nothing. `options` is a JSON object; an empty one takes all defaults.
    ///
    /// # Errors
    /// `invalid-input` for options that it does not take.
    fn create(options: Value) -> Result<Self, PluginError>;

    /// A model as `save` wrote it.
    ///
    /// # Errors
    /// `invalid-input` for bytes that `save` did not write.
    fn load(bytes: &[u8]) -> Result<Self, PluginError>;

    /// Learns from a batch, whose lengths agree, on top of what was learned before.
    ///
    /// # Errors
    /// `invalid-input` for dimensions that differ from those of earlier batches; the model is then as it was.
    fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError>;

    /// Predicts rows of features, which are whole: see [`feature_rows`].
    ///
    /// # Errors
    /// `invalid-input` for dimensions that the model was not trained with.
    fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError>;

    /// All that the model knows, for `load`.
    ///
    /// # Errors
    /// As the algorithm says.
    fn save(&self) -> Result<Vec<u8>, PluginError>;
}

/// Makes a type that implements [`LearningPlugin`] the plugin's learning algorithm. Once in a plugin.
#[macro_export]
macro_rules! learning_plugin {
    ($plugin:ty) => {
        const _: () = {
            type Export = $crate::export::Learning<$plugin>;
            $crate::__export!(Export, learning, export_learning);
        };
    };
}

/// The `learning-algorithm` export of a type.
pub struct Learning<T: LearningPlugin>(PhantomData<T>);

/// One model, behind the host's handle.
pub struct Model<T>(RefCell<T>);

impl<T: LearningPlugin> wit::Guest for Learning<T> {
    type Model = Model<T>;

    fn describe() -> wit::AlgorithmDescription {
        let described = T::describe();
        wit::AlgorithmDescription {
            name: described.name,
            description: described.description,
            options: described.options.to_string(),
        }
    }
}

impl<T: LearningPlugin> wit::GuestModel for Model<T> {
    fn create(options: String) -> Result<wit::Model, types::Failure> {
        Ok(wit::Model::new(Self::made(T::create(object(&options)?))?))
    }

    fn load(bytes: Vec<u8>) -> Result<wit::Model, types::Failure> {
        Ok(wit::Model::new(Self::made(T::load(&bytes))?))
    }

    fn train(&self, batch: wit::TrainingBatch) -> Result<wit::TrainingReport, types::Failure> {
        let batch = TrainingBatch { features: batch.features, dimensions: batch.dimensions, targets: batch.targets };
        batch.check()?;
        let report = self.0.try_borrow_mut().map_err(|_| busy())?.train(&batch)?;
        Ok(wit::TrainingReport { samples: report.samples, loss: report.loss })
    }

    fn predict(&self, features: Vec<f32>, dimensions: u32) -> Result<wit::Prediction, types::Failure> {
        row_count(features.len(), dimensions)?;
        let prediction = self.0.try_borrow().map_err(|_| busy())?.predict(&features, dimensions)?;
        Ok(wit::Prediction { targets: prediction.targets, scores: prediction.scores, width: prediction.width })
    }

    fn save(&self) -> Result<Vec<u8>, types::Failure> {
        Ok(self.0.try_borrow().map_err(|_| busy())?.save()?)
    }
}

impl<T> Model<T> {
    fn made(model: Result<T, PluginError>) -> Result<Self, PluginError> {
        model.map(|model| Self(RefCell::new(model)))
    }
}

fn object(options: &str) -> Result<Value, PluginError> {
    let options: Value = serde_json::from_str(options)?;
    if options.is_object() {
        return Ok(options);
    }
    err(ErrorCode::InvalidInput, "the options are not a JSON object; `{}` takes all defaults")
}

fn busy() -> PluginError {
    PluginError::new(ErrorCode::Unavailable, "the model is at work on another call")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_with_their_targets() {
        let batch = TrainingBatch { features: vec![1.0, 2.0, 3.0, 4.0], dimensions: 2, targets: vec![0.0, 1.0] };
        assert_eq!(batch.check(), Ok(()));
        assert_eq!(batch.rows().collect::<Vec<_>>(), [(&[1.0, 2.0][..], 0.0), (&[3.0, 4.0][..], 1.0)]);
    }

    #[test]
    fn lengths_that_disagree_are_refused_and_never_panic() {
        for (features, dimensions, targets) in [(3, 2, 1), (4, 2, 1), (1, 0, 0), (1, 0, 1), (0, 0, 1), (2, u32::MAX, 1)]
        {
            let batch = TrainingBatch { features: vec![0.0; features], dimensions, targets: vec![0.0; targets] };
            assert_eq!(batch.check().map_err(|error| error.code), Err(ErrorCode::InvalidInput), "{batch:?}");
            let _ = batch.rows().count();
        }
        assert_eq!(TrainingBatch::default().check(), Ok(()));
    }

    /// Sums up what it is given; refuses a row of two.
    #[derive(Debug, PartialEq)]
    struct Sum(f32);

    impl LearningPlugin for Sum {
        fn describe() -> AlgorithmDescription {
            AlgorithmDescription { name: "sum".to_string(), description: String::new(), options: Value::Null }
        }
        fn create(options: Value) -> Result<Self, PluginError> {
            Ok(Self(options["start"].as_f64().unwrap_or_default() as f32))
        }
        fn load(_: &[u8]) -> Result<Self, PluginError> {
            err(ErrorCode::InvalidInput, "nothing is saved")
        }
        fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
            if batch.dimensions == 2 {
                return err(ErrorCode::InvalidInput, "rows of two");
            }
            self.0 += batch.features.iter().sum::<f32>();
            Ok(TrainingReport { samples: 1, loss: self.0 })
        }
        fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError> {
            let targets = feature_rows(features, dimensions).map(|row| row.iter().sum::<f32>() + self.0);
            Ok(Prediction { targets: targets.collect(), ..Prediction::default() })
        }
        fn save(&self) -> Result<Vec<u8>, PluginError> {
            Ok(self.0.to_le_bytes().to_vec())
        }
    }

    #[test]
    fn a_model_learns_only_from_batches_in_step() {
        use wit::GuestModel as _;

        let model = Model(RefCell::new(Sum(1.0)));
        let batch = |features: &[f32], dimensions, targets: usize| wit::TrainingBatch {
            features: features.to_vec(),
            dimensions,
            targets: vec![0.0; targets],
        };
        assert!(model.train(batch(&[1.0, 2.0, 3.0], 3, 1)).is_ok_and(|report| report.loss == 7.0));
        for (wrong, words) in [
            (batch(&[1.0], 3, 1), "whole rows of 3"),
            (batch(&[1.0], 1, 2), "1 rows of features with 2 targets"),
            (batch(&[1.0], 0, 1), "rows of 0"),
            (batch(&[1.0, 2.0], 2, 1), "rows of two"),
        ] {
            assert!(model.train(wrong).is_err_and(|failure| failure.message.contains(words)), "{words}");
        }
        assert!(model.predict(vec![1.0, 2.0], 1).is_ok_and(|prediction| prediction.targets == [8.0, 9.0]));
        assert!(model.predict(vec![1.0, 2.0], 3).is_err_and(|failure| failure.message.contains("whole rows")));
        assert!(model.save().is_ok_and(|bytes| bytes == 7.0_f32.to_le_bytes()));
    }

    #[test]
    fn options_are_an_object() {
        assert_eq!(object(r#"{"start": 2}"#).and_then(Sum::create), Ok(Sum(2.0)));
        for wrong in ["", "[]", "null", "{"] {
            assert_eq!(object(wrong).map_err(|error| error.code), Err(ErrorCode::InvalidInput), "{wrong}");
        }
        assert_eq!(<Learning<Sum> as wit::Guest>::describe().options, "null");
    }
}
