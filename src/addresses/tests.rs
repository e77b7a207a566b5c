//! The book from outside: what people type and what they get, what is refused, and a whole town found room by room.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::key::fold;
use super::*;

const HEADER: &str = "community,building,unit,room,station,area,team,riser,customer_no,heat_status,area_m2\n";
const ROWS: &str = "\
阳光花园,3号楼,2单元,501,1号热力站,东区,repair-east,3-2-1,10023456,用热,89.5
阳光花园,3号楼,2单元,502,1号热力站,东区,repair-east,3-2-2,10023457,报停,89.5
阳光花园,3号楼,1单元,501,1号热力站,东区,repair-east,,10023458,用热,
阳光花园,12号楼,1单元,501,1号热力站,东区,repair-east,,10023459,用热,120
阳光花园,1号楼,1单元,101,2号热力站,东区,repair-east,,10023460,用热,120
阳光新城,1号楼,1单元,101,2号热力站,西区,repair-west,,10023461,用热,90
金色家园二期,3,2,501,3号热力站,西区,repair-west,,20000001,用热,77
金色家园,3,2,501,3号热力站,西区,repair-west,,20000002,用热,77
铁路3号院,3号楼,,301,4号热力站,南区,repair-east,,20000003,用热,60.25
长乐里,,,12,4号热力站,南区,repair-east,,20000004,用热,140
绿城御园,A座,,1201,4号热力站,南区,,,20000005,新入网,140
重庆公馆,A区3号楼,1,1-201,5号热力站,南区,,,20000006,用热,98
翡翠湾,5#,东单元,0302,5号热力站,南区,,,30-0007-A,欠费,98
";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn of(dir: &tempfile::TempDir, csv: &str) -> AddressBook {
    let book = AddressBook::open(dir.path());
    book.import(csv.as_bytes(), None).unwrap();
    book
}

fn small() -> (tempfile::TempDir, AddressBook) {
    let dir = folder();
    let book = of(&dir, &format!("{HEADER}{ROWS}"));
    (dir, book)
}

fn texts(book: &AddressBook, typed: &str) -> Vec<String> {
    book.search(typed, 20).unwrap().into_iter().map(|suggestion| suggestion.text).collect()
}

fn said(parts: [&str; 4]) -> Said {
    let [community, building, unit, room] = parts;
    let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Said { community: community.to_owned(), building: part(building), unit: part(unit), room: part(room) }
}

#[test]
fn of_what_was_said_only_that_is_known_which_all_its_rooms_share() {
    let (_dir, book) = small();
    for (parts, told) in [
        // Only one 502: the rest follows. Two 501 of the third building: its unit does not.
        (["阳光花园", "", "", "502"], "3号楼 2单元 502 1号热力站 repair-east"),
        (["阳光花园", "3", "", "501室"], "3号楼 · 501 1号热力站 repair-east"),
        (["阳光花园", "", "", "501"], "· · 501 1号热力站 repair-east"),
        // Its buildings are on two stations and have one team.
        (["阳光花园", "", "", ""], "· · · · repair-east"),
        // The book's spelling, however it was said.
        (["阳光花园", "三栋", "2", "0501"], "3号楼 2单元 501 1号热力站 repair-east"),
        (["翡翠湾", "5", "东", "302"], "5# 东单元 0302 5号热力站 ·"),
        (["金色家园", "3号楼", "2单元", "501室"], "3 2 501 3号热力站 repair-west"),
        // Not in the book: what holds for where it is, and nothing that is invented.
        (["阳光花园", "3", "2", "9999"], "3号楼 2单元 · 1号热力站 repair-east"),
        (["阳光新城", "", "", "9999"], "· · · 2号热力站 repair-west"),
        (["阳光花园", "99", "", ""], "· · · · repair-east"),
    ] {
        let known = book.known(&said(parts)).unwrap().unwrap();
        let team = known.team.map(|team| team.to_string());
        let fields = [known.building, known.unit, known.room, known.station, team];
        let shown: Vec<String> = fields.into_iter().map(|field| field.unwrap_or_else(|| "·".to_owned())).collect();
        assert_eq!(shown.join(" "), told, "{parts:?}");
        assert!(known.share_ppm > 0, "{parts:?}");
    }
}

