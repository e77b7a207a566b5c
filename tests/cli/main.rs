//! The program itself, as an operator meets it: real processes, a real private Redis, real sockets.

#![allow(clippy::unwrap_used, clippy::panic, clippy::unused_self, reason = "a test says what is wrong by panicking")]

mod house;

use house::{House, get, post, warmhall};

const ORDER: &str = r#"{"category":"F1","description":"账单有误","separate":true}"#;
const ISSUE: &str = r#"{"service":"repair","class":"ordinary","language":"zh"}"#;

#[test]
fn a_token_made_before_the_first_start_opens_the_door_and_one_made_meanwhile_too() {
    let house = House::new();
    let before = house.token("kiosk", "k1");
    let hall = house.serve();
    let meanwhile = house.token("kiosk", "k2");
    for (token, number) in [(&before, "B001"), (&meanwhile, "B002")] {
        let answer = post(hall.port, "/api/v1/tickets", token, "key-1", ISSUE);
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert!(answer.body.contains(number), "{}", answer.body);
    }
    assert_eq!(post(hall.port, "/api/v1/tickets", "wh_nothing", "key-2", ISSUE).status, 401);
    let pending = std::fs::read_to_string(house.dir().join("access-pending.jsonl")).unwrap_or_default();
    assert_eq!(pending, "");
}

#[test]
fn a_closed_hall_goes_on_where_it_stopped_and_leaves_no_redis_behind() {
    let house = House::new();
    let token = house.token("kiosk", "k1");
    let hall = house.serve();
    assert!(post(hall.port, "/api/v1/tickets", &token, "a", ISSUE).body.contains("B001"));
    let redis = house.redis_pids();
    assert_eq!(redis.len(), 1);
    assert!(hall.close().success());
    assert!(house.redis_pids().is_empty());
    let hall = house.serve();
    assert!(post(hall.port, "/api/v1/tickets", &token, "b", ISSUE).body.contains("B002"));
    let repeated = post(hall.port, "/api/v1/tickets", &token, "a", ISSUE);
    assert!(repeated.body.contains("B001"), "the answer to a key outlives a restart: {}", repeated.body);
}

