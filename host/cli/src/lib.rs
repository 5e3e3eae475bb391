//! The `hal9` command. It owns what people type and see, the home's settings, and the backends that outlive a process; it
//! refuses to know how plugins run (`hal9-host`) and how it is kept which ones there are (`hal9-registry`).

mod access;
mod args;
mod commands;
mod compile;
mod composition;
mod contents;
mod dataset;
mod discovery;
mod failure;
mod grants;
mod home;
mod inspection;
mod keys;
mod languages;
mod logs;
mod memory_store;
mod output;
mod password;
mod policy;
mod policy_file;
mod process;
mod registries;
mod schema;
mod secrets;
mod session;
mod settings;
mod signal_lines;
mod source;
mod templates;
mod trust;
mod untrusted;
mod validation;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use hal9_package::SecretKey;

use args::Args;
use failure::Failure;
use output::Output;

/// Runs the command that the process was started with; its status is that of the failure, 0 for none.
pub fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|command| command == compile::COMMAND) {
        return hal9_host::compile_child();
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let output = Output::new(args.json);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failure(&Failure::internal("the runtime could not be started", &error)),
    };
    let done = runtime.block_on(commands::run(args, &output));
    // What still blocks is of no use any more: a build that was given up, the look-up of a name.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failure(&failure),
    }
}

/// Shows help, or says what is wrong with the command line: as one object, where the line asks for JSON.
fn usage(error: &clap::Error) -> ExitCode {
    let asks_for_json = std::env::args_os().any(|arg| arg == "--json");
    // It would be quoted, where a public one was asked for.
    if std::env::args_os().any(|arg| SecretKey::is_in(&arg.to_string_lossy())) {
        let help = "give the .pub file that was made with it";
        return Output::new(asks_for_json).failure(&Failure::usage("an argument is a secret key", help));
    }
    if error.use_stderr() && asks_for_json {
        let text = error.render().to_string();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let help = lines.next_back().map_or_else(String::new, |line| line.trim().to_owned());
        return Output::new(true).failure(&Failure::usage(message, help));
    }
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