#[test]
fn what_people_type_and_what_comes_first() {
    let (_dir, book) = small();
    let room = "阳光花园 3号楼 2单元 501";
    for (typed, first) in [
        ("阳光花园", "阳光花园"),
        ("阳光", "阳光花园"),
        ("花园", "阳光花园"),
        ("yangguanghuayuan", "阳光花园"),
        ("yang guang hua yuan", "阳光花园"),
        ("yangg", "阳光花园"),
        ("YGHY", "阳光花园"),
        ("ｙｇｈｙ", "阳光花园"),
        ("yghuayuan", "阳光花园"),
        ("yang光", "阳光花园"),
        ("hy", "阳光花园"),
        ("yghy 3-2-501", room),
        ("yghy3-2-501", room),
        ("ygh3-2-501", room),
        ("阳光花园3号楼2单元501", room),
        ("阳光花园3号楼2单元501室", room),
        ("阳光花园三号楼二单元五零一", room),
        ("阳光花园3栋2单元501户", room),
        ("阳光花园 3#2-501", room),
        ("阳光花园３－２－５０１", room),
        ("yangguang 3 2 501", room),
        ("yangguanghuayuan32501", room),
        ("阳光3 2 502", "阳光花园 3号楼 2单元 502"),
        ("ygh3-501", "阳光花园 3号楼 1单元 501"),
        ("yghy 12", "阳光花园 12号楼"),
        ("yghy 1", "阳光花园 1号楼"),
        ("yghy 3-2", "阳光花园 3号楼 2单元"),
        ("yghy 3号楼", "阳光花园 3号楼"),
        ("10023457", "阳光花园 3号楼 2单元 502"),
        ("1002-3457", "阳光花园 3号楼 2单元 502"),
        ("10023", "阳光花园 3号楼 2单元 501"),
        ("300007a", "翡翠湾 5# 东单元 0302"),
        ("jsjy", "金色家园"),
        ("jsjyeq", "金色家园二期"),
        ("jsjy2q", "金色家园二期"),
        ("金色家园2期", "金色家园二期"),
        ("金色家园二期3-2-501", "金色家园二期 3 2 501"),
        ("金色家园2期3-2-501", "金色家园二期 3 2 501"),
        ("jsjyeq3-2-501", "金色家园二期 3 2 501"),
        ("jsjy3-2-501", "金色家园 3 2 501"),
        ("铁路3号院", "铁路3号院"),
        ("铁路三号院3号楼301", "铁路3号院 3号楼 301"),
        ("tl3hy", "铁路3号院"),
        ("tl3hy3-301", "铁路3号院 3号楼 301"),
        ("tielusanhaoyuan 3 301", "铁路3号院 3号楼 301"),
        // 长 is zhang and chang, 乐 le and yue, 重 zhong and chong, 绿 lü.
        ("cll", "长乐里"),
        ("zhangleli", "长乐里"),
        ("changyueli12", "长乐里 12"),
        ("长乐里12号", "长乐里 12"),
        ("cqgg", "重庆公馆"),
        ("zhongqing", "重庆公馆"),
        ("lvcheng", "绿城御园"),
        ("lucheng", "绿城御园"),
        ("lcyy a座1201", "绿城御园 A座 1201"),
        ("绿城御园A座1201", "绿城御园 A座 1201"),
        ("lcyya1201", "绿城御园 A座 1201"),
        ("重庆公馆A区3号楼1单元1-201", "重庆公馆 A区3号楼 1 1-201"),
        ("cqgg a区3-1-1201", "重庆公馆 A区3号楼 1 1-201"),
        ("fcw 5-东-302", "翡翠湾 5# 东单元 0302"),
        ("翡翠湾5号楼东单元302", "翡翠湾 5# 东单元 0302"),
    ] {
        assert_eq!(texts(&book, typed).first().map(String::as_str), Some(first), "{typed}: {:?}", texts(&book, typed));
    }
}

#[test]
fn a_name_typed_in_full_opens_its_buildings_and_a_building_its_units() {
    let (_dir, book) = small();
    assert_eq!(texts(&book, "阳光花园"), ["阳光花园", "阳光花园 1号楼", "阳光花园 3号楼", "阳光花园 12号楼"]);
    assert_eq!(texts(&book, "yghy3"), ["阳光花园 3号楼", "阳光花园 3号楼 1单元", "阳光花园 3号楼 2单元"]);
    assert_eq!(texts(&book, "阳光"), ["阳光花园", "阳光新城"]);
    assert_eq!(texts(&book, "阳光花园 99-1-101"), ["阳光花园"], "a room that is not in the book leaves its community");
    let found = book.search("阳光花园", 20).unwrap();
    let told: Vec<_> = found.iter().map(|s| (s.depth, s.rooms, s.station.as_deref(), s.area.as_deref())).collect();
    assert_eq!(told[0], (Depth::Community, 5, None, Some("东区")), "two stations are none");
    assert_eq!(told[2], (Depth::Building, 3, Some("1号热力站"), Some("东区")));
    assert_eq!(found[0].team.as_ref().map(TeamId::as_str), Some("repair-east"));
    assert_eq!(book.search("阳光花园", 2).unwrap().len(), 2);
}

