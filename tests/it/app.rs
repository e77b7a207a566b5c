//! The app under test: one private Redis for the whole run, one hall and one server for each test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, mpsc};

use actix_web::dev::ServerHandle;
use actix_web::web;
use chrono::Duration;
use warmhall::addresses::AddressBook;
use warmhall::clock::Clock;
use warmhall::domain::access::Account;
use warmhall::domain::actor::{Caller, Role};
use warmhall::domain::command::{Command, NewDevice};
use warmhall::domain::ids::CounterNo;
use warmhall::domain::profile::Profile;
use warmhall::feed::Feed;
use warmhall::history::{self, History};
use warmhall::keeper::{HallKeeper, Keeper, Options, Reply, Request};
use warmhall::settings::sample_profile;
use warmhall::store::{self, OpenOptions, RedisAddress, RedisJournal};
use warmhall::web::live::Live;
use warmhall::web::{AppState, Health, Parts, SetUp, WebSettings, passwords, secrets, serve};

use crate::people::{Clerk, Kiosk, Lead, Person, Visitor};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "tea-kettle-42";

/// The private Redis of this run; it dies with the process.
static REDIS: LazyLock<PathBuf> = LazyLock::new(|| {
    let (told, socket) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = OpenOptions { data_dir: run_dir(), hall_id: "run".to_owned(), redis_url: None, redis_server: None };
            let open = store::open(options).await.unwrap();
            told.send(open.child.as_ref().unwrap().socket()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    socket.recv().unwrap()
});

/// A folder for this run; those of runs that are over are removed.
fn run_dir() -> PathBuf {
    let base = Path::new("/tmp").join("warmhall-it");
    std::fs::create_dir_all(&base).unwrap();
    for old in std::fs::read_dir(&base).unwrap().flatten() {
        let pid = old.file_name().to_string_lossy().into_owned();
        if !Path::new("/proc").join(&pid).exists() {
            let _busy = std::fs::remove_dir_all(old.path());
        }
    }
    base.join(std::process::id().to_string())
}

/// The hash of [`PASSWORD`], computed once.
static HASH: LazyLock<Arc<str>> = LazyLock::new(|| passwords::hash(PASSWORD).unwrap());

/// What a test starts its app with.
pub struct Setting {
    pub web: WebSettings,
    pub profile: Profile,
    /// Accounts and devices of every role.
    pub people: bool,
    pub health: Health,
    pub addresses: AddressBook,
    /// Where history is kept, where there is one.
    pub history: Option<PathBuf>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            web: WebSettings::default(),
            profile: sample_profile().unwrap(),
            people: true,
            health: Health::default(),
            addresses: no_addresses(),
            history: None,
        }
    }
}

/// The book of a folder that is not there: empty.
fn no_addresses() -> AddressBook {
    AddressBook::open(&std::env::temp_dir().join("warmhall-without-addresses"))
}

/// What a server is started with beside its hall.
type Around = (WebSettings, Health, AddressBook, Option<History>);

/// One hall, served.
pub struct TestApp {
    pub address: String,
    pub keeper: HallKeeper,
    pub clock: Clock,
    pub hall_id: String,
    /// The one-time secret of the first administrator.
    pub setup_secret: String,
    pub live: Live,
    history: Option<History>,
    server: ServerHandle,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The handle only sends; the server's threads end by themselves.
        drop(self.server.stop(false));
    }
}

impl TestApp {
    /// A hall with everybody in it, on a Monday morning at ten.
    pub async fn start() -> Self {
        Self::with(Setting::default()).await
    }

    pub async fn with(setting: Setting) -> Self {
        static HALLS: AtomicU32 = AtomicU32::new(0);
        let hall_id = format!("hall-{}", HALLS.fetch_add(1, Ordering::SeqCst));
        let clock = Clock::manual("2026-11-23T02:00:00Z".parse().unwrap());
        let Setting { web, profile, people, health, addresses, history } = setting;
        let opened = open(&hall_id, &clock).await;
        let history = match history {
            Some(path) => Some(History::open(history::Options { path }).await.unwrap()),
            None => None,
        };
        let app = Self::serve(opened, clock, hall_id, (web, health, addresses, history));
        app.submit(Command::SetProfile { profile: Box::new(profile) }).await;
        app.submit(Command::Create { link_key: "0123456789abcdef".into() }).await;
        if people {
            app.invite().await;
        }
        app
    }

