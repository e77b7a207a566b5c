//! Says the call aloud: event to phrase, phrase to clips, clips to one playlist, playlist to the loudspeaker.
//!
//! What happened in the hall arrives as [`Input`]s in the order of the journal. [`Playlist`] decides what is said next,
//! [`Studio`] makes its sound, an [`Output`] plays it, and the place in the journal is kept in a file.
//! Boards get the same sound from [`Studio::wav`] without any loudspeaker here.

pub mod phrase;
pub mod reading;

pub mod clips;
pub mod command;
pub mod pack;
pub mod pcm;
pub mod render;
pub mod studio;

pub mod boards;
pub mod cursor_file;
pub mod listen;
pub mod playlist;

pub mod output;
pub mod run;
#[cfg(feature = "audio")]
pub mod speaker;

pub use boards::BoardSounds;
pub use listen::{News, What, announcement_for, follow};
pub use output::{Loudspeaker, NoSpeaker, Output, SpeakerState};
pub use phrase::{Alarm, Announcement, Kind, PhraseBook};
pub use playlist::{Cursor, Playlist};
pub use render::{Voice, VoiceError, render_wav};
pub use run::{Announcer, INPUTS_MAX, Input, Parts, Saying, VoiceStatus};
pub use studio::Studio;

pub use crate::settings::voice::{Language, VoiceSettings};

#[cfg(all(test, feature = "audio"))]
mod capture_tests;
#[cfg(test)]
mod playlist_laws;
#[cfg(test)]
mod run_tests;
