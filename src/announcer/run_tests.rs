//! The announcer with an output whose sounds end when the test says so.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use tokio::sync::{mpsc, oneshot, watch};

use super::output::{NoSpeaker, Output, OutputError, Sound, SpeakerState};
use super::phrase::{Alarm, Announcement, Kind};
use super::playlist::Cursor;
use super::run::{Announcer, INPUTS_MAX, Input, Parts, VoiceStatus};
use super::{Studio, Voice};
use crate::settings::voice::{Language, QuietHours, VoiceSettings};

/// A sound on the turntable: dropped when it is stopped, told how it ended.
struct Turn {
    sound: Sound,
    end: oneshot::Sender<Result<(), OutputError>>,
}

/// An output that hands each sound to the test.
struct Turntable {
    turns: mpsc::Sender<Turn>,
    state: watch::Receiver<SpeakerState>,
}

impl Output for Turntable {
    async fn play(&self, sound: Sound) -> Result<(), OutputError> {
        let (end, ended) = oneshot::channel();
        self.turns.send(Turn { sound, end }).await.map_err(|_| OutputError::Busy)?;
        ended.await.unwrap_or(Err(OutputError::Busy))
    }

    fn state(&self) -> watch::Receiver<SpeakerState> {
        self.state.clone()
    }
}

struct Bench {
    inputs: mpsc::Sender<Input>,
    turns: mpsc::Receiver<Turn>,
    speaker: watch::Sender<SpeakerState>,
    clock: watch::Sender<DateTime<Utc>>,
    status: watch::Receiver<VoiceStatus>,
    resume_after: u64,
    task: tokio::task::JoinHandle<()>,
}

fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T12:00:00Z").unwrap().to_utc()
}

fn settings() -> VoiceSettings {
    VoiceSettings { repeats: 1, emergency_repeats: 1, languages: vec![Language::Zh], ..VoiceSettings::default() }
}

fn parts<O>(settings: VoiceSettings, output: O, clock: watch::Receiver<DateTime<Utc>>) -> Parts<O> {
    let studio = Arc::new(Studio::new(Voice::load(&settings).unwrap(), &settings, None));
    Parts { settings, zone: chrono_tz::UTC, studio, output, now: Arc::new(move || *clock.borrow()) }
}

fn bench(settings: VoiceSettings, dir: &Path, epoch: &str) -> Bench {
    let (inputs, inbox) = mpsc::channel(INPUTS_MAX);
    let (to_test, turns) = mpsc::channel(1);
    let (speaker, state) = watch::channel(SpeakerState::Idle);
    let (clock, time) = watch::channel(noon());
    let announcer = Announcer::new(parts(settings, Turntable { turns: to_test, state }, time), dir, epoch);
    let (status, resume_after) = (announcer.status(), announcer.resume_after());
    let task = tokio::spawn(announcer.run(inbox));
    Bench { inputs, turns, speaker, clock, status, resume_after, task }
}

fn about(rev: u64, kind: Kind, number: &str) -> Announcement {
    let number = (!number.is_empty()).then(|| number.to_owned());
    Announcement { rev, at: noon(), kind, number, counter: Some("2".to_owned()), languages: Vec::new() }
}

fn call(rev: u64, number: &str) -> Input {
    Input::Announce(about(rev, Kind::Call { calls: 1 }, number))
}

fn alarm(rev: u64, what: Alarm) -> Input {
    Input::Announce(about(rev, Kind::Emergency { what, drill: false }, ""))
}

impl Bench {
    async fn tell(&self, input: Input) {
        self.inputs.send(input).await.unwrap();
    }

    /// The next sound that begins, and the revision it belongs to.
    async fn begins(&mut self) -> (u64, Turn) {
        let turn = self.turns.recv().await.unwrap();
        let saying = self.status.borrow().saying.clone().expect("the screen shows what is said");
        assert_eq!(saying.length_ms, turn.sound.pcm.length_ms());
        (saying.rev, turn)
    }

    async fn until(&mut self, what: impl FnMut(&VoiceStatus) -> bool) -> VoiceStatus {
        self.status.wait_for(what).await.unwrap().clone()
    }

    /// Lets everything be said and returns the revisions, in order.
    async fn drain(mut self) -> Vec<u64> {
        drop(self.inputs);
        let mut said = Vec::new();
        while let Some(turn) = self.turns.recv().await {
            said.push(self.status.borrow().saying.as_ref().unwrap().rev);
            turn.end.send(Ok(())).unwrap();
        }
        self.task.await.unwrap();
        said
    }
}

#[tokio::test]
async fn calls_are_said_one_after_the_other_and_shown_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = bench(settings(), dir.path(), "e1");
    bench.tell(call(1, "A1")).await;
    bench.tell(call(2, "A2")).await;
    let (rev, turn) = bench.begins().await;
    assert_eq!((rev, turn.sound.gap_ms, turn.sound.volume_percent), (1, 600, 80));
    bench.until(|status| status.waiting == 1).await;
    assert!(bench.turns.try_recv().is_err(), "the second waits for the end of the first");
    turn.end.send(Ok(())).unwrap();
    let (rev, turn) = bench.begins().await;
    let text = bench.status.borrow().saying.clone().unwrap().text;
    assert_eq!((rev, text), (2, vec![(Language::Zh, "请A2号到2号窗口办理".to_owned())]));
    turn.end.send(Ok(())).unwrap();
    let status = bench.until(|status| status.heard == 2).await;
    assert_eq!((status.saying, status.waiting, status.cursor_kept), (None, 0, true));
}

