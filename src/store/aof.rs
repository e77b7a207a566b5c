//! Looks at a private Redis's append-only files before every start, and cuts off a torn tail.
//!
//! Redis cuts a torn tail at the last whole *command*, which may lie inside a transaction; the next start then merges
//! two transactions. `redis-check-aof --fix` cuts at a transaction, but also everything behind damage in the middle.
//! Here a tail is cut at a transaction, and only when nothing behind the cut was ever completed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

const FOLDER: &str = "appendonlydir";
const MANIFEST: &str = "appendonly.aof.manifest";
/// Where the bytes that were cut off are kept, for whoever wants to look at them; the latest cut only.
const TORN: &str = "torn-tail.aof";
/// The base file of an empty journal is smaller than this, in bytes.
const EMPTY_BASE_BYTES_MAX: u64 = 256;
/// A line of the protocol (a count or a length) is shorter than this, in bytes.
const LINE_BYTES_MAX: u64 = 64;
/// The word that completes a transaction, as it stands in the file.
const COMPLETED: &[u8] = b"$4\r\nEXEC\r\n";
/// Bytes searched at a time.
const CHUNK_BYTES: usize = 64 * 1_024;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// No journal was ever written here.
    Fresh,
    /// Whole.
    Sound,
    /// It ended in the middle of something that was never acknowledged; that much was cut off.
    Mended { cut_bytes: u64 },
}

/// What must not be started on: Redis would begin anew, or would lose what was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Damage {
    /// There are journal files, but the list of them is gone: Redis would start empty and write over them.
    #[error("the list of journal files ({0}) is missing")]
    ManifestMissing(PathBuf),
    /// The list of journal files says nothing that can be understood.
    #[error("the list of journal files ({0}) cannot be understood")]
    ManifestUnreadable(PathBuf),
    /// A file of the list is gone.
    #[error("the journal file {0} is missing")]
    FileMissing(PathBuf),
    /// Something complete stands behind a place that cannot be read.
    #[error("the journal file {file} is damaged at byte {at}, with complete records behind it")]
    Middle { file: PathBuf, at: u64 },
    /// Everything is gone that was there before.
    #[error("the journal in {0} is gone")]
    Gone(PathBuf),
    /// Redis itself refused to load it.
    #[error("Redis refuses to load the journal: {0}")]
    Refused(String),
}

/// Why a look could not be taken, or what it showed.
#[derive(Debug, Error)]
pub(crate) enum LookError {
    #[error(transparent)]
    Damage(#[from] Damage),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Looks at the journal below `dir` (Redis's own folder) and mends what may be mended.
pub(crate) fn mend(dir: &Path) -> Result<Condition, LookError> {
    let folder = dir.join(FOLDER);
    let manifest = folder.join(MANIFEST);
    let listed = match fs::read_to_string(&manifest) {
        Ok(text) => listed_files(&text).ok_or_else(|| Damage::ManifestUnreadable(manifest.clone()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return without_manifest(&folder, manifest),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(Damage::ManifestUnreadable(manifest).into()),
        Err(error) => return Err(error.into()),
    };
    for (name, _) in &listed {
        let file = folder.join(name);
        if !file.try_exists()? {
            return Err(Damage::FileMissing(file).into());
        }
    }
    match listed.iter().rev().find(|(_, kind)| kind == "i") {
        Some((name, _)) => mend_file(&folder.join(name), &dir.join(TORN)),
        None => Ok(Condition::Sound),
    }
}

/// Copies the journal's files from one Redis folder to another that has none. Fails when they change meanwhile.
pub(crate) fn copy(from: &Path, into: &Path) -> io::Result<()> {
    let (from, into) = (from.join(FOLDER), into.join(FOLDER));
    DirBuilder::new().recursive(true).mode(0o700).create(&into)?;
    let text = fs::read_to_string(from.join(MANIFEST))?;
    let listed = listed_files(&text).ok_or_else(|| io::Error::other("the list of journal files cannot be understood"))?;
    for (name, _) in &listed {
        fs::copy(from.join(name), into.join(name))?;
        File::open(into.join(name))?.sync_all()?;
    }
    if fs::read_to_string(from.join(MANIFEST))? != text {
        return Err(io::Error::other("the journal files changed while they were copied"));
    }
    let current: Vec<&str> = text.lines().filter(|line| !line.ends_with("type h")).collect();
    fs::write(into.join(MANIFEST), format!("{}\n", current.join("\n")))?;
    File::open(into.join(MANIFEST))?.sync_all()?;
    File::open(&into)?.sync_all()
}

/// Name and kind (`b`ase, `i`ncrement) of each file in a manifest; `None` when it is none.
fn listed_files(text: &str) -> Option<Vec<(String, String)>> {
    let mut files = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let &["file", name, "seq", _, "type", kind] = words.as_slice() else { return None };
        if name.contains('/') || !["b", "i", "h"].contains(&kind) {
            return None;
        }
        // History files may already be deleted.
        if kind != "h" {
            files.push((name.to_owned(), kind.to_owned()));
        }
    }
    if files.is_empty() { None } else { Some(files) }
}

/// Without a manifest only a start that never came to serve is harmless: an empty base and nothing appended.
fn without_manifest(folder: &Path, manifest: PathBuf) -> Result<Condition, LookError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Condition::Fresh),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let bytes = entry.metadata()?.len();
        let empty = if name.ends_with(".base.rdb") { bytes < EMPTY_BASE_BYTES_MAX } else { bytes == 0 };
        if !name.starts_with("temp") && !empty {
            return Err(Damage::ManifestMissing(manifest).into());
        }
    }
    Ok(Condition::Fresh)
}

