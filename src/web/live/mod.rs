//! The live line: screens hold a state, kept true by snapshot, event and beat, each socket told every revision once.
//!
//! One hub for a process makes the texts of each view; one task for a worker thread hands them to its sockets. Nobody
//! waits for a socket: what it does not take is put by up to a limit, and then it is cut.

mod foresight;
mod frame;
mod hub;
mod pieces;
mod places;
mod presence;
mod socket;
mod worker;

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

pub use pieces::PIECE_BYTES_MAX;
pub use places::{ANONYMOUS_SOCKETS_MAX, SOCKETS_MAX};
pub use presence::Presence;
pub use socket::{
    BACKLOG_BYTES_MAX, BACKLOG_FRAMES_MAX, BACKLOG_MS_MAX, CLIENT_FRAME_BYTES_MAX, CLIENT_MESSAGES_MAX, CLIENT_WINDOW_S, PING_MS,
    SILENCE_MS_MAX,
};
pub use worker::Local;

use super::forecaster::Waits;
use super::views::{HealthBrief, View};
use crate::clock::Clock;
use crate::domain::ids::{DeviceId, SessionId};
use crate::feed::Feed;
use crate::keeper::Keeper;
use crate::store::Journal;
use foresight::Foresight;
use pieces::Pieces;
use places::{NoPlace, Places};
use socket::Socket;
use worker::ToWorker;

/// The sub-protocol of the live line.
pub const PROTOCOL: &str = "warmhall.v1";
/// What a token is prefixed with when it comes as a sub-protocol.
pub const BEARER_PROTOCOL: &str = "bearer.";
/// Sockets and workers that may wait for the hub.
const JOINS_MAX: usize = 4_096;
/// How long a socket may wait for its turn with the hub, in milliseconds.
const JOIN_MS_MAX: u64 = 5_000;
/// How long a connection may take nothing of what is written to it, in milliseconds.
const LINE_MS_MAX: u32 = 25_000;
/// How long a closing server gives its sockets, in milliseconds.
const CLOSE_MS_MAX: u64 = 900;

/// By what right a socket looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Device(DeviceId),
    Session(SessionId),
    /// By the secret of a ticket's link, at this address.
    Anyone(IpAddr),
}

/// Somebody whom the gate has let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub view: View,
    pub holder: Holder,
    /// Epoch and revision that the client has.
    pub has: Option<(String, u64)>,
}

/// Why no socket was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOpened {
    /// It was not a WebSocket's request.
    NotAWebSocket,
    /// Too many sockets in all.
    Full,
    /// Too many from this address.
    TooManyFromThere,
    /// The server closes.
    Closing,
}

/// What the live line is started with.
pub struct Options {
    /// The latest waits that people would be told.
    pub waits: Arc<dyn Fn() -> Arc<Waits> + Send + Sync>,
    pub health: Arc<dyn Fn() -> HealthBrief + Send + Sync>,
    /// Whether a session has been idle for too long, at an instant.
    pub is_idle: Arc<dyn Fn(SessionId, DateTime<Utc>) -> bool + Send + Sync>,
    pub demo: bool,
    /// Sockets at most.
    pub sockets_max: usize,
    /// Sockets of one anonymous address at most.
    pub anonymous_max: u32,
}

/// What workers tell the hub.
enum ToHub {
    Worker { id: u64, orders: mpsc::Sender<ToWorker> },
    Join { worker: u64, socket: u64, view: View, has: Option<u64> },
}

struct Shared {
    hub: mpsc::Sender<ToHub>,
    epoch: Arc<str>,
    clock: Clock,
    may_look: Box<dyn Fn(&Holder) -> bool + Send + Sync>,
    places: Places,
    presence: Presence,
    foresight: Arc<Foresight>,
    ids: AtomicU64,
    closing: watch::Sender<bool>,
}

/// The live line of one process. Clones are the same.
#[derive(Clone)]
pub struct Live {
    shared: Arc<Shared>,
}

