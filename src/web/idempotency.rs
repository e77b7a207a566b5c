//! The `Idempotency-Key` of a request: its shape, what it stands for, and where it means something.

use actix_web::HttpRequest;

use super::problem::{Code, Problem};
use super::secrets::fingerprint;
use crate::keeper::IdempotencyKey;

/// The header.
pub const HEADER: &str = "idempotency-key";
/// The longest key, in characters.
pub const KEY_CHARS_MAX: usize = 64;

/// A key as it was sent, with the digest of what it was sent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    key: String,
    fingerprint: String,
}

impl Key {
    /// The key, for one caller.
    #[must_use]
    pub fn in_scope(&self, scope: String) -> IdempotencyKey {
        IdempotencyKey { scope, key: self.key.clone(), fingerprint: self.fingerprint.clone() }
    }
}

/// Reads the key of a request.
///
/// # Errors
/// When it has another shape, stands twice, or is missing where it is required.
pub fn key_of(request: &HttpRequest, body: &[u8], required: bool) -> Result<Option<Key>, Problem> {
    let mut sent = request.headers().get_all(HEADER);
    let Some(value) = sent.next() else {
        return if required { Err(Code::IdempotencyKeyMissing.into()) } else { Ok(None) };
    };
    let key = value.to_str().unwrap_or_default();
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits || sent.next().is_some() {
        return Err(Code::BadIdempotencyKey.into());
    }
    let fingerprint = fingerprint(request.method().as_str(), request.path(), body);
    Ok(Some(Key { key: key.to_owned(), fingerprint }))
}
