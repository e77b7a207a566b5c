//! `warmhall health`: asks a server whether it is well; for people, systemd and tests alike.

use std::time::Duration;

use super::args::HealthArgs;
use super::fault::Fault;

/// How long a server may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn health(args: &HealthArgs) -> Result<(), Fault> {
    actix_web::rt::System::new().block_on(ask(&args.url))
}

async fn ask(url: &str) -> Result<(), Fault> {
    let url = format!("{}/health/ready", url.trim_end_matches('/'));
    let client = awc::Client::builder().timeout(PATIENCE).finish();
    let mut answer = client.get(&url).send().await.map_err(|error| {
        Fault::failed(format!(
            "{url} 没有回答：服务器没有运行，或网址不对 / {url} does not answer: the server is closed, or the address is wrong: {error}"
        ))
    })?;
    let body = answer.body().await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    if answer.status().is_success() {
        println!("正常 / well");
        return Ok(());
    }
    Err(Fault::failed(format!("不正常 / not well ({}): {}", answer.status().as_u16(), body.trim())))
}
