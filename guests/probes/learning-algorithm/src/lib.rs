//! A learning algorithm that predicts the mean of what it has seen. Its options say where it goes wrong: `create`
//! with `spin`, `drop` with `spin` or `panic`, `train` with `panic`, `predict` with `few`.

use hal9_plugin_sdk::*;

hal9_plugin! {
    metadata: { id: "test.learning-algorithm", name: "Mean", version: "0.1.0", author: "The HAL9 authors", license: "Apache-2.0" },
    capabilities: [PluginCapability::LearningAlgorithm { algorithm_name: "mean", description: "Predicts the mean." }],
    // Benchmarks call it without a pause.
    limits: { cpu_share: "100%" },
}

struct Mean {
    options: Value,
    samples: u64,
    mean: f32,
}

impl LearningPlugin for Mean {
    fn describe() -> AlgorithmDescription {
        AlgorithmDescription {
            name: "mean".into(),
            description: "Predicts the mean.".into(),
            options: json!({ "type": "object" }),
        }
    }

    fn create(options: Value) -> Result<Self, PluginError> {
        while std::hint::black_box(&options)["create"] == "spin" {}
        Ok(Self { options, samples: 0, mean: 0.0 })
    }

    fn load(bytes: &[u8]) -> Result<Self, PluginError> {
        let (samples, mean) = serde_json::from_slice(bytes)?;
        Ok(Self { options: json!({}), samples, mean })
    }

    fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
        assert_ne!(self.options["train"], "panic", "the model was asked to");
        let loss =
            batch.targets.iter().map(|target| (target - self.mean).abs()).sum::<f32>() / batch.len().max(1) as f32;
        for target in &batch.targets {
            self.samples += 1;
            self.mean += (target - self.mean) / self.samples as f32;
        }
        Ok(TrainingReport { samples: self.samples, loss })
    }

    fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError> {
        let rows = feature_rows(features, dimensions).len() - usize::from(self.options["predict"] == "few");
        Ok(Prediction { targets: vec![self.mean; rows], ..Prediction::default() })
    }

    fn save(&self) -> Result<Vec<u8>, PluginError> {
        Ok(serde_json::to_vec(&(self.samples, self.mean))?)
    }
}

impl Drop for Mean {
    fn drop(&mut self) {
        assert_ne!(self.options["drop"], "panic", "the destructor was asked to");
        while std::hint::black_box(&self.options)["drop"] == "spin" {}
        log_info(format!("dropped after {} samples", self.samples));
    }
}

learning_plugin!(Mean);
