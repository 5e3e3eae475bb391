//! Owns the other plugins of a case: what they answer. It refuses to run any.

use async_trait::async_trait;
use hal9_host::{CallError, Emission, Failure, FailureCode, PluginCalls, Signal};
use hal9_package::PluginId;
use serde_json::Value;

use super::Stage;
use crate::cases::{Answer, Code, Other};

#[async_trait]
impl PluginCalls for Stage {
    async fn call(
        &self,
        _chain: &[PluginId],
        target: &PluginId,
        method: &str,
        params: &str,
    ) -> Result<(String, Vec<Emission>), CallError> {
        let params: Value = serde_json::from_str(params).map_err(|error| {
            let message = format!("the parameters are not JSON: {error}");
            CallError::Failed(Failure { code: FailureCode::InvalidInput, message })
        })?;
        let fits = |other: &&Other| {
            other.tool.as_deref() == Some(method) && other.params.as_ref().is_none_or(|wanted| wanted.0 == params)
        };
        self.answer(target, fits).map(|result| (result.to_string(), Vec::new()))
    }

    async fn ask(
        &self,
        _chain: &[PluginId],
        target: &PluginId,
        signal: Signal,
    ) -> Result<(Signal, Vec<Emission>), CallError> {
        let fits = |other: &&Other| other.tool.is_none();
        let reply = self.answer(target, fits)?;
        let text = |name: &str| reply.get(name).and_then(Value::as_str).map(str::to_owned);
        let metadata = reply.get("metadata").and_then(Value::as_object).map_or_else(Vec::new, |entries| {
            let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            entries.iter().map(|(name, value)| (name.clone(), said(value))).collect()
        });
        let content = text("content").unwrap_or_default();
        let signal_type = text("type").unwrap_or_else(|| signal.signal_type.clone());
        Ok((Signal { content, signal_type, metadata, ..signal }, Vec::new()))
    }
}

impl Stage {
    /// The answer of the first plugin that fits.
    fn answer(&self, target: &PluginId, fits: impl Fn(&&Other) -> bool) -> Result<Value, CallError> {
        let on = self.on();
        let mut all = on.others.iter().filter(|other| other.id == *target);
        match all.find(fits).map(|other| &other.answer) {
            Some(Answer::Result(result)) => Ok(result.0.clone()),
            Some(Answer::Error { code, message }) => Err(refused(code, message)),
            None => Err(CallError::NotFound),
        }
    }
}

fn refused(code: &Code, message: &str) -> CallError {
    match code {
        Code::Failure(code) => CallError::Failed(Failure { code: *code, message: message.to_owned() }),
        Code::Broken => CallError::Broken,
    }
}
