//! Reads the generic CTI webhook of Zammad, so that an exchange which speaks it needs no change but the address.
//!
//! The fields and answers are those of Zammad's documentation and code. Two things are done better: an unknown event is the
//! sender's fault (422), not ours; and messages may be repeated and overtake each other.

use std::sync::Arc;

use serde_json::Value;
use url::form_urlencoded;

use crate::domain::telephone::{
    AGENT_NAME_CHARS_MAX, CALL_ID_CHARS_MAX, Dialled, Direction, HangupCause, PARTY_CHARS_MAX, Signal, SignalState, tidy,
};

/// The name of the exchange behind this door.
pub const SOURCE: &str = "zammad";
/// Fields that are looked at in one message.
pub const FIELDS_MAX: usize = 64;

/// The answer to a message that was taken.
pub const TAKEN: &str = "{}";
/// The answer to a new call of a caller whom nobody is to answer.
pub const REJECT: &str = r#"{"action":"reject","reason":"busy"}"#;

/// Why a message is refused; the answer's body is [`ZammadError::body`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZammadError {
    #[error("Invalid direction!")]
    Direction,
    #[error("Unknown event!")]
    Event,
    #[error("callId is missing!")]
    CallIdMissing,
    #[error("callId is longer than {CALL_ID_CHARS_MAX} characters!")]
    CallIdTooLong,
    #[error("callId is invalid!")]
    CallId,
    #[error("Invalid body!")]
    Body,
    #[error("Invalid token, please contact your admin!")]
    Token,
    #[error("Feature is disabled, please contact your administrator!")]
    Disabled,
}

impl ZammadError {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Token => 401,
            Self::Direction | Self::Event | Self::CallIdMissing | Self::CallIdTooLong | Self::CallId | Self::Body | Self::Disabled => 422,
        }
    }

    /// The JSON of the answer.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::json!({ "error": self.to_string() }).to_string()
    }
}

/// A message's fields, in order, the names without `[]`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn first(&self, names: &[&str]) -> Option<&str> {
        let of = |wanted: &&str| self.0.iter().find(|(name, value)| name == wanted && !value.trim().is_empty());
        names.iter().find_map(of).map(|(_, value)| value.trim())
    }

    /// All values of the first of these names that has one.
    fn all(&self, names: &[&str]) -> Option<String> {
        let of = |wanted: &&str| {
            let values: Vec<_> = self.0.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.trim()).collect();
            let values: Vec<_> = values.into_iter().filter(|value| !value.is_empty()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        names.iter().find_map(of)
    }
}

/// Reads one message.
///
/// # Errors
/// What the sender is answered.
pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Signal, ZammadError> {
    let fields = fields_of(content_type, body)?;
    let event = fields.first(&["event"]);
    let direction = match (fields.first(&["direction"]), event) {
        // Only a new call has to say it. Until that one is heard, it is a customer who rings: nobody is missed for want of a word.
        (Some("in"), _) | (None, Some("answer" | "hangup")) => Direction::In,
        (Some("out"), _) => Direction::Out,
        (Some(_) | None, _) => return Err(ZammadError::Direction),
    };
    let state = match event {
        Some("newCall") => SignalState::Ringing,
        Some("answer") => SignalState::Answered,
        Some("hangup") => SignalState::Ended,
        Some(_) | None => return Err(ZammadError::Event),
    };
    let call_id = fields.first(&["callId", "call_id"]).ok_or(ZammadError::CallIdMissing)?;
    if call_id.chars().count() > CALL_ID_CHARS_MAX {
        return Err(ZammadError::CallIdTooLong);
    }
    let party = |name: &str| fields.first(&[name]).filter(|text| !is_withheld(text)).and_then(|text| tidy(text, PARTY_CHARS_MAX));
    let (from, to) = (party("from"), party("to"));
    let default_queue = match (state, direction) {
        (SignalState::Ringing, Direction::In) => to.clone(),
        (SignalState::Ringing, Direction::Out) => from.clone(),
        (SignalState::Answered | SignalState::Ended | SignalState::Missed, Direction::In | Direction::Out) => None,
    };
    let signal = Signal {
        caller: from.map(Dialled::from),
        callee: to.map(Dialled::from),
        agent: fields.first(&["answeringNumber"]).and_then(|text| tidy(text, PARTY_CHARS_MAX)),
        // The documentation's examples of an answer send `caller`, the code reads `user`.
        agent_name: fields.all(&["user", "caller"]).and_then(|text| tidy(&text, AGENT_NAME_CHARS_MAX)),
        queue: fields.first(&["queue"]).and_then(|text| tidy(text, PARTY_CHARS_MAX)).or(default_queue),
        cause: fields.first(&["cause"]).and_then(cause_of),
        ..Signal::new(SOURCE, call_id, state, direction)
    };
    signal.check().map_err(|_| ZammadError::CallId)?;
    Ok(signal)
}

