//! Opens and closes the hall: every subcommand of `warmhall`.

mod access;
mod addresses;
mod announce;
mod args;
mod backup;
mod config;
mod demo;
mod fault;
mod hall;
mod health;
mod log;
mod pending;
mod place;
mod secrets;
mod serve;
mod token;
mod user;
mod voice;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use fault::Fault;

/// Does what the command line says; gives the code to end with.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            fault.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Fault> {
    match command {
        Command::User(args) => for_a_moment(user::user(args)),
        Command::Device(args) => for_a_moment(token::device(args)),
        Command::Token(args) => for_a_moment(token::token(args)),
        Command::Backup(args) => for_a_moment(backup::backup(args)),
        Command::Restore(args) => for_a_moment(backup::restore(args)),
        Command::Addresses(args) => addresses::addresses(args),
        Command::Config(args) => config::config(args),
        Command::Voice(args) => voice::voice(args),
        Command::Announce(args) => announce::announce(&args),
        Command::Serve(args) => serve::serve(args),
        Command::Demo(args) => demo::demo(args),
        Command::Health(args) => health::health(&args),
    }
}

/// Runs a command that ends by itself.
fn for_a_moment(work: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Fault::of("无法启动", "cannot start", &error))?.block_on(work)
}
