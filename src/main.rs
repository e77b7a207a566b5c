//! The `warmhall` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    warmhall::cli::run()
}