impl Live {
    /// Starts the hub on the current tokio runtime.
    #[must_use]
    pub fn start<J: Journal>(keeper: Keeper<J>, feed: Feed, options: Options) -> Self {
        let (hub, inbox) = mpsc::channel(JOINS_MAX);
        let clock = keeper.clock().clone();
        let (looked, looked_clock, is_idle) = (keeper.clone(), clock.clone(), Arc::clone(&options.is_idle));
        let may_look = move |holder: &Holder| match holder {
            Holder::Anyone(_) => true,
            Holder::Device(id) => looked.read(|hall| hall.access.devices.contains_key(id)),
            Holder::Session(id) => {
                let now = looked_clock.now();
                !is_idle(*id, now) && looked.read(|hall| hall.access.sessions.get(id).is_some_and(|s| s.expires_at > now))
            }
        };
        let shared = Arc::new(Shared {
            hub,
            epoch: keeper.epoch(),
            clock,
            may_look: Box::new(may_look),
            places: Places::new(options.sockets_max, options.anonymous_max),
            presence: Presence::default(),
            foresight: Arc::default(),
            ids: AtomicU64::new(1),
            closing: watch::Sender::new(false),
        });
        let hub = hub::Hub::new(keeper, feed, options, shared.presence.clone(), Arc::clone(&shared.foresight));
        tokio::spawn(hub.run(inbox, shared.closing.subscribe()));
        Self { shared }
    }

    /// Which devices are looking.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.shared.presence
    }

    /// How many sockets are open.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.shared.places.taken()
    }

    /// Says goodbye to every socket and waits until they are gone, not long.
    pub async fn close(&self) {
        self.shared.closing.send_replace(true);
        let all_gone = async {
            while self.sockets() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Who does not go by then goes with the process.
        let _all_gone = timeout(Duration::from_millis(CLOSE_MS_MAX), all_gone).await;
    }

    fn new_id(&self) -> u64 {
        self.shared.ids.fetch_add(1, Ordering::Relaxed)
    }

    fn hub(&self) -> &mpsc::Sender<ToHub> {
        &self.shared.hub
    }

    fn may_look(&self, holder: &Holder) -> bool {
        (self.shared.may_look)(holder)
    }
}

/// Opens a socket for somebody whom the gate has let in.
///
/// # Errors
/// When it cannot be opened; nothing was upgraded then.
pub fn open(live: &Live, local: &Local, request: &HttpRequest, body: web::Payload, admitted: Admitted) -> Result<HttpResponse, NotOpened> {
    if *live.shared.closing.borrow() {
        return Err(NotOpened::Closing);
    }
    let Admitted { view, holder, has } = admitted;
    let anonymous = if let Holder::Anyone(address) = &holder { Some(*address) } else { None };
    let place = live.shared.places.take(anonymous).map_err(|no| match no {
        NoPlace::Full => NotOpened::Full,
        NoPlace::TooManyFromThere => NotOpened::TooManyFromThere,
    })?;
    let upgraded = actix_ws::handle_with_protocols(request, body, &[PROTOCOL]);
    let (response, session, messages) = upgraded.map_err(|_| NotOpened::NotAWebSocket)?;
    let messages = messages.max_frame_size(CLIENT_FRAME_BYTES_MAX);
    let looking = match &holder {
        Holder::Device(device) => Some(live.shared.presence.came(*device, live.shared.clock.now())),
        Holder::Session(_) | Holder::Anyone(_) => None,
    };
    // Under another epoch the client's revision means nothing.
    let has = has.filter(|(epoch, _)| **epoch == *live.shared.epoch).map(|(_, rev)| rev);
    let (worker, bench) = local.bench(live);
    let socket = Rc::new(Socket::new(live.new_id(), view, holder, session, live.shared.clock.clone(), looking, place));
    bench.seat(Rc::clone(&socket));
    let live = live.clone();
    actix_web::rt::spawn(async move {
        let join = ToHub::Join { worker, socket: socket.id, view: socket.view.clone(), has };
        let joined = timeout(Duration::from_millis(JOIN_MS_MAX), live.hub().send(join)).await;
        if matches!(joined, Ok(Ok(()))) {
            socket.listen(messages).await;
        } else {
            socket.end(Some(frame::Bye::Restart), None);
        }
        bench.leave(&socket);
    });
    Ok(response.map_body(|_, body| BoxBody::new(Pieces::of(body))))
}

/// Has the system give up a connection whose client takes nothing for too long: what was written for it cannot be taken back.
pub fn mind_the_line(connection: &dyn Any, _data: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        // Where the system knows no such limit, its own applies.
        let _known = set_tcp_user_timeout(stream, LINE_MS_MAX);
    }
}

#[cfg(test)]
mod tests;
