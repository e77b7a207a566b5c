//! Makes the secrets that the command line hands out, and asks people for theirs.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use argon2::{Argon2, PasswordHasher};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use sha2::{Digest, Sha256};

use super::fault::Fault;

/// Random bytes of a token.
const SECRET_BYTES: usize = 32;
/// The shortest password, in characters.
const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes.
const PASSWORD_BYTES_MAX: usize = 256;

/// 256 random bits as base64url.
pub(super) fn secret() -> Result<String, Fault> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Fault::of("系统没有给出随机数", "the system gave no random bytes", &error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A bearer token.
pub(super) fn token() -> Result<String, Fault> {
    Ok(format!("wh_{}", secret()?))
}

/// What is kept of a secret: its SHA-256, hex.
pub(super) fn digest(secret: &str) -> Arc<str> {
    let hash = Sha256::digest(secret.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// What is kept of a password.
pub(super) fn password_hash(password: &str, username: &str) -> Result<Arc<str>, Fault> {
    if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
        return Err(Fault::usage("密码须为 8 个字符以上 / a password has at least 8 characters"));
    }
    if password.to_lowercase().contains(&username.to_lowercase()) {
        return Err(Fault::usage("密码不能包含登录名 / a password may not contain the sign-in name"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string().into()).map_err(|error| Fault::of("密码无法处理", "the password cannot be kept", &error))
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
    fn a_token_is_256_bits_and_kept_only_as_its_digest() {
        let token = token().unwrap();
        assert!(token.starts_with("wh_") && token.len() == 46, "{token}");
        assert_eq!(&*digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(password_hash("short", "wang").is_err());
        assert!(password_hash("wang-2026-hall", "Wang").is_err());
        assert!(password_hash("tea-kettle-42", "wang").unwrap().starts_with("$argon2id$"));
    }
}
