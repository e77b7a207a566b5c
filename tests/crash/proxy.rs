//! A TCP line between the server and an external Redis that can be cut, stalled, or cut between command and answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Line {
    Whole = 0,
    /// Nothing passes, connections stay.
    Stalled = 1,
    /// No connection lives, none is taken.
    Cut = 2,
    /// What is asked arrives; no answer comes back.
    DeafToAnswers = 3,
}

/// A breakable line.
pub struct Proxy {
    pub port: u16,
    mode: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mode = Arc::new(AtomicU8::new(0));
        let open = Arc::new(Mutex::new(Vec::new()));
        let (line, kept) = (Arc::clone(&mode), Arc::clone(&open));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if line.load(Ordering::SeqCst) == Line::Cut as u8 {
                    let _ = near.shutdown(Shutdown::Both);
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                kept.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                pump(near.try_clone().unwrap(), far.try_clone().unwrap(), Arc::clone(&line), false);
                pump(far, near, Arc::clone(&line), true);
            }
        });
        Self { port, mode, open }
    }

    pub fn set(&self, line: Line) {
        self.mode.store(line as u8, Ordering::SeqCst);
        if line == Line::Cut {
            for stream in self.open.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, mode: Arc<AtomicU8>, answers: bool) {
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 16_384];
        while let Ok(read) = from.read(&mut buffer) {
            if read == 0 {
                break;
            }
            loop {
                let now = mode.load(Ordering::SeqCst);
                let held = now == Line::Stalled as u8 || (answers && now == Line::DeafToAnswers as u8);
                if !held {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            if mode.load(Ordering::SeqCst) == Line::Cut as u8 || to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
