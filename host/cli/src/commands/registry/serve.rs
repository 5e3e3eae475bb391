//! `hal9 registry serve`: a registry, until somebody ends it.

use std::io::IsTerminal as _;

use hal9_registry_server::{Config, Server};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::args::ServeArgs;
use crate::failure::{Code, Failure};
use crate::output::{Output, bold, dim, green};

/// The status of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

pub(super) async fn run(output: Output, args: ServeArgs) -> Result<(), Failure> {
    log(output.json() || args.log_json);
    let mut config = Config::new(&args.data);
    config.name = args.name;
    config.url = args.url;
    config.open = !args.closed;
    config.private = args.private;
    config.behind_proxy = args.behind_proxy;
    config.index_lifetime = args.index_lifetime;
    config.keep_yanked = args.keep_yanked;
    // Before it listens: a folder that cannot be served should not keep others from the address.
    let server = Server::open(config)?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(Code::Unavailable, format!("cannot listen at {}: {error}", args.listen))
            .help("take another address or port: --listen 127.0.0.1:0 takes a free one")
    })?;
    let address = listener.local_addr().map_err(|error| Failure::internal("the address is not known", &error))?;
    // From here on it answers: whoever waits for this line can begin.
    let keys = args.data.join("keys");
    output.result(
        &json!({ "listening": address.to_string(), "url": format!("http://{address}"), "keys": keys }),
        || {
            format!(
                "{} serving {} at {}\n  {}\n",
                green("✓"),
                args.data.display(),
                bold(format!("http://{address}")),
                dim(format!("use it: hal9 registry add main http://{address}   end it: Ctrl-C"))
            )
        },
    )?;
    let stop = async {
        let mut term = match signal(SignalKind::terminate()) {
            Ok(term) => term,
            Err(_) => return std::future::pending().await,
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        output.note("ending after the requests that have begun; once more ends at once");
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
    };
    server.serve(listener, stop).await?;
    Ok(())
}

/// Has what the server says go to standard error: for people or, line by line, as JSON. `HAL9_LOG` says how much.
fn log(json: bool) {
    let filter = EnvFilter::try_from_env("HAL9_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Somebody else may have set one up in this process, such as the demo: then that is where it goes.
    let _ = match json {
        true => log.json().flatten_event(true).try_init(),
        false => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
}
