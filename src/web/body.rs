//! Reads JSON as strangers send it: bounded, trimmed, in NFC, and with the name of the field that does not fit.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpMessage, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use utoipa::ToSchema;

use super::gate::says_json;
use super::problem::{Code, Problem};

/// The longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Fields whose spaces are their own: secrets are brought to NFC, but not trimmed.
const UNTRIMMED: [&str; 4] = ["password", "old", "new", "token"];

/// A body that says nothing: `{}`, or none at all.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Reads a request's whole body, which has to be JSON.
///
/// # Errors
/// When it is too large, not said to be JSON, or breaks off.
pub async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Problem> {
    let body = read_any(request, payload).await?;
    match says_json(request) {
        Some(false) => Err(Code::UnsupportedMediaType.into()),
        None if !body.is_empty() => Err(Code::UnsupportedMediaType.into()),
        Some(true) | None if request.chunked().is_err() => Err(Code::BadRequest.into()),
        Some(true) | None => Ok(body),
    }
}

/// Reads a request's whole body, whatever it is.
///
/// # Errors
/// When it is too large or breaks off.
pub async fn read_any(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(Code::PayloadTooLarge.into());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::from(Code::BadRequest).detail("the body breaks off"))?;
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Code::PayloadTooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads a value of the wire from a body; an empty body is `{}`.
///
/// # Errors
/// Says which field is unknown or does not fit; not JSON at all is told apart.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    let text = std::str::from_utf8(body).map_err(|_| Problem::from(Code::MalformedJson).detail("the body is not UTF-8"))?;
    let mut value: Value = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    if !value.is_object() {
        return Err(Problem::from(Code::BadRequest).detail("the body is not a JSON object"));
    }
    tidy(&mut value, true);
    serde_path_to_error::deserialize(value).map_err(|error| unfit(&error.path().to_string(), &error.inner().to_string()))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::from(Code::MalformedJson).detail(format!("line {}, column {}", error.line(), error.column()))
}

/// Trims every text and brings it to NFC.
fn tidy(value: &mut Value, trim: bool) {
    match value {
        Value::String(text) => {
            let kept = if trim { text.trim() } else { text.as_str() };
            if !is_nfc(kept) {
                *text = kept.nfc().collect();
            } else if kept.len() != text.len() {
                *text = kept.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, trim)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| tidy(field, trim && !UNTRIMMED.contains(&name.as_str()))),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What serde says, in our words: the name of the field, and no name of ours.
fn unfit(path: &str, said: &str) -> Problem {
    let quoted = |prefix: &str| said.strip_prefix(prefix)?.split_once('`').map(|(name, _)| name.to_owned());
    if let Some(name) = quoted("unknown field `") {
        return Problem::from(Code::UnknownField).field(&name, "is not known");
    }
    if let Some(name) = quoted("missing field `") {
        return Problem::invalid(&name, "is missing");
    }
    let named = ["struct ", "enum ", "::", "tuple ", "variant "].iter().any(|ours| said.contains(ours));
    Problem::invalid(if path == "." { "body" } else { path }, if named { "does not fit" } else { said })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ServiceId;
    use crate::domain::text::FreeText;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        service: ServiceId,
        #[serde(default)]
        reason: Option<FreeText>,
        #[serde(default)]
        password: String,
        #[serde(default)]
        fence: Option<u64>,
    }

    fn code_of(body: &[u8]) -> (&'static str, Vec<String>) {
        let problem = parse::<Wanted>(body).unwrap_err();
        (problem.code.word(), problem.fields.into_keys().collect())
    }

    #[test]
    fn texts_are_trimmed_and_composed() {
        let read: Wanted = parse("{\"service\":\" repair \",\"reason\":\" caf\u{65}\u{301} \",\"password\":\" p \"}".as_bytes()).unwrap();
        assert_eq!(read.service.as_str(), "repair");
        assert_eq!(read.reason.unwrap().as_str(), "caf\u{e9}");
        assert_eq!((read.password.as_str(), read.fence), (" p ", None));
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        let deep = [vec![b'['; 20_000], vec![b']'; 20_000]].concat();
        for bad in [&b"{"[..], b"{\"service\":\"\xff\"}", b"nonsense", b"{\"service\":\"\\ud800\"}", b"\0", &deep] {
            assert_eq!(code_of(bad).0, "malformed_json", "{:?}", &bad[..bad.len().min(20)]);
        }
        assert_eq!(code_of(b"[1]").0, "bad_request");
        assert_eq!(code_of(b"null").0, "bad_request");
    }

    #[test]
    fn the_field_is_named() {
        assert_eq!(code_of(b"{\"service\":\"a\",\"admin\":true}"), ("unknown_field", vec!["admin".to_owned()]));
        assert_eq!(code_of(b"{}"), ("invalid_field", vec!["service".to_owned()]));
        assert_eq!(code_of(b"{\"service\":7}"), ("invalid_field", vec!["service".to_owned()]));
        assert_eq!(code_of(b"{\"service\":\"A:B\"}"), ("invalid_field", vec!["service".to_owned()]));
        assert_eq!(code_of(b"{\"service\":\"a\",\"fence\":-1}"), ("invalid_field", vec!["fence".to_owned()]));
        assert_eq!(code_of("{\"service\":\"a\",\"reason\":\"x\u{202e}y\"}".as_bytes()), ("invalid_field", vec!["reason".to_owned()]));
    }

    #[test]
    fn our_own_names_are_not_told() {
        let problem = parse::<Wanted>(b"{\"service\":{\"a\":1}}").unwrap_err();
        assert!(!problem.json().contains("Wanted") && !problem.json().contains("struct"));
    }
}
