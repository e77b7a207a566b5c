//! `warmhall announce`: the machine with the loudspeaker listens to the hall's live line and speaks.

mod ear;
mod line;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use url::Url;

use super::args::AnnounceArgs;
use super::fault::Fault;
use super::log;
use crate::announcer::cursor_file::CursorFile;
use crate::announcer::{Announcer, INPUTS_MAX, Loudspeaker, Output, Parts, SpeakerState, Studio, Voice, VoiceSettings, VoiceStatus};
use crate::domain::text::Language;
use crate::settings;
use ear::Ear;
use line::{Line, Patience, ServerTime};

/// Held while a process speaks from a folder: two would each think the other's calls said.
const LOCK_FILE: &str = "speaker.lock";
/// A token file larger than this is not one, in bytes.
const TOKEN_BYTES_MAX: u64 = 4 * 1024;
/// How long the hall may take to say who it is, in seconds.
const HALL_S_MAX: u64 = 8;
/// The largest description of a hall, in bytes.
const HALL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why the server does not let this loudspeaker listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotLetIn {
    Unknown,
    Forbidden,
    Revoked,
    /// The announcer has ended.
    Closing,
}

impl NotLetIn {
    fn fault(self) -> Fault {
        let new = "请重新执行 / make a new one: warmhall token --role speaker --name …";
        match self {
            Self::Unknown => Fault::usage(format!("服务器不认识这个令牌 / the server does not know this token\n{new}")),
            Self::Forbidden => Fault::usage(format!("这个令牌不能听叫号 / this token may not listen to calls\n{new}")),
            Self::Revoked => Fault::failed(format!("令牌已被吊销，停止播报 / the token was revoked; nothing is spoken any more\n{new}")),
            Self::Closing => Fault::failed("播报已停止 / the voice has stopped"),
        }
    }
}

/// One line for whoever looks at this machine, in both languages.
fn report(line: &str) {
    println!("{line}");
}

/// Speaks until it is told to stop.
pub(super) fn announce(args: &AnnounceArgs) -> Result<(), Fault> {
    let token = token(args)?;
    let server = address(&args.server)?;
    let settings = settings::load(args.config.as_deref(), std::env::vars())?;
    log::start(&settings.log)?;
    // A hall's file may say that the server itself is silent; this machine is started to speak.
    let settings = VoiceSettings { enabled: true, ..settings.voice };
    let _lock = lock(&args.data_dir)?;
    let voice = Voice::load(&settings).map_err(|error| Fault::usage(error.to_string()))?;
    let studio = Arc::new(Studio::new(voice, &settings, Some(&args.data_dir)));
    let output = Loudspeaker::open(&settings);
    actix_web::rt::System::new().block_on(async {
        tokio::select! {
            ended = speak(Speaker { server, token, settings, studio, output }, &args.data_dir) => ended,
            asked = until_told() => asked,
        }
    })
}

/// What this machine speaks with.
struct Speaker {
    server: Url,
    token: String,
    settings: VoiceSettings,
    studio: Arc<Studio>,
    output: Loudspeaker,
}

async fn speak(speaker: Speaker, data_dir: &Path) -> Result<(), Fault> {
    let Speaker { server, token, settings, studio, output } = speaker;
    report(&both(&output.state().borrow()));
    let hall = who_is_there(&server).await?;
    report(&format!("{} / {}", hall.name.zh, hall.name.en));
    let time = ServerTime::default();
    let now = time.clone();
    let parts = Parts { settings: settings.clone(), zone: hall.time_zone, studio, output, now: Arc::new(move || now.now()) };
    let epoch = CursorFile::in_dir(data_dir).epoch();
    let announcer = Announcer::new(parts, data_dir, epoch.as_deref().unwrap_or_default());
    let place = epoch.map(|epoch| (epoch, announcer.resume_after()));
    let (inputs, inbox) = mpsc::channel(INPUTS_MAX);
    let status = announcer.status();
    let live = server.join("api/v1/live").map_err(|error| Fault::of("网址有误", "wrong address", &error))?;
    let line = Line { server: live, token, ear: Ear::new(settings, place), time, inputs };
    // Whichever ends first drops the others: the sound stops at once, and what was not said keeps its place.
    tokio::select! {
        ended = line.listen() => Err(ended.fault()),
        () = announcer.run(inbox) => Err(NotLetIn::Closing.fault()),
        () = show(status) => Err(NotLetIn::Closing.fault()),
    }
}