#[test]
fn a_room_is_found_by_its_customer_and_by_its_id() {
    let (_dir, book) = small();
    let place = book.room("1002 3456").unwrap().unwrap();
    assert_eq!((place.building.as_str(), place.unit.as_str(), place.room.as_str()), ("3号楼", "2单元", "501"));
    assert_eq!((place.riser.as_deref(), place.heat_status.as_deref(), place.area_m2), (Some("3-2-1"), Some("用热"), Some(89.5)));
    assert_eq!(place.share_ppm, 5 * 1_000_000 / 13);
    let community = |name: &str| book.known(&Said { community: name.to_owned(), ..Said::default() }).unwrap();
    assert_eq!(community("阳光花园").map(|known| known.share_ppm), Some(place.share_ppm));
    assert_eq!(community("没有"), None);
    assert_eq!(book.get(&place.id).unwrap().as_ref(), Some(&place));
    assert_eq!((book.room("").unwrap(), book.room("1").unwrap()), (None, None));
    for id in ["", "x", "0000000000000000", "+000000000000001", &"f".repeat(16), "'; DROP TABLE room"] {
        assert_eq!(book.get(id).unwrap(), None, "{id}");
    }
}

#[test]
fn a_book_that_was_never_imported_is_empty_and_makes_no_file() {
    let dir = folder();
    let book = AddressBook::open(dir.path());
    assert_eq!(book.search("阳光花园", 20), Ok(Vec::new()));
    assert_eq!((book.room("1"), book.get("0000000000000001")), (Ok(None), Ok(None)));
    assert_eq!(book.count(), Ok(Count::default()));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_open_book_sees_that_it_was_replaced() {
    let dir = folder();
    let server = AddressBook::open(dir.path());
    let shell = of(&dir, &format!("{HEADER}{ROWS}"));
    assert_eq!(texts(&server, "yghy3-2-501").len(), 1);
    let id = server.room("10023456").unwrap().unwrap().id;
    let mut all = String::from("\u{FEFF}小区,楼号,单元,房号\n新的小区,1,1,101\n");
    shell.import(all.as_bytes(), None).unwrap();
    assert_eq!((texts(&server, "yghy3-2-501").len(), texts(&server, "xdxq 1-1-101").len()), (0, 1));
    assert_eq!(server.count(), Ok(Count { communities: 1, rooms: 1 }));
    all.push_str("阳光花园,3号楼,2单元,501\n");
    shell.import(all.as_bytes(), None).unwrap();
    assert_eq!(server.get(&id).unwrap().unwrap().text_of(), "阳光花园 3号楼 2单元 501", "an id outlives an import");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(dir.path().join(FILE)).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

impl Place {
    fn text_of(&self) -> String {
        [&self.community, &self.building, &self.unit, &self.room].map(String::as_str).join(" ")
    }
}

#[test]
fn wrong_rows_are_counted_told_and_nothing_is_imported() {
    let (_dir, book) = small();
    let before = book.search("阳光花园3-2-501", 20).unwrap();
    let wrong = "\
,1,1,101,,,,,,,
a,1,1,,,,,,,,
a,1,1,1
b,1,1,101,,,no team,,,,
b,1,1,102,,,night,,,,
b,1,1,103,,,,,,,1e9
b,1,1,104,,,,,,,89.5
b,1号楼,01,0104,,,,,,,89.5
b,1,1,105,\u{202E},,,,,,
b,1,1,106,,,,,,,
\"c\",1,1,---,,,,,,,
";
    let long = format!("{},1,1,1,,,,,,,\nb,1,1,{},,,,,,,\n", "长".repeat(NAME_CHARS_MAX + 1), "1".repeat(FIELD_CHARS_MAX + 1));
    let csv = format!("{HEADER}{wrong}{long}");
    let teams: Vec<TeamId> = vec!["repair-east".parse().unwrap()];
    let error = book.import(csv.as_bytes(), Some(&teams)).unwrap_err();
    let ImportError::Rows { count, told } = &error else { panic!("{error}") };
    let column = |name| COLUMNS.iter().find(|(_, en, _)| *en == name).map(|(column, _, _)| *column);
    let expected = [
        (2, column("community"), Wrong::Empty),
        (3, column("room"), Wrong::Empty),
        (4, None, Wrong::Fields),
        (5, column("team"), Wrong::NoTeam),
        (6, column("team"), Wrong::NoTeam),
        (7, column("area_m2"), Wrong::Area),
        (9, None, Wrong::Twice),
        (10, column("station"), Wrong::Characters),
        (12, column("room"), Wrong::Characters),
        (13, column("community"), Wrong::TooLong),
        (14, column("room"), Wrong::TooLong),
    ];
    assert_eq!(told.iter().map(|fault| (fault.line, fault.column, fault.wrong)).collect::<Vec<_>>(), expected);
    assert_eq!(*count, 11);
    assert!(error.to_string().contains("line 7, area_m2: 不是面积"), "{error}");
    assert_eq!(book.search("阳光花园3-2-501", 20).unwrap(), before);
}

#[test]
fn files_that_are_no_book_are_refused_in_words() {
    let (_dir, book) = small();
    let refused = |csv: &[u8]| book.import(csv, None).unwrap_err().to_string();
    assert!(refused(b"").contains("empty file"));
    assert!(refused(b"community,building\n").contains("missing room"));
    assert!(refused(b"community,room,colour\n").contains("colour"));
    assert!(refused(b"community,room,room\n").contains("×2"));
    // 小区 as Excel in China saves it.
    assert!(refused(&[0xD0, 0xA1, 0xC7, 0xF8, b',', b'r']).contains("header"));
    let mut gbk = b"community,room\n".to_vec();
    gbk.extend([0xD1, 0xF4, 0xB9, 0xE2, b',', b'1', b'\n']);
    assert!(refused(&gbk).contains("line 2, community: 不是 UTF-8"));
    assert!(refused(b"community,room\na,\"1\nb,2\n").contains("quote"));
    let many: String = ",1\n".repeat(30);
    let told = refused(format!("community,room\n{many}").as_bytes());
    assert!(told.contains("30 rows") && told.lines().count() == FAULTS_TOLD_MAX + 1, "{told}");
    assert_eq!(book.count(), Ok(Count { communities: 9, rooms: 13 }));
    assert_eq!(book.import(&b"community,room\n"[..], None).unwrap(), Imported { communities: 0, rooms: 0 });
    assert_eq!(texts(&book, "阳光"), Vec::<String>::new());
}

#[test]
fn more_communities_than_a_book_holds_are_refused() {
    let dir = folder();
    let rows = |count: usize| (0..count).fold("community,room\n".to_owned(), |all, i| format!("{all}c{i},1\n"));
    let book = AddressBook::open(dir.path());
    let error = book.import(rows(COMMUNITIES_MAX + 1).as_bytes(), None).unwrap_err().to_string();
    assert!(error.contains("20,000"), "{error}");
    assert_eq!(book.import(rows(COMMUNITIES_MAX).as_bytes(), None).unwrap().communities, 20_000);
}

#[test]
fn hostile_text_finds_nothing_and_breaks_nothing() {
    let (_dir, book) = small();
    for typed in ["'", "\"; DROP TABLE room; --", "%", "_%_%", "*", "\\", "()[]{}^$", "🔥", "%_3-2-501", " ", "", "----", "\u{301}"] {
        assert_eq!(texts(&book, typed), Vec::<String>::new(), "{typed}");
    }
    assert_eq!(texts(&book, "阳%"), texts(&book, "阳"), "signs are only what stands between words");
    assert_eq!(book.search("阳\0光", 20), Err(AddressError::BadQuery("holds control characters")));
    assert_eq!(book.search(&"y".repeat(10_000), 20), Err(AddressError::BadQuery("is too long")));
    assert_eq!(book.search(&"y".repeat(QUERY_CHARS_MAX + 1), 20), Err(AddressError::BadQuery("is too long")));
    assert_eq!(book.search(&"y".repeat(QUERY_CHARS_MAX), 20), Ok(Vec::new()));
    // One character that becomes eighteen when it is folded.
    assert_eq!(book.search(&"\u{FDFA}".repeat(40), 20), Err(AddressError::BadQuery("is too long")));
    assert!(book.search("y", usize::MAX).unwrap().len() <= SUGGESTIONS_MAX);
}

#[tokio::test]
async fn tasks_ask_without_waiting_on_their_thread() {
    let (_dir, book) = small();
    let questions = (0..32).map(|_| book.look(|book| book.search("yghy3-2-501", 5)));
    for answer in futures_util::future::join_all(questions).await {
        assert_eq!(answer.unwrap().len(), 1);
    }
}

#[test]
fn the_sample_is_a_book_for_the_sample_hall() {
    let dir = folder();
    let book = AddressBook::open(dir.path());
    let teams: Vec<TeamId> = ["repair-east", "repair-west"].map(|team| team.parse().unwrap()).to_vec();
    let imported = book.import(SAMPLE_CSV.as_bytes(), Some(&teams)).unwrap();
    assert_eq!((imported.communities, imported.rooms), (12, 400));
}

/// A town of 60 communities and 6,000 rooms, built once.
fn town() -> &'static (tempfile::TempDir, AddressBook, Vec<Place>) {
    static TOWN: OnceLock<(tempfile::TempDir, AddressBook, Vec<Place>)> = OnceLock::new();
    TOWN.get_or_init(|| {
        let dir = folder();
        let mut csv = Vec::new();
        CityPlan { seed: 7, communities: 60, rooms: 6_000, teams: &["repair-east", "repair-west"] }.write_csv(&mut csv).unwrap();
        let text = String::from_utf8(csv).unwrap();
        let book = of(&dir, &text);
        assert_eq!(book.count(), Ok(Count { communities: 60, rooms: 6_000 }));
        let numbers = text.lines().skip(1).filter_map(|line| line.split(',').nth(8));
        let places = numbers.map(|number| book.room(number).unwrap().unwrap()).collect();
        (dir, book, places)
    })
}

fn initials(name: &str) -> String {
    use pinyin::ToPinyin;
    let letter = |c: char| c.to_pinyin().map_or_else(|| c.to_lowercase().to_string(), |sound| sound.first_letter().to_owned());
    name.chars().map(letter).collect()
}

proptest! {
    #[test]
    fn every_room_is_found_however_it_is_typed(at in 0_usize..6_000) {
        let (_dir, book, places) = town();
        let place = &places[at];
        let numbers = [&place.building, &place.unit, &place.room].map(|part| key::key(part)).join("-");
        for typed in [
            place.text_of(),
            place.text_of().replace(' ', ""),
            format!("{}{numbers}", place.community),
            format!("{} {numbers}", initials(&place.community)),
            format!("{}{numbers}", initials(&place.community)),
            place.customer_no.clone().unwrap(),
        ] {
            let found = book.search(&typed, 20).unwrap();
            let rooms = found.iter().filter_map(|suggestion| suggestion.place.as_ref());
            prop_assert!(rooms.clone().any(|room| room == place), "{typed}: {:?}", found.iter().map(|s| &s.text).collect::<Vec<_>>());
        }
        let by_id = book.get(&place.id).unwrap();
        prop_assert_eq!(by_id.as_ref(), Some(place));
    }

    #[test]
    fn whatever_is_typed_is_answered(typed in "\\PC{0,70}", limit in 0_usize..60) {
        let (_dir, book, _places) = town();
        match book.search(&typed, limit) {
            Ok(found) => prop_assert!(found.len() <= limit.min(SUGGESTIONS_MAX)),
            Err(error) => prop_assert!(matches!(error, AddressError::BadQuery(_)), "{error}"),
        }
    }

    #[test]
    fn what_is_suggested_can_be_put_into_the_box(typed in "[a-z阳光花园金色家里东]{1,4} ?[0-9]{0,2}(-[0-9])?") {
        let (_dir, book, _places) = town();
        for suggestion in book.search(&typed, 10).unwrap() {
            let again = book.search(&suggestion.text, 50).unwrap();
            prop_assert!(again.contains(&suggestion), "{} led to {}, which is not found", typed, suggestion.text);
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn rows_of_any_text_are_imported_or_refused(rows in prop::collection::vec("\\PC{0,12},\\PC{0,6},\\PC{0,6},\\PC{0,6}", 0..8)) {
        let dir = folder();
        let book = AddressBook::open(dir.path());
        let csv = format!("community,building,unit,room\n{}\n", rows.join("\n"));
        if let Ok(imported) = book.import(csv.as_bytes(), None) {
            prop_assert_eq!(book.count().unwrap().rooms, imported.rooms);
        }
    }
}
