//! A learning algorithm: takes a row for one of the class whose mean is nearest to it.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: {
        id: "local.example-plugin",
        name: "Example Plugin",
        version: env!("CARGO_PKG_VERSION"),
        author: "The authors of Example Plugin",
        description: "Learns classes from rows of numbers, by the mean of each class.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::LearningAlgorithm {
            algorithm_name: "example-plugin",
            description: "The class whose mean is nearest.",
        },
    ],
}

/// More classes than this are a mistake of whoever made the data.
const MOST_CLASSES: usize = 1_000;

/// One model.
#[derive(Default)]
struct ExamplePlugin {
    /// Numbers a row; 0 before the first.
    dimensions: u32,
    /// For each class how many rows it had, and their mean.
    classes: Vec<(u64, Vec<f32>)>,
}

impl ExamplePlugin {
    fn check(&self, features: &[f32], dimensions: u32) -> Result<(), PluginError> {
        if self.dimensions != 0 && dimensions != self.dimensions && !features.is_empty() {
            let message =
                format!("rows of {dimensions} numbers, and the model learned from rows of {}", self.dimensions);
            return err(ErrorCode::InvalidInput, message);
        }
        if let Some(at) = features.iter().position(|number| !number.is_finite()) {
            return err(ErrorCode::InvalidInput, format!("feature {at} is {}: give finite numbers", features[at]));
        }
        Ok(())
    }

    /// The class whose mean is nearest to a row, and the square of how far it is.
    fn nearest(&self, row: &[f32]) -> Option<(usize, f32)> {
        let seen = self.classes.iter().enumerate().filter(|(_, (rows, _))| *rows > 0);
        let distance = |mean: &[f32]| row.iter().zip(mean).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        seen.map(|(class, (_, mean))| (class, distance(mean))).min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

impl LearningPlugin for ExamplePlugin {
    fn describe() -> AlgorithmDescription {
        AlgorithmDescription {
            name: "example-plugin".to_owned(),
            description: "Takes a row for one of the class whose mean is nearest. Targets are classes counted from 0."
                .to_owned(),
            options: json!({ "type": "object", "additionalProperties": false }),
        }
    }

    fn create(options: Value) -> Result<Self, PluginError> {
        match options.as_object().and_then(|options| options.keys().next()) {
            Some(option) => err(ErrorCode::InvalidInput, format!("`{option}` is no option: there are none")),
            None => Ok(Self::default()),
        }
    }

    fn load(bytes: &[u8]) -> Result<Self, PluginError> {
        let (dimensions, classes): (u32, Vec<(u64, Vec<f32>)>) = serde_json::from_slice(bytes)?;
        let is_whole = |mean: &Vec<f32>| mean.is_empty() || mean.len() == dimensions as usize;
        if classes.len() > MOST_CLASSES
            || !classes.iter().all(|(rows, mean)| is_whole(mean) && (*rows == 0) == mean.is_empty())
        {
            return err(ErrorCode::InvalidInput, "these bytes are no model: the means do not fit the dimensions");
        }
        Ok(Self { dimensions, classes })
    }

    fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
        // All of it is checked before any of it is learned, so that a batch that is refused changes nothing.
        self.check(&batch.features, batch.dimensions)?;
        let is_class = |target: &&f32| target.fract() == 0.0 && (0.0..MOST_CLASSES as f32).contains(*target);
        if let Some(target) = batch.targets.iter().find(|target| !is_class(target)) {
            return err(
                ErrorCode::InvalidInput,
                format!("{target} is no class: count them from 0, to {}", MOST_CLASSES - 1),
            );
        }
        let mut wrong = 0;
        for (row, target) in batch.rows() {
            let class = target as usize;
            wrong += usize::from(self.nearest(row).is_none_or(|(nearest, _)| nearest != class));
            self.dimensions = batch.dimensions;
            self.classes.resize_with(self.classes.len().max(class + 1), Default::default);
            let (rows, mean) = &mut self.classes[class];
            *rows += 1;
            mean.resize(row.len(), 0.0);
            for (mean, number) in mean.iter_mut().zip(row) {
                *mean += (number - *mean) / *rows as f32;
            }
        }
        let samples = self.classes.iter().map(|(rows, _)| rows).sum();
        Ok(TrainingReport { samples, loss: wrong as f32 / batch.len().max(1) as f32 })
    }

    fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError> {
        self.check(features, dimensions)?;
        let rows = feature_rows(features, dimensions);
        let targets = rows.map(|row| self.nearest(row).map_or(0.0, |(class, _)| class as f32)).collect();
        Ok(Prediction { targets, ..Prediction::default() })
    }

    fn save(&self) -> Result<Vec<u8>, PluginError> {
        Ok(serde_json::to_vec(&(self.dimensions, &self.classes))?)
    }
}

learning_plugin!(ExamplePlugin);

#[cfg(test)]
mod tests {
    use super::*;

    fn trained() -> ExamplePlugin {
        let mut model = ExamplePlugin::default();
        let features = vec![0.0, 0.0, 1.0, 0.0, 9.0, 9.0, 8.0, 9.0];
        let batch = TrainingBatch { features, dimensions: 2, targets: vec![0.0, 0.0, 1.0, 1.0] };
        assert_eq!(model.train(&batch).expect("it learns").samples, 4);
        model
    }

    #[test]
    fn a_row_is_of_the_class_whose_mean_is_nearest() {
        let model = trained();
        let predicted = |model: &ExamplePlugin| model.predict(&[1.0, 1.0, 7.0, 7.0], 2);
        assert_eq!(predicted(&model).map(|prediction| prediction.targets), Ok(vec![0.0, 1.0]));
        let saved = ExamplePlugin::load(&model.save().expect("it is saved")).expect("it is loaded");
        assert_eq!(predicted(&saved), predicted(&model));
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut model = trained();
        let before = model.save();
        for (features, dimensions, target) in
            [(vec![1.0], 1, 0.0), (vec![1.0, f32::NAN], 2, 0.0), (vec![1.0, 1.0], 2, 0.5)]
        {
            let batch = TrainingBatch { features, dimensions, targets: vec![target] };
            assert!(model.train(&batch).is_err_and(|error| error.code == ErrorCode::InvalidInput));
        }
        assert_eq!(model.save(), before);
        for bytes in [&b"garbage"[..], b"[2, [[1, [0.5]]]]", b"[2, [[0, [0.5, 1.0]]]]"] {
            assert!(ExamplePlugin::load(bytes).is_err());
        }
    }
}
