//! The tool `describe_data`: the summary statistics of a list of numbers. It knows numbers, and not what they measure.

use crate::params::{Params, shown, wrong};
use hal9_plugin_sdk::{HashMap, PluginError, ToolDescription, ToolPlugin, Value, json, serde_json};

const MAX_VALUES: usize = 200_000;
const MAX_PERCENTILES: usize = 32;
const PERCENTILES: [f64; 6] = [25.0, 50.0, 75.0, 90.0, 95.0, 99.0];
/// How many outliers are listed, the farthest first.
const MAX_OUTLIERS: usize = 20;

/// Describes a list of numbers.
#[derive(Debug, Default)]
pub struct DescribeData;

struct Arguments {
    values: Vec<f64>,
    missing: usize,
    percentiles: Vec<f64>,
}

fn read(params: &HashMap<String, Value>) -> Result<Arguments, PluginError> {
    let params = Params::new(params, &["values", "percentiles"])?;
    params.required("values", "a list of numbers")?;
    let given = params.list("values", MAX_VALUES)?.unwrap_or_default();
    let mut values = Vec::with_capacity(given.len());
    for (at, value) in given.iter().enumerate() {
        match value.as_f64() {
            Some(number) => values.push(number),
            None if value.is_null() => {}
            None => {
                return Err(wrong(format!(
                    "`values` must be numbers, or null for a missing one, and has {} at index {at}",
                    shown(value)
                )));
            }
        }
    }
    let percentiles = match params.list("percentiles", MAX_PERCENTILES)? {
        None => PERCENTILES.to_vec(),
        Some(list) => list.iter().map(percentile).collect::<Result<_, _>>()?,
    };
    Ok(Arguments { missing: given.len() - values.len(), values, percentiles })
}

fn percentile(value: &Value) -> Result<f64, PluginError> {
    value
        .as_f64()
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| wrong(format!("`percentiles` must be numbers from 0 to 100, and has {}", shown(value))))
}

impl ToolPlugin for DescribeData {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: "describe_data".to_owned(),
            description: "Describes a list of numbers: count, sum, mean, median, minimum, maximum, sample standard deviation, percentiles (interpolated) and outliers (beyond 1.5 times the interquartile range). What a list is too short for, or a number too large for, is null.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "values": {
                        "type": "array",
                        "items": { "type": ["number", "null"] },
                        "maxItems": MAX_VALUES,
                        "description": "The numbers; null for a missing one"
                    },
                    "percentiles": {
                        "type": "array",
                        "items": { "type": "number", "minimum": 0, "maximum": 100 },
                        "maxItems": MAX_PERCENTILES,
                        "default": PERCENTILES,
                        "description": "Which percentiles to give"
                    }
                },
                "required": ["values"],
                "additionalProperties": false
            }),
        }
    }

    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        read(params).map(drop)
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let Arguments { mut values, missing, percentiles } = read(&params)?;
        let sum = sum(values.iter().copied());
        let count = values.len() as f64;
        let mean = (!values.is_empty()).then(|| sum / count);
        let deviation = mean.filter(|_| values.len() > 1).map(|mean| {
            let squares = self::sum(values.iter().map(|value| (value - mean).powi(2)));
            (squares / (count - 1.0)).sqrt()
        });
        values.sort_by(f64::total_cmp);
        let at: serde_json::Map<String, Value> = percentiles
            .iter()
            .map(|percent| (format!("p{percent}"), json!(quantile(&values, percent / 100.0))))
            .collect();
        Ok(json!({
            "count": values.len(),
            "missing": missing,
            "sum": sum,
            "mean": mean,
            "median": quantile(&values, 0.5),
            "min": values.first(),
            "max": values.last(),
            "standard_deviation": deviation,
            "percentiles": at,
            "outliers": outliers(&values),
        }))
    }
}

/// Sums with what rounding lost carried along (Neumaier), so that a small number counts among large ones.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// The value below which a share of the sorted values lies, interpolated between neighbours: what R calls type 7, and
/// spreadsheets PERCENTILE.INC.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * sorted.len().checked_sub(1)? as f64;
    let below = sorted.get(position.floor() as usize)?;
    let above = sorted.get(position.ceil() as usize)?;
    Some(below + (above - below) * position.fract())
}

/// Values that lie farther from the middle half than 1.5 times its width, the farthest first, and how many they are.
fn outliers(sorted: &[f64]) -> Value {
    let (Some(low), Some(high)) = (quantile(sorted, 0.25), quantile(sorted, 0.75)) else {
        return json!({ "count": 0, "values": [] });
    };
    let reach = 1.5 * (high - low);
    let distance = |value: &f64| (low - value).max(value - high);
    let mut beyond: Vec<f64> = sorted.iter().copied().filter(|value| distance(value) > reach).collect();
    beyond.sort_by(|one, other| distance(other).total_cmp(&distance(one)));
    let count = beyond.len();
    beyond.truncate(MAX_OUTLIERS);
    json!({ "count": count, "values": beyond })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn described(values: Value) -> Value {
        DescribeData.execute(HashMap::from([("values".to_owned(), values)])).unwrap()
    }

    #[test]
    fn numbers_are_described() {
        let result = described(json!([2, 4, 4, 4, 5, 5, 7, 9, null]));
        assert_eq!((&result["count"], &result["missing"]), (&json!(8), &json!(1)));
        assert_eq!((&result["sum"], &result["mean"]), (&json!(40.0), &json!(5.0)));
        assert_eq!((&result["min"], &result["max"]), (&json!(2.0), &json!(9.0)));
        assert_eq!(result["median"], 4.5);
        assert_eq!(result["percentiles"]["p25"], 4.0);
        assert_eq!(result["percentiles"]["p90"], 7.6);
        let deviation = result["standard_deviation"].as_f64().unwrap();
        assert!((deviation - 2.138_089_935).abs() < 1e-9, "{deviation}");
    }

    #[test]
    fn few_numbers_have_what_they_can_have() {
        let none = described(json!([]));
        assert_eq!((&none["count"], &none["mean"], &none["median"]), (&json!(0), &Value::Null, &Value::Null));
        let one = described(json!([7]));
        assert_eq!((&one["mean"], &one["standard_deviation"]), (&json!(7.0), &Value::Null));
        assert_eq!(one["percentiles"]["p99"], 7.0);
    }

    #[test]
    fn outliers_are_found_the_farthest_first() {
        let result = described(json!([10, 11, 12, 11, 10, 12, 11, 100, -500]));
        assert_eq!(result["outliers"], json!({ "count": 2, "values": [-500.0, 100.0] }));
        assert_eq!(described(json!([1, 1, 1, 1]))["outliers"]["count"], 0);
    }

    #[test]
    fn small_numbers_count_among_large_ones() {
        assert_eq!(described(json!([1e16, 1, -1e16]))["sum"], 1.0);
        assert_eq!(described(json!([1.7e308, 1.7e308]))["mean"], Value::Null);
    }

    #[test]
    fn what_is_no_number_is_named() {
        for (params, why) in [
            (json!({ "values": [1, "2"] }), "the text \"2\" at index 1"),
            (json!({ "values": 3 }), "must be a list"),
            (json!({}), "`values` is missing"),
            (json!({ "values": [], "percentiles": [101] }), "from 0 to 100"),
        ] {
            let params = serde_json::from_value(params).unwrap();
            let message = DescribeData.validate_params(&params).unwrap_err().message;
            assert!(message.contains(why), "{message}");
        }
    }
}
