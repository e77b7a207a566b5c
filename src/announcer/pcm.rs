//! Sound in memory: mono 16-bit samples, joined, trimmed, levelled, resampled, and carried in and out of WAV.

use std::f64::consts::PI;
use std::io::Cursor;

/// Lowest and highest sample rate taken, hertz.
pub const RATE_HZ_MIN: u32 = 8_000;
/// See [`RATE_HZ_MIN`].
pub const RATE_HZ_MAX: u32 = 48_000;
/// Channels of a WAV that is taken, at most; they are mixed into one.
pub const CHANNELS_MAX: u16 = 8;
/// Loudest sample after levelling: −3 dB.
pub const LEVEL_PEAK: u16 = 23_197;
/// Quieter than this at either end of a recording is silence: −46 dB.
const SILENCE_PEAK: u16 = 164;
/// Silence left at either end of a trimmed recording, milliseconds.
const TRIM_MARGIN_MS: u32 = 15;
/// Length of the ramp at either end of a trimmed recording, so that joins do not click, milliseconds.
const RAMP_MS: u32 = 6;
/// Zero crossings of the resampling kernel on each side.
const KERNEL_CROSSINGS: f64 = 10.0;

/// Mono 16-bit sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pcm {
    rate_hz: u32,
    samples: Vec<i16>,
}

/// Why a WAV is not taken.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Not a WAV, or one of a kind that is not read.
    #[error("不是可用的 WAV / not a usable WAV: {0}")]
    Format(#[from] hound::Error),
    /// Sample rate out of bounds.
    #[error("采样率 / sample rate {0} Hz: {RATE_HZ_MIN}–{RATE_HZ_MAX}")]
    Rate(u32),
    /// Too many channels.
    #[error("声道 / channels {0}: 1–{CHANNELS_MAX}")]
    Channels(u16),
    /// Longer than the caller takes.
    #[error("过长 / longer than {0} s")]
    TooLong(u32),
}

impl Pcm {
    /// No sound yet, at a rate in hertz.
    #[must_use]
    pub const fn empty(rate_hz: u32) -> Self {
        Self { rate_hz, samples: Vec::new() }
    }

    /// Sound from its samples.
    #[must_use]
    pub const fn new(rate_hz: u32, samples: Vec<i16>) -> Self {
        Self { rate_hz, samples }
    }

