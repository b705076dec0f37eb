//! The `batch` program: hands the arguments to the command line of the library and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    batch::cli::main(std::env::args_os())
}
