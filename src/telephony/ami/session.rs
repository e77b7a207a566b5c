//! One connection to the manager interface: the greeting, signing in, and then packets until it is cut.

use std::collections::VecDeque;
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::frame::{Framer, Nonsense, Packet, Spoiled};
use super::{Account, Pace};

/// What an Asterisk greets with.
const GREETING: &[u8] = b"Asterisk Call Manager/";
/// The longest greeting, in bytes.
pub(super) const GREETING_BYTES_MAX: usize = 128;
/// Packets that may come before the answer to a step of signing in.
const BEFORE_ANSWER_MAX: usize = 256;
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    #[error("交换机没有回应 / the exchange does not answer")]
    Silent,
    #[error("交换机断开了连接 / the exchange closed the connection")]
    Ended,
    #[error("交换机拒绝登录：{0} / the exchange refused the sign-in: {0}")]
    Refused(String),
    #[error("本机关闭 / this server closes")]
    Closed,
}

/// A connection.
pub(super) struct Session {
    stream: TcpStream,
    framer: Framer,
    ready: VecDeque<Result<Packet, Spoiled>>,
    pace: Pace,
    chunk: Vec<u8>,
    heard: Instant,
    ping_at: Instant,
}

impl Session {
    pub(super) fn new(stream: TcpStream, pace: Pace) -> Self {
        let now = Instant::now();
        let chunk = vec![0; CHUNK_BYTES];
        Self { stream, framer: Framer::default(), ready: VecDeque::new(), pace, chunk, heard: now, ping_at: now + pace.ping_every }
    }

    /// Reads the greeting, signs in, and asks who waits in the queues.
    pub(super) async fn sign_in(&mut self, account: &Account) -> Result<(), Cut> {
        let silence_max = self.pace.silence_max;
        timeout(silence_max, self.greeting()).await.map_err(|_| Cut::Silent)??;
        let proof = if account.plain {
            format!("Secret: {}\r\n", one_line(&account.secret))
        } else {
            let answer = self.ask(silence_max, "1", "Action: Challenge\r\nAuthType: MD5\r\n").await?;
            let challenge = answer.get("Challenge").ok_or_else(|| refused(&answer))?;
            format!("AuthType: MD5\r\nKey: {}\r\n", key(challenge, &account.secret))
        };
        let login = format!("Action: Login\r\nUsername: {}\r\n{proof}Events: agent,call\r\n", one_line(&account.username));
        let answer = self.ask(silence_max, "2", &login).await?;
        if answer.get("Response") != Some("Success") {
            return Err(refused(&answer));
        }
        // Who waits already is not told again. `FullyBooted` is not waited for: it is not sent under our mask.
        self.send("Action: QueueStatus\r\nActionID: 3\r\n\r\n").await
    }

    /// The next packet. Asks the other side from time to time whether it is there. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> Result<Result<Packet, Spoiled>, Cut> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(packet);
            }
            let silent_at = self.heard + self.pace.silence_max;
            tokio::select! {
                read = self.stream.read(&mut self.chunk) => {
                    let count = read?;
                    self.take(count)?;
                }
                () = sleep_until(self.ping_at) => {
                    self.ping_at = Instant::now() + self.pace.ping_every;
                    self.send("Action: Ping\r\nActionID: 4\r\n\r\n").await?;
                }
                () = sleep_until(silent_at) => return Err(Cut::Silent),
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<(), Cut> {
        if count == 0 {
            return Err(Cut::Ended);
        }
        self.heard = Instant::now();
        let packets = self.framer.push(self.chunk.get(..count).unwrap_or_default())?;
        self.ready.extend(packets);
        Ok(())
    }

    /// One line that is no packet.
    async fn greeting(&mut self) -> Result<(), Cut> {
        let mut line = Vec::new();
        loop {
            let byte = match self.stream.read_u8().await {
                Ok(byte) => byte,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(Cut::Ended),
                Err(error) => return Err(error.into()),
            };
            if byte == b'\n' {
                return if line.starts_with(GREETING) { Ok(()) } else { Err(Nonsense.into()) };
            }
            line.push(byte);
            if line.len() > GREETING_BYTES_MAX {
                return Err(Nonsense.into());
            }
        }
    }

    /// Sends an action and waits for its answer; events in between are told later.
    async fn ask(&mut self, silence_max: Duration, id: &str, action: &str) -> Result<Packet, Cut> {
        self.send(&format!("{action}ActionID: {id}\r\n\r\n")).await?;
        let mut before = VecDeque::new();
        let answer = timeout(silence_max, async {
            loop {
                match self.next().await? {
                    Ok(packet) if packet.event().is_none() && packet.get("Response").is_some() => return Ok(packet),
                    other => before.push_back(other),
                }
                if before.len() > BEFORE_ANSWER_MAX {
                    return Err(Cut::from(Nonsense));
                }
            }
        });
        let answer = answer.await.map_err(|_| Cut::Silent)?;
        before.append(&mut self.ready);
        self.ready = before;
        answer
    }

    async fn send(&mut self, text: &str) -> Result<(), Cut> {
        let sent = timeout(self.pace.silence_max, self.stream.write_all(text.as_bytes())).await;
        sent.map_err(|_| Cut::Silent)?.map_err(Cut::from)
    }
}

fn refused(answer: &Packet) -> Cut {
    Cut::Refused(answer.get("Message").or_else(|| answer.get("Response")).unwrap_or("?").chars().take(80).collect())
}

/// The proof that we know the secret: MD5 of the challenge and the secret, as hex digits.
fn key(challenge: &str, secret: &str) -> String {
    let mut hasher = Md5::new();
    hasher.update(challenge.as_bytes());
    hasher.update(secret.as_bytes());
    hasher.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A value that cannot begin another header.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_one_asterisk_computes() {
        // md5("159753852" + "geheim"), by md5sum.
        assert_eq!(key("159753852", "geheim"), "30115735623d94e094197bc2580776ee");
        assert_eq!(one_line("a\r\nAction: Command"), "aAction: Command");
    }
}
