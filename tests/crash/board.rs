//! A board over a real socket: resumes after every break, and notices when it missed something.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, connect, stream::MaybeTlsStream};

/// What a board knows.
#[derive(Debug, Default, Clone)]
pub struct Picture {
    pub epoch: String,
    pub rev: u64,
    pub state: Value,
    /// Revisions of the calls it was told of, in order.
    pub calls: Vec<u64>,
    pub snapshots: usize,
    pub reconnects: usize,
}

/// A board that keeps watching until it is told to stop.
pub struct Board {
    stop: Arc<AtomicBool>,
    picture: Arc<Mutex<Picture>>,
    thread: std::thread::JoinHandle<()>,
}

impl Board {
    pub fn watch(port: u16, token: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let picture = Arc::new(Mutex::new(Picture::default()));
        let thread = {
            let (stop, picture, token) = (Arc::clone(&stop), Arc::clone(&picture), token.to_owned());
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let _broken = watch_once(port, &token, &stop, &picture);
                    picture.lock().unwrap().reconnects += 1;
                    std::thread::sleep(Duration::from_millis(30));
                }
            })
        };
        Self { stop, picture, thread }
    }

    /// Waits until the board knows of `rev`, then stops it.
    pub fn finish_at(self, rev: u64) -> Picture {
        for _ in 0..3_000 {
            if self.picture.lock().unwrap().rev >= rev {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("the board met something that must not be");
        Arc::into_inner(self.picture).unwrap().into_inner().unwrap()
    }
}

fn watch_once(port: u16, token: &str, stop: &AtomicBool, picture: &Mutex<Picture>) -> Result<(), tungstenite::Error> {
    let known = picture.lock().unwrap().clone();
    let resume = if known.epoch.is_empty() { String::new() } else { format!("&epoch={}&rev={}", known.epoch, known.rev) };
    let mut request = format!("ws://127.0.0.1:{port}/api/v1/live?view=board{resume}").into_client_request()?;
    request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().unwrap());
    request.headers_mut().insert("Sec-WebSocket-Protocol", "warmhall.v1".parse().unwrap());
    let (mut socket, _) = connect(request)?;
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    }
    while !stop.load(Ordering::SeqCst) {
        let text = match socket.read() {
            Ok(Message::Text(text)) => text,
            Ok(Message::Close(_)) => return Ok(()),
            Ok(_) => continue,
            Err(tungstenite::Error::Io(e)) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => continue,
            Err(error) => return Err(error),
        };
        let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
        if !take(&mut picture.lock().unwrap(), &frame) {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes a frame in; false when the board has to connect anew.
fn take(picture: &mut Picture, frame: &Value) -> bool {
    let rev = frame["rev"].as_u64().unwrap_or(0);
    match frame["type"].as_str().unwrap() {
        "snapshot" => {
            picture.epoch = frame["epoch"].as_str().unwrap().to_owned();
            assert!(rev >= picture.rev, "a snapshot older than what the board was told: {rev} < {}", picture.rev);
            picture.rev = rev;
            picture.state = frame["state"].clone();
            picture.snapshots += 1;
        }
        "events" => {
            assert_eq!(frame["prev"].as_u64(), Some(picture.rev), "a gap that the server did not know of: {frame}");
            for event in frame["events"].as_array().unwrap() {
                let at = event["rev"].as_u64().unwrap();
                assert!(at > picture.rev && at <= rev, "event {at} outside its frame");
                if event["type"] == "ticket.called" {
                    picture.calls.push(at);
                }
            }
            picture.rev = rev;
            picture.state = frame["state"].clone();
        }
        "beat" => {
            assert_eq!(frame["prev"].as_u64(), Some(picture.rev), "a beat with a gap: {frame}");
            picture.rev = rev;
        }
        "bye" => return false,
        other => panic!("a frame of type {other}"),
    }
    true
}