#[tokio::test]
async fn an_emergency_cuts_in_and_the_call_is_said_again_unless_the_hall_empties() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = bench(settings(), dir.path(), "e1");
    bench.tell(call(1, "A1")).await;
    let (_, mut first) = bench.begins().await;
    bench.tell(alarm(2, Alarm::Network)).await;
    first.end.closed().await;
    let (rev, turn) = bench.begins().await;
    assert_eq!((rev, turn.sound.volume_percent), (2, 100));
    turn.end.send(Ok(())).unwrap();
    let (rev, mut again) = bench.begins().await;
    assert_eq!(rev, 1);
    bench.tell(call(3, "A2")).await;
    bench.tell(alarm(4, Alarm::Fire)).await;
    again.end.closed().await;
    assert_eq!(bench.drain().await, [4]);
}

#[tokio::test]
async fn a_restart_neither_repeats_nor_loses() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = bench(settings(), dir.path(), "e1");
    assert_eq!(first.resume_after, 0);
    for (rev, number) in [(1, "A1"), (2, "A2"), (4, "A3")] {
        first.tell(call(rev, number)).await;
    }
    first.tell(Input::Seen(9)).await;
    first.begins().await.1.end.send(Ok(())).unwrap();
    let (rev, _cut_off) = first.begins().await;
    assert_eq!(rev, 2);
    first.task.abort();

    let second = bench(settings(), dir.path(), "e1");
    assert_eq!(second.resume_after, 1);
    for input in [call(2, "A2"), call(4, "A3"), Input::Seen(9), call(10, "A4")] {
        second.tell(input).await;
    }
    assert_eq!(second.drain().await, [2, 4, 10]);

    let third = bench(settings(), dir.path(), "e1");
    assert_eq!(third.resume_after, 10);
    for input in [call(1, "A1"), call(2, "A2"), call(4, "A3"), call(10, "A4")] {
        third.tell(input).await;
    }
    assert!(third.drain().await.is_empty());

    let restored = bench(settings(), dir.path(), "e2");
    assert_eq!(restored.resume_after, 0);
    restored.tell(call(1, "A1")).await;
    assert_eq!(restored.drain().await, [1]);
}

#[tokio::test]
async fn a_new_epoch_ends_what_was_being_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = bench(settings(), dir.path(), "e1");
    bench.tell(call(50, "A1")).await;
    bench.tell(call(51, "A2")).await;
    let (_, mut turn) = bench.begins().await;
    bench.tell(Input::Epoch("e2".to_owned())).await;
    bench.tell(call(3, "A3")).await;
    turn.end.closed().await;
    assert_eq!(bench.drain().await, [3]);
    let kept = super::cursor_file::CursorFile::in_dir(dir.path()).load("e2");
    assert_eq!(kept, Cursor { seen: 3, open: vec![] });
}

#[tokio::test]
async fn a_lost_device_keeps_the_call_until_it_is_back_or_the_call_is_old() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = bench(settings(), dir.path(), "e1");
    let unplug = |bench: &Bench, turn: Turn| {
        bench.speaker.send(SpeakerState::NoDevice("unplugged".to_owned())).unwrap();
        turn.end.send(Err(OutputError::NoDevice("unplugged".to_owned()))).unwrap();
    };
    bench.tell(call(1, "A1")).await;
    let (_, turn) = bench.begins().await;
    unplug(&bench, turn);
    bench.until(|status| !status.speaker.can_speak() && status.waiting == 1).await;
    bench.speaker.send(SpeakerState::Idle).unwrap();
    let (rev, turn) = bench.begins().await;
    assert_eq!(rev, 1);
    unplug(&bench, turn);
    bench.until(|status| status.waiting == 1).await;
    bench.clock.send(noon() + Duration::seconds(91)).unwrap();
    let status = bench.until(|status| status.waiting == 0).await;
    assert_eq!((status.heard, status.dropped), (0, 1));
}

#[tokio::test]
async fn without_a_loudspeaker_nothing_piles_up() {
    let dir = tempfile::tempdir().unwrap();
    let (_clock, time) = watch::channel(noon());
    let announcer = Announcer::new(parts(settings(), NoSpeaker::new("test"), time), dir.path(), "e1");
    let mut status = announcer.status();
    let (inputs, inbox) = mpsc::channel(INPUTS_MAX);
    let task = tokio::spawn(announcer.run(inbox));
    inputs.send(call(1, "A1")).await.unwrap();
    let seen = status.wait_for(|status| status.dropped == 1).await.unwrap().clone();
    assert_eq!((seen.speaker, seen.waiting), (SpeakerState::Off("test".to_owned()), 0));
    drop(inputs);
    task.await.unwrap();
    assert_eq!(super::cursor_file::CursorFile::in_dir(dir.path()).load("e1"), Cursor { seen: 1, open: vec![] });
}

#[tokio::test]
async fn silent_hours_are_silent_but_for_emergencies() {
    let dir = tempfile::tempdir().unwrap();
    let all_day = QuietHours { from: noon().time(), to: (noon() + Duration::hours(1)).time() };
    let settings = VoiceSettings { quiet_hours: vec![all_day], quiet_volume_percent: 0, ..settings() };
    let bench = bench(settings, dir.path(), "e1");
    for input in [call(1, "A1"), alarm(2, Alarm::Over), call(3, "A2")] {
        bench.tell(input).await;
    }
    assert_eq!(bench.drain().await, [2]);
}

#[tokio::test]
async fn what_cannot_be_said_does_not_hold_up_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let bench = bench(settings(), dir.path(), "e1");
    bench.tell(call(1, "")).await;
    bench.tell(call(2, "A2")).await;
    assert_eq!(bench.drain().await, [2]);
}
