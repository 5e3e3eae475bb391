//! `wasi:http` for guests: the functions that differ from wasmtime's. It refuses to know where a request may go.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::io::error::Error as IoError;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, Host as _};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiHttp, WasiHttpView as _};

use super::failure;
use crate::guard::Interface;
use crate::instance::State;

/// Links `wasi:http/types`, by which nothing can be reached: a component that answers requests needs it as well.
pub(crate) fn link_types(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &types::LinkOptions::default(), State::http)?;
    linker.allow_shadowing(true);
    linker.instance("wasi:http/types@0.2.12")?.func_wrap("http-error-code", error_code)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Links `wasi:http/outgoing-handler`, by which requests are sent.
pub(crate) fn link_handler(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance("wasi:http/outgoing-handler@0.2.12")?.func_wrap("handle", handle)
}

type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

/// As wasmtime's, and counted: a plugin that calls it too often is ended, which an error-code would not do. A request without
/// a path is one for `/`, as `wasi:http` has it.
fn handle(
    mut store: StoreContextMut<'_, State>,
    (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>),
) -> wasmtime::Result<(Handled,)> {
    let state = store.data_mut();
    state.http.guard().enter(Interface::Http)?;
    let path = &mut state.http().table.get_mut(&request)?.path_with_query;
    if path.as_deref().is_none_or(str::is_empty) {
        *path = Some("/".to_owned());
    }
    match state.http().handle(request, options) {
        Ok(response) => Ok((Ok(response),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// As wasmtime's, and knows what ended the body of a response.
fn error_code(
    mut store: StoreContextMut<'_, State>,
    (error,): (Resource<IoError>,),
) -> wasmtime::Result<(Option<ErrorCode>,)> {
    let mut http = store.data_mut().http();
    let ended = http.table.get(&error)?.downcast_ref::<HttpError>().map(failure::code);
    match ended {
        Some(code) => Ok((Some(code),)),
        None => Ok((http.http_error_code(error)?,)),
    }
}
