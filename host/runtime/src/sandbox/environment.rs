//! The environment: the variables that were granted, and no others. It refuses to know where their values are from.

use std::sync::Arc;

use hal9_package::{Permission, PermissionKind};
use wasmtime::component::HasData;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::WasiCliCtxView;
use wasmtime_wasi::p2::bindings::cli::environment::Host;

use crate::guard::Guard;

/// Puts in the granted variables that there are.
pub(super) fn fill(wasi: &mut WasiCtxBuilder, guard: &Guard) {
    for name in guard.rights().granted().scopes(PermissionKind::SystemEnv).flatten() {
        if let Ok(value) = std::env::var(name) {
            wasi.env(name, value);
        }
    }
}

/// The environment of one instance, for the time of a call.
pub(crate) struct EnvironmentView<'a> {
    pub(crate) guard: Arc<Guard>,
    pub(crate) cli: WasiCliCtxView<'a>,
}

pub(super) struct HasEnvironment;

impl HasData for HasEnvironment {
    type Data<'a> = EnvironmentView<'a>;
}

impl Host for EnvironmentView<'_> {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.guard.inert(PermissionKind::SystemEnv);
        let variables = self.cli.get_environment()?;
        for (name, _) in &variables {
            self.guard.used(&Permission { kind: PermissionKind::SystemEnv, scope: Some(name.clone()) });
        }
        Ok(variables)
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        self.cli.get_arguments()
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        self.cli.initial_cwd()
    }
}