fn mend_file(path: &Path, torn: &Path) -> Result<Condition, LookError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let whole = whole_bytes(&mut BufReader::new(&file), size)?;
    if whole == size {
        return Ok(Condition::Sound);
    }
    if completes_behind(&file, whole)? {
        return Err(Damage::Middle { file: path.to_owned(), at: whole }.into());
    }
    keep_tail(&file, whole, torn);
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(whole)?;
    file.sync_all()?;
    Ok(Condition::Mended { cut_bytes: size - whole })
}

/// How many bytes from the start are whole commands, with every transaction complete.
fn whole_bytes(reader: &mut (impl BufRead + Seek), size: u64) -> io::Result<u64> {
    let (mut at, mut whole, mut open) = (0, 0, false);
    while at < size {
        let Some(command) = read_command(reader, size - at)? else { break };
        at += command.bytes;
        match (command.name.as_slice(), open) {
            (b"MULTI", false) => open = true,
            (b"EXEC", true) => open = false,
            (b"MULTI", true) | (b"EXEC", false) => break,
            _ => {}
        }
        if !open {
            whole = at;
        }
    }
    Ok(whole)
}

struct Command {
    bytes: u64,
    /// The first word in capitals, when it is a short one.
    name: Vec<u8>,
}

/// Reads one command (or a comment line); `None` when what stands there is not a whole one.
fn read_command(reader: &mut (impl BufRead + Seek), left: u64) -> io::Result<Option<Command>> {
    let Some((mark, count, mut bytes)) = read_line(reader, left)? else { return Ok(None) };
    if mark == b'#' {
        return Ok(Some(Command { bytes, name: Vec::new() }));
    }
    let (b'*', Some(count @ 1..)) = (mark, count) else { return Ok(None) };
    let mut name = Vec::new();
    for word in 0..count {
        let Some((b'$', Some(length), line)) = read_line(reader, left - bytes)? else { return Ok(None) };
        bytes += line;
        if length > left - bytes || left - bytes - length < 2 {
            return Ok(None);
        }
        if word == 0 && length <= LINE_BYTES_MAX {
            reader.by_ref().take(length).read_to_end(&mut name)?;
            name.make_ascii_uppercase();
        } else {
            skip(reader, length)?;
        }
        let mut end = [0; 2];
        reader.read_exact(&mut end)?;
        if &end != b"\r\n" {
            return Ok(None);
        }
        bytes += length + 2;
    }
    Ok(Some(Command { bytes, name }))
}

