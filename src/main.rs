//! The `warmhall` program.

use std::process::ExitCode;

/// Many threads make and drop small things for every press: the system's own allocator costs a good part of a press, and keeps more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    warmhall::cli::run()
}
