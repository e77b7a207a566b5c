//! The thinnest program that does the same: one Lua script a press, one text for every board. Nothing is left out on purpose to
//! make it slow, and nothing is in it that a hall would need beyond that.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytestring::ByteString;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Script};
use serde::Deserialize;

/// Number, hash, sorted set, stream, idempotency key. The answer is the one that was given before where the key was used.
const ISSUE: &str = r"
local given = redis.call('GET', KEYS[5])
if given then return given end
local n = redis.call('INCR', KEYS[1])
local id = 'tk_' .. n
local number = string.format('%s%03d', ARGV[1], n)
redis.call('HSET', KEYS[2] .. id, 'number', number, 'service', ARGV[2], 'class', ARGV[3], 'state', 'waiting', 'at', ARGV[4])
local ahead = redis.call('ZCARD', KEYS[3])
redis.call('ZADD', KEYS[3], ARGV[4], id)
redis.call('XADD', KEYS[4], '*', 'type', 'issued', 'id', id, 'number', number, 'service', ARGV[2], 'at', ARGV[4])
local answer = cjson.encode({ticket = {id = id, number = number, service = ARGV[2], class = ARGV[3], state = 'waiting'}, ahead = ahead})
redis.call('SET', KEYS[5], answer)
return answer
";

/// Finishes whoever is in hand and takes the first of the line.
const NEXT: &str = r"
local given = redis.call('GET', KEYS[4])
if given then return given end
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1] .. ARGV[1], 'state', 'closed')
  redis.call('XADD', KEYS[3], '*', 'type', 'finished', 'id', ARGV[1], 'counter', ARGV[2], 'at', ARGV[3])
end
local first = redis.call('ZPOPMIN', KEYS[2])
local answer = '{}'
if first[1] then
  local id = first[1]
  redis.call('HSET', KEYS[1] .. id, 'state', 'called', 'counter', ARGV[2])
  local number = redis.call('HGET', KEYS[1] .. id, 'number')
  redis.call('XADD', KEYS[3], '*', 'type', 'called', 'id', id, 'number', number, 'counter', ARGV[2], 'at', ARGV[3])
  answer = cjson.encode({ticket = {id = id, number = number, counter = ARGV[2], state = 'called'}})
end
redis.call('SET', KEYS[4], answer)
return answer
";

/// Bytes of a ticket's answer.
const NOTHING_BYTES: usize = 336;

struct Shop {
    redis: ConnectionManager,
    issue: Script,
    next: Script,
    boards: Mutex<Vec<actix_ws::Session>>,
    frame: Mutex<ByteString>,
}

#[derive(Deserialize)]
struct Issue {
    service: String,
    class: String,
}

#[derive(Deserialize)]
struct Next {
    expect: Option<String>,
}

fn key(request: &HttpRequest) -> String {
    let sent = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    format!("key:{}", sent.unwrap_or_default())
}

fn now_ms() -> i64 {
    warmhall::clock::Clock::System.now().timestamp_millis()
}

fn json(status: actix_web::http::StatusCode, answer: Result<String, redis::RedisError>) -> HttpResponse {
    match answer {
        Ok(body) => HttpResponse::build(status).content_type("application/json").body(body),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

async fn issue(shop: web::Data<Shop>, request: HttpRequest, body: web::Json<Issue>) -> HttpResponse {
    let mut redis = shop.redis.clone();
    let mut press = shop.issue.prepare_invoke();
    press.key("number").key("ticket:").key(format!("line:{}", body.service)).key("events").key(key(&request));
    press.arg("A").arg(&body.service).arg(&body.class).arg(now_ms());
    json(actix_web::http::StatusCode::CREATED, press.invoke_async(&mut redis).await)
}

/// Commits a call; the line a counter draws from is its first service's.
async fn commit_next(shop: &Shop, request: &HttpRequest, counter: usize, body: &Next) -> Result<String, redis::RedisError> {
    let mut redis = shop.redis.clone();
    let mut press = shop.next.prepare_invoke();
    press.key("ticket:").key(format!("line:s{}", (counter - 1) % super::SERVICES)).key("events").key(key(request));
    press.arg(body.expect.as_deref().unwrap_or_default()).arg(counter).arg(now_ms());
    press.invoke_async(&mut redis).await
}

async fn next(shop: web::Data<Shop>, request: HttpRequest, path: web::Path<usize>, body: web::Json<Next>) -> HttpResponse {
    let answer = commit_next(&shop, &request, *path, &body).await;
    broadcast(&shop).await;
    json(actix_web::http::StatusCode::OK, answer)
}

/// Hands one text to every board.
async fn broadcast(shop: &Shop) {
    let boards = shop.boards.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let frame = shop.frame.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for mut board in boards {
        let _gone = board.text(frame.clone()).await;
    }
}

async fn call_uncommitted(shop: web::Data<Shop>) -> HttpResponse {
    broadcast(&shop).await;
    HttpResponse::Ok().body("{}")
}

/// An answer as long as a ticket's, with nothing read, decided or kept: what HTTP and the load generator alone can carry here.
async fn nothing(body: web::Bytes) -> HttpResponse {
    let _unread = body;
    HttpResponse::Created().content_type("application/json").body(web::Bytes::from_static(&[b' '; NOTHING_BYTES]))
}

async fn set_frame(shop: web::Data<Shop>, body: String) -> HttpResponse {
    *shop.frame.lock().unwrap_or_else(PoisonError::into_inner) = body.into();
    HttpResponse::Ok().body("{}")
}

async fn live(shop: web::Data<Shop>, request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, session, mut messages) = actix_ws::handle(&request, body)?;
    shop.boards.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    actix_web::rt::spawn(async move { while messages.recv().await.is_some_and(|message| message.is_ok()) {} });
    Ok(response)
}

/// Serves until the process is killed: `reference ADDRESS SOCKET`.
pub fn run(words: &[String]) {
    let (address, socket) = (words[0].clone(), words[1].clone());
    let served = async move {
        let client = redis::Client::open(format!("unix:{socket}")).unwrap();
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1_000)
            .set_max_delay(Duration::from_millis(5))
            .set_response_timeout(Some(Duration::from_secs(10)));
        let mut redis = loop {
            match ConnectionManager::new_with_config(client.clone(), config.clone()).await {
                Ok(redis) => break redis,
                Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        };
        // Redis may still be loading.
        while redis.exists::<_, bool>("number").await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (issue_script, next_script) = (Script::new(ISSUE), Script::new(NEXT));
        let shop = web::Data::new(Shop {
            redis,
            issue: issue_script,
            next: next_script,
            boards: Mutex::default(),
            frame: Mutex::new(ByteString::from_static("{}")),
        });
        let factory = move || {
            let app = App::new().app_data(shop.clone());
            let app = app.route("/api/v1/tickets", web::post().to(issue)).route("/api/v1/counters/{no}/next", web::post().to(next));
            let app = app.route("/api/v1/live", web::get().to(live)).route("/frame", web::post().to(set_frame));
            let app = app.route("/broadcast", web::post().to(call_uncommitted));
            let app = app.route("/nothing", web::post().to(nothing));
            app.route("/health/ready", web::get().to(|| async { HttpResponse::Ok().body("{}") }))
        };
        // Kiosks keep their lines while the other side is measured.
        HttpServer::new(factory).max_connections(20_000).keep_alive(Duration::from_mins(5)).bind(address).unwrap().run().await.unwrap();
    };
    actix_web::rt::System::new().block_on(served);
}
