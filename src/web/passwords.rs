//! Passwords: argon2id on threads of its own, so few at a time that signing in never slows the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::problem::{Code, Problem, RETRY_S};

/// Hashes computed at the same time; each takes 19 MiB and some tens of milliseconds of a core.
const AT_ONCE_MAX: usize = 2;
/// Sign-ins that may wait for their turn; more are told to come again.
const WAITING_MAX: usize = 64;
/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// A hash that no password has: unknown names cost as much as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCE$1bUjMvVSbdYoGpzkbXD9sPnNzvAYV1yHvYCVRHb1OYQ";
/// What people choose first.
const COMMON: [&str; 16] = [
    "password",
    "12345678",
    "123456789",
    "1234567890",
    "11111111",
    "88888888",
    "00000000",
    "66666666",
    "qwertyui",
    "qwerty123",
    "abc12345",
    "admin123",
    "password1",
    "iloveyou",
    "warmhall",
    "a1234567",
];

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE_MAX), waiting: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// The PHC string of a new password.
    ///
    /// # Errors
    /// When too many wait, or the system gives no random bytes.
    pub async fn hash(&self, password: String) -> Result<Arc<str>, Problem> {
        self.run(move || hash(&password)).await?.ok_or_else(|| Code::Internal.into())
    }

    /// Whether a password is the one of `hash`; with no hash, the same work for a no.
    ///
    /// # Errors
    /// When too many wait.
    pub async fn is_right(&self, password: String, hash: Option<Arc<str>>) -> Result<bool, Problem> {
        self.run(move || {
            let kept = hash.as_deref().unwrap_or(NOBODY);
            Argon2::default().verify_password(password.as_bytes(), kept).is_ok() && hash.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let _place = Place::take(&self.waiting)?;
        let _turn = self.turns.acquire().await.map_err(|_| Code::ShuttingDown)?;
        web::block(work).await.map_err(|_| Code::Internal.into())
    }
}

/// A place in the queue for a hash, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, Problem> {
        if waiting.fetch_add(1, Ordering::SeqCst) >= WAITING_MAX {
            waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(Problem::from(Code::Overloaded).retry_after(RETRY_S));
        }
        Ok(Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The PHC string of a password, computed here and now; for programs without a server.
#[must_use]
pub fn hash(password: &str) -> Option<Arc<str>> {
    let hash = Argon2::default().hash_password(password.as_bytes()).ok()?;
    Some(hash.to_string().into())
}

/// Refuses what would be guessed first.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_strength(password: &str, username: &str) -> Result<(), Problem> {
    let weak = |why: &str| Err(Problem::from(Code::WeakPassword).field("password", why));
    let lower = password.to_lowercase();
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return weak("is shorter than 8 characters");
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return weak("is longer than 256 bytes");
    }
    if lower.contains(&username.to_lowercase()) || COMMON.contains(&lower.as_str()) {
        return weak("is easy to guess");
    }
    let mut chars = password.chars();
    let first = chars.next();
    if chars.all(|c| Some(c) == first) {
        return weak("is one character repeated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_password_is_known_again_and_nobody_has_one() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"));
        assert!(passwords.is_right("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.is_right("wrong horse".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.is_right("correct horse".to_owned(), None).await.unwrap());
    }

    #[test]
    fn the_hash_of_nobody_is_a_whole_one() {
        let parsed = argon2::PasswordHash::new(NOBODY).unwrap();
        assert_eq!(parsed.algorithm.as_str(), "argon2id");
        assert!(parsed.hash.is_some() && parsed.salt.is_some());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short", "password", "PASSWORD", "aaaaaaaaaa", "wang2026", "x".repeat(300).as_str()] {
            assert!(check_strength(weak, "wang").is_err(), "{weak}");
        }
        assert!(check_strength("暖厅供热服务大厅", "wang").is_ok());
        assert!(check_strength("tea-kettle-42", "wang").is_ok());
    }
}
