//! The recordings: a pack compiled in, the hall's own folder over it word by word, all at one rate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::pcm::{Pcm, RATE_HZ_MAX, RATE_HZ_MIN, WavError};
use super::phrase::PhraseBook;
use crate::settings::voice::{LANGUAGES, Language, code};

/// The list of recordings in a pack's folder.
pub const MANIFEST: &str = "manifest.toml";
/// Largest manifest, bytes.
pub const MANIFEST_BYTES_MAX: u64 = 256 * 1024;
/// Recordings in one pack, at most.
pub const CLIPS_MAX: usize = 1_000;
/// Largest recording, bytes.
pub const CLIP_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest recording, seconds.
pub const CLIP_S_MAX: u32 = 20;

#[derive(RustEmbed)]
#[folder = "config/voice"]
struct Shipped;

/// A pack's list: which file says which word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Language of the pack.
    pub language: Language,
    /// Rate the pack is meant to be played at, hertz; each file tells its own.
    pub sample_rate_hz: u32,
    /// How it was made: a command, or whose voice it is.
    #[serde(default)]
    pub made_by: String,
    /// Word to file name.
    pub clips: BTreeMap<String, String>,
}

/// Why recordings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// The list cannot be read.
    #[error("录音清单有误 / clip list {origin}: {reason}")]
    Manifest {
        /// Where it came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read.
    #[error("读不到录音 / cannot read clip {path} ({word}): {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The word it says.
        word: String,
        /// What the disk said.
        reason: String,
    },
    /// A file is not a usable WAV.
    #[error("录音有误 / clip {path} ({word}): {source}")]
    Wav {
        /// The file.
        path: PathBuf,
        /// The word it says.
        word: String,
        /// What is wrong.
        source: WavError,
    },
    /// Words nobody recorded.
    #[error("{language:?} 缺少录音 / words without a clip: {}", .words.join(" | "))]
    Missing {
        /// The language.
        language: Language,
        /// The words.
        words: Vec<String>,
    },
}

/// The recordings of both languages, all at [`Clips::rate_hz`].
#[derive(Debug, Clone)]
pub struct Clips {
    rate_hz: u32,
    zh: BTreeMap<String, Clip>,
    en: BTreeMap<String, Clip>,
}

/// One recording.
#[derive(Debug, Clone)]
enum Clip {
    /// The hall's own, as it is played.
    Own(Arc<Pcm>),
    /// A compiled-in file, by its name in the pack: read when the word is said, so that a hall does not hold all of them in memory.
    Shipped(String),
}

impl Clip {
    fn at_rate(&self, rate_hz: u32) -> Option<Arc<Pcm>> {
        match self {
            Self::Own(pcm) => Some(Arc::clone(pcm)),
            Self::Shipped(name) => {
                let file = Shipped::get(name)?;
                Pcm::from_wav(&file.data, CLIP_S_MAX).ok().map(|pcm| Arc::new(pcm.resampled(rate_hz)))
            }
        }
    }
}

impl Clips {
    /// The shipped pack, with the hall's recordings over it. The rate is the highest of the lists.
    ///
    /// # Errors
    /// A list or recording that cannot be read; the message names it.
    pub fn load(own_dir: Option<&Path>) -> Result<Self, ClipError> {
        let mut packs = Vec::new();
        for language in LANGUAGES {
            packs.push(shipped(language)?);
            if let Some(pack) = own_dir.map(|dir| own(&dir.join(code(language)), language)).transpose()?.flatten() {
                packs.push(pack);
            }
        }
        let rate_hz = packs.iter().map(|pack| pack.rate_hz).max().unwrap_or(RATE_HZ_MIN);
        let mut clips = Self { rate_hz, zh: BTreeMap::new(), en: BTreeMap::new() };
        for pack in packs {
            let all = clips.of_mut(pack.language);
            all.extend(pack.clips.into_iter().map(|(word, clip)| (word, clip.resampled(rate_hz))));
        }
        Ok(clips)
    }

    /// Samples per second of every recording.
    #[must_use]
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The recording of a word.
    #[must_use]
    pub fn get(&self, language: Language, word: &str) -> Option<Arc<Pcm>> {
        self.of(language).get(word)?.at_rate(self.rate_hz)
    }