    /// Samples per second.
    #[must_use]
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The samples, in order.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Length in milliseconds, rounded down.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        let samples = u64::try_from(self.samples.len()).unwrap_or(u64::MAX);
        samples.saturating_mul(1000) / u64::from(self.rate_hz.max(1))
    }

    /// The loudest sample, without its sign.
    #[must_use]
    pub fn peak(&self) -> u16 {
        self.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
    }

    /// Adds silence at the end, milliseconds.
    pub fn rest(&mut self, length_ms: u32) {
        let added = samples_of(self.rate_hz, length_ms);
        self.samples.resize(self.samples.len().saturating_add(added), 0);
    }

    /// Adds other sound of the same rate at the end; sound of another rate is resampled first.
    pub fn join(&mut self, other: &Self) {
        if other.rate_hz == self.rate_hz {
            self.samples.extend_from_slice(&other.samples);
        } else {
            self.samples.extend_from_slice(&other.resampled(self.rate_hz).samples);
        }
    }

    /// Without the silence at its ends, and with a short ramp there.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let loud = |sample: &i16| sample.unsigned_abs() > SILENCE_PEAK;
        let (Some(first), Some(last)) = (self.samples.iter().position(loud), self.samples.iter().rposition(loud)) else {
            return Self::empty(self.rate_hz);
        };
        let margin = samples_of(self.rate_hz, TRIM_MARGIN_MS);
        let (from, to) = (first.saturating_sub(margin), last.saturating_add(margin));
        let kept = to.saturating_sub(from).saturating_add(1);
        let mut samples: Vec<i16> = self.samples.iter().skip(from).take(kept).copied().collect();
        let ramp = samples_of(self.rate_hz, RAMP_MS).max(1);
        let steps = f64_of(ramp);
        for (step, sample) in samples.iter_mut().take(ramp).enumerate() {
            *sample = sample_of(f64::from(*sample) * f64_of(step) / steps);
        }
        for (step, sample) in samples.iter_mut().rev().take(ramp).enumerate() {
            *sample = sample_of(f64::from(*sample) * f64_of(step) / steps);
        }
        Self::new(self.rate_hz, samples)
    }

    /// As loud as every other recording: its peak at [`LEVEL_PEAK`].
    #[must_use]
    pub fn levelled(&self) -> Self {
        let peak = self.peak();
        if peak == 0 {
            return self.clone();
        }
        let gain = f64::from(LEVEL_PEAK) / f64::from(peak);
        let samples = self.samples.iter().map(|sample| sample_of(f64::from(*sample) * gain)).collect();
        Self::new(self.rate_hz, samples)
    }

    /// The same sound at another rate (windowed sinc, so nothing folds back).
    #[must_use]
    pub fn resampled(&self, rate_hz: u32) -> Self {
        if rate_hz == self.rate_hz || self.samples.is_empty() {
            return Self::new(rate_hz, self.samples.clone());
        }
        let shared = gcd(self.rate_hz, rate_hz);
        let (from, to) = (u64::from(self.rate_hz / shared), u64::from(rate_hz / shared));
        let cutoff = (f64::from(rate_hz) / f64::from(self.rate_hz)).min(1.0) * 0.95;
        let reach = KERNEL_CROSSINGS / cutoff;
        let side = index_of(reach.ceil());
        let phases: Vec<Vec<f64>> =
            (0..rate_hz / shared).map(|phase| kernel(f64::from(phase) / f64::from(rate_hz / shared), side, cutoff, reach)).collect();
        let mut padded = vec![0.0; side];
        padded.extend(self.samples.iter().map(|sample| f64::from(*sample)));
        padded.resize(padded.len().saturating_add(side).saturating_add(1), 0.0);
        let frames = u64::try_from(self.samples.len()).unwrap_or(0) * to / from;
        let samples = (0..frames).map(|frame| {
            let base = usize::try_from(frame * from / to).unwrap_or(usize::MAX);
            let phase = usize::try_from(frame * from % to).ok().and_then(|phase| phases.get(phase));
            let (Some(weights), Some(near)) = (phase, padded.get(base..)) else { return 0 };
            sample_of(near.iter().zip(weights).map(|(sample, weight)| sample * weight).sum())
        });
        Self::new(rate_hz, samples.collect())
    }

    /// Reads a WAV of 8 to 32 bits or floats, up to `seconds_max` long, mixing its channels into one.
    ///
    /// # Errors
    /// Not a WAV, or beyond the bounds.
    pub fn from_wav(bytes: &[u8], seconds_max: u32) -> Result<Self, WavError> {
        let mended = with_true_length(bytes);
        let mut reader = hound::WavReader::new(Cursor::new(mended))?;
        let spec = reader.spec();
        if !(RATE_HZ_MIN..=RATE_HZ_MAX).contains(&spec.sample_rate) {
            return Err(WavError::Rate(spec.sample_rate));
        }
        if spec.channels == 0 || spec.channels > CHANNELS_MAX {
            return Err(WavError::Channels(spec.channels));
        }
        if reader.duration() > spec.sample_rate.saturating_mul(seconds_max) {
            return Err(WavError::TooLong(seconds_max));
        }
        let values: Vec<f64> = match spec.sample_format {
            hound::SampleFormat::Float => {
                let values = reader.samples::<f32>().map(|value| value.map(|value| f64::from(value) * 32_768.0));
                values.collect::<Result<_, _>>()?
            }
            hound::SampleFormat::Int => {
                let scale = 32_768.0 / (2.0_f64).powi(i32::from(spec.bits_per_sample) - 1);
                let values = reader.samples::<i32>().map(|value| value.map(|value| f64::from(value) * scale));
                values.collect::<Result<_, _>>()?
            }
        };
        let channels = usize::from(spec.channels);
        let mixed = values.chunks_exact(channels).map(|frame| sample_of(frame.iter().sum::<f64>() / f64::from(spec.channels)));
        Ok(Self::new(spec.sample_rate, mixed.collect()))
    }

    /// Writes a 16-bit mono WAV.
    ///
    /// # Errors
    /// More sound than a WAV can hold.
    pub fn to_wav(&self) -> Result<Vec<u8>, WavError> {
        let spec = hound::WavSpec { channels: 1, sample_rate: self.rate_hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::with_capacity(self.samples.len().saturating_mul(2).saturating_add(44)));
        let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
        for sample in &self.samples {
            writer.write_sample(*sample)?;
        }
        writer.finalize()?;
        Ok(bytes.into_inner())
    }

    /// A struck tone: `hertz`, fading over `length_ms`, at `level` of full scale.
    #[must_use]
    pub fn tone(rate_hz: u32, hertz: f64, length_ms: u32, level: f64) -> Self {
        let rate = f64::from(rate_hz);
        let length = f64::from(length_ms) / 1000.0;
        let samples = (0..samples_of(rate_hz, length_ms)).map(|index| {
            let time = f64_of(index) / rate;
            let attack = (time / 0.004).min(1.0);
            let release = ((length - time) / 0.03).clamp(0.0, 1.0);
            let body = (2.0 * PI * hertz * time).sin() + 0.25 * (4.0 * PI * hertz * time).sin();
            sample_of(body * level * 26_000.0 * attack * release * (-3.5 * time / length).exp())
        });
        Self::new(rate_hz, samples.collect())
    }
}

