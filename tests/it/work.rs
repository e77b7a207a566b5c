//! The people of the hotline and the teams: operators who write calls down, handlers who work orders under their leases.

use std::ops::Deref;

use awc::http::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::people::{Answer, Person, new_key};

/// The team of the sample hall that repairs in the east.
pub const EAST: &str = "repair-east";
/// A caller's number, and as it is shown.
pub const NUMBER: &str = "13912345678";
pub const MASKED: &str = "139****5678";

/// A flat of the sample town.
pub fn flat(room: &str) -> Value {
    json!({ "community": "阳光花园", "building": "3", "unit": "2", "room": room })
}

/// A text as it stands in a query.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Whoever answers the telephone.
pub struct Operator(pub Person);

impl Deref for Operator {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.0
    }
}

impl Operator {
    pub async fn logs(&self, number: &str) -> String {
        let logged = self.post("/hotline/calls", json!({ "caller_number": number })).await.ok();
        logged["call"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn writes(&self, call: &str, fields: Value) -> Answer {
        self.ask(Method::PATCH, &format!("/hotline/calls/{call}"), &fields, &new_key()).await
    }

    pub async fn ends(&self, call: &str, how: Value) -> Answer {
        self.post(&format!("/hotline/calls/{call}/end"), how).await
    }

    /// An order for a flat without heat; its number.
    pub async fn orders(&self, room: &str) -> String {
        self.orders_with(json!({ "category": "R1", "address": flat(room), "customer": { "name": "王小明", "phone": NUMBER } })).await
    }

    pub async fn orders_with(&self, body: Value) -> String {
        let made = self.post("/work-orders", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["work_order"]["no"].as_str().unwrap().to_owned()
    }
}

/// Somebody of a team, with an order in hand.
pub struct Handler {
    pub person: Person,
    pub no: String,
    pub token: u64,
}

impl Deref for Handler {
    type Target = Person;
    fn deref(&self) -> &Person {
        &self.person
    }
}

impl Handler {
    /// Takes the most urgent order of a team.
    pub async fn claims(person: Person, team: &str) -> Self {
        let claimed = person.post(&format!("/teams/{team}/claim"), json!({})).await.ok();
        let no = claimed["work_order"]["no"].as_str().expect("an order waits").to_owned();
        Self { person, no, token: claimed["lease"]["token"].as_u64().unwrap() }
    }

    /// Takes this very order.
    pub async fn accepts(person: Person, no: &str) -> Self {
        let accepted = person.post(&format!("/work-orders/{no}/accept"), json!({})).await.ok();
        Self { person, no: no.to_owned(), token: accepted["lease"]["token"].as_u64().unwrap() }
    }

    pub async fn step(&self, step: &str, mut body: Value) -> Answer {
        body["token"] = json!(self.token);
        self.post(&format!("/work-orders/{}/{step}", self.no), body).await
    }

    /// The order's state after a step that went well.
    pub async fn moves(&self, step: &str, body: Value) -> String {
        let moved = self.step(step, body).await.ok();
        assert!(moved["rev"].is_u64() && moved["epoch"].is_string());
        moved["work_order"]["state"].as_str().unwrap().to_owned()
    }

    /// Everything from the first call to the resolution.
    pub async fn works(&self) {
        self.moves("contact", json!({})).await;
        self.moves("arrive", json!({})).await;
        assert_eq!(self.moves("resolve", json!({ "action": "排气", "cause": "U", "public_reply": "已恢复供热" })).await, "resolved");
    }
}

/// A step of an order by somebody who holds no lease.
pub async fn step(person: &Person, no: &str, step: &str, body: Value) -> Answer {
    person.post(&format!("/work-orders/{no}/{step}"), body).await
}

/// An order as somebody sees it.
pub async fn seen(person: &Person, no: &str) -> Value {
    person.get(&format!("/work-orders/{no}")).await.ok()
}

impl TestApp {
    pub fn operator(&self) -> Operator {
        Operator(self.staff("operator"))
    }
}
