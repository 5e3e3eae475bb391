//! The `hal9` command again, so that cargo builds it for the tests and tells them where it is.

fn main() -> std::process::ExitCode {
    hal9::main()
}