/// Reads one line: its first byte, the number behind it, and its length with the line end.
fn read_line(reader: &mut impl BufRead, left: u64) -> io::Result<Option<(u8, Option<u64>, u64)>> {
    let mut line = Vec::new();
    reader.take(left.min(LINE_BYTES_MAX)).read_until(b'\n', &mut line)?;
    let bytes = u64::try_from(line.len()).unwrap_or(u64::MAX);
    let Some(([mark], rest)) = line.strip_suffix(b"\r\n").and_then(|text| text.split_first_chunk::<1>()) else { return Ok(None) };
    let number = str::from_utf8(rest).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(|text| text.parse().ok());
    Ok(Some((*mark, number, bytes)))
}

fn skip(reader: &mut (impl BufRead + Seek), bytes: u64) -> io::Result<()> {
    let bytes = i64::try_from(bytes).map_err(io::Error::other)?;
    // Within the buffer where possible.
    reader.seek_relative(bytes)
}

/// Does any transaction end behind `from`?
fn completes_behind(mut file: &File, from: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(from))?;
    let mut window = Vec::with_capacity(CHUNK_BYTES * 2);
    loop {
        let read = file.take(u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX)).read_to_end(&mut window)?;
        if window.windows(COMPLETED.len()).any(|bytes| bytes.eq_ignore_ascii_case(COMPLETED)) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        let keep = window.len().saturating_sub(COMPLETED.len());
        window.drain(..keep);
    }
}

/// Keeps what will be cut off. Best effort: on a full disk the cut matters more than the keepsake.
fn keep_tail(mut file: &File, from: u64, torn: &Path) {
    let kept = file.seek(SeekFrom::Start(from)).and_then(|_| File::create(torn)).and_then(|mut copy| io::copy(&mut file, &mut copy));
    if let Err(error) = kept {
        tracing::warn!(%error, "the torn tail of the journal could not be kept aside");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &[u8] = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nb\r\nc\r\n*1\r\n$4\r\nEXEC\r\n";

    fn mended(bytes: &[u8]) -> (Result<Condition, LookError>, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.incr.aof");
        fs::write(&path, bytes).unwrap();
        let found = mend_file(&path, &dir.path().join("torn"));
        (found, fs::read(&path).unwrap())
    }

    #[test]
    fn wherever_the_last_transaction_is_torn_exactly_it_is_cut_off() {
        for cut in 1..COMMIT.len() {
            let torn = [COMMIT, &COMMIT[..cut]].concat();
            let (found, left) = mended(&torn);
            assert!(matches!(found, Ok(Condition::Mended { cut_bytes }) if cut_bytes == u64::try_from(cut).unwrap()), "{cut}: {found:?}");
            assert_eq!(left, COMMIT);
        }
        let whole = [COMMIT, COMMIT].concat();
        assert!(matches!(mended(&whole), (Ok(Condition::Sound), left) if left == whole));
        assert!(matches!(mended(b""), (Ok(Condition::Sound), _)));
    }

    #[test]
    fn a_tail_of_zeros_is_cut_off() {
        let (found, left) = mended(&[COMMIT, &[0; 4_096]].concat());
        assert!(matches!(found, Ok(Condition::Mended { cut_bytes: 4_096 })), "{found:?}");
        assert_eq!(left, COMMIT);
    }

    #[test]
    fn damage_in_the_framing_before_a_completed_transaction_is_left_alone() {
        for at in 0..COMMIT.len() {
            let mut bytes = [COMMIT, COMMIT, COMMIT].concat();
            if !b"*$\r\n".contains(&bytes[COMMIT.len() + at]) {
                continue;
            }
            bytes[COMMIT.len() + at] ^= 1;
            let (found, left) = mended(&bytes);
            assert_eq!(left, bytes, "nothing is cut");
            // A flipped line end inside a value is not framing; everything else is found.
            assert!(matches!(found, Err(LookError::Damage(Damage::Middle { .. })) | Ok(Condition::Sound)), "{at}: {found:?}");
        }
    }
}
