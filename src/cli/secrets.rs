//! Makes the secrets that the command line hands out, and asks people for theirs.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::fault::Fault;
use crate::web::{passwords, secrets};

/// 256 random bits as base64url.
pub(super) fn secret() -> Result<String, Fault> {
    secrets::secret().map_err(|error| no_random(&error))
}

/// A bearer token.
pub(super) fn token() -> Result<String, Fault> {
    secrets::token().map_err(|error| no_random(&error))
}

fn no_random(error: &dyn std::fmt::Display) -> Fault {
    Fault::of("系统没有给出随机数", "no secret can be made", error)
}

/// What is kept of a secret: its SHA-256, hex.
pub(super) fn digest(secret: &str) -> Arc<str> {
    secrets::digest(secret).into()
}

/// What is kept of a password.
pub(super) fn password_hash(password: &str, username: &str) -> Result<Arc<str>, Fault> {
    if passwords::check_strength(password, username).is_err() {
        return Err(Fault::usage(
            "密码太弱：至少 8 个字符，不含登录名，不要用常见密码\n\
             This password is too weak: at least 8 characters, without the sign-in name, and not one that everybody uses",
        ));
    }
    passwords::hash(password).ok_or_else(|| Fault::failed("密码无法处理 / the password cannot be kept"))
}

/// A password from standard input: the first line of it, or asked for twice where a person sits there.
pub(super) fn ask_password() -> Result<String, Fault> {
    if !std::io::stdin().is_terminal() {
        return read_line();
    }
    let first = ask_unseen("密码 / password: ")?;
    if ask_unseen("再输一次 / again: ")? == first {
        Ok(first)
    } else {
        Err(Fault::usage("两次输入不同 / the two are not the same"))
    }
}

fn ask_unseen(prompt: &str) -> Result<String, Fault> {
    let terminal_fault = |error: &dyn std::fmt::Display| Fault::of("终端出错", "the terminal failed", error);
    eprint!("{prompt}");
    std::io::stderr().flush().map_err(|error| terminal_fault(&error))?;
    let stdin = std::io::stdin();
    let shown = tcgetattr(&stdin).map_err(|error| terminal_fault(&error))?;
    let mut unseen = shown.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &unseen).map_err(|error| terminal_fault(&error))?;
    let line = read_line();
    tcsetattr(&stdin, OptionalActions::Flush, &shown).map_err(|error| terminal_fault(&error))?;
    eprintln!();
    line
}

fn read_line() -> Result<String, Fault> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Fault::of("无法读取密码", "the password cannot be read", &error))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Fault::usage("请从标准输入给出密码 / give the password on standard input"));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        assert!(password_hash("short", "wang").is_err());
        assert!(password_hash("wang-2026-hall", "Wang").is_err());
        assert!(password_hash("tea-kettle-42", "wang").unwrap().starts_with("$argon2id$"));
    }
}
