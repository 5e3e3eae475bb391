//! The plugin's configuration as values: from which score on a text is positive or negative, and whether results are
//! kept. It knows how a score becomes a label, not where scores come from.

use hal9_plugin_sdk::{ErrorCode, PluginError, Value, err};

/// What a text is, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Positive,
    Negative,
    Neutral,
}

impl Label {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Neutral => "neutral",
        }
    }
}

/// The configuration; what it leaves out is as here by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Settings {
    positive_threshold: f64,
    negative_threshold: f64,
    pub(crate) cache: bool,
}

impl Default for Settings {
    /// The thresholds are those that VADER's authors recommend.
    fn default() -> Self {
        Self { positive_threshold: 0.05, negative_threshold: -0.05, cache: true }
    }
}

impl Settings {
    /// Reads the configuration, a JSON object. Fails with `invalid-input` for a value out of its range and for a name
    /// that means nothing, and says what would be right.
    pub(crate) fn read(config: &Value) -> Result<Self, PluginError> {
        let mut settings = Self::default();
        let Some(config) = config.as_object() else {
            return err(ErrorCode::InvalidInput, "the configuration must be a JSON object");
        };
        for (name, value) in config {
            match name.as_str() {
                "positive_threshold" => {
                    settings.positive_threshold = number(name, value, 0.0, 1.0)?;
                }
                "negative_threshold" => {
                    settings.negative_threshold = number(name, value, -1.0, 0.0)?;
                }
                "cache" => {
                    settings.cache = value.as_bool().ok_or_else(|| wrong(name, "true or false"))?;
                }
                _ => {
                    return Err(wrong(name, "left out; there are positive_threshold, negative_threshold and cache"));
                }
            }
        }
        Ok(settings)
    }

    /// The label of a score. A score of 0 is neutral whatever the thresholds.
    pub(crate) fn label(&self, score: f64) -> Label {
        if score > 0.0 && score >= self.positive_threshold {
            Label::Positive
        } else if score < 0.0 && score <= self.negative_threshold {
            Label::Negative
        } else {
            Label::Neutral
        }
    }
}

fn number(name: &str, value: &Value, least: f64, most: f64) -> Result<f64, PluginError> {
    value
        .as_f64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| wrong(name, &format!("a number from {least} to {most}")))
}

fn wrong(name: &str, right: &str) -> PluginError {
    PluginError::new(ErrorCode::InvalidInput, format!("configuration: `{name}` must be {right}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use hal9_plugin_sdk::json;

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(Settings::read(&json!({})), Ok(Settings::default()));
        let settings = Settings::read(&json!({ "cache": false })).unwrap();
        assert_eq!(settings, Settings { cache: false, ..Settings::default() });
    }

    #[test]
    fn wrong_values_are_refused_with_the_fix() {
        for (config, fix) in [
            (json!({ "positive_threshold": 2 }), "a number from 0 to 1"),
            (json!({ "negative_threshold": 0.5 }), "a number from -1 to 0"),
            (json!({ "positive_threshold": "high" }), "a number from 0 to 1"),
            (json!({ "cache": "yes" }), "true or false"),
            (json!({ "threshold": 1 }), "there are positive_threshold"),
            (json!([]), "a JSON object"),
        ] {
            let message = Settings::read(&config).unwrap_err().message;
            assert!(message.contains(fix), "{config}: {message}");
        }
    }

    #[test]
    fn thresholds_decide_the_label() {
        let settings = Settings::default();
        assert_eq!(settings.label(0.05), Label::Positive);
        assert_eq!(settings.label(0.0499), Label::Neutral);
        assert_eq!(settings.label(-0.05), Label::Negative);
        let strict = Settings::read(&json!({ "positive_threshold": 0, "negative_threshold": -1 }));
        let strict = strict.unwrap();
        assert_eq!(strict.label(0.0), Label::Neutral);
        assert_eq!(strict.label(0.0001), Label::Positive);
        assert_eq!(strict.label(-0.9), Label::Neutral);
    }
}
