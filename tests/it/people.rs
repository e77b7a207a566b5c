//! The people of the tests: each with a way in of their own, and the words for what they do.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use awc::Client;
use awc::http::Method;
use awc::http::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::live::Watching;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
    /// The same as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body, when all went well.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.body
    }

    /// The code of a problem; its form is checked on the way.
    #[track_caller]
    pub fn code(&self) -> &str {
        assert!(self.status >= 400, "not a problem: {} {}", self.status, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.body["status"].as_u64(), Some(u64::from(self.status)), "{}", self.text);
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert!(self.body["title"].is_string());
        code
    }

    /// Checks a refusal.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self.body
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A key that was not used before.
pub fn new_key() -> String {
    static KEYS: AtomicU64 = AtomicU64::new(1);
    format!("key-{}", KEYS.fetch_add(1, Ordering::SeqCst))
}

/// Somebody with a way in, or none.
#[derive(Clone)]
pub struct Person {
    client: Client,
    address: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Person {
    fn new(app: &TestApp) -> Self {
        let client = Client::builder().disable_redirects().timeout(std::time::Duration::from_secs(20)).finish();
        Self { client, address: app.address.clone(), headers: Vec::new() }
    }

    pub fn nobody(app: &TestApp) -> Self {
        Self::new(app)
    }

    pub fn with_token(app: &TestApp, token: &str) -> Self {
        Self::new(app).and("authorization", &format!("Bearer {token}"))
    }

    /// A browser of our own page.
    pub fn with_cookie(app: &TestApp, session: &str) -> Self {
        let own = format!("http://{}", app.address);
        Self::new(app).and("cookie", &format!("wh_session={session}")).and("origin", &own)
    }

    /// The same, sending another header, in place of one of that name.
    pub fn and(&self, name: &str, value: &str) -> Self {
        let mut other = self.without(name);
        other.headers.push((name.parse().unwrap(), value.parse().unwrap()));
        other
    }

    pub fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| known != name);
        other
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        for (name, value) in &self.headers {
            request = request.insert_header((name.clone(), value.clone()));
        }
        let sent = match body {
            Some(body) => request.send_body(body).await,
            None => request.send().await,
        };
        let mut response = sent.unwrap();
        let bytes = response.body().limit(4 * 1024 * 1024).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), text, body, bytes: bytes.to_vec() }
    }

    /// Opens a live line; the status where it is refused.
    pub async fn watch(&self, query: &str) -> Result<Watching, u16> {
        let mut request = self.client.ws(format!("http://{}/api/v1/live?{query}", self.address)).max_frame_size(16 << 20);
        for (name, value) in &self.headers {
            request = request.set_header(name.clone(), value.clone());
        }
        match request.connect().await {
            Ok((response, line)) => Ok(Watching::new(&response, line)),
            Err(awc::error::WsClientError::InvalidResponseStatus(status)) => Err(status.as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("/api/v1{path}"), None).await
    }

    /// Asks for a change under this key.
    pub async fn ask(&self, method: Method, path: &str, body: &Value, key: &str) -> Answer {
        let person = self.and("idempotency-key", key).and("content-type", "application/json");
        person.send(method, &format!("/api/v1{path}"), Some(body.to_string().into_bytes())).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &body, &new_key()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.and("idempotency-key", &new_key()).send(Method::DELETE, &format!("/api/v1{path}"), None).await
    }
}

/// A number somebody holds.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "it is called a number, and has one")]
pub struct Number {
    pub id: String,
    /// As printed.
    pub number: String,
    pub link: String,
    pub ahead: u64,
}

impl Number {
    pub fn of(answer: &Value) -> Self {
        Self {
            id: answer["ticket"]["id"].as_str().unwrap().to_owned(),
            number: answer["ticket"]["number"].as_str().unwrap().to_owned(),
            link: answer["status_url"].as_str().unwrap().to_owned(),
            ahead: answer["ahead"].as_u64().unwrap(),
        }
    }
}

/// The kiosk in the lobby.
pub struct Kiosk(pub Person);

impl Deref for Kiosk {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}

impl Kiosk {
    pub async fn takes(&self, service: &str) -> Number {
        Number::of(&self.post("/tickets", json!({ "service": service })).await.ok())
    }
}

/// A clerk at a counter.
pub struct Clerk {
    pub person: Person,
    pub counter: String,
    pub fence: Option<u64>,
}

impl Deref for Clerk {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Clerk {
    /// Opens a counter.
    pub async fn at(mut self, counter: &str) -> Self {
        let opened = self.post(&format!("/counters/{counter}/open"), json!({})).await.ok();
        self.fence = opened["counter"]["fence"].as_u64();
        self.counter = counter.to_owned();
        self
    }

    pub async fn counter(&self, step: &str, body: Value) -> Answer {
        self.post(&format!("/counters/{}/{step}", self.counter), self.fenced(body)).await
    }

    /// Calls the next, with nobody in hand.
    pub async fn calls(&self) -> Value {
        self.counter("next", json!({ "expect": null })).await.ok()["ticket"].clone()
    }

    pub async fn ticket(&self, id: &str, step: &str, body: Value) -> Answer {
        self.post(&format!("/tickets/{id}/{step}"), self.fenced(body)).await
    }

    /// The state of a ticket after a step that went well.
    pub async fn moves(&self, id: &str, step: &str, body: Value) -> String {
        let moved = self.ticket(id, step, body).await.ok();
        assert!(moved["rev"].is_u64() && moved["epoch"].is_string());
        moved["ticket"]["state"].as_str().unwrap().to_owned()
    }

    fn fenced(&self, mut body: Value) -> Value {
        if let (Some(fence), None) = (self.fence, body.get("fence")) {
            body["fence"] = json!(fence);
        }
        body
    }
}

/// Who leads the hall.
pub struct Lead(pub Person);

impl Deref for Lead {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}

/// Somebody from the street, with a phone.
pub struct Visitor(pub Person);

impl Deref for Visitor {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}
