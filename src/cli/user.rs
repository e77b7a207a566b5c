//! `warmhall user`: staff accounts, with the server running or not.

use super::access::Change;
use super::args::{UserArgs, UserStep};
use super::fault::Fault;
use super::place;
use super::secrets;
use super::token::say;
use crate::domain::access::{Access, Account};
use crate::domain::actor::Role;
use crate::domain::ids::Username;

pub(super) async fn user(args: UserArgs) -> Result<(), Fault> {
    match args.step {
        UserStep::List { place } => list(&place.settings()?).await,
        UserStep::Add { username, name, badge, roles, teams, skills, place } => {
            let settings = place.settings()?;
            let (access, waiting) = place::look(&settings).await?;
            if knows(&access, &waiting, &username) {
                return Err(Fault::failed(format!("账号 {username} 已经存在 / the account {username} exists already")));
            }
            if !roles.iter().all(|role| role.is_staff()) {
                return Err(Fault::usage("账号只能有人员角色 / an account has only roles of people"));
            }
            let password_hash = secrets::password_hash(&secrets::ask_password()?, username.as_str())?;
            let name = name.unwrap_or_else(|| username.to_string());
            let account = Account { username: username.clone(), name, badge, roles, password_hash, disabled: false, teams, skills };
            say(place::make(&settings, &Change::AddAccount { account }).await?, &format!("账号已建立 / added: {username}"));
            Ok(())
        }
        UserStep::Password { username, place } => {
            let settings = place.settings()?;
            known(&settings, &username).await?;
            let password_hash = secrets::password_hash(&secrets::ask_password()?, username.as_str())?;
            let change = Change::SetPassword { username: username.clone(), password_hash };
            say(place::make(&settings, &change).await?, &format!("密码已更改 / password set: {username}"));
            Ok(())
        }
        UserStep::Disable { username, undo, place } => {
            let settings = place.settings()?;
            known(&settings, &username).await?;
            let change = Change::SetDisabled { username: username.clone(), disabled: !undo };
            let what = if undo { "已启用 / enabled" } else { "已停用 / disabled" };
            say(place::make(&settings, &change).await?, &format!("{what}: {username}"));
            Ok(())
        }
        UserStep::Remove { username, place } => {
            let settings = place.settings()?;
            known(&settings, &username).await?;
            let change = Change::RemoveAccount { username: username.clone() };
            say(place::make(&settings, &change).await?, &format!("已删除 / removed: {username}"));
            Ok(())
        }
    }
}

async fn known(settings: &crate::settings::Settings, username: &Username) -> Result<(), Fault> {
    let (access, waiting) = place::look(settings).await?;
    if knows(&access, &waiting, username) {
        return Ok(());
    }
    Err(Fault::failed(format!("没有账号 {username} / there is no account {username}")))
}

/// Whether there is such an account, what waits for the next start counted in.
fn knows(access: &Access, waiting: &[Change], username: &Username) -> bool {
    waiting.iter().fold(access.accounts.contains_key(username), |there, change| match change {
        Change::AddAccount { account } => there || &account.username == username,
        Change::RemoveAccount { username: removed } => there && removed != username,
        Change::AddDevice { .. } | Change::RevokeDevice { .. } | Change::SetPassword { .. } | Change::SetDisabled { .. } => there,
    })
}

async fn list(settings: &crate::settings::Settings) -> Result<(), Fault> {
    let (access, waiting) = place::look(settings).await?;
    for account in access.accounts.values() {
        println!("{}", line(account, if account.disabled { "停用 / disabled" } else { "" }));
    }
    for change in waiting {
        if let Change::AddAccount { account } = change {
            println!("{}", line(&account, "下次启动生效 / from the next start"));
        }
    }
    Ok(())
}

fn line(account: &Account, remark: &str) -> String {
    let roles: Vec<_> = account.roles.iter().copied().map(Role::word).collect();
    let badge = account.badge.as_deref().unwrap_or("-");
    format!("{}\t{}\t{badge}\t{}\t{remark}", account.username, account.name, roles.join(","))
}
