//! What an author of a model may choose: the options, their defaults, their bounds and their JSON Schema.
//! Knows nothing of how a model uses them.

use hal9_plugin_sdk::serde_json::{self, Value, json};
use hal9_plugin_sdk::{ErrorCode, PluginError, err};
use serde::{Deserialize, Serialize};

/// Classes that a model has at most. Keeps one wild target, such as an id in the wrong column, from growing a model
/// that fills the instance's memory.
pub const MAX_CLASSES: u32 = 4096;

/// Passes over a batch at most.
pub const MAX_EPOCHS: u32 = 1000;

/// What the targets are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Classes counted from 0; softmax regression learns how likely each is.
    #[default]
    Classification,
    /// Values; linear regression with the Huber loss learns them.
    Regression,
}

/// The options of a model. `{}` gives the defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What the targets are.
    pub task: Task,
    /// How many classes there are, 2 to [`MAX_CLASSES`]; a target beyond is refused. `None`: as many as are seen.
    pub classes: Option<u32>,
    /// The size of the first steps, above 0 and up to 1. AdaGrad makes them smaller, weight by weight.
    pub learning_rate: f32,
    /// How strongly weights are drawn to 0, 0 to 1. The intercepts are not.
    pub l2: f32,
    /// Decides the order in which rows of a batch are learned. The same seed, options and batches give the same model.
    pub seed: u64,
    /// Passes over each batch, 1 to [`MAX_EPOCHS`].
    pub epochs: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { task: Task::Classification, classes: None, learning_rate: 0.05, l2: 1e-4, seed: 0, epochs: 5 }
    }
}

impl Options {
    /// Options out of a JSON object.
    ///
    /// # Errors
    /// `invalid-input` for what [`schema`] refuses.
    pub fn from_json(value: Value) -> Result<Self, PluginError> {
        if !value.is_object() {
            return err(ErrorCode::InvalidInput, "the options must be a JSON object, such as {\"epochs\": 3}");
        }
        // Here and not while it is read: a saved model says `None` as well.
        if value.get("classes").is_some_and(Value::is_null) {
            return err(ErrorCode::InvalidInput, "options: classes is null: leave it out for as many as are seen");
        }
        let options: Self =
            serde_json::from_value(value).map_err(|error| PluginError::from(error).context("options"))?;
        options.check()?;
        Ok(options)
    }

    /// Holds the options against their bounds.
    ///
    /// # Errors
    /// `invalid-input`, naming the option and what it may be.
    pub fn check(&self) -> Result<(), PluginError> {
        let problem = if self.classes.is_some_and(|classes| !(2..=MAX_CLASSES).contains(&classes)) {
            format!("classes must be 2 to {MAX_CLASSES}")
        } else if self.classes.is_some() && self.task == Task::Regression {
            "classes has no meaning for task \"regression\": leave it out".to_owned()
        } else if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            "learning_rate must be above 0 and at most 1".to_owned()
        } else if !(0.0..=1.0).contains(&self.l2) {
            "l2 must be 0 to 1".to_owned()
        } else if !(1..=MAX_EPOCHS).contains(&self.epochs) {
            format!("epochs must be 1 to {MAX_EPOCHS}")
        } else {
            return Ok(());
        };
        err(ErrorCode::InvalidInput, format!("options: {problem}"))
    }
}

/// The JSON Schema of the options (draft 2020-12).
pub fn schema() -> Value {
    let defaults = Options::default();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "task": {
                "enum": ["classification", "regression"],
                "default": "classification",
                "description": "What the targets are: classes counted from 0, or values."
            },
            "classes": {
                "type": "integer", "minimum": 2, "maximum": MAX_CLASSES,
                "description": "How many classes there are. Left out: as many as are seen."
            },
            "learning_rate": {
                "type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.05,
                "description": "The size of the first steps."
            },
            "l2": {
                "type": "number", "minimum": 0, "maximum": 1, "default": 0.0001,
                "description": "How strongly weights are drawn to 0."
            },
            "seed": {
                "type": "integer", "minimum": 0, "default": defaults.seed,
                "description": "Decides the order in which rows are learned."
            },
            "epochs": {
                "type": "integer", "minimum": 1, "maximum": MAX_EPOCHS, "default": defaults.epochs,
                "description": "Passes over each batch."
            }
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn no_options_are_the_defaults_and_the_schema_says_the_same() {
        let defaults = Options::from_json(json!({})).unwrap();
        assert_eq!(defaults, Options::default());
        let schema = schema();
        for (name, value) in serde_json::to_value(&defaults).unwrap().as_object().unwrap() {
            let said = &schema["properties"][name]["default"];
            match value.as_f64() {
                Some(number) => {
                    assert!((said.as_f64().unwrap() - number).abs() < 1e-6, "{name}: {said} is not {number}")
                }
                None if value.is_null() => assert!(said.is_null(), "{name}"),
                None => assert_eq!(said, value, "{name}"),
            }
        }
    }

    #[test]
    fn what_the_schema_refuses_is_refused_by_name() {
        for (options, name) in [
            (json!({"classes": 1}), "classes"),
            (json!({"classes": 5000}), "classes"),
            (json!({"classes": 3, "task": "regression"}), "classes"),
            (json!({"learning_rate": 0}), "learning_rate"),
            (json!({"learning_rate": 1.5}), "learning_rate"),
            (json!({"l2": -0.1}), "l2"),
            (json!({"epochs": 0}), "epochs"),
            (json!({"seed": -1}), "options"),
            (json!({"task": "clustering"}), "clustering"),
            (json!({"momentum": 0.9}), "momentum"),
            (json!([]), "object"),
        ] {
            let error = Options::from_json(options.clone()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput, "{options}");
            assert!(error.message.contains(name), "{options}: {}", error.message);
        }
    }
}
