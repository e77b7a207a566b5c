//! `/services`: staff open and close a service for today.

use actix_web::http::Method;

use super::Door;
use crate::domain::command::Command;
use crate::domain::ids::ServiceId;
use crate::web::ask::{Ask, Given};
use crate::web::problem::{Code, Problem};
use crate::web::rights::DirectHall;
use crate::web::wire::hall::{Committed, ReasonBody};
use crate::web::wire::reply::committed;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::ask(Method::POST, "/services/{id}/open", "Opens a service that staff closed.", open).refuses(&[Code::NotFound]),
        Door::ask(Method::POST, "/services/{id}/close", "Issues no more numbers for a service today.", close).refuses(&[Code::NotFound]),
    ]
}

async fn open(ask: Ask<DirectHall, ServiceId, ReasonBody>) -> Result<Given<Committed>, Problem> {
    let service = ask.path.clone();
    ask.submit(Command::OpenService { service }, committed()).await
}

async fn close(ask: Ask<DirectHall, ServiceId, ReasonBody>) -> Result<Given<Committed>, Problem> {
    let (ask, ReasonBody { reason }) = ask.split();
    let service = ask.path.clone();
    ask.submit(Command::CloseService { service, reason }, committed()).await
}