/// Programs that write to a pipe leave a length in the header that was a guess; hound believes it, so it is corrected.
fn with_true_length(bytes: &[u8]) -> Vec<u8> {
    const RIFF_HEAD_BYTES: usize = 12;
    const CHUNK_HEAD_BYTES: usize = 8;
    let mut mended = bytes.to_vec();
    let mut at = RIFF_HEAD_BYTES;
    let mut frame_bytes: usize = 2;
    while let Some((kind, declared)) = chunk_head(&mended, at) {
        let body = at.saturating_add(CHUNK_HEAD_BYTES);
        let present = mended.len().saturating_sub(body);
        if &kind == b"fmt " {
            let align = mended.get(body.saturating_add(12)).copied().map_or(2, usize::from);
            frame_bytes = align.max(1);
        }
        if &kind == b"data" {
            if declared > present {
                let whole = u32::try_from(present / frame_bytes * frame_bytes).unwrap_or(0);
                if let Some(length) = mended.get_mut(at.saturating_add(4)..body) {
                    length.copy_from_slice(&whole.to_le_bytes());
                }
            }
            break;
        }
        at = body.saturating_add(declared).saturating_add(declared % 2);
    }
    mended
}

fn chunk_head(bytes: &[u8], at: usize) -> Option<([u8; 4], usize)> {
    let kind: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    let length: [u8; 4] = bytes.get(at.checked_add(4)?..at.checked_add(8)?)?.try_into().ok()?;
    Some((kind, usize::try_from(u32::from_le_bytes(length)).ok()?))
}

/// Samples in a stretch of time.
#[must_use]
pub fn samples_of(rate_hz: u32, length_ms: u32) -> usize {
    usize::try_from(u64::from(rate_hz) * u64::from(length_ms) / 1000).unwrap_or(usize::MAX)
}

/// Weights of the samples from `side` before a point to `side` after it, for a point `offset` of a sample further on.
fn kernel(offset: f64, side: usize, cutoff: f64, reach: f64) -> Vec<f64> {
    let weight = |index: usize| {
        let distance = f64_of(index) - f64_of(side) - offset;
        if distance.abs() >= reach {
            return 0.0;
        }
        let window = 0.5 + 0.5 * (PI * distance / reach).cos();
        let angle = PI * distance * cutoff;
        let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
        sinc * cutoff * window
    };
    (0..=side.saturating_mul(2)).map(weight).collect()
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one.max(1) } else { gcd(other, one % other) }
}

/// Rounds to a sample; what is too loud is clipped.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "clamped to the range of a sample; no TryFrom exists for floats"
)]
fn sample_of(value: f64) -> i16 {
    value.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
}

/// A position as a number; exact up to 2^32 samples, which is a day of sound.
fn f64_of(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX))
}

