//! The live line of a loudspeaker that stands elsewhere: taken up again whenever it breaks, from where it broke.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use awc::error::{WsClientError, WsProtocolError};
use awc::ws;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use url::Url;

use super::ear::{Ear, Frame, HangUp};
use super::{NotLetIn, report};
use crate::announcer::Input;
use crate::clock::Clock;

/// The sub-protocol of the live line.
const PROTOCOL: &str = "warmhall.v1";
/// The server gives a sign of life at least every five seconds; a line quiet for so long is dead.
const SILENCE_S_MAX: u64 = 16;
/// How long the server may take to take up the line, in seconds.
const CONNECT_S_MAX: u64 = 8;
/// The largest frame that is read, in bytes: a snapshot of the busiest board is far smaller.
const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The window in which the first new attempt falls, in milliseconds.
const RETRY_MS_FIRST: u64 = 500;
/// The longest such window, in milliseconds.
const RETRY_MS_MAX: u64 = 15_000;

/// How far the server's clock is ahead of this machine's, in milliseconds: a call's age is the server's to say.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<AtomicI64>);

impl ServerTime {
    /// The server's time now.
    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        let ahead = chrono::Duration::milliseconds(self.0.load(Ordering::Relaxed));
        let here = Clock::System.now();
        here.checked_add_signed(ahead).unwrap_or(here)
    }

    fn is(&self, at: chrono::DateTime<chrono::Utc>) {
        let ahead = at.signed_duration_since(Clock::System.now());
        self.0.store(ahead.num_milliseconds(), Ordering::Relaxed);
    }
}

/// How long to wait before an attempt: anywhere in a window that doubles, so that a hall's screens do not come back all at once.
#[derive(Debug)]
pub(super) struct Patience {
    window_ms: u64,
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self { window_ms: RETRY_MS_FIRST }
    }

    /// The next wait; at least within the window that the server asked for.
    pub(super) fn next(&mut self, asked_ms: u64) -> Duration {
        let window_ms = self.window_ms.max(asked_ms.min(RETRY_MS_MAX));
        self.window_ms = self.window_ms.saturating_mul(2).min(RETRY_MS_MAX);
        // Without randomness the whole window is waited.
        let share = getrandom::u32().unwrap_or(u32::MAX);
        Duration::from_millis(window_ms.saturating_mul(u64::from(share)) / u64::from(u32::MAX))
    }
}

/// Why a line ended.
enum Ended {
    /// It broke, or was hung up; the words say how.
    Lost(String),
    /// The server asks to come back.
    Asked {
        retry_ms: u64,
    },
    Gap,
    NotLetIn(NotLetIn),
    /// The announcer takes nothing more.
    Deaf,
}

/// One loudspeaker's line.
pub(super) struct Line {
    pub(super) server: Url,
    pub(super) token: String,
    pub(super) ear: Ear,
    pub(super) time: ServerTime,
    pub(super) inputs: mpsc::Sender<Input>,
}

/// The open line: frames come, messages go.
trait Socket: Stream<Item = Result<ws::Frame, WsProtocolError>> + Sink<ws::Message, Error = WsProtocolError> + Unpin {}

impl<S: Stream<Item = Result<ws::Frame, WsProtocolError>> + Sink<ws::Message, Error = WsProtocolError> + Unpin> Socket for S {}

impl Line {
    /// Listens until the token does not hold any more.
    pub(super) async fn listen(mut self) -> NotLetIn {
        let mut patience = Patience::new();
        loop {
            let mut heard = false;
            let ended = self.once(&mut heard).await;
            if heard {
                patience = Patience::new();
            }
            let (why, asked_ms) = match ended {
                Ended::NotLetIn(why) => return why,
                Ended::Deaf => return NotLetIn::Closing,
                Ended::Asked { retry_ms } => ("服务器重启或请求重连 / the server asks to come back".to_owned(), retry_ms),
                Ended::Gap => ("有遗漏，重新同步 / something was missed, taking it up again".to_owned(), 0),
                Ended::Lost(why) => (why, 0),
            };
            let wait = patience.next(asked_ms);
            report(&format!("连接中断，{} 毫秒后重连 / line lost, again in {} ms: {why}", wait.as_millis(), wait.as_millis()));
            sleep(wait).await;
        }
    }

    async fn once(&mut self, heard: &mut bool) -> Ended {
        let mut socket = match self.take_up().await {
            Ok(socket) => socket,
            Err(ended) => return ended,
        };
        report("已连接，等待叫号 / connected, waiting for calls");
        let ended = self.hear(&mut socket, heard).await;
        // A server that is gone does not take the farewell.
        let _closed = timeout(Duration::from_millis(200), socket.send(ws::Message::Close(None))).await;
        ended
    }