#[test]
fn the_first_start_prints_a_link_that_makes_one_administrator() {
    let house = House::new();
    let hall = house.serve();
    let link = hall.greeting.lines().find_map(|line| line.trim().split_once("/setup?token=")).map(|(_, token)| token.to_owned());
    let token = link.unwrap();
    let admin = format!(r#"{{"token":"{token}","username":"boss","password":"tea-kettle-42"}}"#);
    let wrong = post(hall.port, "/api/v1/setup", "", "s0", &admin.replace(&token, "guess"));
    assert!(wrong.status >= 400, "{}", wrong.body);
    let made = post(hall.port, "/api/v1/setup", "", "s1", &admin);
    assert!(made.status < 300, "{}", made.body);
    let again = post(hall.port, "/api/v1/setup", "", "s2", &admin.replace("boss", "thief"));
    assert_eq!(again.status, 409, "{}", again.body);
    drop(hall);
    let hall = house.serve();
    assert!(!hall.greeting.contains("/setup?token="), "{}", hall.greeting);
}

#[test]
fn accounts_are_made_with_the_server_open_or_closed() {
    let house = House::new();
    let add = |name: &str| house.run_with_input(&["user", "add", name, "--role", "lead"], "tea-kettle-42\n");
    assert!(add("before").success);
    let hall = house.serve();
    assert!(add("meanwhile").success);
    let twice = add("before");
    assert!(!twice.success && twice.stderr.contains("已经存在") && twice.stderr.contains("exists already"), "{}", twice.stderr);
    for name in ["before", "meanwhile"] {
        let answer = post(hall.port, "/api/v1/session", "", "", &format!(r#"{{"username":"{name}","password":"tea-kettle-42"}}"#));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert!(house.run(&["user", "disable", "before"]).success);
    let answer = post(hall.port, "/api/v1/session", "", "", r#"{"username":"before","password":"tea-kettle-42"}"#);
    assert_eq!(answer.status, 401, "{}", answer.body);
    drop(hall);
    let list = house.run(&["user", "list"]).stdout;
    assert!(list.contains("before") && list.contains("meanwhile") && list.contains("disabled"), "{list}");
    assert!(!house.run_with_input(&["user", "add", "weak", "--role", "lead"], "12345678\n").success);
}

#[test]
fn a_revoked_device_is_nobody_any_more() {
    let house = House::new();
    let token = house.token("kiosk", "k1");
    let hall = house.serve();
    let list = house.run(&["device", "list"]).stdout;
    let id = list.split('\t').next().unwrap().to_owned();
    assert!(house.run(&["device", "revoke", &id]).success, "{list}");
    assert_eq!(post(hall.port, "/api/v1/tickets", &token, "a", ISSUE).status, 401);
}

#[test]
fn what_cannot_be_opened_says_why_in_both_languages() {
    let house = House::new();
    let hall = house.serve();
    let taken_port = house.elsewhere().run(&["serve", "--listen", &format!("127.0.0.1:{}", hall.port)]);
    assert_eq!(taken_port.code, Some(4), "{}", taken_port.stderr);
    assert!(taken_port.stderr.contains("端口被占用") && taken_port.stderr.contains("is taken"), "{}", taken_port.stderr);
    let taken_folder = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(taken_folder.code, Some(4), "{}", taken_folder.stderr);
    assert!(taken_folder.stderr.contains("正在使用") && taken_folder.stderr.contains("another warmhall"), "{}", taken_folder.stderr);
    let config = house.dir().join("wrong.toml");
    std::fs::write(&config, "listen = \"127.0.0.1:0\"\nport = 8080\n").unwrap();
    let unknown = house.elsewhere().run(&["serve", "--config", config.to_str().unwrap()]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("line 2, column 1"), "{}", unknown.stderr);
    let no_redis = house.elsewhere().run_in(&["serve", "--listen", "127.0.0.1:0"], &[("WARMHALL__REDIS_SERVER", "/nowhere/redis")]);
    assert_eq!(no_redis.code, Some(1), "{}", no_redis.stderr);
    assert!(no_redis.stderr.contains("/nowhere/redis"), "{}", no_redis.stderr);
}

#[test]
fn a_hall_whose_data_vanished_is_not_served() {
    let house = House::new();
    let token = house.token("kiosk", "k1");
    let hall = house.serve();
    assert_eq!(post(hall.port, "/api/v1/tickets", &token, "a", ISSUE).status, 201);
    assert!(hall.close().success());
    std::fs::remove_dir_all(house.dir().join("redis")).unwrap();
    let refused = house.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("没有启动") && refused.stderr.contains("Not started"), "{}", refused.stderr);
}

#[test]
fn an_address_book_is_imported_looked_into_and_backed_up() {
    let house = House::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/config/halls/addresses-sample.csv");
    let imported = house.run(&["addresses", "import", sample]);
    assert!(imported.success && imported.stdout.contains("12 communities, 400 rooms"), "{}{}", imported.stdout, imported.stderr);
    for typed in [&["xfyjdq1-1-101"][..], &["学府雅居东区", "1号楼1单元101"]] {
        let shown = house.run(&[&["addresses", "show"], typed].concat()).stdout;
        assert!(shown.starts_with("学府雅居东区 1号楼 1单元 101\t"), "{shown}");
    }
    let wrong = house.dir().join("wrong.csv");
    std::fs::write(&wrong, "community,room\n,1\n").unwrap();
    let refused = house.run(&["addresses", "import", wrong.to_str().unwrap()]);
    assert!(refused.code == Some(2) && refused.stderr.contains("line 2, community"), "{}", refused.stderr);
    assert!(house.run(&["addresses", "count"]).stdout.contains("12 communities, 400 rooms"));
    let nothing = house.run(&["addresses", "show", "nowhere"]);
    assert!(nothing.code == Some(1) && nothing.stderr.contains("nothing found"), "{}", nothing.stderr);
    let backup = house.run(&["backup"]).stdout.trim_end().to_owned();
    let other = house.elsewhere();
    let back = other.run(&["restore", &backup]);
    assert!(back.success, "{}", back.stderr);
    assert!(other.run(&["addresses", "count"]).stdout.contains("12 communities, 400 rooms"));
}

#[test]
fn a_backup_made_while_open_can_be_put_back() {
    let house = House::new();
    let operator = house.token("operator", "o1");
    let token = house.token("kiosk", "k1");
    let hall = house.serve();
    assert!(post(hall.port, "/api/v1/tickets", &token, "a", ISSUE).body.contains("B001"));
    assert!(post(hall.port, "/api/v1/work-orders", &operator, "a", ORDER).body.contains("-0001\""));
    let made = house.run(&["backup"]);
    assert!(made.success, "{}", made.stderr);
    let backup = made.stdout.trim_end().to_owned();
    assert!(std::path::Path::new(&backup).join("history.sqlite").is_file());
    let open = house.run(&["restore", &backup]);
    assert_eq!(open.code, Some(4), "an open hall is not restored: {}", open.stderr);
    for (key, number, order) in [("b", "B002", "-0002\""), ("c", "B003", "-0003\"")] {
        assert!(post(hall.port, "/api/v1/tickets", &token, key, ISSUE).body.contains(number));
        assert!(post(hall.port, "/api/v1/work-orders", &operator, key, ORDER).body.contains(order));
    }
    assert!(hall.close().success());
    std::fs::remove_dir_all(house.dir().join("redis")).unwrap();
    let back = house.run(&["restore", &backup]);
    assert!(back.success, "{}", back.stderr);
    let hall = house.serve();
    let answer = post(hall.port, "/api/v1/tickets", &token, "d", ISSUE);
    assert!(answer.body.contains("B004"), "what was given after the backup is not given again: {}", answer.body);
    let answer = post(hall.port, "/api/v1/work-orders", &operator, "d", ORDER);
    assert!(answer.body.contains("-0004\""), "nor is the number of an order: {}", answer.body);
    let nothing = house.elsewhere().run(&["restore", "/nowhere"]);
    assert!(!nothing.success && nothing.stderr.contains("没有备份"), "{}", nothing.stderr);
}

#[test]
fn a_demo_hall_comes_alive_by_itself() {
    let house = House::new();
    let hall = house.demo(&["--seed", "7"]);
    let lead = house.token("lead", "watcher");
    assert!(get(hall.port, "/api/v1/demo", "").body.contains("\"simulation\":true"));
    house.until("somebody was called", || get(hall.port, "/api/v1/queue", &lead).body.contains("\"state\":\"called\""));
    let password = hall.greeting.lines().find(|line| line.trim_start().starts_with("admin ")).unwrap().split_whitespace().last().unwrap();
    let answer = post(hall.port, "/api/v1/session", "", "", &format!(r#"{{"username":"admin","password":"{password}"}}"#));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(hall.close().success());
}

#[test]
fn a_quiet_demo_hall_stays_empty_until_it_is_switched_on() {
    let house = House::new();
    let hall = house.demo(&["--quiet"]);
    let lead = house.token("lead", "watcher");
    let empty = get(hall.port, "/api/v1/queue", &lead).body;
    assert!(!empty.contains("tk_"), "{empty}");
    let on = post(hall.port, "/api/v1/demo/simulation", "", "on", r#"{"on":true}"#);
    assert!(on.status < 300, "{}", on.body);
    house.until("somebody took a number", || get(hall.port, "/api/v1/queue", &lead).body.contains("tk_"));
}

#[test]
fn health_is_for_programs_too() {
    let house = House::new();
    let hall = house.serve();
    let url = format!("http://127.0.0.1:{}", hall.port);
    assert!(warmhall().args(["health", "--url", &url]).output().unwrap().status.success());
    drop(hall);
    assert_eq!(warmhall().args(["health", "--url", &url]).output().unwrap().status.code(), Some(1));
}
