//! Makes a clip pack with espeak-ng: one recording per word, trimmed, levelled, with its list.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::clips::{CLIP_S_MAX, MANIFEST, Manifest};
use super::command::hex;
use super::pcm::{Pcm, WavError};
use super::phrase::PhraseBook;
use crate::settings::voice::{Language, code};

/// Rate of a pack that is made here, hertz: enough for speech, small enough to ship.
pub const PACK_RATE_HZ: u32 = 16_000;
/// Longest stem of a file name made from a word, characters.
const STEM_CHARS_MAX: usize = 40;

/// Where the synthesiser reads a word wrongly, what it is given instead: 地震 would be "de zhèn".
const RESPELT_ZH: [(&str, &str); 1] = [("地震", "di4震")];

/// How a pack is made: a program that reads a word on standard input and puts a WAV out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// The program and its arguments.
    pub argv: Vec<String>,
}

impl Maker {
    /// What the shipped pack was made with.
    #[must_use]
    pub fn shipped(language: Language) -> Self {
        let (voice, words_per_minute) = match language {
            // Plain `cmn` reads Chinese through English sounds.
            Language::Zh => ("cmn-latn-pinyin", "185"),
            Language::En => ("en-us", "170"),
        };
        let argv = ["espeak-ng", "-v", voice, "-s", words_per_minute, "-b", "1", "--stdin", "--stdout"];
        Self { argv: argv.map(str::to_owned).to_vec() }
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Recordings.
    pub clips: usize,
    /// Their size together, bytes.
    pub bytes: u64,
    /// Their length together, milliseconds.
    pub length_ms: u64,
}

/// Why a pack could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The synthesiser is not there or would not start.
    #[error("无法运行 / cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The synthesiser said no.
    #[error("合成失败 / synthesis of “{word}” failed: {reason}")]
    Failed {
        /// The word.
        word: String,
        /// Its own words.
        reason: String,
    },
    /// What it made is no sound.
    #[error("合成结果有误 / “{word}”: {source}")]
    Wav {
        /// The word.
        word: String,
        /// What is wrong.
        source: WavError,
    },
    /// The folder cannot be written.
    #[error("无法写入 / cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the disk said.
        source: std::io::Error,
    },
    /// The list cannot be written.
    #[error("清单 / list: {0}")]
    List(#[from] toml::ser::Error),
}

/// Makes `dir/<language>/` with a recording for every word the phrases need.
///
/// Runs for some seconds and blocks: for the command line only.
///
/// # Errors
/// No synthesiser, a word it cannot say, or a folder that cannot be written.
pub fn make(dir: &Path, language: Language, maker: &Maker, book: &PhraseBook) -> Result<Made, PackError> {
    let folder = dir.join(code(language));
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| PackError::Write { path, source }
    };
    std::fs::create_dir_all(&folder).map_err(write_error(&folder))?;
    let mut clips = BTreeMap::new();
    let mut made = Made { clips: 0, bytes: 0, length_ms: 0 };
    for word in book.words_needed(language) {
        let sound = synthesise(maker, language, &word)?.trimmed().resampled(PACK_RATE_HZ).levelled();
        let wav = sound.to_wav().map_err(|source| PackError::Wav { word: word.clone(), source })?;
        let name = file_name(&word);
        let path = folder.join(&name);
        std::fs::write(&path, &wav).map_err(write_error(&path))?;
        made.clips += 1;
        made.bytes = made.bytes.saturating_add(u64::try_from(wav.len()).unwrap_or(u64::MAX));
        made.length_ms = made.length_ms.saturating_add(sound.length_ms());
        clips.insert(word, name);
    }
    let made_by = maker.argv.join(" ");
    let list = toml::to_string(&Manifest { language, sample_rate_hz: PACK_RATE_HZ, made_by, clips })?;
    let path = folder.join(MANIFEST);
    std::fs::write(&path, list).map_err(write_error(&path))?;
    Ok(made)
}