    async fn take_up(&self) -> Result<impl Socket + use<>, Ended> {
        let mut url = self.server.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("view", "board");
            if let Some((epoch, rev)) = self.ear.place() {
                query.append_pair("epoch", epoch).append_pair("rev", &rev.to_string());
            }
        }
        let client = awc::Client::builder().timeout(Duration::from_secs(CONNECT_S_MAX)).finish();
        let request = client.ws(url.as_str()).bearer_auth(&self.token).protocols([PROTOCOL]).max_frame_size(FRAME_BYTES_MAX);
        match timeout(Duration::from_secs(CONNECT_S_MAX), request.connect()).await {
            Ok(Ok((_answer, socket))) => Ok(socket),
            Ok(Err(WsClientError::InvalidResponseStatus(StatusCode::UNAUTHORIZED))) => Err(Ended::NotLetIn(NotLetIn::Unknown)),
            Ok(Err(WsClientError::InvalidResponseStatus(StatusCode::FORBIDDEN))) => Err(Ended::NotLetIn(NotLetIn::Forbidden)),
            Ok(Err(WsClientError::InvalidResponseStatus(status))) => Err(Ended::Lost(format!("HTTP {}", status.as_u16()))),
            Ok(Err(error)) => Err(Ended::Lost(error.to_string())),
            Err(_) => Err(Ended::Lost("服务器没有回答 / the server does not answer".to_owned())),
        }
    }

    async fn hear(&mut self, socket: &mut impl Socket, heard: &mut bool) -> Ended {
        loop {
            let Ok(next) = timeout(Duration::from_secs(SILENCE_S_MAX), socket.next()).await else {
                return Ended::Lost("线路无声 / the line is silent".to_owned());
            };
            let text = match next {
                Some(Ok(ws::Frame::Text(text))) => text,
                Some(Ok(ws::Frame::Ping(payload))) => {
                    if let Err(error) = socket.send(ws::Message::Pong(payload)).await {
                        return Ended::Lost(error.to_string());
                    }
                    continue;
                }
                Some(Ok(ws::Frame::Pong(_))) => continue,
                Some(Ok(ws::Frame::Binary(_) | ws::Frame::Continuation(_))) => {
                    return Ended::Lost("读不懂的内容 / a frame that no board gets".to_owned());
                }
                Some(Ok(ws::Frame::Close(_))) | None => return Ended::Lost("服务器关闭了连接 / the server closed it".to_owned()),
                Some(Err(error)) => return Ended::Lost(error.to_string()),
            };
            if let Err(ended) = self.take(&text).await {
                return ended;
            }
            *heard = true;
        }
    }

    async fn take(&mut self, text: &[u8]) -> Result<(), Ended> {
        let frame: Frame =
            serde_json::from_slice(text).map_err(|error| Ended::Lost(format!("读不懂的内容 / a frame that cannot be read: {error}")))?;
        if let Some(at) = frame.at() {
            self.time.is(at);
        }
        let inputs = self.ear.hear(frame).map_err(|hang_up| match hang_up {
            HangUp::Gap => Ended::Gap,
            HangUp::Bye { retry_ms } => Ended::Asked { retry_ms },
            HangUp::Revoked => Ended::NotLetIn(NotLetIn::Revoked),
        })?;
        for input in inputs {
            self.inputs.send(input).await.map_err(|_| Ended::Deaf)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_fall_anywhere_in_a_window_that_grows_and_is_bounded() {
        let mut patience = Patience::new();
        let mut most = Duration::ZERO;
        for attempt in 0..12_u32 {
            let window = Duration::from_millis(RETRY_MS_FIRST.saturating_mul(1 << attempt).min(RETRY_MS_MAX));
            let wait = patience.next(0);
            assert!(wait <= window, "{attempt}: {wait:?}");
            most = most.max(wait);
        }
        assert!(most <= Duration::from_millis(RETRY_MS_MAX));
        assert!(Patience::new().next(u64::MAX) <= Duration::from_millis(RETRY_MS_MAX));
    }

    #[test]
    fn ages_are_told_by_the_server_s_clock() {
        let time = ServerTime::default();
        let yesterday = Clock::System.now() - chrono::Duration::days(1);
        time.is(yesterday);
        let since = time.now().signed_duration_since(yesterday);
        assert!((0..60).contains(&since.num_seconds()), "{since}");
    }
}