    const fn of(&self, language: Language) -> &BTreeMap<String, Clip> {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }

    const fn of_mut(&mut self, language: Language) -> &mut BTreeMap<String, Clip> {
        match language {
            Language::Zh => &mut self.zh,
            Language::En => &mut self.en,
        }
    }

    /// Whether every word the phrases need was recorded.
    ///
    /// # Errors
    /// [`ClipError::Missing`] with all the words of the first language that lacks any.
    pub fn check(&self, book: &PhraseBook) -> Result<(), ClipError> {
        for language in LANGUAGES {
            let needed: BTreeSet<String> = book.words_needed(language);
            let words: Vec<String> = needed.into_iter().filter(|word| !self.of(language).contains_key(word)).collect();
            if !words.is_empty() {
                return Err(ClipError::Missing { language, words });
            }
        }
        Ok(())
    }
}

struct Pack {
    language: Language,
    rate_hz: u32,
    clips: BTreeMap<String, Clip>,
}

impl Clip {
    /// Ready to be played at this rate.
    fn resampled(self, rate_hz: u32) -> Self {
        match self {
            Self::Own(pcm) => Self::Own(Arc::new(Arc::unwrap_or_clone(pcm).resampled(rate_hz))),
            Self::Shipped(name) => Self::Shipped(name),
        }
    }
}

fn shipped(language: Language) -> Result<Pack, ClipError> {
    let folder = code(language);
    let origin = format!("(compiled in)/{folder}/{MANIFEST}");
    let list = Shipped::get(&format!("{folder}/{MANIFEST}")).map(|file| file.data.into_owned());
    let text = list.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let manifest = manifest(&text, &origin, language)?;
    pack(manifest, |name, word| {
        let name = format!("{folder}/{name}");
        if Shipped::get(&name).is_some() {
            return Ok(Clip::Shipped(name));
        }
        Err(ClipError::Read { path: PathBuf::from(format!("(compiled in)/{name}")), word: word.to_owned(), reason: "?".to_owned() })
    })
}

/// The hall's own recordings of a language; none when there is no list.
fn own(folder: &Path, language: Language) -> Result<Option<Pack>, ClipError> {
    let path = folder.join(MANIFEST);
    if !path.exists() {
        return Ok(None);
    }
    let origin = path.display().to_string();
    let bytes = bounded(&path, MANIFEST_BYTES_MAX).map_err(|reason| ClipError::Manifest { origin: origin.clone(), reason })?;
    let text = String::from_utf8(bytes).map_err(|error| ClipError::Manifest { origin: origin.clone(), reason: error.to_string() })?;
    let manifest = manifest(&text, &origin, language)?;
    let own = pack(manifest, |name, word| {
        let path = folder.join(name);
        let bytes =
            bounded(&path, CLIP_BYTES_MAX).map_err(|reason| ClipError::Read { path: path.clone(), word: word.to_owned(), reason })?;
        // A staff recording has silence around it and any loudness; the shipped pack was cut when it was made.
        Ok(Clip::Own(Arc::new(read_clip(&bytes, path, word)?.trimmed().levelled())))
    })?;
    Ok(Some(own))
}

fn manifest(text: &str, origin: &str, language: Language) -> Result<Manifest, ClipError> {
    let refuse = |reason: String| ClipError::Manifest { origin: origin.to_owned(), reason };
    let manifest: Manifest = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
    if manifest.language != language {
        return Err(refuse(format!("language = {:?} ≠ {:?}", code(manifest.language), code(language))));
    }
    if !(RATE_HZ_MIN..=RATE_HZ_MAX).contains(&manifest.sample_rate_hz) {
        return Err(refuse(format!("sample_rate_hz: {RATE_HZ_MIN}–{RATE_HZ_MAX}")));
    }
    if manifest.clips.len() > CLIPS_MAX {
        return Err(refuse(format!("> {CLIPS_MAX}")));
    }
    if let Some(name) = manifest.clips.values().find(|name| !is_inside(name)) {
        return Err(refuse(format!("文件须在本文件夹内 / must lie in this folder: {name}")));
    }
    Ok(manifest)
}