fn synthesise(maker: &Maker, language: Language, word: &str) -> Result<Pcm, PackError> {
    let (program, arguments) = maker.argv.split_first().map_or(("", maker.argv.as_slice()), |(first, rest)| (first, rest));
    let run_error = |source| PackError::Run { program: program.to_owned(), source };
    let mut text = word.to_owned();
    if language == Language::Zh {
        for (written, respelt) in RESPELT_ZH {
            text = text.replace(written, respelt);
        }
    }
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(run_error)?;
    }
    let output = child.wait_with_output().map_err(run_error)?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(PackError::Failed { word: word.to_owned(), reason });
    }
    Pcm::from_wav(&output.stdout, CLIP_S_MAX).map_err(|source| PackError::Wav { word: word.to_owned(), source })
}

/// A plain ASCII file name, different for every word: 请 is `u8bf7.wav`; long ones end in a digest.
fn file_name(word: &str) -> String {
    let mut stem = String::new();
    for sign in word.chars() {
        if sign.is_ascii_alphanumeric() {
            stem.push(sign.to_ascii_lowercase());
        } else if sign.is_ascii() {
            stem.push('-');
        } else {
            stem.push('u');
            stem.extend(sign.escape_unicode().skip(3).take_while(char::is_ascii_hexdigit));
        }
    }
    let plain = word.chars().all(|sign| !sign.is_ascii() || sign.is_ascii_alphanumeric() || sign == ' ');
    if !plain || stem.chars().count() > STEM_CHARS_MAX {
        let tail: String = hex(&Sha256::digest(word.as_bytes())).chars().take(8).collect();
        let head: String = stem.chars().take(STEM_CHARS_MAX).collect();
        stem = format!("{head}-{tail}");
    }
    format!("{stem}.wav")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::clips::Clips;
    use crate::settings::voice::{LANGUAGES, VoiceSettings};
    use std::collections::BTreeSet;

    #[test]
    fn every_word_has_its_own_plain_file_name() {
        let book = PhraseBook::load(&VoiceSettings::default()).unwrap();
        for language in LANGUAGES {
            let words = book.words_needed(language);
            let names: BTreeSet<String> = words.iter().map(|word| file_name(word)).collect();
            assert_eq!(names.len(), words.len());
            assert!(names.iter().all(|name| name.is_ascii() && name.len() < 80), "{names:?}");
        }
    }

    #[test]
    fn a_missing_synthesiser_is_said_in_plain_words() {
        let dir = tempfile::tempdir().unwrap();
        let maker = Maker { argv: vec!["/nowhere/espeak-ng".to_owned()] };
        let book = PhraseBook::load(&VoiceSettings::default()).unwrap();
        let error = make(dir.path(), Language::Zh, &maker, &book).unwrap_err();
        assert!(error.to_string().contains("/nowhere/espeak-ng"), "{error}");
    }

    #[test]
    fn what_is_made_is_a_pack_the_voice_can_use() {
        let dir = tempfile::tempdir().unwrap();
        let said = dir.path().join("said.wav");
        std::fs::write(&said, Pcm::tone(22_050, 440.0, 300, 0.3).to_wav().unwrap()).unwrap();
        let script = format!("cat > /dev/null; cat {}", said.display());
        let maker = Maker { argv: ["sh", "-c", &script].map(str::to_owned).to_vec() };
        let book = PhraseBook::load(&VoiceSettings::default()).unwrap();
        let pack = dir.path().join("pack");
        let made = make(&pack, Language::En, &maker, &book).unwrap();
        assert_eq!(made.clips, book.words_needed(Language::En).len());
        let clips = Clips::load(Some(&pack)).unwrap();
        clips.check(&book).unwrap();
        let (one, two) = (clips.get(Language::En, "one"), clips.get(Language::En, "two"));
        assert!(one.is_some() && one == two, "every word is the same tone now");
    }
}
