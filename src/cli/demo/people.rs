//! Who is in a demo hall: accounts and devices with secrets of their own in each folder, and simulated people.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clerk::Clerk;
use super::crowd::Crowd;
use super::hotline::{Desks, Handler};
use crate::cli::access::{Change, carry_out};
use crate::cli::fault::Fault;
use crate::cli::secrets;
use crate::domain::access::Account;
use crate::domain::actor::Role;
use crate::domain::ids::{CounterNo, Username};
use crate::domain::text::Text;
use crate::keeper::HallKeeper;
use crate::web::forecaster::Forecaster;
use crate::web::{Demo, DemoAccount, DemoDevice};

/// Where the secrets of a demo folder are kept, readable only by its owner.
const FILE: &str = "demo-secrets.json";
/// Sign-in name, name, badge, role.
const ACCOUNTS: [(&str, &str, Option<&str>, Role); 9] = [
    ("admin", "系统管理员", None, Role::Admin),
    ("lead", "值班长", None, Role::Lead),
    ("clerk1", "刘芳", Some("1021"), Role::Clerk),
    ("clerk2", "张伟", Some("1022"), Role::Clerk),
    ("greeter", "大厅引导员", None, Role::Greeter),
    ("operator", "热线话务员", None, Role::Operator),
    ("handler1", "韩冰", None, Role::Handler),
    ("handler2", "马跃", None, Role::Handler),
    ("manager", "客服主管", None, Role::Manager),
];
/// Simulated clerks: sign-in name, name, badge. They cannot sign in.
const SIMULATED: [(&str, &str, &str); 8] = [
    ("sim-chen", "陈静", "1001"),
    ("sim-wang", "王磊", "1002"),
    ("sim-li", "李娜", "1003"),
    ("sim-zhao", "赵强", "1004"),
    ("sim-sun", "孙悦", "1005"),
    ("sim-zhou", "周敏", "1006"),
    ("sim-wu", "吴昊", "1007"),
    ("sim-zheng", "郑洁", "1008"),
];
/// A password hash that no password has.
const NO_PASSWORD: &str = "!";
/// Path, Chinese and English name of each screen, and the device whose token opens it.
const SCREENS: [(&str, &str, &str, Option<&str>); 12] = [
    ("/kiosk", "取号机", "Kiosk", Some("k1")),
    ("/board", "叫号屏", "Board", Some("b1")),
    ("/display", "窗口屏", "Counter display", Some("d1")),
    ("/counter", "窗口", "Counter", None),
    ("/lead", "值班长", "Lead", None),
    ("/hotline", "热线", "Hotline", None),
    ("/team", "班组", "Team", None),
    ("/orders", "工单", "Work orders", None),
    ("/case", "进度查询", "Follow a case", None),
    ("/signin", "登录", "Sign in", None),
    ("/pair", "设备配对", "Pair a device", None),
    ("/", "开始页", "Start page", None),
];

/// The secrets of one demo folder.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    /// By sign-in name.
    passwords: BTreeMap<String, String>,
    /// By device name.
    tokens: BTreeMap<String, String>,
}

/// Who is in a demo hall.
pub(in crate::cli) struct People {
    secrets: Secrets,
    counters: Vec<CounterNo>,
    /// Simulated people come from the start.
    alive: bool,
    seed: u64,
}

