//! Kiosks and clerks as the load generator knows them; the product and the reference are asked in the same words.

use std::sync::Arc;

use super::load::{Answer, Person, post};

/// A kiosk: takes one number after the other.
pub struct Kiosk {
    name: String,
    token: Arc<str>,
    turn: u64,
    services: u64,
}

impl Kiosk {
    /// `name` goes into the idempotency keys and has to be nobody else's.
    pub fn new(name: String, token: &Arc<str>, services: u64) -> Self {
        Self { name, token: Arc::clone(token), turn: 0, services }
    }
}

impl Person for Kiosk {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let service = self.turn % self.services;
        let body = format!(r#"{{"service":"s{service}","class":"ordinary","language":"zh"}}"#);
        post(out, "/api/v1/tickets", &self.token, &format!("{}-{}", self.name, self.turn), &body);
    }

    fn told(&mut self, _answer: &Answer<'_>) {}
}

/// A kiosk at a door that keeps nothing.
pub struct Bystander {
    token: Arc<str>,
    turn: u64,
}

impl Bystander {
    pub fn new(token: &Arc<str>) -> Self {
        Self { token: Arc::clone(token), turn: 0 }
    }
}

impl Person for Bystander {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let body = r#"{"service":"s1","class":"ordinary","language":"zh"}"#;
        post(out, "/nothing", &self.token, &format!("nothing-{}", self.turn), body);
    }

    fn told(&mut self, _answer: &Answer<'_>) {}
}

/// A clerk: finishes whoever is in hand and calls the next.
pub struct Clerk {
    name: String,
    token: Arc<str>,
    counter: usize,
    turn: u64,
    in_hand: Option<String>,
    nobody: u64,
}

impl Clerk {
    /// `name` goes into the idempotency keys and has to be nobody else's.
    pub fn new(name: String, token: &Arc<str>, counter: usize) -> Self {
        Self { name, token: Arc::clone(token), counter, turn: 0, in_hand: None, nobody: 0 }
    }

    /// How often nobody waited.
    pub fn found_nobody(&self) -> u64 {
        self.nobody
    }
}

impl Person for Clerk {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let path = format!("/api/v1/counters/{}/next", self.counter);
        let body = match &self.in_hand {
            None => r#"{"expect":null}"#.to_owned(),
            Some(ticket) => format!(r#"{{"expect":"{ticket}","finish":{{"outcome":"done"}}}}"#),
        };
        post(out, &path, &self.token, &format!("{}-{}", self.name, self.turn), &body);
    }

    fn told(&mut self, answer: &Answer<'_>) {
        let body = std::str::from_utf8(answer.body).unwrap_or_default();
        // Where another row's clerk left somebody in hand, the refusal says whom.
        let whom = if answer.status == 409 { r#""current":""# } else { r#""id":""# };
        self.in_hand = body.split_once(whom).and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id.to_owned());
        self.nobody += u64::from(self.in_hand.is_none() && answer.status < 300);
    }
}

/// An operator who makes one work order after the other, each for a flat of its own.
pub struct Writer {
    name: String,
    token: Arc<str>,
    turn: u64,
}

impl Writer {
    /// `name` goes into the idempotency keys and has to be nobody else's.
    pub fn new(name: String, token: &Arc<str>) -> Self {
        Self { name, token: Arc::clone(token), turn: 0 }
    }
}

impl Person for Writer {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let (name, turn) = (&self.name, self.turn);
        let body = format!(
            r#"{{"category":"R1","description":"不热","address":{{"community":"小区{}","building":"{name}","unit":"1","room":"{turn}"}}}}"#,
            turn % 500
        );
        post(out, "/api/v1/work-orders", &self.token, &format!("{name}-{turn}"), &body);
    }

    fn told(&mut self, _answer: &Answer<'_>) {}
}

/// A clerk's first press of the day.
pub struct Opener {
    token: Arc<str>,
    counter: usize,
    counters: usize,
}

impl Opener {
    /// Opens `counters` counters from the first on, one for each question.
    pub fn new(token: &Arc<str>, counters: usize) -> Self {
        Self { token: Arc::clone(token), counter: 0, counters }
    }
}

impl Person for Opener {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.counter = self.counter % self.counters + 1;
        post(out, &format!("/api/v1/counters/{}/open", self.counter), &self.token, &format!("open-{}", self.counter), "{}");
    }

    fn told(&mut self, _answer: &Answer<'_>) {}
}
