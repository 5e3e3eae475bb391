//! Owns the form in which what a plugin gives is compared and written down: JSON. It refuses to know what is right.

use hal9_host::{
    AlgorithmDescription, Emission, Entry, HealthReport, Metadata, NeuronState, Prediction, SearchHit, Signal, Status,
    ToolDescription, Violation,
};
use serde_json::{Map, Value, json};

use crate::text;

/// `{"id", "content", "type", "metadata": {…}, "timestamp"}`. Of a name that occurs twice, the last one counts.
pub(crate) fn signal(signal: &Signal) -> Value {
    json!({
        "id": signal.uuid().to_string(),
        "content": signal.content,
        "type": signal.signal_type,
        "metadata": metadata(&signal.metadata),
        "timestamp": signal.timestamp,
    })
}

pub(crate) fn metadata(metadata: &Metadata) -> Value {
    metadata.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// A signal with its `layer`.
pub(crate) fn emission(emission: &Emission) -> Value {
    let mut value = signal(&emission.signal);
    value["layer"] = emission.layer.as_str().into();
    value
}

/// `{"processed", "failed", "details": {…}}`
pub(crate) fn neuron_state(state: &NeuronState) -> Value {
    json!({ "processed": state.processed, "failed": state.failed, "details": metadata(&state.details) })
}

/// A list of `{"name", "description", "parameters"}`; parameters that are no JSON are their text.
pub(crate) fn tools(tools: &[ToolDescription]) -> Value {
    let tool = |tool: &ToolDescription| json!({ "name": tool.name, "description": tool.description, "parameters": json_or_text(&tool.parameters) });
    tools.iter().map(tool).collect()
}

/// A list of `{"path", "message"}`.
pub(crate) fn violations(violations: &[Violation]) -> Value {
    violations.iter().map(|violation| json!({ "path": violation.path, "message": violation.message })).collect()
}

/// `{"value", "metadata": {…}}`, or null.
pub(crate) fn entry(entry: Option<&Entry>) -> Value {
    entry.map_or(
        Value::Null,
        |entry| json!({ "value": text::of_bytes(&entry.value), "metadata": metadata(&entry.metadata) }),
    )
}

/// A list of `{"key", "score", "snippet", "metadata": {…}}`.
pub(crate) fn hits(hits: &[SearchHit]) -> Value {
    let hit = |hit: &SearchHit| {
        json!({
            "key": hit.key,
            "score": number(hit.score),
            "snippet": hit.snippet,
            "metadata": metadata(&hit.metadata),
        })
    };
    hits.iter().map(hit).collect()
}

/// `{"name", "description", "options"}`
pub(crate) fn algorithm(algorithm: &AlgorithmDescription) -> Value {
    json!({
        "name": algorithm.name,
        "description": algorithm.description,
        "options": json_or_text(&algorithm.options),
    })
}

/// `{"targets", "scores", "width"}`
pub(crate) fn prediction(prediction: &Prediction) -> Value {
    let numbers = |numbers: &[f32]| numbers.iter().copied().map(number).collect::<Value>();
    json!({
        "targets": numbers(&prediction.targets),
        "scores": numbers(&prediction.scores),
        "width": prediction.width,
    })
}

/// `{"status", "reason"}`
pub(crate) fn health(report: &HealthReport) -> Value {
    let status = match report.status {
        Status::Healthy => "healthy",
        Status::Degraded => "degraded",
        Status::Unhealthy => "unhealthy",
    };
    json!({ "status": status, "reason": report.reason })
}

/// A number with the digits that tell it from its neighbours: 0.1, and not 0.10000000149. What is no number is its name.
pub(crate) fn number(number: f32) -> Value {
    let shortest = number.to_string();
    shortest.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::from(shortest), Value::Number)
}

pub(crate) fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_were_meant() {
        assert_eq!(number(0.1), json!(0.1));
        assert_eq!(number(2.0), json!(2.0));
        assert_eq!(number(f32::NAN), json!("NaN"));
        assert_eq!(number(f32::INFINITY), json!("inf"));
    }

    #[test]
    fn the_last_of_two_entries_of_a_name_counts() {
        let twice = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        assert_eq!(metadata(&twice), json!({"a": "2"}));
    }
}
