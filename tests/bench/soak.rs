//! Ten service days of a busy hall in fast time: what grows after the first.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::house::{House, Running, Usage, folder, hall_file_in};
use super::load::{Crowd, Pace};
use super::people::{Clerk, Kiosk};
use super::table::{Table, at_most, float, none};
use super::wall::{Told, Wall};
use super::{Options, SERVICES};

const DAYS: u32 = 10;
/// A service day in the full run: ten of them are an hour.
const DAY_FULL: Duration = Duration::from_mins(6);
/// A service day otherwise.
const DAY_SHORT: Duration = Duration::from_secs(24);
/// Numbers a day.
const TICKETS: u32 = 5_000;
const KIOSKS: u32 = 6;
const CLERKS: u32 = 12;
/// Calls of a day that may be refused.
const CALLS_IN_VAIN_MAX: u32 = 4 * CLERKS;
const BOARDS: usize = 200;
/// Boards that go away and come back, each day.
const COMINGS: u32 = 20;
/// Bends the time of the server, not of what it waits for.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Where the library reads how far its clock is ahead.
const CLOCK_FILE: &str = "clock";
/// Half a minute after the first service day began: 2026-03-02 04:00:30 UTC.
const FIRST_S: i64 = 1_772_424_030;
/// Between two steps of the clock.
const STEP: Duration = Duration::from_millis(500);
/// What the journal keeps at least, by `history::JOURNAL_EVENTS_KEPT_MIN`, and how much may come until it is trimmed: two days.
const EVENTS_MAX: u64 = 50_000 + 2 * 4 * 5_000 + 1_000;

/// What there is at the end of a day.
#[derive(Clone, Copy)]
struct Evening {
    server: Usage,
    redis_kib: u64,
    redis_used_kib: u64,
    events: u64,
    redis_disk_kib: u64,
}

async fn evening(running: &Running, house: &House) -> Evening {
    let client = redis::Client::open(format!("unix:{}", house.redis_dir().join("redis.sock").display())).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let info: String = redis::cmd("INFO").arg("memory").query_async(&mut redis).await.unwrap();
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")?.trim().parse::<u64>().ok()).unwrap_or(0);
    let events: u64 = redis::cmd("XLEN").arg("wh:{hall}:events").query_async(&mut redis).await.unwrap();
    Evening {
        server: running.usage(),
        redis_kib: running.redis_pid().map_or(0, |pid| Usage::of(pid).rss_kib),
        redis_used_kib: used / 1_024,
        events,
        redis_disk_kib: disk_kib(&house.redis_dir()),
    }
}

