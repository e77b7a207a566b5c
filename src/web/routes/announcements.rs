//! `/announcements`: the sound of one call, for screens that speak.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{BASE, Door};
use crate::domain::text::Language;
use crate::web::ask::Look;
use crate::web::problem::{Code, Problem};
use crate::web::rights::HearCalls;

pub(super) fn doors() -> Vec<Door> {
    let path = format!("{BASE}/announcements/{{rev}}.wav");
    vec![Door::fetch(&path, "audio/wav", "The sound of one call or recall.", sound).refuses(&[Code::NotFound])]
}

/// In which language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Spoken {
    Zh,
    En,
    #[default]
    Both,
}

#[derive(Debug, Deserialize, IntoParams)]
struct SoundQuery {
    /// Without it as the lobby hears it: both as a rule, the customer's own first.
    #[serde(default)]
    #[param(inline)]
    language: Spoken,
}

async fn sound(look: Look<HearCalls, u64, SoundQuery>) -> Result<HttpResponse, Problem> {
    let languages = match look.query.language {
        Spoken::Zh => vec![Language::Zh],
        Spoken::En => vec![Language::En],
        Spoken::Both => Vec::new(),
    };
    let sounds = look.state.sounds.as_ref().ok_or(Code::NotFound)?;
    if look.path > *look.state.keeper.board_rev().borrow() {
        return Err(Code::NotFound.into());
    }
    let wav = sounds.wav(look.path, languages).await?.ok_or(Code::NotFound)?;
    // A journal that was put back gives its revisions again: a browser that kept the sound would call somebody else.
    let fresh = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(HttpResponse::Ok().insert_header(fresh).content_type("audio/wav").body(wav))
}
