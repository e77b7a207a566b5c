//! The sound device of this machine: one thread owns it, opens it when needed, and opens it again when it fails.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use rodio::cpal::traits::{DeviceTrait, HostTrait};
use rodio::{CpalError, CpalErrorKind, DeviceSinkBuilder, MixerDeviceSink, Source};
use tokio::sync::{oneshot, watch};

use super::output::{Output, OutputError, Sound, SpeakerState};
use super::pcm::{Pcm, samples_of};

/// Sounds handed over and not yet begun, at most.
const ORDERS_MAX: usize = 4;
/// Messages of the device not yet read, at most; more of them say nothing new.
const NEWS_MAX: usize = 16;
/// First wait before a failed device is tried again.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// Longest wait before a failed device is tried again.
const RETRY_LONGEST: Duration = Duration::from_mins(5);
/// A device with nothing to play is closed after this, so that other programs may have it.
const IDLE_CLOSE: Duration = Duration::from_secs(20);
/// Silence after every sound, so that its end has left the device's own buffer when the sound counts as heard.
const TAIL_MS: u32 = 150;
/// A device that needs twice a sound's length and this much more has stalled.
const STALL_MARGIN: Duration = Duration::from_secs(15);

/// The thread's end of one order.
struct Order {
    sound: Sound,
    stop: Arc<AtomicBool>,
    done: oneshot::Sender<Result<(), OutputError>>,
}

/// What the device tells the thread.
enum News {
    /// The sound of this serial number has ended or was stopped.
    Ended(u64),
    /// The device does not work any more.
    Failed(String),
}

/// The loudspeaker of this machine.
#[derive(Debug)]
pub struct Speaker {
    orders: SyncSender<Order>,
    state: watch::Receiver<SpeakerState>,
}

impl Speaker {
    /// Starts the thread, which tries the device (`default`, or a name) at once and reports in the state.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(device: &str) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let (told, state) = watch::channel(SpeakerState::Idle);
        let device = device.to_owned();
        std::thread::Builder::new().name("warmhall-voice".to_owned()).spawn(move || {
            let mut desk = Desk { device, told, opened: None, retry_after: RETRY_FIRST, serial: 0 };
            desk.try_device();
            desk.run(&inbox);
        })?;
        Ok(Self { orders, state })
    }
}

/// Stops the sound when whoever waited for it does not wait any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Output for Speaker {
    async fn play(&self, sound: Sound) -> Result<(), OutputError> {
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let (done, heard) = oneshot::channel();
        let gone = || OutputError::Off("voice thread ended".to_owned());
        self.orders.try_send(Order { sound, stop: Arc::clone(&stop.0), done }).map_err(|error| match error {
            TrySendError::Full(_) => OutputError::Busy,
            TrySendError::Disconnected(_) => gone(),
        })?;
        heard.await.unwrap_or_else(|_| Err(gone()))
    }

    fn state(&self) -> watch::Receiver<SpeakerState> {
        self.state.clone()
    }
}

/// An opened device and where it sends its news.
struct Opened {
    sink: MixerDeviceSink,
    news: Receiver<News>,
    to_news: SyncSender<News>,
}

/// What the thread knows.
struct Desk {
    device: String,
    told: watch::Sender<SpeakerState>,
    opened: Option<Opened>,
    retry_after: Duration,
    serial: u64,
}

