//! What the loudspeaker really played: a child process plays through rodio into ALSA's file device, the parent listens to the file.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::output::{Loudspeaker, Output, SpeakerState};
use super::pcm::Pcm;
use super::phrase::{Announcement, Kind};
use super::run::{Announcer, INPUTS_MAX, Input, Parts};
use super::{Studio, Voice};
use crate::settings::voice::{Language, VoiceSettings};

const CHILD: &str = "announcer::capture_tests::child_that_plays";
const DIR: &str = "WARMHALL_TEST_CAPTURE_DIR";
const GAP_MS: u32 = 900;
/// Slices in which loudness is compared, milliseconds.
const SLICE_MS: usize = 20;

fn settings() -> VoiceSettings {
    VoiceSettings {
        repeats: 2,
        languages: vec![Language::Zh, Language::En],
        gap_ms: GAP_MS,
        volume_percent: 100,
        ..VoiceSettings::default()
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn announcements() -> Vec<Announcement> {
    let about = |rev, kind, number: &str, counter: &str| Announcement {
        rev,
        at: noon(),
        kind,
        number: Some(number.to_owned()),
        counter: Some(counter.to_owned()),
        languages: Vec::new(),
    };
    vec![
        about(1, Kind::Call { calls: 1 }, "A003", "2"),
        about(2, Kind::Missed, "B117", ""),
        about(3, Kind::Call { calls: 1 }, "Z999", "12"),
    ]
}

/// A sound system of one device, which writes what it is given to a file and has no clock.
fn sound_system(dir: &Path, present: bool) -> PathBuf {
    let device = format!(
        "pcm.nothing {{ type null }}\npcm.!default {{ type file\n slave.pcm nothing\n file \"{}\"\n format raw\n truncate false }}\n",
        dir.join("played.raw").display()
    );
    let path = dir.join("asound.conf");
    std::fs::write(&path, if present { device } else { String::new() }).unwrap();
    path
}

fn run_child(dir: &Path, present: bool) {
    let outcome = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture"])
        .env("ALSA_CONFIG_PATH", sound_system(dir, present))
        .env(DIR, dir)
        .output()
        .unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent test tells its child what to do")]
async fn child_that_plays() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let settings = settings();
    let studio = Arc::new(Studio::new(Voice::load(&settings).unwrap(), &settings, None));
    let output = Loudspeaker::open(&settings);
    let mut speaker = output.state();
    let parts = Parts { settings, zone: chrono_tz::UTC, studio, output, now: Arc::new(noon) };
    let announcer = Announcer::new(parts, &dir, "e1");
    let status = announcer.status();
    let (inputs, inbox) = mpsc::channel(INPUTS_MAX);
    for announcement in announcements() {
        inputs.try_send(Input::Announce(announcement)).unwrap();
    }
    let task = tokio::spawn(announcer.run(inbox));
    drop(inputs);
    task.await.unwrap();
    let told = status.borrow().clone();
    if told.heard == 0 {
        speaker.wait_for(|state| matches!(state, SpeakerState::NoDevice(_))).await.unwrap();
    }
    std::fs::write(dir.join("status.json"), serde_json::to_vec(&told).unwrap()).unwrap();
}

fn status(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dir.join("status.json")).unwrap()).unwrap()
}

/// The longest file the device wrote (trying a device out leaves short ones), as frames of its left channel.
fn played(dir: &Path) -> Vec<f32> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let raws = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("played.raw"));
    let longest = raws.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let bytes = std::fs::read(longest).unwrap();
    let samples = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap()));
    samples.step_by(2).collect()
}

/// Loudness of each slice.
fn envelope(samples: impl Iterator<Item = f32>, rate_hz: usize) -> Vec<f32> {
    let samples: Vec<f32> = samples.collect();
    let slice = rate_hz * SLICE_MS / 1000;
    let length = f32::from(u16::try_from(slice).unwrap());
    samples.chunks(slice).map(|slice| (slice.iter().map(|sample| sample * sample).sum::<f32>() / length).sqrt()).collect()
}

fn envelope_of(sound: &Pcm) -> Vec<f32> {
    let rate = usize::try_from(sound.rate_hz()).unwrap();
    envelope(sound.samples().iter().map(|sample| f32::from(*sample) / 32_768.0), rate)
}

/// How alike two stretches of loudness are; 1 is the same.
fn alike(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt().max(1e-9)
}

/// Where a sound is in what was played, and how alike it is there.
fn find(sound: &[f32], played: &[f32]) -> (usize, f32) {
    let windows = played.windows(sound.len()).map(|window| alike(sound, window)).enumerate();
    windows.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn the_device_plays_each_announcement_whole_in_order_with_silence_between() {
    let dir = tempfile::tempdir().unwrap();
    run_child(dir.path(), true);
    assert_eq!(status(dir.path())["heard"], 3);
    let rate_hz = 48_000;
    let samples = played(dir.path());
    assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
    let heard = envelope(samples.into_iter(), rate_hz);

    let voice = Voice::load(&settings()).unwrap();
    let (mut last_end, mut loud_slices) = (None, 0);
    for announcement in announcements() {
        let sound = envelope_of(&voice.render(&announcement).unwrap());
        let (begin, likeness) = find(&sound, &heard);
        assert!(likeness > 0.97, "rev {}: {likeness}", announcement.rev);
        let end = begin + sound.len();
        if let Some(last_end) = last_end {
            assert!(begin > last_end, "rev {} begins before the last one ended", announcement.rev);
            let between: &[f32] = &heard[last_end + 1..begin - 1];
            assert!(between.iter().all(|slice| *slice < 0.001), "silence between");
            let least = usize::try_from(GAP_MS).unwrap() / SLICE_MS - 2;
            assert!(between.len() >= least, "{} slices of silence", between.len());
        }
        last_end = Some(end);
        loud_slices += sound.iter().filter(|slice| **slice > 0.01).count();
    }
    let loud_heard = heard.iter().filter(|slice| **slice > 0.01).count();
    assert!(loud_heard.abs_diff(loud_slices) <= 12 * 3, "nothing else was played: {loud_heard} of {loud_slices}");
}

#[test]
fn without_a_sound_card_the_voice_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    run_child(dir.path(), false);
    let status = status(dir.path());
    assert_eq!((&status["heard"], &status["cursor_kept"]), (&0.into(), &true.into()));
    let kept = super::cursor_file::CursorFile::in_dir(dir.path()).load("e1");
    assert_eq!((kept.resume_after(), kept.open), (0, vec![1, 2, 3]));
}
