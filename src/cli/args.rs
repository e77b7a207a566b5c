//! What can be written on the command line, with its explanations.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::actor::Role;
use crate::domain::ids::{CounterNo, DeviceId, SkillId, TeamId, Username};

const CODES: &str = "\
退出码 / exit codes:
  0  完成 / done
  1  失败 / failed
  2  用法或设置有误 / wrong usage or settings
  3  数据不安全，未启动 / the data is not safe to serve; nothing was started
  4  目录或端口被占用 / the folder or the port is taken";

/// 暖厅：取号、叫号、热线与工单 / queue numbers, calls, hotline and work orders for a service hall.
#[derive(Debug, Parser)]
#[command(name = "warmhall", version, after_help = CODES, max_term_width = 120)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Serve(ServeArgs),
    Demo(DemoArgs),
    Announce(AnnounceArgs),
    User(UserArgs),
    Device(DeviceArgs),
    Token(TokenArgs),
    Addresses(AddressesArgs),
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Config(ConfigArgs),
    Health(HealthArgs),
    Voice(VoiceArgs),
}

/// Where the settings and the data are.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Place {
    /// 设置文件 / the settings file (see `warmhall config default`)
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 数据目录 / the data folder [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Redis 地址；不写则自带私有 Redis / use this Redis; without it a private one is run
    #[arg(long, value_name = "URL")]
    pub(super) redis_url: Option<String>,
}

/// 开一个真实大厅的服务器 / serve a real hall.
///
/// 没有默认密码：首次启动会打印一个一次性链接，用来建立管理员。默认只监听本机。
///
/// There is no default password: the first start prints a one-time link that creates the administrator. Only this
/// machine can reach the server until --listen says otherwise. SIGTERM or Ctrl-C closes the hall cleanly.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall serve --data-dir /var/lib/warmhall
  warmhall serve --config /etc/warmhall/warmhall.toml --listen 0.0.0.0:8080")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// 监听地址 / where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Option<SocketAddr>,
    /// 大厅文件（业务、窗口、时间） / the hall's file: services, counters, hours [default: the sample hall]
    #[arg(long, value_name = "FILE")]
    pub(super) hall_file: Option<PathBuf>,
}

/// 试用：示例大厅，带账号、设备和模拟的顾客与窗口人员 / try it out: a sample hall that is alive.
///
/// 打开打印出的网址即可看到所有屏幕。数据存放在单独的目录里，与真实大厅无关。
///
/// Open the printed address to see every screen. The demo keeps its data in a folder of its own and has nothing to do
/// with a real hall.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall demo
  warmhall demo --simulation off --data-dir /tmp/try")]