impl Desk {
    fn run(&mut self, inbox: &Receiver<Order>) {
        loop {
            let working = self.told.borrow().can_speak();
            let next = match (working, &self.opened) {
                (true, None) => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                (true, Some(_)) => inbox.recv_timeout(IDLE_CLOSE),
                (false, _) => inbox.recv_timeout(self.retry_after),
            };
            match next {
                Ok(order) => self.serve(order, inbox),
                Err(RecvTimeoutError::Timeout) if working => self.opened = None,
                Err(RecvTimeoutError::Timeout) => self.try_device(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Opens the device to see whether it works, and leaves it to other programs.
    fn try_device(&mut self) {
        match self.open() {
            Ok(()) => {
                self.opened = None;
                self.tell(SpeakerState::Idle);
            }
            Err(reason) => self.failed(reason),
        }
    }

    fn serve(&mut self, order: Order, inbox: &Receiver<Order>) {
        if order.stop.load(Ordering::Relaxed) {
            return;
        }
        let outcome = self.open().and_then(|()| {
            self.tell(SpeakerState::Playing);
            self.play(&order)
        });
        match &outcome {
            Ok(()) => self.tell(SpeakerState::Idle),
            Err(reason) => self.failed(reason.clone()),
        }
        // Whoever gave the order may have gone; then nobody needs the answer.
        let _ = order.done.send(outcome.map_err(OutputError::NoDevice));
        // While the device is away, orders would only pile up.
        if self.opened.is_none() {
            while let Ok(order) = inbox.try_recv() {
                let reason = self.reason();
                let _ = order.done.send(Err(OutputError::NoDevice(reason)));
            }
        }
    }

    fn reason(&self) -> String {
        match &*self.told.borrow() {
            SpeakerState::NoDevice(reason) | SpeakerState::Off(reason) => reason.clone(),
            SpeakerState::Playing | SpeakerState::Idle => String::new(),
        }
    }

    fn open(&mut self) -> Result<(), String> {
        if self.opened.is_none() {
            let (to_news, news) = sync_channel(NEWS_MAX);
            let sink = open_device(&self.device, to_news.clone())?;
            self.opened = Some(Opened { sink, news, to_news });
            self.retry_after = RETRY_FIRST;
        }
        Ok(())
    }

    fn play(&mut self, order: &Order) -> Result<(), String> {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let Some(opened) = &self.opened else { return Err("closed".to_owned()) };
        let silence_ms = order.sound.gap_ms.saturating_add(TAIL_MS);
        let length_ms = order.sound.pcm.length_ms().saturating_add(u64::from(silence_ms));
        let tape =
            Tape::new(&order.sound, silence_ms, Arc::clone(&order.stop), serial, opened.to_news.clone()).ok_or("a sound without a rate")?;
        opened.sink.mixer().add(tape);
        let patience = Duration::from_millis(length_ms.saturating_mul(2)).saturating_add(STALL_MARGIN);
        loop {
            match opened.news.recv_timeout(patience) {
                Ok(News::Ended(ended)) if ended == serial => return Ok(()),
                Ok(News::Ended(_)) => {}
                Ok(News::Failed(reason)) => return Err(reason),
                Err(_) => return Err("stalled".to_owned()),
            }
        }
    }

    fn failed(&mut self, reason: String) {
        self.opened = None;
        tracing::warn!(device = %self.device, reason, retry_s = self.retry_after.as_secs(), "no sound device");
        self.tell(SpeakerState::NoDevice(reason));
        self.retry_after = self.retry_after.saturating_mul(2).min(RETRY_LONGEST);
    }

    fn tell(&self, state: SpeakerState) {
        self.told.send_if_modified(|told| {
            let news = *told != state;
            *told = state;
            news
        });
    }
}

fn open_device(name: &str, to_news: SyncSender<News>) -> Result<MixerDeviceSink, String> {
    let host = rodio::cpal::default_host();
    let device = if name == "default" {
        host.default_output_device()
    } else {
        let mut devices = host.output_devices().map_err(|error| error.to_string())?;
        devices.find(|device| {
            let by_id = device.id().is_ok_and(|id| id.to_string() == name || id.id() == name);
            by_id || device.description().is_ok_and(|about| about.name() == name)
        })
    };
    let device = device.ok_or_else(|| format!("没有 / none named “{name}”"))?;
    let builder = DeviceSinkBuilder::from_device(device).map_err(|error| said(&error))?;
    let builder = builder.with_error_callback(move |error: CpalError| {
        if is_fatal(error.kind()) {
            // A full channel already holds the news that the device failed.
            let _ = to_news.try_send(News::Failed(error.to_string()));
        }
    });
    let mut sink = builder.open_stream().map_err(|error| said(&error))?;
    sink.log_on_drop(false);
    Ok(sink)
}

/// An error with what caused it: rodio's own words alone do not say why.
fn said(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Whether the stream is over. An underrun crackles, a changed route plays on elsewhere.
fn is_fatal(kind: CpalErrorKind) -> bool {
    !matches!(kind, CpalErrorKind::Xrun | CpalErrorKind::RealtimeDenied | CpalErrorKind::DeviceChanged)
}

/// A sound and its silence, as the device pulls it; no lock and no allocation on the way.
struct Tape {
    pcm: Arc<Pcm>,
    rate: NonZero<u32>,
    gain: f32,
    position: usize,
    end: usize,
    stop: Arc<AtomicBool>,
    serial: u64,
    to_news: Option<SyncSender<News>>,
}

impl Tape {
    fn new(sound: &Sound, silence_ms: u32, stop: Arc<AtomicBool>, serial: u64, to_news: SyncSender<News>) -> Option<Self> {
        let rate = NonZero::new(sound.pcm.rate_hz())?;
        let silence = samples_of(rate.get(), silence_ms);
        let end = sound.pcm.samples().len().saturating_add(silence);
        let gain = f32::from(sound.volume_percent.min(100)) / 100.0 / 32_768.0;
        Some(Self { pcm: Arc::clone(&sound.pcm), rate, gain, position: 0, end, stop, serial, to_news: Some(to_news) })
    }
}

impl Iterator for Tape {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.position >= self.end || self.stop.load(Ordering::Relaxed) {
            self.end = self.position;
            if let Some(news) = self.to_news.take() {
                let _ = news.try_send(News::Ended(self.serial));
            }
            return None;
        }
        let sample = self.pcm.samples().get(self.position).copied().unwrap_or(0);
        self.position = self.position.saturating_add(1);
        Some(f32::from(sample) * self.gain)
    }
}

impl Source for Tape {
    fn current_span_len(&self) -> Option<usize> {
        (self.position >= self.end).then_some(0)
    }

    fn channels(&self) -> NonZero<u16> {
        NonZero::<u16>::MIN
    }

    fn sample_rate(&self) -> NonZero<u32> {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}
