//! What a search costs in an address book of two hundred thousand rooms, whatever is typed, beside the hall's own traffic.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use pinyin::ToPinyin;
use tokio::join;
use warmhall::addresses::CityPlan;

use super::house::{House, folder, hall_file, hotline_part};
use super::load::{Answer, Crowd, Pace, Person};
use super::people::Kiosk;
use super::table::{Table, at_most, float, none};
use super::{Options, SERVICES};

const CITY: CityPlan<'_> = CityPlan { seed: 20_261_123, communities: 500, rooms: 200_000, teams: &["repair-east", "repair-west"] };
/// Operators who type at once, each a letter in so long.
const OPERATORS: usize = 16;
const LETTER: Duration = Duration::from_millis(200);
const KIOSKS: usize = 6;
const LENGTH: Duration = Duration::from_secs(15);
/// The longest that an answer may take, in milliseconds.
const ANSWER_MS_MAX: f64 = 50.0;

/// A room as the import has it.
struct Room {
    community: String,
    numbers: String,
    customer_no: String,
}

impl Room {
    fn of(line: &str) -> Self {
        let field = |at: usize| line.split(',').nth(at).unwrap();
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let numbers = format!("{}-{}-{}", digits(field(1)), digits(field(2)), field(3));
        Self { community: field(0).to_owned(), numbers, customer_no: field(8).to_owned() }
    }

    fn pinyin(&self, only_initials: bool) -> String {
        let spelt = self.community.chars().zip(self.community.as_str().to_pinyin());
        let words = spelt.map(|(letter, spelt)| match spelt {
            Some(spelt) if only_initials => spelt.first_letter().to_owned(),
            Some(spelt) => spelt.plain().to_owned(),
            None => letter.to_string(),
        });
        words.collect()
    }
}

/// Somebody who looks for rooms in every way there is.
struct Searcher {
    token: Arc<str>,
    rooms: Arc<Vec<Room>>,
    turn: usize,
    kind: &'static str,
    empty: u64,
}

/// What is typed.
const KINDS: [&str; 8] = [
    "one syllable's letter",
    "one Chinese character",
    "a community's initials",
    "initials and numbers",
    "a community in pinyin",
    "a community in Chinese",
    "Chinese and numbers",
    "a customer's number",
];

impl Person for Searcher {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let room = &self.rooms[self.turn * 7_919 % self.rooms.len()];
        self.kind = KINDS[self.turn % KINDS.len()];
        let typed = match self.turn % KINDS.len() {
            0 => room.pinyin(true).chars().take(1).collect(),
            1 => room.community.chars().take(1).collect(),
            2 => room.pinyin(true),
            3 => format!("{} {}", room.pinyin(true), room.numbers),
            4 => room.pinyin(false),
            5 => room.community.clone(),
            6 => format!("{} {}", room.community, room.numbers),
            _ => room.customer_no.clone(),
        };
        let query: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
        write!(out, "GET /api/v1/addresses?q={query} HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer {}\r\n\r\n", self.token).unwrap();
    }

    fn told(&mut self, answer: &Answer<'_>) {
        if std::str::from_utf8(answer.body).unwrap_or_default().contains(r#""items":[]"#) {
            self.empty += 1;
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some(self.kind)
    }
}

/// Imports the city, as somebody at the shell would; gives some of its rooms.
fn import(house: &House) -> Vec<Room> {
    let folder = folder();
    let path = folder.path().join("city.csv");
    CITY.write_csv(&mut fs::File::create(&path).unwrap()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_warmhall"));
    command.args(["addresses", "import"]).arg(&path).arg("--data-dir").arg(house.dir());
    assert!(command.stdout(Stdio::null()).status().unwrap().success(), "the city was not imported");
    let text = fs::read_to_string(&path).unwrap();
    text.lines().skip(1).step_by(97).map(Room::of).collect()
}

pub async fn run(_options: &Options) {
    let house = House::new(&(hall_file(SERVICES, KIOSKS) + &hotline_part()));
    let (operator, kiosk) = (house.token("operator", "o1"), house.token("kiosk", "k1"));
    let rooms = Arc::new(import(&house));
    let running = house.open();
    let searchers = (0..OPERATORS).map(|index| Searcher {
        token: Arc::clone(&operator),
        rooms: Arc::clone(&rooms),
        turn: index * 131,
        kind: KINDS[0],
        empty: 0,
    });
    let services = u64::try_from(SERVICES).unwrap();
    let lobby = (0..KIOSKS).map(|index| Kiosk::new(format!("k-{index}"), &kiosk, services));
    let mut searchers = Crowd::connect(running.address, searchers).await.unwrap();
    let mut lobby = Crowd::connect(running.address, lobby).await.unwrap();
    let (searched, _issued) = join!(searchers.run(Pace::Every(LETTER), LENGTH), lobby.run(Pace::Every(Duration::from_millis(500)), LENGTH));
    let empty: u64 = searchers.people().map(|searcher| searcher.empty).sum();
    let mut table = Table::new(
        &format!(
            "Address search: {} rooms in {} communities, {OPERATORS} operators who type five letters a second",
            CITY.rooms, CITY.communities
        ),
        &["what is typed", "answers", "p50 ms", "p99 ms", "longest ms"],
    );
    for (kind, times) in &searched.kinds {
        let at = |quantile| format!("{:.2}", float(times.value_at_quantile(quantile)) / 1_000.0);
        let longest = at_most(float(times.max()) / 1_000.0, ANSWER_MS_MAX);
        table.row(vec![(*kind).to_owned(), times.len().to_string(), at(0.5), at(0.99), longest]);
    }
    table.note(&format!("Refused: {}. Rooms of the book that were not found: {}.", none(searched.failed), none(empty)));
    table.print();
}