    fn serve((keeper, feed): (HallKeeper, Feed), clock: Clock, hall_id: String, set: Around) -> Self {
        let (settings, health, addresses, history) = set;
        if let Some(follower) = history.clone() {
            let (feed, epoch) = (feed.clone(), keeper.epoch());
            actix_web::rt::spawn(async move { follower.follow(feed, epoch).await });
        }
        let (setup, setup_secret) = SetUp::draw().unwrap();
        let remembers = history.clone();
        let parts =
            Parts { keeper: keeper.clone(), settings, health, setup: Some(setup), history: remembers, sounds: None, demo: None, addresses };
        let state: web::Data<AppState> = AppState::new(parts);
        let live = state.go_live(feed);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = serve(state, listener, 1).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, keeper, clock, hall_id, setup_secret, live, history, server: handle }
    }

    /// The same hall, served anew from its journal, as after a restart.
    pub async fn again(&self) -> Self {
        let opened = open(&self.hall_id, &self.clock).await;
        Self::serve(opened, self.clock.clone(), self.hall_id.clone(), (WebSettings::default(), Health::default(), no_addresses(), None))
    }

    /// An account and, for machines, a token of every role.
    async fn invite(&self) {
        for role in Role::ALL {
            if role.is_staff() {
                let (session, account) = (session_of(role.word()), account(role.word(), &[role]));
                let username = account.username.clone();
                self.submit(Command::CreateAccount { account }).await;
                self.submit(Command::StartSession { username, digest: secrets::digest(&session).into(), replaces: None }).await;
            }
            let counter: Option<CounterNo> = (role == Role::CounterDisplay).then(|| "1".parse().unwrap());
            let digest = secrets::digest(&token_of(role)).into();
            let device = NewDevice { kind: role, name: format!("{role}-1"), counter, digest, teams: Vec::new(), skills: Vec::new() };
            self.submit(Command::AddDevice { device }).await;
        }
        let account = account("clerk2", &[Role::Clerk]);
        let (username, digest) = (account.username.clone(), secrets::digest(&session_of("clerk2")).into());
        self.submit(Command::CreateAccount { account }).await;
        self.submit(Command::StartSession { username, digest, replaces: None }).await;
    }

    /// Somebody with an account of these roles who works for these teams, in a browser.
    pub async fn hires(&self, name: &str, roles: &[Role], teams: &[&str]) -> Person {
        self.admits(Account { teams: teams.iter().map(|team| team.parse().unwrap()).collect(), ..account(name, roles) }).await;
        self.staff(name)
    }

    /// Somebody with this account, in a browser.
    pub async fn admits(&self, account: Account) {
        let (username, digest) = (account.username.clone(), secrets::digest(&session_of(account.username.as_str())).into());
        self.submit(Command::CreateAccount { account }).await;
        self.submit(Command::StartSession { username, digest, replaces: None }).await;
    }

    /// Waits until history has everything that happened.
    pub async fn remembered(&self) {
        let rev = *self.keeper.rev().borrow();
        self.history.as_ref().unwrap().health().wait_for(|health| health.projected >= rev).await.unwrap();
    }

    /// Has the hall itself do something.
    pub async fn submit(&self, command: Command) {
        let render = Arc::new(|decided: &warmhall::keeper::Decided<'_>| Reply {
            status: if decided.refusal.is_some() { 400 } else { 200 },
            body: format!("{:?}", decided.refusal),
        });
        let request = Request { command, caller: Caller::hall(), key: None, render };
        let answer = self.keeper.submit(request).await.unwrap();
        assert_eq!(answer.reply.status, 200, "{}", answer.reply.body);
    }

    /// Lets time pass.
    pub fn passes(&self, seconds: i64) {
        self.clock.set(self.clock.now() + Duration::seconds(seconds));
    }

    pub fn kiosk(&self) -> Kiosk {
        Kiosk(Person::with_token(self, &token_of(Role::Kiosk)))
    }

    pub fn token(&self, role: Role) -> Person {
        Person::with_token(self, &token_of(role))
    }

    /// A member of staff in a browser; their account is called like their role.
    pub fn staff(&self, name: &str) -> Person {
        Person::with_cookie(self, &session_of(name))
    }

    pub fn clerk(&self, name: &str) -> Clerk {
        Clerk { person: self.staff(name), counter: String::new(), fence: None }
    }

    pub fn lead(&self) -> Lead {
        Lead(self.staff("lead"))
    }

    pub fn visitor(&self) -> Visitor {
        Visitor(Person::nobody(self))
    }
}

async fn open(hall_id: &str, clock: &Clock) -> (HallKeeper, Feed) {
    let journal = Arc::new(RedisJournal::new(&RedisAddress::Socket(REDIS.clone()), hall_id, true).unwrap());
    let keeper = Keeper::open(Options { journal: Arc::clone(&journal), clock: clock.clone(), shared: false }).await.unwrap();
    let known = *keeper.rev().borrow();
    (keeper, Feed::start(journal, known))
}

pub fn account(username: &str, roles: &[Role]) -> Account {
    Account {
        username: username.parse().unwrap(),
        name: format!("王{username}"),
        badge: Some("1023".to_owned()),
        roles: roles.to_vec(),
        password_hash: HASH.clone(),
        disabled: false,
        teams: Vec::new(),
        skills: Vec::new(),
    }
}

fn token_of(role: Role) -> String {
    format!("wh_test-token-of-{role}")
}

fn session_of(name: &str) -> String {
    format!("test-session-of-{name}")
}