/// A position back from a number; below zero is zero.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range first; no TryFrom exists for floats"
)]
fn index_of(value: f64) -> usize {
    usize::try_from(value.clamp(0.0, f64::from(u32::MAX)) as u32).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The strength of one frequency in a sound (Goertzel), relative to [`sine`].
    fn strength(sound: &Pcm, hertz: f64) -> f64 {
        let step = 2.0 * PI * hertz / f64::from(sound.rate_hz());
        let (mut re, mut im) = (0.0, 0.0);
        for (index, sample) in sound.samples().iter().enumerate() {
            re += f64::from(*sample) * (step * f64_of(index)).cos();
            im += f64::from(*sample) * (step * f64_of(index)).sin();
        }
        (re * re + im * im).sqrt() / f64_of(sound.samples().len()) / 8_000.0
    }

    fn sine(rate_hz: u32, hertz: f64, length_ms: u32) -> Pcm {
        let sample = |index| sample_of((2.0 * PI * hertz * f64_of(index) / f64::from(rate_hz)).sin() * 16_000.0);
        Pcm::new(rate_hz, (0..samples_of(rate_hz, length_ms)).map(sample).collect())
    }

    #[test]
    fn resampling_keeps_length_and_pitch_and_folds_nothing_back() {
        for (from, to) in [(22_050, 16_000), (16_000, 22_050), (44_100, 16_000), (16_000, 48_000)] {
            let low = sine(from, 1_000.0, 400).resampled(to);
            assert!(low.length_ms().abs_diff(400) <= 1, "{from}→{to}: {} ms", low.length_ms());
            assert!(strength(&low, 1_000.0) > 0.9, "{from}→{to}");
        }
        let high = sine(44_100, 12_000.0, 400).resampled(16_000);
        let middle = Pcm::new(16_000, high.samples().iter().skip(400).take(5_600).copied().collect());
        assert!(middle.peak() < 100, "a tone above the new limit must vanish: {}", middle.peak());
    }

    #[test]
    fn trimming_leaves_the_sound_and_a_margin() {
        let mut sound = Pcm::empty(16_000);
        sound.rest(300);
        sound.join(&sine(16_000, 440.0, 200));
        sound.rest(500);
        let trimmed = sound.trimmed();
        assert!((200..=200 + 2 * u64::from(TRIM_MARGIN_MS) + 1).contains(&trimmed.length_ms()), "{}", trimmed.length_ms());
        assert_eq!(trimmed.samples().first(), Some(&0));
        assert!(Pcm::new(16_000, vec![3; 900]).trimmed().samples().is_empty());
    }

    #[test]
    fn levelling_brings_every_recording_to_the_same_peak() {
        assert_eq!(Pcm::new(8_000, vec![10, -200, 50]).levelled().peak(), LEVEL_PEAK);
        assert_eq!(Pcm::new(8_000, vec![i16::MIN, 5]).levelled().peak(), LEVEL_PEAK);
        assert_eq!(Pcm::new(8_000, vec![0, 0]).levelled().samples(), [0, 0]);
    }

    #[test]
    fn a_wav_from_a_pipe_has_a_wrong_length_and_is_read_all_the_same() {
        let sound = sine(22_050, 300.0, 100);
        for guess in [u32::MAX, 0x7fff_f000, 0x7fff_f001] {
            let mut wav = sound.to_wav().unwrap();
            wav[4..8].copy_from_slice(&guess.to_le_bytes());
            wav[40..44].copy_from_slice(&guess.to_le_bytes());
            assert_eq!(Pcm::from_wav(&wav, 1).unwrap(), sound);
            wav.pop();
            assert_eq!(Pcm::from_wav(&wav, 1).unwrap().samples().len(), sound.samples().len() - 1);
        }
    }

    #[test]
    fn stereo_floats_become_mono() {
        let spec = hound::WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 32, sample_format: hound::SampleFormat::Float };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for value in [0.5_f32, 0.0, -0.25, -0.25] {
            writer.write_sample(value).unwrap();
        }
        writer.finalize().unwrap();
        assert_eq!(Pcm::from_wav(&bytes.into_inner(), 1).unwrap().samples(), [8_192, -8_192]);
    }

    #[test]
    fn sounds_beyond_the_bounds_are_refused() {
        let long = Pcm::new(8_000, vec![0; 8_001]).to_wav().unwrap();
        assert!(matches!(Pcm::from_wav(&long, 1), Err(WavError::TooLong(1))));
        let slow = Pcm::new(4_000, vec![0; 10]).to_wav().unwrap();
        assert!(matches!(Pcm::from_wav(&slow, 1), Err(WavError::Rate(4_000))));
        assert!(matches!(Pcm::from_wav(b"RIFF....", 1), Err(WavError::Format(_))));
    }

    proptest! {
        #[test]
        fn wav_there_and_back_is_the_same(samples in prop::collection::vec(any::<i16>(), 0..400)) {
            let sound = Pcm::new(16_000, samples);
            prop_assert_eq!(Pcm::from_wav(&sound.to_wav().unwrap(), 1).unwrap(), sound);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), head in any::<bool>()) {
            if head {
                let mut wav = Pcm::new(16_000, vec![1; 8]).to_wav().unwrap();
                wav.splice(16.., bytes);
                bytes = wav;
            }
            let _ = Pcm::from_wav(&bytes, 1);
        }
    }
}
