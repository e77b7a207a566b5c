//! `/notices`: what staff write on the boards.

use actix_web::http::Method;

use super::Door;
use crate::domain::command::Command;
use crate::domain::event::EventBody;
use crate::domain::ids::NoticeId;
use crate::domain::text::Text;
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given};
use crate::web::body::Nothing;
use crate::web::problem::{Code, Problem};
use crate::web::rights::DirectHall;
use crate::web::wire::hall::{Notice, NoticeAnswer, NoticeBody};
use crate::web::wire::reply::{at, no_content, render};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::ask(Method::POST, "/notices", "Puts a notice on the boards.", post).makes(),
        Door::ask(Method::DELETE, "/notices/{id}", "Takes a notice off the boards.", remove).silent().refuses(&[Code::NotFound]),
    ]
}

async fn post(ask: Ask<DirectHall, (), NoticeBody>) -> Result<Given<NoticeAnswer>, Problem> {
    let text = &ask.body.text;
    let text = Text { zh: text.zh.as_str().to_owned(), en: text.en.as_str().to_owned() };
    ask.submit(Command::PostNotice { text }, render(201, posted)).await
}

fn posted(decided: &Decided<'_>) -> Option<NoticeAnswer> {
    let EventBody::NoticePosted { notice, .. } = &decided.events.first()?.body else { return None };
    Some(NoticeAnswer { notice: Notice::from(decided.hall.notices.get(notice)?), at: at(decided) })
}

async fn remove(ask: Ask<DirectHall, NoticeId>) -> Result<Given<Nothing>, Problem> {
    let notice = ask.path;
    ask.submit(Command::RemoveNotice { notice }, no_content()).await
}
