//! A learning algorithm that trains batch by batch, on top of what it knows: softmax regression for classes, linear
//! regression for values. This file is the plugin's face to HAL9 and knows nothing of how a model learns.
//!
//! A model works without a host as well:
//!
//! ```
//! use hal9_plugin_sdk::{LearningPlugin, TrainingBatch, serde_json::json};
//! use online_learner::OnlineLearner;
//!
//! let mut model = OnlineLearner::create(json!({"epochs": 20}))?;
//! let batch = TrainingBatch { features: vec![1.0, 2.0, 8.0, 9.0], dimensions: 1, targets: vec![0.0, 0.0, 1.0, 1.0] };
//! model.train(&batch)?;
//! assert_eq!(model.predict(&[1.5, 8.5], 1)?.targets, [0.0, 1.0]);
//! # Ok::<(), hal9_plugin_sdk::PluginError>(())
//! ```

mod linear;
mod loss;
pub mod model;
pub mod options;
mod order;
mod rows;
pub mod saved;
mod scaler;

use hal9_plugin_sdk::*;
use model::Model;
use options::Options;

hal9_plugin! {
    metadata: {
        id: "ai.hal9.online-learner",
        name: "Online Learner",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Learns classes or values from rows of numbers, batch by batch.",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::LearningAlgorithm {
            algorithm_name: "online-learner".to_string(),
            description: "Softmax and linear regression that train batch by batch".to_string(),
        },
    ],
    permissions: [],
    limits: {
        // Training computes, and does nothing else.
        cpu_share: "100%",
    },
}

/// One model of this algorithm.
pub struct OnlineLearner(Model);

impl LearningPlugin for OnlineLearner {
    fn describe() -> AlgorithmDescription {
        AlgorithmDescription {
            name: "online-learner".to_owned(),
            description: "Multinomial logistic (softmax) regression for classes counted from 0, or linear regression with the \
                          Huber loss for values; AdaGrad, L2, and running standardisation of the features. Every batch is \
                          learned on top of the ones before."
                .to_owned(),
            options: options::schema(),
        }
    }

    fn create(options: Value) -> Result<Self, PluginError> {
        Ok(Self(Model::new(Options::from_json(options)?)))
    }

    fn load(bytes: &[u8]) -> Result<Self, PluginError> {
        Ok(Self(saved::load(bytes)?))
    }

    fn train(&mut self, batch: &TrainingBatch) -> Result<TrainingReport, PluginError> {
        self.0.train(batch)
    }

    fn predict(&self, features: &[f32], dimensions: u32) -> Result<Prediction, PluginError> {
        self.0.predict(features, dimensions)
    }

    fn save(&self) -> Result<Vec<u8>, PluginError> {
        saved::save(&self.0)
    }
}

learning_plugin!(OnlineLearner);
