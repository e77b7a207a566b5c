//! Every secret the doors make or check: tokens, codes, claims, cookies, and the links on tickets.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::ids::TicketId;

/// Random bytes of a token, claim or cookie.
const SECRET_BYTES: usize = 32;
/// Bytes of the signature in a ticket's link: 128 bits cannot be guessed.
const LINK_BYTES: usize = 16;
/// Digits of a pairing code.
const CODE_DIGITS: usize = 8;
/// Longest secret that is looked at, in bytes.
pub const SECRET_LENGTH_MAX: usize = 128;

/// The system gave no random bytes; nothing secret can be made.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandom;

fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// A secret of 256 bits as 43 characters of base64url.
///
/// # Errors
/// When the system gives no random bytes.
pub fn secret() -> Result<String, NoRandom> {
    Ok(URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?))
}

/// A bearer token: `wh_` and 43 characters.
///
/// # Errors
/// When the system gives no random bytes.
pub fn token() -> Result<String, NoRandom> {
    Ok(format!("wh_{}", secret()?))
}

/// A pairing code of eight digits, each as likely as any other.
///
/// # Errors
/// When the system gives no random bytes.
pub fn pairing_code() -> Result<String, NoRandom> {
    let mut code = String::with_capacity(CODE_DIGITS);
    while code.len() < CODE_DIGITS {
        // 250 is the last multiple of ten: above it some digits would be likelier.
        let fair = random::<16>()?.into_iter().filter(|byte| *byte < 250);
        code.extend(fair.take(CODE_DIGITS - code.len()).map(|byte| char::from(b'0' + byte % 10)));
    }
    Ok(code)
}

/// A short id for one request: it names a line of the log and guards nothing, so it is counted on from a random start.
#[must_use]
pub fn request_id() -> String {
    static START: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| random().map_or(0, u64::from_ne_bytes));
    format!("{:016x}", start.wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// SHA-256 as hex: what is kept of a secret.
#[must_use]
pub fn digest(secret: &str) -> String {
    hex(Sha256::digest(secret.as_bytes()))
}

/// What is kept of the digest of a request.
const FINGERPRINT_BYTES: usize = 16;

/// What an idempotency key belongs to: the first half of SHA-256 of method, path and body. It tells a retry from another request
/// of the same caller, and lies beside every answer that is kept.
#[must_use]
pub fn fingerprint(method: &str, path: &str, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    for part in [method.as_bytes(), path.as_bytes()] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(body);
    let whole: [u8; 32] = hasher.finalize().into();
    hex(whole.split_at(FINGERPRINT_BYTES).0)
}

/// Bytes as hex digits.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digits = b"0123456789abcdef";
    let of = |nibble: u8| char::from(digits.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(of(byte >> 4));
        text.push(of(byte & 15));
    }
    text
}

/// The secret in a ticket's link: the id in base 36, and a signature under the hall's link key.
#[must_use]
pub fn link_secret(link_key: &str, ticket: TicketId) -> String {
    format!("{}-{}", base36(ticket.0), URL_SAFE_NO_PAD.encode(signature(link_key, ticket)))
}

/// The ticket whose link has this secret; compared in constant time.
#[must_use]
pub fn link_ticket(link_key: &str, secret: &str) -> Option<TicketId> {
    if secret.len() > SECRET_LENGTH_MAX {
        return None;
    }
    let (id, given) = secret.split_once('-')?;
    let plain = !id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let ticket = TicketId(u64::from_str_radix(id, 36).ok().filter(|_| plain)?);
    let given = URL_SAFE_NO_PAD.decode(given).ok()?;
    let same: bool = given.ct_eq(&signature(link_key, ticket)).into();
    same.then_some(ticket)
}

fn signature(link_key: &str, ticket: TicketId) -> Vec<u8> {
    // A key of any length is taken; without one no link is ever right.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(link_key.as_bytes()) else { return Vec::new() };
    mac.update(ticket.to_string().as_bytes());
    mac.finalize().into_bytes().iter().copied().take(LINK_BYTES).collect()
}

fn base36(mut number: u64) -> String {
    let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = Vec::new();
    loop {
        let digit = usize::try_from(number % 36).ok().and_then(|at| digits.get(at));
        text.push(digit.copied().unwrap_or(b'0'));
        number /= 36;
        if number == 0 {
            break;
        }
    }
    text.iter().rev().map(|byte| char::from(*byte)).collect()
}

/// Whether two secrets are the same, in a time that does not say where they differ.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_have_their_shape() {
        assert_eq!(token().unwrap().len(), 46);
        let code = pairing_code().unwrap();
        assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()));
        assert_ne!(secret().unwrap(), secret().unwrap());
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_link_belongs_to_one_ticket_of_one_hall() {
        let secret = link_secret("k1", TicketId(1042));
        assert_eq!(link_ticket("k1", &secret), Some(TicketId(1042)));
        assert_eq!(link_ticket("k2", &secret), None);
        let (_, signature) = secret.split_once('-').unwrap();
        assert_eq!(link_ticket("k1", &format!("sz-{signature}")), None);
        assert_eq!(link_ticket("k1", &format!("0{secret}")), None);
        assert_eq!(link_ticket("k1", &secret[..secret.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn every_ticket_has_a_link(id in 1..u64::MAX) {
            prop_assert_eq!(link_ticket("key", &link_secret("key", TicketId(id))), Some(TicketId(id)));
        }

        #[test]
        fn garbage_is_no_link(text in ".{0,200}") {
            prop_assert_eq!(link_ticket("key", &text), None);
        }
    }
}
