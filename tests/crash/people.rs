//! Kiosks and clerks over real HTTP: they ask again with the same key until they are answered, and remember what they were told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A door must answer within this, whatever is broken behind it.
const DOOR: Duration = Duration::from_secs(10);

/// An answer from a door.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub replayed: bool,
    pub took: Duration,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    agent: ureq::Agent,
    base: Arc<Mutex<String>>,
    token: String,
}

impl Person {
    pub fn new(base: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(DOOR)).build();
        Self { agent: config.into(), base: Arc::new(Mutex::new(base.to_owned())), token: token.to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base.lock().unwrap())
    }

    /// One request, no second try.
    pub fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Answer, String> {
        self.send_once(self.agent.post(self.url(path)), body, key)
    }

    fn send_once(&self, request: ureq::RequestBuilder<ureq::typestate::WithBody>, body: &Value, key: &str) -> Result<Answer, String> {
        let asked = Instant::now();
        let request = request.header("Authorization", format!("Bearer {}", self.token)).header("Idempotency-Key", key);
        read(request.send_json(body), asked)
    }

    pub fn get_once(&self, path: &str) -> Result<Answer, String> {
        let asked = Instant::now();
        read(self.agent.get(self.url(path)).header("Authorization", format!("Bearer {}", self.token)).call(), asked)
    }

    /// Asks until there is an answer that is neither a broken line nor 503.
    pub fn post(&self, path: &str, body: &Value, key: &str) -> Answer {
        Self::until_answered(path, || self.post_once(path, body, key))
    }

    /// The same for a change.
    pub fn patch(&self, path: &str, body: &Value, key: &str) -> Answer {
        Self::until_answered(path, || self.send_once(self.agent.patch(self.url(path)), body, key))
    }

    fn until_answered(path: &str, ask: impl Fn() -> Result<Answer, String>) -> Answer {
        let until = Instant::now() + Duration::from_secs(90);
        loop {
            match ask() {
                Ok(answer) if answer.status != 503 => {
                    assert!(answer.status < 500, "{path}: {answer:?}");
                    return answer;
                }
                Ok(away) => check_away(&away),
                Err(_) => {}
            }
            assert!(Instant::now() < until, "nobody answered {path} for a minute and a half");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn get(&self, path: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(answer) = self.get_once(path)
                && answer.status == 200
            {
                return answer.body;
            }
            assert!(Instant::now() < until, "nobody answered {path}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The whole journal, as the door tells it.
    pub fn journal(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events.last().map_or(0, |e| e["rev"].as_u64().unwrap());
            let page = self.get(&format!("/events?after={after}&limit=500"));
            let page = page["events"].as_array().unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page.iter().cloned());
        }
    }
}

/// A 503 says in how many seconds to ask again, and whether it had an effect.
pub fn check_away(answer: &Answer) {
    assert!(answer.body["code"].is_string(), "a 503 without a code: {answer:?}");
    assert!(answer.body["retry_after_s"].is_number(), "a 503 without retry_after_s: {answer:?}");
    let applied = &answer.body["applied"];
    assert!(applied == &json!(false) || applied == "unknown", "a 503 that does not say whether it was applied: {answer:?}");
}

fn read(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>, asked: Instant) -> Result<Answer, String> {
    let mut response = sent.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("Idempotency-Replayed");
    let text = response.body_mut().read_to_string().map_err(|e| e.to_string())?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, body, replayed, took: asked.elapsed() })
}

/// What the crowd was told.
#[derive(Default)]
pub struct Told {
    /// Key, body and answer of every mutation that was answered 2xx.
    pub done: Vec<(String, Value, Value)>,
}

/// People who keep acting until they are told to stop.
pub struct Crowd {
    stop: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

static KEYS: AtomicU64 = AtomicU64::new(1);

/// A key nobody used before in this run.
pub fn fresh_key(who: &str) -> String {
    format!("{who}-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

impl Crowd {
    /// Kiosks that issue, and clerks that each work one counter.
    pub fn start(kiosks: &[Person], clerks: &[(Person, String)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::new(Mutex::new(Told::default()));
        let mut threads = Vec::new();
        for (index, kiosk) in kiosks.iter().enumerate() {
            let (stop, told, kiosk) = (Arc::clone(&stop), Arc::clone(&told), kiosk.clone());
            threads.push(std::thread::spawn(move || issue_until(&kiosk, index, &stop, &told)));
        }
        for (clerk, counter) in clerks {
            let (stop, told) = (Arc::clone(&stop), Arc::clone(&told));
            let (clerk, counter) = (clerk.clone(), counter.clone());
            threads.push(std::thread::spawn(move || serve_until(&clerk, &counter, &stop, &told)));
        }
        Self { stop, told, threads }
    }

    /// How many mutations were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.told.lock().unwrap().done.len()
    }

    /// Everybody finishes what they are at and says what they were told.
    pub fn finish(self) -> Told {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("a person met something that must not be");
        }
        Arc::into_inner(self.told).unwrap().into_inner().unwrap()
    }
}

fn keep(told: &Mutex<Told>, key: &str, body: &Value, answer: &Answer) {
    if (200..300).contains(&answer.status) {
        told.lock().unwrap().done.push((key.to_owned(), body.clone(), answer.body.clone()));
    }
}

fn issue_until(kiosk: &Person, index: usize, stop: &AtomicBool, told: &Mutex<Told>) {
    let services = ["connect", "pay", "repair", "transfer", "suspend", "complaint", "enquiry"];
    let hall = kiosk.get("/hall");
    let offered: Vec<String> = hall["services"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect();
    let fallback = services[index % services.len()].to_owned();
    for turn in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let service = offered.get((index + turn) % offered.len().max(1)).unwrap_or(&fallback);
        let body = json!({"service": service, "class": "ordinary", "language": "zh"});
        let key = fresh_key("kiosk");
        let answer = kiosk.post("/tickets", &body, &key);
        keep(told, &key, &body, &answer);
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Whether the day may turn under the clerks' hands: whoever they serve then goes home.
pub static DAYS_TURN: AtomicBool = AtomicBool::new(false);

fn serve_until(clerk: &Person, counter: &str, stop: &AtomicBool, told: &Mutex<Told>) {
    let open = clerk.post(&format!("/counters/{counter}/open"), &json!({}), &fresh_key("open"));
    assert_eq!(open.status, 200, "{open:?}");
    let mut current = Value::Null;
    while !stop.load(Ordering::SeqCst) {
        let body = json!({"expect": current, "finish": if current.is_null() { Value::Null } else { json!({"outcome": "done"}) }});
        let key = fresh_key("next");
        let answer = clerk.post(&format!("/counters/{counter}/next"), &body, &key);
        keep(told, &key, &body, &answer);
        if DAYS_TURN.load(Ordering::SeqCst) && answer.body["code"] == "counter_moved_on" {
            current = answer.body["current"].clone();
            continue;
        }
        assert_eq!(answer.status, 200, "a clerk alone at a counter is never surprised: {answer:?}");
        current = answer.body["ticket"]["id"].clone();
        std::thread::sleep(Duration::from_millis(4));
    }
}
