//! External text to speech: a program the hall chose, text in, WAV out, bounded in time and size, remembered on disk.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::pcm::{Pcm, WavError};
use crate::settings::voice::{CommandSettings, Language, code};

/// Programs that run at once; a slow synthesiser must not multiply.
const RUNNING_MAX: usize = 1;
/// Of what the program complains, this much is kept, bytes.
const COMPLAINT_BYTES_MAX: u64 = 2 * 1024;
/// Longest sentence a program may hand back, seconds.
const SENTENCE_S_MAX: u32 = 60;

/// Why a program gave no sound.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It is not there or would not start.
    #[error("无法运行 / cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It took too long and was stopped.
    #[error("超时 / took longer than {0} ms")]
    Timeout(u32),
    /// It put out more than is taken.
    #[error("输出过大 / put out more than {0} bytes")]
    TooLarge(u32),
    /// It ended with an error.
    #[error("{status}: {complaint}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// Its own words, shortened.
        complaint: String,
    },
    /// What it put out is no sound.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// It put out no sound at all.
    #[error("没有声音 / no sound")]
    Empty,
}

/// A text-to-speech program and what it has already said.
#[derive(Debug)]
pub struct SpeechCommand {
    settings: CommandSettings,
    cache_dir: Option<PathBuf>,
    running: Semaphore,
}

impl SpeechCommand {
    /// A program, and the folder that remembers its sentences (created when first needed; none remembers nothing).
    #[must_use]
    pub fn new(settings: CommandSettings, cache_dir: Option<PathBuf>) -> Self {
        let cache_dir = cache_dir.filter(|_| settings.cache_bytes_max > 0);
        Self { settings, cache_dir, running: Semaphore::new(RUNNING_MAX) }
    }

    /// The sound of a sentence: from the folder, or from the program.
    ///
    /// # Errors
    /// The program is missing, too slow, too talkative, or did not put out a WAV.
    pub async fn say(&self, language: Language, text: &str) -> Result<Pcm, CommandError> {
        let argv: Vec<String> = self.settings.argv.iter().map(|part| part.replace("{language}", code(language))).collect();
        let kept = self.cache_dir.as_ref().map(|dir| dir.join(file_name(&argv, text)));
        if let Some(path) = &kept
            && let Ok(bytes) = tokio::fs::read(path).await
            && let Ok(sound) = Pcm::from_wav(&bytes, SENTENCE_S_MAX)
        {
            return Ok(sound);
        }
        let limit = Duration::from_millis(u64::from(self.settings.timeout_ms));
        let run = tokio::time::timeout(limit, self.run(&argv, text)).await;
        let bytes = run.map_err(|_| CommandError::Timeout(self.settings.timeout_ms))??;
        let sound = Pcm::from_wav(&bytes, SENTENCE_S_MAX)?.trimmed().levelled();
        if sound.samples().is_empty() {
            return Err(CommandError::Empty);
        }
        if let Some(path) = kept {
            self.keep(path, &sound).await;
        }
        Ok(sound)
    }

    async fn run(&self, argv: &[String], text: &str) -> Result<Vec<u8>, CommandError> {
        let _turn = self.running.acquire().await;
        let (program, arguments) = argv.split_first().map_or(("", argv), |(first, rest)| (first.as_str(), rest));
        let run_error = |source| CommandError::Run { program: program.to_owned(), source };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(run_error)?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read its input closes the pipe; what it puts out is judged all the same.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let bytes_max = self.settings.output_bytes_max;
        let (mut sound, mut complaint) = (Vec::new(), Vec::new());
        let read = async {
            match stdout {
                Some(stdout) => stdout.take(u64::from(bytes_max) + 1).read_to_end(&mut sound).await.map(|_| ()),
                None => Ok(()),
            }
        };
        let complain = async {
            if let Some(stderr) = stderr {
                let _ = stderr.take(COMPLAINT_BYTES_MAX).read_to_end(&mut complaint).await;
            }
        };
        let ((), read, ()) = tokio::join!(write, read, complain);
        read.map_err(run_error)?;
        if sound.len() > usize::try_from(bytes_max).unwrap_or(usize::MAX) {
            return Err(CommandError::TooLarge(bytes_max));
        }
        let status = child.wait().await.map_err(run_error)?;
        if !status.success() {
            let complaint = String::from_utf8_lossy(&complaint).trim().to_owned();
            return Err(CommandError::Failed { status, complaint });
        }
        Ok(sound)
    }

