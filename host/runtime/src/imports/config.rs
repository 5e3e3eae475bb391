//! `hal9:plugin/config`: what the operator configured. It refuses to know schemas: what comes here was checked.

use std::sync::Arc;

use crate::bindings::hal9::plugin::config;
use crate::guard::{Guard, Interface};

/// The configuration of one instance.
#[derive(Debug)]
pub(crate) struct ConfigCtx {
    document: Arc<serde_json::Value>,
    guard: Arc<Guard>,
}

impl ConfigCtx {
    pub(crate) fn new(guard: Arc<Guard>, document: Arc<serde_json::Value>) -> Self {
        Self { document, guard }
    }
}

impl config::Host for ConfigCtx {
    fn document(&mut self) -> wasmtime::Result<String> {
        self.guard.enter(Interface::Config)?;
        Ok(self.document.to_string())
    }

    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.guard.enter(Interface::Config)?;
        Ok(self.document.get(&key).map(ToString::to_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Host as _;

    #[test]
    fn members_come_as_json_and_nothing_is_looked_up_inside() {
        let mut ctx = ConfigCtx::new(
            Guard::of("test.plugin", &[]),
            Arc::new(serde_json::json!({"a": "x", "n": {"b": 1}, "n.b": 2})),
        );
        assert_eq!(ctx.get("a".into()).unwrap().as_deref(), Some("\"x\""));
        assert_eq!(ctx.get("n.b".into()).unwrap().as_deref(), Some("2"));
        assert_eq!(ctx.get("b".into()).unwrap(), None);
        assert_eq!(ctx.document().unwrap(), r#"{"a":"x","n":{"b":1},"n.b":2}"#);
    }
}
