//! How the answer under an idempotency key lies in Redis: packed, because it would be a third of what a press makes durable.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict, uncompressed_size};

use super::{JournalError, KeyedReply, StoredReply};

/// Begins a reply that was packed with the words of the hall, or of the hotline. An earlier version kept text, which begins with neither.
const HALL: u8 = 1;
const HOTLINE: u8 = 2;
/// What most replies say. Never to be changed, because what was kept is read with it: other words need another first byte.
/// Two, because the packer goes through all of them each time, and a press at a counter has no use for the long words of the hotline.
const HALL_WORDS: &[u8] = include_bytes!("reply_words_hall.txt");
const HOTLINE_WORDS: &[u8] = include_bytes!("reply_words_hotline.txt");
/// How replies about calls and about work orders begin.
const HOTLINE_BODIES: [&str; 2] = ["{\"call\"", "{\"work_order\""];
/// LZ4 makes at most so many bytes of one; what claims more was not written here.
const UNPACKED_TIMES_MAX: usize = 255;
/// Digits that are still compared of a fingerprint that was kept as text: there were twice as many then.
const FINGERPRINT_DIGITS: usize = 32;
/// Between the parts; the body comes last and may hold anything.
const SEPARATOR: char = '\n';

/// A reply as it is kept.
pub(super) fn pack(reply: &KeyedReply) -> Vec<u8> {
    let text = format!("{}{SEPARATOR}{}{SEPARATOR}{}", reply.key.fingerprint, reply.status, reply.body);
    let is_hotline = HOTLINE_BODIES.iter().any(|begin| reply.body.starts_with(begin));
    let (first, words) = if is_hotline { (HOTLINE, HOTLINE_WORDS) } else { (HALL, HALL_WORDS) };
    let mut kept = compress_prepend_size_with_dict(text.as_bytes(), words);
    kept.insert(0, first);
    kept
}

/// What was kept, also by an earlier version.
pub(super) fn unpack(kept: Vec<u8>) -> Result<StoredReply, JournalError> {
    let (bytes, digits) = match kept.split_first() {
        Some((&HALL, packed)) => (text_of(packed, HALL_WORDS)?, usize::MAX),
        Some((&HOTLINE, packed)) => (text_of(packed, HOTLINE_WORDS)?, usize::MAX),
        Some(_) | None => (kept, FINGERPRINT_DIGITS),
    };
    let text = String::from_utf8(bytes).map_err(|_| unreadable())?;
    let mut parts = text.splitn(3, SEPARATOR);
    let (Some(fingerprint), Some(status), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unreadable());
    };
    let status = status.parse().map_err(|_| unreadable())?;
    let fingerprint = fingerprint.get(..digits).unwrap_or(fingerprint).to_owned();
    Ok(StoredReply { fingerprint, status, body: body.to_owned() })
}

fn text_of(packed: &[u8], words: &[u8]) -> Result<Vec<u8>, JournalError> {
    let claimed = uncompressed_size(packed).map_or(usize::MAX, |(size, _)| size);
    if claimed > packed.len().saturating_mul(UNPACKED_TIMES_MAX) {
        return Err(unreadable());
    }
    decompress_size_prepended_with_dict(packed, words).map_err(|_| unreadable())
}

fn unreadable() -> JournalError {
    JournalError::Unsafe("a kept reply cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::IdempotencyKey;

    /// An answer to `next` that passes over five, as the hall gives it.
    const NEXT: &str = include_str!("tests/reply_next.json");

    fn reply(body: &str) -> KeyedReply {
        let fingerprint = "00ffd6e8a72350dcfd1cf5e062b1bb0d".to_owned();
        let key = IdempotencyKey { scope: "device:dv_5".to_owned(), key: "c-1".to_owned(), fingerprint };
        KeyedReply { key, status: 200, body: body.to_owned() }
    }

    #[test]
    fn the_words_are_those_that_were_packed_with() {
        let sum = |words: &[u8]| sha1_smol::Sha1::from(words).digest().to_string();
        assert_eq!(sum(HALL_WORDS), "ed7319eb740460e79777f8f816f41f9eb3d6c5a0");
        assert_eq!(sum(HOTLINE_WORDS), "e825f0d7dd1c02f1c99d0eee49c6a89b8a433fca");
    }

    #[test]
    fn an_answer_takes_less_than_a_third_of_its_length() {
        let kept = pack(&reply(NEXT));
        assert!(kept.len() * 3 < NEXT.len(), "{} of {} bytes", kept.len(), NEXT.len());
        assert_eq!(unpack(kept).unwrap().body, NEXT);
    }

    #[test]
    fn what_an_earlier_version_kept_as_text_is_read_too() {
        let text = "00ffd6e8a72350dcfd1cf5e062b1bb0df456360bdf7182bc72ea7f0f1c821e32\n409\n{\"a\":\n1}";
        let read = unpack(text.into()).unwrap();
        let whole = StoredReply { fingerprint: "00ffd6e8a72350dcfd1cf5e062b1bb0d".into(), status: 409, body: "{\"a\":\n1}".into() };
        assert_eq!(read, whole);
    }

    #[test]
    fn what_was_not_written_here_says_so() {
        let mut cut = pack(&reply(NEXT));
        cut.truncate(cut.len() / 2);
        let huge = vec![HALL, 0xff, 0xff, 0xff, 0xff, 0];
        for bad in [cut, huge, vec![HOTLINE], Vec::new(), b"no lines".to_vec(), vec![0xff, b'\n', b'2', b'\n']] {
            assert!(matches!(unpack(bad), Err(JournalError::Unsafe(_))));
        }
    }

    proptest! {
        #[test]
        fn whatever_was_said_is_said_again(body in ".{0,400}", status in 100_u16..600) {
            let said = KeyedReply { status, ..reply(&body) };
            let read = unpack(pack(&said)).unwrap();
            prop_assert_eq!(read, StoredReply { fingerprint: said.key.fingerprint, status, body });
        }
    }
}
