//! Tells how much room is left where a hall keeps its data.

use std::io;
use std::path::Path;

/// Bytes that this process may still write on the file system of `path`.
///
/// # Errors
/// When the path cannot be looked at.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    // The file system's reserve is open to root only.
    let blocks = if rustix::process::geteuid().is_root() { stat.f_bfree } else { stat.f_bavail };
    Ok(blocks.saturating_mul(stat.f_frsize))
}
