//! What the lobby really hears: a called number, spoken by the server itself and by a second machine, through every restart.

#![cfg(feature = "audio")]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

mod ears;
mod hall;

use ears::{Ears, Spoken};
use hall::{Hall, Server, Speaker};
use serde_json::json;
use warmhall::announcer::Kind;
use warmhall::domain::text::Language::{En, Zh};

/// Calls one after the other at two counters, a customer who speaks English, one who does not come, one who is sent on.
#[test]
fn both_loudspeakers_say_every_call_once_in_order() {
    let hall = Hall::new();
    let (at_server, at_speaker) = (Ears::new(), Ears::new());
    let server = Server::open(&hall, &at_server);
    let speaker = Speaker::start(&hall, &server, &at_speaker);
    speaker.connected();
    server.take_seat("1");
    server.take_seat("3");
    let first = server.call_new("1", "connect", "zh");
    let second = server.call_new("3", "repair", "en");
    hall.said(second.rev);
    speaker.said(second.rev);
    server.ticket_step(&second, "miss", &json!({}));
    let last = server.ticket_step(&first, "transfer", &json!({"counter": "2", "place": "front"}));
    hall.said(last);
    speaker.said(last);
    let expected = [
        Spoken::new(Kind::Call { calls: 1 }, &first.number, Some("1"), &[Zh, En]),
        Spoken::new(Kind::Call { calls: 1 }, &second.number, Some("3"), &[En, Zh]),
        Spoken::new(Kind::Missed, &second.number, None, &[]),
        Spoken::new(Kind::Transfer, &first.number, Some("2"), &[]),
    ];
    at_server.heard_exactly(&expected);
    at_speaker.heard_exactly(&expected);
    speaker.stop();
    server.stop();
}

/// The server is closed, killed and opened again, loses its sound card for a while, and the second machine is switched off and on.
#[test]
fn a_restart_neither_repeats_nor_loses() {
    let hall = Hall::new();
    let (before, away, after, second_life) = (Ears::new(), Ears::without_a_device(), Ears::new(), Ears::new());
    let (speaker_before, speaker_after) = (Ears::new(), Ears::new());

    let server = Server::open(&hall, &before);
    let speaker = Speaker::start(&hall, &server, &speaker_before);
    speaker.connected();
    server.take_seat("1");
    let one = server.call_new("1", "connect", "zh");
    hall.said(one.rev);
    speaker.said(one.rev);
    speaker.stop();
    server.stop();

    // Nobody can hear this call: the server has no sound card, the other machine is off.
    let server = Server::open(&hall, &away);
    server.finish(&one);
    let two = server.call_new("1", "connect", "zh");
    server.stop();

    let server = Server::open(&hall, &after);
    let speaker = Speaker::start(&hall, &server, &speaker_after);
    hall.said(two.rev);
    speaker.said(two.rev);
    server.kill();

    // The other machine lives on and comes back by itself.
    let server = Server::open(&hall, &second_life);
    server.finish(&two);
    let three = server.call_new("1", "rename", "zh");
    hall.said(three.rev);
    speaker.said(three.rev);
    speaker.stop();
    server.stop();

    let call = |ticket: &hall::Called| Spoken::new(Kind::Call { calls: 1 }, &ticket.number, Some("1"), &[Zh, En]);
    before.heard_exactly(&[call(&one)]);
    after.heard_exactly(&[call(&two)]);
    second_life.heard_exactly(&[call(&three)]);
    speaker_before.heard_exactly(&[call(&one)]);
    speaker_after.heard_exactly(&[call(&two), call(&three)]);
}

/// The server loses its power in the middle of a word: the other machine goes on, and the server says the number again, whole.
#[test]
fn a_call_cut_off_is_said_again() {
    let hall = Hall::new();
    let (cut_off, whole, at_speaker) = (Ears::new(), Ears::new(), Ears::new());
    let server = Server::open(&hall, &cut_off);
    let speaker = Speaker::start(&hall, &server, &at_speaker);
    speaker.connected();
    server.take_seat("1");
    let one = server.call_new("1", "connect", "zh");
    cut_off.hear_something();
    server.kill();
    speaker.said(one.rev);
    let server = Server::open(&hall, &whole);
    hall.said(one.rev);
    let expected = [Spoken::new(Kind::Call { calls: 1 }, &one.number, Some("1"), &[Zh, En])];
    whole.heard_exactly(&expected);
    at_speaker.heard_exactly(&expected);
    speaker.stop();
    server.stop();
}

/// Who may not listen is told so and does not try for ever.
#[test]
fn a_loudspeaker_without_a_right_ends_and_says_why() {
    let (hall, silent) = (Hall::new(), Ears::without_a_device());
    let server = Server::open(&hall, &silent);
    Speaker::start_with("wh_nobody", &hall, &server, &silent).ends_with(2);
    let speaker = Speaker::start(&hall, &server, &silent);
    speaker.connected();
    hall.revoke_speaker();
    speaker.ends_with(1);
    server.stop();
}

/// A board fetches the same sound.
#[test]
fn a_board_gets_the_sound_of_a_call() {
    let (hall, silent) = (Hall::new(), Ears::without_a_device());
    let server = Server::open(&hall, &silent);
    server.take_seat("1");
    let one = server.call_new("1", "connect", "zh");
    let path = |rev: u64, language: &str| format!("/api/v1/announcements/{rev}.wav{language}");
    let both = server.fetch(&path(one.rev, ""), &hall.speaker_token);
    let english = server.fetch(&path(one.rev, "?language=en"), &hall.speaker_token);
    assert_eq!((both.0, english.0), (200, 200));
    assert_eq!(both.1, Spoken::new(Kind::Call { calls: 1 }, &one.number, Some("1"), &[Zh, En]).wav());
    assert_eq!(english.1, Spoken::new(Kind::Call { calls: 1 }, &one.number, Some("1"), &[En]).wav());
    assert_eq!(server.fetch(&path(1, ""), &hall.speaker_token).0, 404);
    assert_eq!(server.fetch(&path(one.rev, ""), "wh_nobody").0, 401);
    server.stop();
}
