//! Ears at a loudspeaker: ALSA's file device writes into a pipe, and what comes out of it is compared with what should be said.

use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use warmhall::announcer::{Announcement, Kind, Voice, VoiceSettings, render_wav};
use warmhall::domain::text::Language;

/// Silence after each announcement, milliseconds.
pub const GAP_MS: u32 = 900;
/// The device's rate, hertz.
const RATE_HZ: usize = 48_000;
/// Slices in which loudness is compared, milliseconds.
const SLICE_MS: usize = 20;
/// Bytes of one frame: two channels of 32-bit floats.
const FRAME_BYTES: usize = 8;
/// How much faster than life the device plays.
const HASTE: u32 = 12;
/// Silence that is remembered in one stretch, slices; a device that idles writes silence for ever.
const SILENCE_SLICES_MAX: usize = 200;
/// A slice quieter than this is silence.
const SILENT: f32 = 0.001;

/// What the hall's settings say about the voice in these tests.
pub fn settings() -> VoiceSettings {
    let whole_day = 3_600;
    VoiceSettings { gap_ms: GAP_MS, volume_percent: 100, age_s_max: whole_day, ..VoiceSettings::default() }
}

/// One thing that should be heard.
pub struct Spoken(Announcement);

impl Spoken {
    pub fn new(kind: Kind, number: &str, counter: Option<&str>, languages: &[Language]) -> Self {
        let (number, counter) = (Some(number.to_owned()), counter.map(str::to_owned));
        Self(Announcement { rev: 1, at: chrono::DateTime::UNIX_EPOCH, kind, number, counter, languages: languages.to_vec() })
    }

    pub fn wav(&self) -> Vec<u8> {
        render_wav(&Voice::load(&settings()).unwrap(), &self.0).unwrap()
    }

    fn loudness(&self, voice: &Voice) -> Vec<f32> {
        let sound = voice.render(&self.0).unwrap();
        let samples: Vec<f32> = sound.samples().iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
        let slice = usize::try_from(sound.rate_hz()).unwrap() * SLICE_MS / 1000;
        samples.chunks(slice).map(loudness).collect()
    }
}

fn loudness(samples: &[f32]) -> f32 {
    let length = f32::from(u16::try_from(samples.len()).unwrap());
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / length).sqrt()
}

/// What came out of one process's loudspeaker.
pub struct Ears {
    dir: TempDir,
    /// Loudness of each slice; long silences are cut short.
    heard: Arc<Mutex<Vec<f32>>>,
}

impl Ears {
    /// At a sound card of one process; use them for one process only.
    pub fn new() -> Self {
        let ears = Self { dir: tempfile::tempdir().unwrap(), heard: Arc::default() };
        let pipe = ears.dir.path().join("played");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        ears.write_config(&format!(
            "pcm.nothing {{ type null }}\npcm.!default {{ type file\n slave.pcm nothing\n file \"{}\"\n format raw }}\n",
            pipe.display()
        ));
        let heard = Arc::clone(&ears.heard);
        std::thread::spawn(move || listen(&pipe, &heard));
        ears
    }

    /// A machine without a sound card.
    pub fn without_a_device() -> Self {
        let ears = Self { dir: tempfile::tempdir().unwrap(), heard: Arc::default() };
        ears.write_config("");
        ears
    }

    fn write_config(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    /// What `ALSA_CONFIG_PATH` is set to.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("asound.conf")
    }

    /// Waits until something is heard.
    pub fn hear_something(&self) {
        crate::hall::until("a sound", || self.heard.lock().unwrap().iter().any(|slice| *slice >= SILENT).then_some(()));
    }

    /// Waits for silence, and holds what was heard against what should have been: each whole, once, in order, with its gap after it.
    pub fn heard_exactly(&self, expected: &[Spoken]) {
        crate::hall::until("silence", || {
            let heard = self.heard.lock().unwrap();
            let quiet = heard.iter().rev().take_while(|slice| **slice < SILENT).count();
            (quiet * SLICE_MS >= usize::try_from(GAP_MS).unwrap()).then_some(())
        });
        let heard = self.heard.lock().unwrap().clone();
        let voice = Voice::load(&settings()).unwrap();
        let (mut last_end, mut loud) = (0, 0);
        for (index, spoken) in expected.iter().enumerate() {
            let sound = spoken.loudness(&voice);
            let (begin, likeness) = find(&sound, &heard);
            assert!(likeness > 0.97, "{index} was not heard whole: {likeness}");
            assert!(begin >= last_end, "{index} was heard before the one before it had ended: {begin} < {last_end}");
            if index > 0 {
                let between = &heard[last_end + 1..begin - 1];
                assert!(between.iter().all(|slice| *slice < SILENT), "there is no silence before {index}");
                let least = usize::try_from(GAP_MS).unwrap() / SLICE_MS - 2;
                assert!(between.len() >= least, "only {} slices of silence before {index}", between.len());
            }
            last_end = begin + sound.len();
            loud += sound.iter().filter(|slice| **slice > 0.01).count();
        }
        let loud_heard = heard.iter().filter(|slice| **slice > 0.01).count();
        let slack = 12 * expected.len();
        assert!(loud_heard.abs_diff(loud) <= slack, "something else was heard: {loud_heard} loud slices, not {loud}");
    }
}

/// Takes what the device writes, at its pace.
fn listen(pipe: &Path, heard: &Mutex<Vec<f32>>) {
    // Held open for reading and writing, so that the device may close and open it as it likes.
    let mut pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
    let mut bytes = vec![0_u8; RATE_HZ * SLICE_MS / 1000 * FRAME_BYTES];
    let pace = Duration::from_millis(u64::try_from(SLICE_MS).unwrap()) / HASTE;
    while pipe.read_exact(&mut bytes).is_ok() {
        let left: Vec<f32> = bytes.chunks_exact(FRAME_BYTES).map(|frame| f32::from_le_bytes(frame[..4].try_into().unwrap())).collect();
        let slice = loudness(&left);
        let mut heard = heard.lock().unwrap();
        let silent = heard.iter().rev().take(SILENCE_SLICES_MAX).take_while(|slice| **slice < SILENT).count();
        if slice >= SILENT || silent < SILENCE_SLICES_MAX {
            heard.push(slice);
        }
        drop(heard);
        std::thread::sleep(pace);
    }
}

/// How alike two stretches of loudness are; 1 is the same.
fn alike(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt().max(1e-9)
}

/// Where a sound is in what was heard, and how alike it is there.
fn find(sound: &[f32], heard: &[f32]) -> (usize, f32) {
    let windows = heard.windows(sound.len()).map(|window| alike(sound, window)).enumerate();
    windows.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}