fn is_withheld(number: &str) -> bool {
    number.eq_ignore_ascii_case("anonymous")
}

/// A word that Zammad does not know is kept by it as a comment; it decides nothing.
fn cause_of(word: &str) -> Option<HangupCause> {
    match word {
        "normalClearing" => Some(HangupCause::NormalClearing),
        "busy" => Some(HangupCause::Busy),
        "cancel" => Some(HangupCause::Cancel),
        "noAnswer" => Some(HangupCause::NoAnswer),
        "congestion" => Some(HangupCause::Congestion),
        "notFound" => Some(HangupCause::NotFound),
        "forwarded" => Some(HangupCause::Forwarded),
        _ => None,
    }
}

fn fields_of(content_type: Option<&str>, body: &[u8]) -> Result<Fields, ZammadError> {
    let kind = content_type.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let looks_like_json = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    let fields = match essence.as_str() {
        "multipart/form-data" => multipart(kind, body)?,
        "application/x-www-form-urlencoded" => form(body),
        "application/json" => json(body)?,
        _ if looks_like_json => json(body)?,
        _ => form(body),
    };
    Ok(fields)
}

/// `user[]` is `user`.
fn plain(name: &str) -> String {
    name.strip_suffix("[]").unwrap_or(name).to_owned()
}

fn form(body: &[u8]) -> Fields {
    Fields(form_urlencoded::parse(body).take(FIELDS_MAX).map(|(name, value)| (plain(&name), value.into_owned())).collect())
}

fn json(body: &[u8]) -> Result<Fields, ZammadError> {
    let object: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(|_| ZammadError::Body)?;
    let mut fields = Fields::default();
    for (name, value) in object {
        let values = match value {
            Value::Array(values) => values,
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![one],
        };
        for value in values {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            if fields.0.len() < FIELDS_MAX {
                fields.0.push((plain(&name), text));
            }
        }
    }
    Ok(fields)
}

/// What `curl --form` sends, as in Zammad's own examples. Parts without a name, or that are not text, are passed over.
fn multipart(content_type: &str, body: &[u8]) -> Result<Fields, ZammadError> {
    let boundary = parameter(content_type, "boundary").ok_or(ZammadError::Body)?;
    let text = std::str::from_utf8(body).map_err(|_| ZammadError::Body)?;
    let mark = format!("--{boundary}");
    let mut fields = Fields::default();
    for part in text.split(mark.as_str()).skip(1).take(FIELDS_MAX) {
        if part.starts_with("--") {
            break;
        }
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"));
        let Some(name) = disposition.and_then(|line| parameter(line, "name")) else { continue };
        fields.0.push((plain(&name), value.strip_suffix("\r\n").unwrap_or(value).to_owned()));
    }
    Ok(fields)
}

