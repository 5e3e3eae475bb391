//! Keeps the sockets of WASI closed, and has it recorded who wanted one. wasmtime refuses them as well, and tells nobody.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::ResolveAddressStream;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp::TcpSocket;
use wasmtime_wasi::p2::bindings::sockets::udp::UdpSocket;

use crate::guard::Interface;
use crate::instance::State;

const HELP: &str =
    "no permission opens sockets: send requests by `wasi:http/outgoing-handler`, with NetworkHttp or NetworkHttps";

/// Puts a refusal in the place of each function by which a guest could come by a socket or an address.
pub(crate) fn close_sockets(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker
        .instance("wasi:sockets/tcp-create-socket@0.2.12")?
        .func_wrap("create-tcp-socket", |store: StoreContextMut<'_, State>, (_,): (IpAddressFamily,)| {
            refuse::<TcpSocket>(&store, "a TCP socket")
        })?;
    linker
        .instance("wasi:sockets/udp-create-socket@0.2.12")?
        .func_wrap("create-udp-socket", |store: StoreContextMut<'_, State>, (_,): (IpAddressFamily,)| {
            refuse::<UdpSocket>(&store, "a UDP socket")
        })?;
    linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?.func_wrap(
        "resolve-addresses",
        |store: StoreContextMut<'_, State>, (_, _): (Resource<Network>, String)| {
            refuse::<ResolveAddressStream>(&store, "the lookup of a name")
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn refuse<T>(store: &StoreContextMut<'_, State>, what: &str) -> wasmtime::Result<(Result<Resource<T>, ErrorCode>,)> {
    let guard = store.data().http.guard();
    guard.enter(Interface::Http)?;
    guard.withheld(what, "plugins reach the network by HTTP only", HELP);
    Ok((Err(ErrorCode::AccessDenied),))
}