fn disk_kib(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => disk_kib(&entry.path()),
        Ok(found) => found.len() / 1_024,
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// A hall whose clock is told by a file. Redis keeps the real time: its allocator does not start under the library, and nothing of ours
/// asks its clock.
fn fast_house(tools: &Path) -> House {
    let program = tools.join("redis-server");
    std::fs::write(&program, "#!/bin/sh\nunset LD_PRELOAD\nexec redis-server \"$@\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    House::new(&hall_file_in("UTC", SERVICES, usize::try_from(CLERKS).unwrap()))
        .with_env("WARMHALL__REDIS_SERVER", program.to_str().unwrap())
        .with_env("TZ", "UTC")
        .with_env("LD_PRELOAD", FAKETIME)
        .with_env("FAKETIME_TIMESTAMP_FILE", tools.join(CLOCK_FILE).to_str().unwrap())
        .with_env("FAKETIME_CACHE_DURATION", "1")
        .with_env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// Puts the hall's clock forward, so that its service day is as long as `day`. By steps: a clock that runs faster would also shorten
/// whatever the server waits for, and keep it busy with nothing.
fn put_clock(tools: &Path, begin: Instant, day: Duration) {
    let bent = begin.elapsed().mul_f64(86_400.0 / day.as_secs_f64());
    let ahead = FIRST_S + i64::try_from(bent.as_secs()).unwrap() - warmhall::clock::Clock::System.now().timestamp();
    let next = tools.join("clock.next");
    std::fs::write(&next, format!("{ahead:+}")).unwrap();
    std::fs::rename(next, tools.join(CLOCK_FILE)).unwrap();
}

pub async fn run(options: &Options) {
    if !Path::new(FAKETIME).exists() {
        println!("\n## Soak\n\nNot run: {FAKETIME} is missing (apt install faketime).");
        return;
    }
    let day = options.day.unwrap_or(if options.full { DAY_FULL } else { DAY_SHORT });
    let tools = folder();
    put_clock(tools.path(), Instant::now(), day);
    let house = fast_house(tools.path());
    let (kiosk, lead, board) = (house.token("kiosk", "k1"), house.token("lead", "l1"), house.token("board", "b1"));
    let running = house.open();
    let begin = Instant::now();
    let folder = tools.path().to_owned();
    let clock = tokio::spawn(async move {
        loop {
            put_clock(&folder, begin, day);
            sleep(STEP).await;
        }
    });
    house.open_counters(&running, &lead, usize::try_from(CLERKS).unwrap()).await;
    let mut wall = Wall::new(Told::Revisions);
    wall.grow_to(BOARDS, running.address, &board).await;
    let services = u64::try_from(SERVICES).unwrap();
    let kiosks = (0..KIOSKS).map(|index| Kiosk::new(format!("k-{index}"), &kiosk, services));
    let mut kiosks = Crowd::connect(running.address, kiosks).await.unwrap();
    let clerks = (0..CLERKS).map(|index| Clerk::new(format!("c-{index}"), &lead, usize::try_from(index).unwrap() + 1));
    let mut clerks = Crowd::connect(running.address, clerks).await.unwrap();
    let mut evenings = Vec::new();
    for evening_no in 1..=DAYS {
        let ends = begin + day * evening_no;
        // The hall is open for nine tenths of the day; then everybody rests and the day is looked at.
        let open = (ends - day / 10).saturating_duration_since(Instant::now());
        let mut visitors = Visitors { address: running.address, token: Arc::clone(&board), gap: open / COMINGS };
        let (issued, called, ()) = tokio::join!(
            kiosks.run(Pace::Every(open * KIOSKS / TICKETS), open),
            clerks.run(Pace::Every(open * CLERKS / TICKETS), open),
            visitors.come_and_go(),
        );
        assert!(issued.answered >= u64::from(TICKETS) && issued.failed == 0, "a day without people: {:?}", issued.refusals);
        // In the morning each clerk learns by a refusal that yesterday's customer is gone.
        assert!(
            called.answered >= u64::from(TICKETS) && called.failed <= u64::from(CALLS_IN_VAIN_MAX),
            "nobody is called: {:?}",
            called.refusals
        );
        // What is free again is given back to the system after a moment.
        sleep_until(ends - day / 40).await;
        evenings.push(evening(&running, &house).await);
        sleep_until(ends).await;
    }
    clock.abort();
    print(options, day, &evenings, &wall);
}

/// Boards that are switched on and off.
struct Visitors {
    address: std::net::SocketAddr,
    token: Arc<str>,
    gap: Duration,
}

impl Visitors {
    async fn come_and_go(&mut self) {
        let begin = Instant::now();
        for coming in 1..COMINGS {
            let mut wall = Wall::new(Told::Revisions);
            wall.grow_to(5, self.address, &self.token).await;
            drop(wall);
            sleep_until(begin + self.gap * coming).await;
        }
    }
}

fn print(options: &Options, day: Duration, evenings: &[Evening], wall: &Wall) {
    let columns =
        ["day", "server MiB", "of it its own", "Redis MiB", "of it data", "its disk MiB", "events kept", "threads", "files and sockets"];
    let title = format!("Soak: {DAYS} service days of {} s, {TICKETS} numbers, {BOARDS} boards each", day.as_secs());
    let mut table = Table::new(&title, &columns);
    let mib = |kib: u64| format!("{:.1}", float(kib) / 1_024.0);
    for (evening, day) in evenings.iter().zip(1..) {
        table.row(vec![
            day.to_string(),
            mib(evening.server.rss_kib),
            mib(evening.server.anon_kib),
            mib(evening.redis_kib),
            mib(evening.redis_used_kib),
            mib(evening.redis_disk_kib),
            evening.events.to_string(),
            evening.server.threads.to_string(),
            evening.server.files.to_string(),
        ]);
    }
    let (first, last) = (evenings[0], evenings[evenings.len() - 1]);
    let growth = (float(last.server.rss_kib) / float(first.server.rss_kib) - 1.0) * 100.0;
    let half = evenings[evenings.len() / 2];
    let redis = (float(last.redis_used_kib) / float(half.redis_used_kib) - 1.0) * 100.0;
    let more = |now: u64, then: u64| none(now.saturating_sub(then));
    table.note(&format!(
        "Memory since the first evening, %: {}. Redis data since the sixth evening, %: {}; events kept: {}.",
        at_most(growth, 2.0),
        at_most(redis, 2.0),
        at_most(float(last.events), float(EVENTS_MAX)),
    ));
    table.note(&format!(
        "Threads more than on the first evening: {}; files and sockets more: {}; frames missed by the boards: {}.",
        more(last.server.threads, first.server.threads),
        more(last.server.files, first.server.files),
        none(wall.missed()),
    ));
    if !options.full {
        table.note("`--full` makes it an hour.");
    }
    table.print();
}
