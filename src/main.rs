//! Parse, dispatch, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    batch::cli::main(std::env::args_os())
}