impl People {
    /// The people of a folder; their secrets are made at the first start.
    pub(in crate::cli) fn of_folder(dir: &Path, counters: &[CounterNo], alive: bool, seed: u64) -> Result<Self, Fault> {
        let folder = |error: &dyn std::fmt::Display| {
            let path = dir.display();
            Fault::failed(format!("演示目录 {path} 无法使用 / the demo folder {path} cannot be used: {error}"))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| folder(&error))?;
        let path = dir.join(FILE);
        let mut secrets: Secrets = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| folder(&error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Secrets::default(),
            Err(error) => return Err(folder(&error)),
        };
        for (username, ..) in ACCOUNTS {
            if !secrets.passwords.contains_key(username) {
                secrets.passwords.insert(username.to_owned(), password()?);
            }
        }
        for (_, name, _) in devices(counters) {
            if let Entry::Vacant(missing) = secrets.tokens.entry(name) {
                missing.insert(secrets::token()?);
            }
        }
        let text = serde_json::to_vec_pretty(&secrets).map_err(|error| folder(&error))?;
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(&text)).map_err(|error| folder(&error))?;
        Ok(Self { secrets, counters: counters.to_vec(), alive, seed })
    }

    /// Gives everybody their account and every device its place, where they have none yet.
    pub(in crate::cli) async fn settle_in(&self, keeper: &HallKeeper) -> Result<Demo, Fault> {
        let mut demo =
            Demo { accounts: Vec::new(), devices: Vec::new(), screens: self.screens(), simulation: watch::Sender::new(self.alive) };
        for (username, name, badge, role) in ACCOUNTS {
            let password = self.secrets.passwords.get(username).cloned().unwrap_or_default();
            if !knows(keeper, username) {
                let hash = secrets::password_hash(&password, username)?;
                add(keeper, account(username, name, badge, role, &hash, false)?).await?;
            }
            demo.accounts.push(DemoAccount { username: username.to_owned(), password, roles: vec![role] });
        }
        for (username, name, badge) in SIMULATED.iter().take(self.simulated_counters().len()) {
            if !knows(keeper, username) {
                add(keeper, account(username, name, Some(badge), Role::Clerk, NO_PASSWORD, true)?).await?;
            }
        }
        for (kind, name, counter) in devices(&self.counters) {
            let token = self.secrets.tokens.get(&name).cloned().unwrap_or_default();
            let digest = secrets::digest(&token);
            if keeper.read(|hall| hall.access.device(&digest).is_none()) {
                add(keeper, Change::AddDevice { kind, name: name.clone(), counter, digest, teams: Vec::new(), skills: Vec::new() }).await?;
            }
            demo.devices.push(DemoDevice { kind, name, token });
        }
        Ok(demo)
    }

    /// Starts the simulated people; they rest while the switch is off.
    pub(in crate::cli) fn start(&self, keeper: &HallKeeper, forecaster: &Forecaster, switch: watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        for ((number, counter), (username, ..)) in (1_u64..).zip(self.simulated_counters()).zip(SIMULATED) {
            let clerk = Clerk::new(keeper.clone(), counter.clone(), username, self.seed, number, switch.clone());
            tasks.push(tokio::spawn(clerk.work()));
        }
        for handler in Handler::of_teams(keeper, self.seed, &switch) {
            tasks.push(tokio::spawn(handler.work()));
        }
        tasks.push(tokio::spawn(Desks::new(keeper.clone(), self.seed, switch.clone()).answer()));
        let crowd = Crowd::new(keeper.clone(), forecaster.clone(), self.seed, switch);
        tasks.push(tokio::spawn(crowd.come_and_go()));
        tasks
    }

    /// The last counter is left to whoever tries the hall out.
    fn simulated_counters(&self) -> &[CounterNo] {
        let all = self.counters.len().saturating_sub(1).max(1).min(SIMULATED.len());
        self.counters.get(..all).unwrap_or_default()
    }

    fn screens(&self) -> Vec<(String, Text)> {
        let of = |(path, zh, en, device): (&str, &str, &str, Option<&str>)| {
            let token = device.and_then(|name| self.secrets.tokens.get(name));
            let path = token.map_or_else(|| path.to_owned(), |token| format!("{path}#token={token}"));
            (path, Text { zh: zh.to_owned(), en: en.to_owned() })
        };
        SCREENS.into_iter().map(of).collect()
    }
}

/// Kind, name and counter of every demo device.
fn devices(counters: &[CounterNo]) -> Vec<(Role, String, Option<CounterNo>)> {
    let mut all = vec![
        (Role::Kiosk, "k1".to_owned(), None),
        (Role::Board, "b1".to_owned(), None),
        (Role::Board, "b2".to_owned(), None),
        (Role::Speaker, "s1".to_owned(), None),
    ];
    all.extend(counters.iter().map(|no| (Role::CounterDisplay, format!("d{no}"), Some(no.clone()))));
    all
}

fn knows(keeper: &HallKeeper, username: &str) -> bool {
    keeper.read(|hall| hall.access.accounts.contains_key(username))
}

fn account(username: &str, name: &str, badge: Option<&str>, role: Role, hash: &str, disabled: bool) -> Result<Change, Fault> {
    let username: Username = username.parse().map_err(|error| Fault::of("账号名有误", "the sign-in name is wrong", &error))?;
    let badge = badge.map(str::to_owned);
    Ok(Change::AddAccount {
        account: Account {
            username,
            name: name.to_owned(),
            badge,
            roles: vec![role],
            password_hash: hash.into(),
            disabled,
            teams: Vec::new(),
            skills: Vec::new(),
        },
    })
}

async fn add(keeper: &HallKeeper, change: Change) -> Result<(), Fault> {
    carry_out(keeper, &change).await?.map_err(Fault::failed)
}

/// A password that can be typed from a sheet of paper: 12 letters, 56 bits.
fn password() -> Result<String, Fault> {
    const LENGTH: usize = 12;
    let mut letters = String::new();
    while letters.len() < LENGTH {
        letters.extend(secrets::secret()?.chars().filter(char::is_ascii_lowercase));
    }
    letters.truncate(LENGTH);
    letters.insert(8, '-');
    letters.insert(4, '-');
    Ok(letters)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_keeps_its_secrets_and_another_has_others() {
        let dir = tempfile::tempdir().unwrap();
        let counters: Vec<CounterNo> = ["1", "2"].map(|no| no.parse().unwrap()).to_vec();
        let of = |name: &str| People::of_folder(&dir.path().join(name), &counters, true, 1).unwrap();
        let (first, again, other) = (of("a"), of("a"), of("b"));
        assert_eq!(first.secrets.passwords, again.secrets.passwords);
        assert_eq!(first.secrets.tokens, again.secrets.tokens);
        assert_ne!(first.secrets.passwords["admin"], other.secrets.passwords["admin"]);
        assert_eq!(first.secrets.passwords["admin"].len(), 14);
        let mode = std::fs::metadata(dir.path().join("a").join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(first.simulated_counters().len(), 1);
    }
}