/// One parameter of a header, as `name="event"`.
fn parameter(header: &str, wanted: &str) -> Option<Arc<str>> {
    header.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case(wanted) && !value.is_empty()).then(|| Arc::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Option<&str> = Some("application/json");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=utf-8");

    fn read(json: &str) -> Signal {
        parse(JSON, json.as_bytes()).unwrap()
    }

    fn refused(json: &str) -> (u16, String) {
        let error = parse(JSON, json.as_bytes()).unwrap_err();
        (error.status(), error.body())
    }

    #[test]
    fn the_examples_of_the_documentation_are_understood() {
        let new = read(
            r#"{"event":"newCall","from":"493023125741","to":"492214710334","direction":"in",
               "callId":"307fa962-de8d-4ffc-817b-7f6993204159","user":["Christopher Miller","Emma Taylor"]}"#,
        );
        assert_eq!((new.state, new.direction), (SignalState::Ringing, Direction::In));
        assert_eq!(&*new.call_id, "307fa962-de8d-4ffc-817b-7f6993204159");
        assert_eq!(new.agent_name.as_deref(), Some("Christopher Miller, Emma Taylor"));
        assert_eq!(new.queue.as_deref(), Some("492214710334"), "the number rung, where no queue is named");
        let answer = read(
            r#"{"event":"answer","from":"493023125741","to":"492214710334","direction":"in","callId":"c1",
               "user":"Emma Taylor","answeringNumber":"emma@chrispresso.com"}"#,
        );
        assert_eq!((answer.state, answer.agent.as_deref()), (SignalState::Answered, Some("emma@chrispresso.com")));
        assert_eq!((answer.agent_name.as_deref(), answer.queue), (Some("Emma Taylor"), None));
        let hangup = read(r#"{"event":"hangup","from":"1","to":"2","direction":"out","callId":"c1","user":"A","cause":"cancel"}"#);
        assert_eq!((hangup.state, hangup.direction, hangup.cause), (SignalState::Ended, Direction::Out, Some(HangupCause::Cancel)));
    }

    #[test]
    fn an_answer_s_name_may_come_as_caller_and_numbers_may_be_numbers() {
        let answer =
            read(r#"{"event":"answer","from":493023125741,"to":2,"direction":"in","call_id":17,"caller":"Emma","answeringNumber":42}"#);
        assert_eq!((answer.agent_name.as_deref(), answer.agent.as_deref(), &*answer.call_id), (Some("Emma"), Some("42"), "17"));
        assert_eq!(answer.caller, Some("493023125741".into()));
    }

    #[test]
    fn every_cause_has_its_word_and_other_words_decide_nothing() {
        for (word, cause) in [
            ("normalClearing", Some(HangupCause::NormalClearing)),
            ("busy", Some(HangupCause::Busy)),
            ("cancel", Some(HangupCause::Cancel)),
            ("noAnswer", Some(HangupCause::NoAnswer)),
            ("congestion", Some(HangupCause::Congestion)),
            ("notFound", Some(HangupCause::NotFound)),
            ("forwarded", Some(HangupCause::Forwarded)),
            ("lost", None),
            ("", None),
        ] {
            let hangup = read(&format!(r#"{{"event":"hangup","direction":"in","callId":"c","cause":"{word}"}}"#));
            assert_eq!(hangup.cause, cause, "{word}");
        }
    }

    #[test]
    fn a_withheld_number_is_none_and_the_queue_has_a_default_both_ways() {
        let new = read(r#"{"event":"newCall","from":"anonymous","to":"96777","direction":"in","callId":"c"}"#);
        assert_eq!((new.caller, new.queue.as_deref()), (None, Some("96777")));
        let out = read(r#"{"event":"newCall","from":"96777","to":"139","direction":"out","callId":"c"}"#);
        assert_eq!(out.queue.as_deref(), Some("96777"));
        let named = read(r#"{"event":"newCall","from":"1","to":"2","direction":"in","callId":"c","queue":"support"}"#);
        assert_eq!(named.queue.as_deref(), Some("support"));
    }

    #[test]
    fn a_form_is_understood_as_well() {
        let body = "event=newCall&from=13900000001&to=96777&direction=in&callId=c1&user%5B%5D=Alice&user[]=%E7%8E%8B%E8%8A%B3&queue=heat";
        let want = Signal {
            caller: Some("13900000001".into()),
            callee: Some("96777".into()),
            agent_name: Some("Alice, 王芳".into()),
            queue: Some("heat".into()),
            ..Signal::new(SOURCE, "c1", SignalState::Ringing, Direction::In)
        };
        assert_eq!(parse(FORM, body.as_bytes()), Ok(want.clone()));
        assert_eq!(parse(None, body.as_bytes()), Ok(want.clone()));
        let part = |name: &str, value: &str| format!("--X9\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let fields = [("event", "newCall"), ("from", "13900000001"), ("to", "96777"), ("direction", "in"), ("callId", "c1")];
        let more = [("user[]", "Alice"), ("user[]", "王芳"), ("queue", "heat")];
        let body: String = fields.iter().chain(&more).map(|(name, value)| part(name, value)).collect();
        assert_eq!(parse(Some("multipart/form-data; boundary=X9"), (body + "--X9--\r\n").as_bytes()), Ok(want));
    }

    #[test]
    fn what_is_refused_is_told_in_zammad_s_words() {
        let direction = (422, r#"{"error":"Invalid direction!"}"#.to_owned());
        assert_eq!(refused(r#"{"event":"newCall","direction":"up","callId":"c"}"#), direction);
        assert_eq!(refused(r#"{"event":"dance"}"#), direction, "the direction is looked at first");
        assert_eq!(refused("{}"), direction);
        assert_eq!(refused(r#"{"event":"dance","direction":"in","callId":"c"}"#), (422, r#"{"error":"Unknown event!"}"#.to_owned()));
        assert_eq!(refused(r#"{"event":"answer","direction":"in"}"#).0, 422);
        assert_eq!(refused("{"), (422, r#"{"error":"Invalid body!"}"#.to_owned()));
        assert_eq!(refused("[]").0, 422);
        assert_eq!(ZammadError::Token.status(), 401);
        for (kind, body) in [("multipart/form-data", &b"--X"[..]), ("multipart/form-data; boundary=X", b"--X\r\nname=\"\xff\"")] {
            assert_eq!(parse(Some(kind), body), Err(ZammadError::Body));
        }
    }

    #[test]
    fn only_a_new_call_has_to_say_its_direction() {
        for event in ["answer", "hangup"] {
            let signal = read(&format!(r#"{{"event":"{event}","callId":"c","direction":""}}"#));
            assert_eq!(signal.direction, Direction::In, "{event}");
            assert_eq!(refused(&format!(r#"{{"event":"{event}","callId":"c","direction":"up"}}"#)).0, 422);
        }
        assert_eq!(refused(r#"{"event":"newCall","callId":"c"}"#), (422, r#"{"error":"Invalid direction!"}"#.to_owned()));
    }

    #[test]
    fn a_call_s_id_has_250_characters_at_most() {
        let of =
            |length: usize| parse(JSON, format!(r#"{{"event":"answer","direction":"in","callId":"{}"}}"#, "供".repeat(length)).as_bytes());
        assert!(of(CALL_ID_CHARS_MAX).is_ok());
        assert_eq!(of(CALL_ID_CHARS_MAX + 1), Err(ZammadError::CallIdTooLong));
        assert_eq!(refused(r#"{"event":"answer","direction":"in","callId":"a\u202eb"}"#).1, r#"{"error":"callId is invalid!"}"#);
    }

    #[test]
    fn no_flood_of_fields_is_kept() {
        let body = "user[]=a&".repeat(FIELDS_MAX * 2) + "event=answer&direction=in&callId=c";
        assert_eq!(parse(FORM, body.as_bytes()), Err(ZammadError::Direction));
    }
}
