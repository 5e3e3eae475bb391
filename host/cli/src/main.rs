//! The `hal9` program: all of it is in the library, so that tests can run the same.

fn main() -> std::process::ExitCode {
    hal9::main()
}
