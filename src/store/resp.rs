//! Says one thing to a Redis on a unix socket and waits for the first line of its answer, without a runtime.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_millis(500);
/// The longest first line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 1_024;

/// Sends one command and gives the first line of the answer, with its mark (`+PONG`, `-LOADING …`).
pub(super) fn ask(socket: &Path, words: &[&str]) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        write!(request, "${}\r\n{word}\r\n", word.len()).map_err(io::Error::other)?;
    }
    stream.write_all(request.as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