    /// Remembers a sentence; a folder that cannot be written is only a slower voice.
    async fn keep(&self, path: PathBuf, sound: &Pcm) {
        let Ok(wav) = sound.to_wav() else { return };
        let bytes_max = self.settings.cache_bytes_max;
        let kept = tokio::task::spawn_blocking(move || keep_file(&path, &wav, bytes_max)).await;
        match kept {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a spoken sentence could not be kept"),
            Err(error) => tracing::warn!(%error, "keeping a spoken sentence stopped"),
        }
    }
}

fn file_name(argv: &[String], text: &str) -> String {
    let mut digest = Sha256::new();
    for part in argv.iter().map(String::as_str).chain([text]) {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part.as_bytes());
    }
    format!("{}.wav", hex(&digest.finalize()))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

fn keep_file(path: &Path, wav: &[u8], bytes_max: u64) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)?;
    let new = path.with_extension("new");
    std::fs::write(&new, wav)?;
    std::fs::rename(&new, path)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        files.push((about.modified()?, about.len(), entry.path()));
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, old) in files {
        if total <= bytes_max {
            break;
        }
        std::fs::remove_file(old)?;
        total = total.saturating_sub(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str) -> CommandSettings {
        let argv = ["sh", "-c", script, "{language}"].map(str::to_owned).to_vec();
        CommandSettings { argv, timeout_ms: 20_000, output_bytes_max: 100_000, cache_bytes_max: 50_000 }
    }

    fn wav_file(dir: &Path) -> String {
        let path = dir.join("said.wav");
        std::fs::write(&path, Pcm::tone(16_000, 440.0, 300, 0.5).to_wav().unwrap()).unwrap();
        path.display().to_string()
    }

    #[tokio::test]
    async fn text_goes_in_sound_comes_out_and_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let (said, heard) = (wav_file(dir.path()), dir.path().join("heard"));
        let script = format!("cat >> {}; echo \" $0\" >> {0}; cat {said}", heard.display());
        let speech = SpeechCommand::new(command(&script), Some(dir.path().join("kept")));
        let first = speech.say(Language::Zh, "请A零零三号").await.unwrap();
        assert!(first.length_ms() > 200 && first.rate_hz() == 16_000);
        assert_eq!(speech.say(Language::Zh, "请A零零三号").await.unwrap(), first);
        assert_eq!(std::fs::read_to_string(&heard).unwrap(), "请A零零三号 zh\n", "the second time it is not asked");
        speech.say(Language::En, "请A零零三号").await.unwrap();
        assert!(std::fs::read_to_string(&heard).unwrap().ends_with(" en\n"));
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("kept");
        let script = format!("cat {}", wav_file(dir.path()));
        let speech = SpeechCommand::new(CommandSettings { cache_bytes_max: 25_000, ..command(&script) }, Some(kept.clone()));
        for text in ["一", "二", "三", "四", "五"] {
            speech.say(Language::Zh, text).await.unwrap();
            let bytes: u64 = std::fs::read_dir(&kept).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
            assert!((1..=25_000).contains(&bytes), "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_program_that_fails_is_told_apart() {
        let say = async |settings: CommandSettings| SpeechCommand::new(settings, None).say(Language::Zh, "一").await;
        let gone = CommandSettings { argv: vec!["/nowhere/tts".to_owned()], ..command("") };
        assert!(matches!(say(gone).await, Err(CommandError::Run { .. })));
        let slow = CommandSettings { timeout_ms: 100, ..command("exec sleep 60") };
        assert!(matches!(say(slow).await, Err(CommandError::Timeout(100))));
        assert!(matches!(say(command("yes")).await, Err(CommandError::TooLarge(100_000))));
        assert!(matches!(say(command("echo hello")).await, Err(CommandError::Wav(_))));
        let failed = say(command("echo no voice >&2; exit 3")).await.unwrap_err();
        assert!(matches!(&failed, CommandError::Failed { complaint, .. } if complaint == "no voice"), "{failed}");
    }
}
