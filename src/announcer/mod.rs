//! Says the call aloud: event to phrase, phrase to clips, clips to one playlist, playlist to the loudspeaker.

pub mod clips;
pub mod pack;
pub mod pcm;
pub mod phrase;
pub mod reading;
pub mod render;
pub mod settings;
