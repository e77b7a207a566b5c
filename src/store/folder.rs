//! Lays out a private Redis's own folder: its configuration and where its socket goes.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::rewrite::{BY_ITSELF, WHEN_DOUBLED};

/// A socket's path must fit into the kernel's 108 bytes; Redis adds a suffix while it binds.
const SOCKET_PATH_BYTES_MAX: usize = 99;
/// Where a socket goes when the data folder lies too deep.
const SHORT_PARENT: &str = "/tmp";
const SOCKET: &str = "redis.sock";
const CONFIG: &str = "redis.conf";

/// The folder of one private Redis.
#[derive(Debug, Clone)]
pub(super) struct RedisFolder {
    pub(super) dir: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) config: PathBuf,
}

impl RedisFolder {
    /// Makes `data_dir/redis` (0700) with its configuration (0600), and settles on a socket.
    pub(super) fn prepare(data_dir: &Path) -> io::Result<Self> {
        let dir = data_dir.canonicalize()?.join("redis");
        private_dir(&dir)?;
        let mut socket = dir.join(SOCKET);
        if socket.as_os_str().as_bytes().len() > SOCKET_PATH_BYTES_MAX {
            let short = Path::new(SHORT_PARENT).join(format!("warmhall-{}", digest(&dir)));
            private_dir(&short)?;
            socket = short.join(SOCKET);
        }
        let folder = Self { config: dir.join(CONFIG), dir, socket };
        write_private_if_other(&folder.config, folder.config_text().as_bytes())?;
        Ok(folder)
    }

    fn config_text(&self) -> String {
        format!(
            "# Written by warmhall at every start; changes are lost.\n\
             port 0\nunixsocket {socket}\nunixsocketperm 700\ndir {dir}\ndaemonize no\nlogfile \"\"\ndatabases 1\nmaxclients 256\n\
             appendonly yes\nappendfsync always\nno-appendfsync-on-rewrite no\naof-load-truncated no\naof-use-rdb-preamble yes\nrdbcompression no\n\
             auto-aof-rewrite-min-size 16mb\n{BY_ITSELF} {WHEN_DOUBLED}\nsave \"\"\n\
             maxmemory 0\nmaxmemory-policy noeviction\n",
            socket = quoted(&self.socket),
            dir = quoted(&self.dir),
        )
    }
}

/// A path as Redis's configuration reads it, whatever characters it has.
fn quoted(path: &Path) -> String {
    let mut text = String::from("\"");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.extend(['\\', 'x', hex(other >> 4), hex(other & 15)]),
        }
    }
    text.push('"');
    text
}

fn hex(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or('0')
}

fn digest(path: &Path) -> String {
    let mut hex = sha1_smol::Sha1::from(path.as_os_str().as_bytes()).digest().to_string();
    hex.truncate(16);
    hex
}

/// Makes a folder that only we may enter, or checks that an existing one is that.
fn private_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other(format!("{} is not a folder of our own", path.display())));
    }
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file that only we may read, whole or not at all; leaves it alone when it already says this (a full disk
/// must not keep a hall from opening).
pub(super) fn write_private_if_other(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    write_private(path, bytes)
}

/// Writes a file that only we may read, whole or not at all, and waits until the disk has it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let _left_behind = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(parent) => fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_gets_a_short_socket_that_only_we_may_enter() {
        let data = tempfile::tempdir().unwrap();
        let deep = data.path().join("深".repeat(30));
        fs::create_dir(&deep).unwrap();
        let folder = RedisFolder::prepare(&deep).unwrap();
        assert!(folder.socket.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES_MAX);
        let parent = folder.socket.parent().unwrap();
        assert_eq!(fs::metadata(parent).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&folder.config).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir(parent).unwrap();
    }

    #[test]
    fn a_path_with_odd_characters_survives_the_configuration() {
        assert_eq!(quoted(Path::new("/a b/\"厅\\")), "\"/a b/\\\"\\xe5\\x8e\\x85\\\\\"");
    }
}