/// Prints what is said and how the loudspeaker is, as it changes.
async fn show(mut status: watch::Receiver<VoiceStatus>) {
    let mut last = status.borrow().clone();
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        if let Some(saying) = now.saying.as_ref().filter(|saying| last.saying.as_ref() != Some(saying)) {
            let text: Vec<_> = saying.text.iter().map(|(_, text)| text.as_str()).collect();
            report(&format!("播报 / saying [{}]: {}", saying.rev, text.join(" / ")));
        }
        if now.speaker.can_speak() != last.speaker.can_speak() {
            report(&both(&now.speaker));
        }
        if now.dropped > last.dropped {
            report(&format!("{} 条未播报 / {} not said", now.dropped - last.dropped, now.dropped - last.dropped));
        }
        last = now;
    }
}

fn both(state: &SpeakerState) -> String {
    format!("{} / {}", state.line(Language::Zh), state.line(Language::En))
}

async fn until_told() -> Result<(), Fault> {
    let cannot = |error: std::io::Error| Fault::of("无法接收信号", "cannot listen for signals", &error);
    let mut term = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut int = signal(SignalKind::interrupt()).map_err(cannot)?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    report("已停止播报 / stopped");
    Ok(())
}

fn token(args: &AnnounceArgs) -> Result<String, Fault> {
    let text = match (&args.token, &args.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) => {
            let cannot = |error: std::io::Error| Fault::of("令牌文件无法读取", "the token file cannot be read", &error);
            if std::fs::metadata(path).map_err(cannot)?.len() > TOKEN_BYTES_MAX {
                return Err(Fault::usage("令牌文件太大 / the token file is too large"));
            }
            std::fs::read_to_string(path).map_err(cannot)?
        }
        (None, None) => String::new(),
    };
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|sign| sign.is_ascii_graphic()) {
        return Err(Fault::usage("令牌有误 / that is no token"));
    }
    Ok(text.to_owned())
}

/// The server's address, ready for paths to be joined to it.
fn address(text: &str) -> Result<Url, Fault> {
    let mut url: Url = text.parse().map_err(|error: url::ParseError| Fault::usage(format!("网址有误 / wrong address {text}: {error}")))?;
    match url.scheme() {
        "http" => {}
        "https" => {
            return Err(Fault::usage(
                "这里只支持 http://（大厅内网）；跨网络请用 VPN 或本机 TLS 隧道 / only http:// is spoken here (the hall's own network); \
                 beyond it use a VPN or a TLS tunnel on this machine",
            ));
        }
        _ => return Err(Fault::usage(format!("网址以 http:// 开头 / the address starts with http://: {text}"))),
    }
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Makes the folder and keeps others out of it.
fn lock(dir: &Path) -> Result<File, Fault> {
    let cannot = |error: std::io::Error| Fault::of(&format!("目录 {} 无法使用", dir.display()), "the folder cannot be used", &error);
    std::fs::create_dir_all(dir).map_err(cannot)?;
    let file = File::create(dir.join(LOCK_FILE)).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Fault::taken(format!(
            "另一个播报程序正在使用目录 {} / another loudspeaker uses the folder; give this one its own with --data-dir",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

#[derive(Debug, Deserialize)]
struct Described {
    hall: HallBrief,
}

/// What a loudspeaker has to know of the hall before it speaks.
#[derive(Debug, Deserialize)]
struct HallBrief {
    name: crate::domain::text::Text,
    time_zone: Tz,
}

/// Asks the hall who it is, until it answers.
async fn who_is_there(server: &Url) -> Result<HallBrief, Fault> {
    let url = server.join("api/v1/hall").map_err(|error| Fault::of("网址有误", "wrong address", &error))?;
    let mut patience = Patience::new();
    let mut told = false;
    loop {
        match ask(&url).await {
            Ok(hall) => return Ok(hall),
            Err(why) if !told => {
                report(&format!("服务器未就绪，继续尝试 / the server is not ready, still trying: {why}"));
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(patience.next(0)).await;
    }
}

async fn ask(url: &Url) -> Result<HallBrief, String> {
    let client = awc::Client::builder().timeout(Duration::from_secs(HALL_S_MAX)).finish();
    let mut answer = client.get(url.as_str()).send().await.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP {}", answer.status().as_u16()));
    }
    let body = answer.body().limit(HALL_BYTES_MAX).await.map_err(|error| error.to_string())?;
    let described: Described = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    Ok(described.hall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_what_cannot_be_reached_is_refused() {
        let joined = |text: &str| address(text).unwrap().join("api/v1/live").unwrap().to_string();
        assert_eq!(joined("http://10.0.0.5:8080"), "http://10.0.0.5:8080/api/v1/live");
        assert_eq!(joined("http://10.0.0.5/hall-1?x=1#y"), "http://10.0.0.5/hall-1/api/v1/live");
        for wrong in ["10.0.0.5:8080", "https://hall.example", "ftp://x", "", "//x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn two_loudspeakers_do_not_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("deep/er");
        let held = lock(&folder).unwrap();
        assert!(lock(&folder).is_err());
        drop(held);
        lock(&folder).unwrap();
    }
}
