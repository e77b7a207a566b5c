//! The picture of rights: every role at every door, kept in `tests/rights.txt` and tried on the running server.

use std::fmt::Write;

use awc::http::Method;
use warmhall::domain::actor::Role;
use warmhall::web::rights::{Admits, admits};
use warmhall::web::routes::{Door, doors};

use crate::app::TestApp;
use crate::people::{Person, new_key};

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rights.txt");

fn may(door: &Door, roles: &[Role]) -> bool {
    admits(door.admits, roles)
}

fn picture(doors: &[Door]) -> String {
    let mut picture = String::from("Who may pass which door. ✔ may, ✘ may not. Made by `UPDATE=1 cargo test --test it rights`.\n");
    for door in doors {
        let _always = write!(picture, "\n{} {}\n  ", door.method, door.path);
        let anyone = matches!(door.admits, Admits::Anyone(_));
        let _always = write!(picture, "{} anyone", if anyone { '✔' } else { '✘' });
        for role in Role::ALL {
            let _always = write!(picture, "  {} {role}", if may(door, &[role]) { '✔' } else { '✘' });
        }
        picture.push('\n');
    }
    picture
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how the picture is made anew")]
fn the_picture_of_rights_is_true() {
    let now = picture(&doors());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PICTURE, &now).unwrap();
    }
    let kept = std::fs::read_to_string(PICTURE).unwrap_or_default();
    assert!(kept == now, "rights have changed: look at `UPDATE=1 cargo test --test it rights` and `git diff tests/rights.txt`");
}

/// A path in which every parameter is something that is not there.
fn some_path(door: &Door) -> String {
    let parts = door.path.split('/').map(|part| match part {
        "{id}" if door.path.contains("/tickets/") => "tk_999999",
        "{id}" if door.path.contains("/notices/") => "nt_999999",
        "{id}" if door.path.contains("/devices/") => "dv_999999",
        "{id}" if door.path.contains("/hotline/calls/") => "hc_999999",
        "{id}" if door.path.contains("/incidents/") => "in_999999",
        "{no}" if door.path.contains("/work-orders/") || door.path.contains("/cases/") => "20261123-9999",
        "{team}" => "nobody",
        "{id}" | "{secret}" | "{claim}" | "{username}" => "nothing",
        "{no}" => "99",
        "{code}" => "00000000",
        "{rev}.wav" => "1.wav",
        plain => plain,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn tried(person: &Person, door: &Door) -> u16 {
    let person = person.and("idempotency-key", &new_key());
    if door.changes && door.method != Method::DELETE {
        // An unknown field is refused behind the gate, before anything is done.
        let json = person.and("content-type", "application/json");
        json.send(door.method.as_str().parse().unwrap(), &some_path(door), Some(b"{\"unknown\":1}".to_vec())).await.status
    } else {
        person.send(door.method.as_str().parse().unwrap(), &some_path(door), None).await.status
    }
}

#[actix_web::test]
async fn every_role_at_every_door() {
    let app = TestApp::start().await;
    for door in doors() {
        // Who may do it without a role is counted by address, which other tests meet; and signing out ends what is used here.
        if matches!(door.admits, Admits::Anyone(_))
            || door.path == "/metrics"
            || (door.method == Method::DELETE && door.path.ends_with("/session"))
        {
            continue;
        }
        let stranger = tried(&app.visitor(), &door).await;
        assert_eq!(stranger, 401, "{} {} by nobody", door.method, door.path);
        for role in Role::ALL {
            let status = tried(&app.token(role), &door).await;
            let refused = status == 403;
            // A session of one's own is for browsers.
            if door.path.contains("/session") && role.is_staff() {
                continue;
            }
            assert_eq!(refused, !may(&door, &[role]), "{} {} by the token of {role}: {status}", door.method, door.path);
            if role.is_staff() {
                let status = tried(&app.staff(role.word()), &door).await;
                assert_eq!(status == 403, !may(&door, &[role]), "{} {} by {role}: {status}", door.method, door.path);
            }
        }
    }
}
