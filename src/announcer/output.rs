//! What the announcer needs from a loudspeaker, what a loudspeaker tells about itself, and having none.

use std::future::Future;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::pcm::Pcm;
use crate::settings::voice::{Language, VoiceSettings};

/// How the loudspeaker is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum SpeakerState {
    /// Sound is coming out.
    Playing,
    /// It works and is quiet.
    Idle,
    /// No sound device, or it stopped working; it is tried again from time to time.
    NoDevice(String),
    /// This machine is not meant to speak, or was built without sound.
    Off(String),
}

impl SpeakerState {
    /// Whether sound can come out now.
    #[must_use]
    pub const fn can_speak(&self) -> bool {
        match self {
            Self::Playing | Self::Idle => true,
            Self::NoDevice(_) | Self::Off(_) => false,
        }
    }

    /// A line for the lead's screen.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        match (self, language) {
            (Self::Playing, Language::Zh) => "正在播报".to_owned(),
            (Self::Playing, Language::En) => "Speaking".to_owned(),
            (Self::Idle, Language::Zh) => "语音正常".to_owned(),
            (Self::Idle, Language::En) => "Voice ready".to_owned(),
            (Self::NoDevice(reason), Language::Zh) => format!("语音不可用：没有可用的声音设备（{reason}）"),
            (Self::NoDevice(reason), Language::En) => format!("Voice unavailable: no usable sound device ({reason})"),
            (Self::Off(reason), Language::Zh) => format!("本机不播报（{reason}）"),
            (Self::Off(reason), Language::En) => format!("This machine does not speak ({reason})"),
        }
    }
}

/// One sound to be played to its end.
#[derive(Debug, Clone)]
pub struct Sound {
    /// The sound.
    pub pcm: Arc<Pcm>,
    /// Silence that belongs to it, played after it, milliseconds.
    pub gap_ms: u32,
    /// Loudness, percent of the recording's.
    pub volume_percent: u8,
}

/// Why a sound was not heard to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// There is no working device; the state says more.
    #[error("没有声音设备 / no sound device: {0}")]
    NoDevice(String),
    /// This output never speaks.
    #[error("语音已关闭 / voice is off: {0}")]
    Off(String),
    /// Too many sounds were handed over at once.
    #[error("音箱忙 / loudspeaker busy")]
    Busy,
}

/// A place where sound comes out, one sound at a time.
pub trait Output: Send + Sync {
    /// Plays a sound and its gap to the end. Dropping the future stops the sound.
    fn play(&self, sound: Sound) -> impl Future<Output = Result<(), OutputError>> + Send;

    /// How it is, now and later.
    fn state(&self) -> watch::Receiver<SpeakerState>;
}

/// No loudspeaker: everything is dropped, and the state says why.
#[derive(Debug)]
pub struct NoSpeaker {
    reason: String,
    state: watch::Sender<SpeakerState>,
}

impl NoSpeaker {
    /// Silence for a reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let state = watch::Sender::new(SpeakerState::Off(reason.clone()));
        Self { reason, state }
    }
}

impl Output for NoSpeaker {
    async fn play(&self, _sound: Sound) -> Result<(), OutputError> {
        Err(OutputError::Off(self.reason.clone()))
    }

    fn state(&self) -> watch::Receiver<SpeakerState> {
        self.state.subscribe()
    }
}

/// The loudspeaker of this machine, or none.
#[derive(Debug)]
pub enum Loudspeaker {
    /// The sound device.
    #[cfg(feature = "audio")]
    Device(super::speaker::Speaker),
    /// No sound here.
    None(NoSpeaker),
}

impl Loudspeaker {
    /// What the settings ask for and this build can do. Never fails: a machine without sound serves all the same.
    #[must_use]
    pub fn open(settings: &VoiceSettings) -> Self {
        if !settings.enabled {
            return Self::None(NoSpeaker::new("voice.enabled = false"));
        }
        Self::open_device(settings)
    }

    #[cfg(feature = "audio")]
    fn open_device(settings: &VoiceSettings) -> Self {
        match super::speaker::Speaker::start(&settings.device) {
            Ok(speaker) => Self::Device(speaker),
            Err(error) => Self::None(NoSpeaker::new(error.to_string())),
        }
    }

    #[cfg(not(feature = "audio"))]
    fn open_device(_settings: &VoiceSettings) -> Self {
        Self::None(NoSpeaker::new("built without audio"))
    }
}

impl Output for Loudspeaker {
    async fn play(&self, sound: Sound) -> Result<(), OutputError> {
        match self {
            #[cfg(feature = "audio")]
            Self::Device(speaker) => speaker.play(sound).await,
            Self::None(none) => none.play(sound).await,
        }
    }

    fn state(&self) -> watch::Receiver<SpeakerState> {
        match self {
            #[cfg(feature = "audio")]
            Self::Device(speaker) => speaker.state(),
            Self::None(none) => none.state(),
        }
    }
}