fn is_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn pack(manifest: Manifest, read: impl Fn(&str, &str) -> Result<Clip, ClipError>) -> Result<Pack, ClipError> {
    let mut clips = BTreeMap::new();
    for (word, name) in manifest.clips {
        let clip = read(&name, &word)?;
        clips.insert(word, clip);
    }
    Ok(Pack { language: manifest.language, rate_hz: manifest.sample_rate_hz, clips })
}

fn read_clip(bytes: &[u8], path: PathBuf, word: &str) -> Result<Pcm, ClipError> {
    Pcm::from_wav(bytes, CLIP_S_MAX).map_err(|source| ClipError::Wav { path, word: word.to_owned(), source })
}

fn bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > bytes_max {
        return Err(format!("{size} B > {bytes_max} B"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::voice::VoiceSettings;

    fn book() -> PhraseBook {
        PhraseBook::load(&VoiceSettings::default()).unwrap()
    }

    fn own_pack(manifest: &str, files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("zh");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(MANIFEST), manifest).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        dir
    }

    #[test]
    fn the_shipped_pack_has_every_word_trimmed_and_level() {
        let clips = Clips::load(None).unwrap();
        clips.check(&book()).unwrap();
        for (word, clip) in clips.zh.iter().chain(&clips.en) {
            let clip = clip.at_rate(clips.rate_hz()).unwrap();
            assert!(clip.length_ms() >= 80, "{word}: {} ms", clip.length_ms());
            assert!(clip.peak().abs_diff(crate::announcer::pcm::LEVEL_PEAK) < 40, "{word}: peak {}", clip.peak());
        }
    }

    #[test]
    fn the_hall_s_own_recordings_win_word_by_word() {
        let mut recording = Pcm::empty(44_100);
        recording.rest(400);
        recording.join(&Pcm::tone(44_100, 500.0, 300, 0.2));
        let list = "language = \"zh\"\nsample_rate_hz = 44100\n[clips]\n\"请\" = \"qing.wav\"\n";
        let dir = own_pack(list, &[("qing.wav", recording.to_wav().unwrap())]);
        let clips = Clips::load(Some(dir.path())).unwrap();
        clips.check(&book()).unwrap();
        assert_eq!(clips.rate_hz(), 44_100);
        let own = clips.get(Language::Zh, "请").unwrap();
        assert!((200..400).contains(&own.length_ms()), "trimmed: {} ms", own.length_ms());
        assert!(clips.get(Language::Zh, "号到").is_some(), "the rest of the pack stays");
    }

    #[test]
    fn missing_words_are_all_named() {
        let mut clips = Clips::load(None).unwrap();
        clips.zh.remove("请");
        clips.zh.remove("零");
        let error = clips.check(&book()).unwrap_err();
        assert!(matches!(&error, ClipError::Missing { language: Language::Zh, words } if words.len() == 2), "{error}");
        assert!(error.to_string().contains("请") && error.to_string().contains("零"), "{error}");
    }

    #[test]
    fn bad_packs_are_refused_with_the_file_s_name() {
        let head = "language = \"zh\"\nsample_rate_hz = 16000\n[clips]\n";
        let cases = [
            (format!("{head}\"请\" = \"gone.wav\"\n"), "gone.wav"),
            (format!("{head}\"请\" = \"bad.wav\"\n"), "bad.wav"),
            (format!("{head}\"请\" = \"../bad.wav\"\n"), "../bad.wav"),
            (format!("{head}\"请\" = \"/etc/passwd\"\n"), "/etc/passwd"),
            (format!("surprise = 1\n{head}"), "surprise"),
            ("language = \"en\"\nsample_rate_hz = 16000\n[clips]\n".to_owned(), "language"),
            ("language = \"zh\"\nsample_rate_hz = 1\n[clips]\n".to_owned(), "sample_rate_hz"),
        ];
        for (list, named) in cases {
            let dir = own_pack(&list, &[("bad.wav", b"not a sound".to_vec())]);
            let error = Clips::load(Some(dir.path())).unwrap_err();
            assert!(error.to_string().contains(named), "{named}: {error}");
        }
    }
}
