//! The `sluice` binary. Everything is in the library so that the tests can call it.

fn main() -> std::process::ExitCode {
    deploy::main()
}