pub(super) struct DemoArgs {
    /// 设置文件 / the settings file
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 演示数据目录 / the demo's own folder
    #[arg(long, value_name = "DIR", default_value = "./demo-data")]
    pub(super) data_dir: PathBuf,
    /// 使用外部 Redis / use this Redis instead of a private one
    #[arg(long, value_name = "URL")]
    pub(super) redis_url: Option<String>,
    /// 监听地址 / where to listen
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,
    /// 模拟顾客与窗口人员 / simulated customers and clerks
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub(super) simulation: Switch,
    /// 同 --simulation off / the same as --simulation off
    #[arg(long)]
    pub(super) quiet: bool,
    /// 模拟的随机种子 / the seed of the simulated people
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

/// 在另一台机器上播报 / speak on another machine that has the loudspeaker.
///
/// 令牌由 `warmhall token --role speaker --name …` 得到。
///
/// The token comes from `warmhall token --role speaker --name …` on the server's machine.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / example:
  warmhall announce --server http://192.168.1.10:8080 --token-file speaker.token")]
pub(super) struct AnnounceArgs {
    /// 服务器网址 / the server's address
    #[arg(long, value_name = "URL")]
    pub(super) server: String,
    /// 令牌 / the token; --token-file keeps it out of the process list
    #[arg(long, value_name = "TOKEN", env = "WARMHALL_TOKEN", hide_env_values = true, required_unless_present = "token_file")]
    pub(super) token: Option<String>,
    /// 存放令牌的文件 / a file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub(super) token_file: Option<PathBuf>,
    /// 设置文件，只用其中 [voice] / the settings file, for its [voice]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// 保存播报进度的目录 / the folder that remembers what was said
    #[arg(long, value_name = "DIR", default_value = "./speaker-data")]
    pub(super) data_dir: PathBuf,
}

/// 账号 / staff accounts.
///
/// 服务器开着或关着都可以用；密码从标准输入读取或提示输入两次，绝不写在命令行上。
///
/// Works with the server running or not. Passwords are read from standard input, or asked for twice; never from the
/// command line.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall user add wang --name 王芳 --badge 1023 --role clerk --data-dir /var/lib/warmhall
  warmhall user password wang --data-dir /var/lib/warmhall < new-password.txt
  warmhall user list --data-dir /var/lib/warmhall")]
pub(super) struct UserArgs {
    #[command(subcommand)]
    pub(super) step: UserStep,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserStep {
    /// 新建账号 / add an account
    Add {
        /// 登录名 / sign-in name
        username: Username,
        /// 姓名 / name [default: the sign-in name]
        #[arg(long)]
        name: Option<String>,
        /// 工号，显示在窗口屏上 / badge number, shown at the counter
        #[arg(long)]
        badge: Option<String>,
        /// 角色，可多次 / role, may be repeated: clerk, greeter, operator, handler, lead, manager, admin
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
        roles: Vec<Role>,
        /// 班组，可多次；不写则全部 / team whose orders they work, may be repeated; all of them without it
        #[arg(long = "team", value_name = "TEAM")]
        teams: Vec<TeamId>,
        /// 技能，可多次；不写则全部 / skill, may be repeated; everything without it
        #[arg(long = "skill", value_name = "SKILL")]
        skills: Vec<SkillId>,
        #[command(flatten)]
        place: Place,
    },
    /// 列出账号 / list the accounts
    List {
        #[command(flatten)]
        place: Place,
    },
    /// 改密码，并结束其所有登录 / set a new password and end all sessions
    Password {
        username: Username,
        #[command(flatten)]
        place: Place,
    },
    /// 停用账号 / disable an account
    Disable {
        username: Username,
        /// 重新启用 / enable it again
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        place: Place,
    },
    /// 删除账号 / remove an account
    Remove {
        username: Username,
        #[command(flatten)]
        place: Place,
    },
}

/// 设备：取号机、叫号屏、窗口屏、音箱 / devices: kiosks, boards, counter displays, speakers.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall device list --data-dir /var/lib/warmhall
  warmhall device add --kind board --name b1 --data-dir /var/lib/warmhall
  warmhall device revoke dv_12 --data-dir /var/lib/warmhall")]
pub(super) struct DeviceArgs {
    #[command(subcommand)]
    pub(super) step: DeviceStep,
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceStep {
    /// 列出设备 / list the devices
    List {
        #[command(flatten)]
        place: Place,
    },
    /// 新增设备并打印其令牌 / add a device and print its token
    Add {
        /// 种类 / kiosk, board, `counter_display`, speaker or integration
        #[arg(long, value_name = "KIND", value_parser = device_kind)]
        kind: Role,
        /// 名称 / its name
        #[arg(long)]
        name: String,
        /// 窗口屏所属窗口 / the counter of a counter display
        #[arg(long, value_name = "NO")]
        counter: Option<CounterNo>,
        #[command(flatten)]
        place: Place,
    },
    /// 吊销设备，立即断开 / revoke a device; it is cut off at once
    Revoke {
        /// 设备编号 / the device's id, e.g. `dv_12`
        device: DeviceId,
        #[command(flatten)]
        place: Place,
    },
}

/// 打印一个令牌 / print a bearer token.
///
/// 只有令牌写到标准输出。服务器关着时，令牌在下次启动时生效。
///
/// Only the token goes to standard output. With the server closed, the token holds from its next start.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall token --data-dir /var/lib/warmhall --role kiosk --name k1
  warmhall token --data-dir /var/lib/warmhall --role counter_display --name d3 --counter 3")]
pub(super) struct TokenArgs {
    /// 角色 / kiosk, board, `counter_display`, speaker, clerk, greeter, operator, handler, lead, manager, admin or integration
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(super) role: Role,
    /// 名称，写入记录 / its name, as it will stand in the records
    #[arg(long)]
    pub(super) name: String,
    /// 窗口 / the counter it belongs to
    #[arg(long, value_name = "NO")]
    pub(super) counter: Option<CounterNo>,
    /// 班组，可多次；不写则全部 / team whose orders it works, may be repeated; all of them without it
    #[arg(long = "team", value_name = "TEAM")]
    pub(super) teams: Vec<TeamId>,
    /// 技能，可多次；不写则全部 / skill, may be repeated; everything without it
    #[arg(long = "skill", value_name = "SKILL")]
    pub(super) skills: Vec<SkillId>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 地址簿：小区、楼、单元、房间 / the address book: communities, buildings, units, rooms.
///
/// 从 CSV（UTF-8）整体导入，服务器开着或关着都可以；有一行不对就不导入，并指出行和列。
///
/// Imported as a whole from a CSV (UTF-8), with the server running or not; one wrong row and nothing is imported, and the
/// line and column are named. config/halls/addresses-sample.csv shows the columns.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall addresses import addresses.csv --data-dir /var/lib/warmhall
  warmhall addresses show yghy3-2-501 --data-dir /var/lib/warmhall
  warmhall addresses count --data-dir /var/lib/warmhall")]
pub(super) struct AddressesArgs {
    #[command(subcommand)]
    pub(super) step: AddressesStep,
}

#[derive(Debug, Subcommand)]
pub(super) enum AddressesStep {
    /// 导入，替换原有的地址簿 / import a CSV; it replaces the book
    Import {
        /// CSV 文件 / the CSV file
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// 查找，与话务员输入的一样 / look something up, as an operator types it
    Show {
        /// 小区、拼音、首字母、楼-单元-房、用户编号 / a name, pinyin, initials, numbers, a customer's number
        #[arg(required = true)]
        query: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// 有多少小区和房间 / how many communities and rooms there are
    Count {
        #[command(flatten)]
        place: Place,
    },
}

/// 备份，不必关门 / back up a hall, open or closed.
///
/// 把号码、账号、历史全部复制到一个新目录，打印该目录。建议每天一次。
///
/// Copies numbers, accounts and history into a new folder and prints its name. Once a day is a good habit.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / example:
  warmhall backup --data-dir /var/lib/warmhall --into /mnt/backup/2026-11-23")]
pub(super) struct BackupArgs {
    /// 新目录 / the new folder [default: backups/TIME in the data folder]
    #[arg(long, value_name = "DIR")]
    pub(super) into: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 恢复备份，须先关门 / put a backup back; the hall must be closed.
///
/// 现有数据改名保留，不会删除。所有屏幕从头更新，旧号不会与新号混淆。
///
/// What was there is put aside, not deleted. Every screen begins anew, so nobody takes the old for the new.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / example:
  warmhall restore /mnt/backup/2026-11-23 --data-dir /var/lib/warmhall")]
pub(super) struct RestoreArgs {
    /// 备份目录 / the backup's folder
    #[arg(value_name = "DIR")]
    pub(super) from: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
}

/// 设置 / settings.
#[derive(Debug, Args)]
#[command(after_help = "\
例 / examples:
  warmhall config default > warmhall.toml
  warmhall config check --config warmhall.toml")]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) step: ConfigStep,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigStep {
    /// 打印带说明的默认设置 / print the defaults with their explanations
    Default,
    /// 打印示例大厅文件 / print the sample hall's file
    Hall,
    /// 检查设置与大厅文件 / check the settings and the hall's file
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// 打印实际生效的设置（不含密码） / print the settings in force, without passwords
    Print {
        #[command(flatten)]
        place: Place,
    },
}

/// 服务器是否正常 / whether a server is well.
///
/// 正常退出码 0，否则 1 并打印原因。
///
/// Ends with 0 when it is; else with 1, and says why.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// 服务器网址 / the server's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(super) url: String,
}

/// 语音 / the voice.
#[derive(Debug, Args)]
pub(super) struct VoiceArgs {
    #[command(subcommand)]
    pub(super) step: VoiceStep,
}

#[derive(Debug, Subcommand)]
pub(super) enum VoiceStep {
    /// 用 espeak-ng 生成录音包 / make the recordings with espeak-ng
    Make {
        /// 放到哪个目录 / the folder to write to
        #[arg(long, value_name = "DIR", default_value = "config/voice")]
        dir: PathBuf,
        /// 自己的词句目录 / a folder with the hall's own phrases
        #[arg(long, value_name = "DIR")]
        phrases_dir: Option<PathBuf>,
        /// 语言，默认两种 / the language; both by default
        #[arg(long, value_name = "zh|en")]
        language: Option<Tongue>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Tongue {
    Zh,
    En,
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.word()).collect();
        format!("可用 / one of: {}", words.join(", "))
    })
}

fn device_kind(word: &str) -> Result<Role, String> {
    role(word)?;
    let role = Role::from_word(word).filter(|role| !role.is_staff());
    role.ok_or_else(|| "可用 / one of: kiosk, board, counter_display, speaker, integration".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_explains_itself() {
        let mut cli = Cli::command();
        cli.clone().debug_assert();
        let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        for command in cli.get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains(is_han), "{help}");
            for argument in command.get_arguments().filter(|a| !["help", "version"].contains(&a.get_id().as_str())) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains(is_han) && help.contains(" / "), "{}: {help}", argument.get_id());
            }
        }
    }

    #[test]
    fn every_role_can_be_asked_for() {
        for one in Role::ALL {
            assert_eq!(role(one.word()), Ok(one));
        }
        assert!(role("boss").unwrap_err().contains("kiosk"));
        assert!(device_kind("clerk").is_err());
    }
}
