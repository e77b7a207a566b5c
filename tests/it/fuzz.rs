//! Requests made from the published description of the API, right and wrong: whatever comes, never a fault of ours.
//!
//! `FUZZ_REQUESTS=100000 cargo test --test it fuzz` sends as many; `FUZZ_SEED=n` sends others.

use awc::http::Method;
use serde_json::{Map, Value, json};
use warmhall::domain::actor::Role;

use crate::app::TestApp;
use crate::people::new_key;

/// Requests sent when nobody says how many.
const REQUESTS: u64 = 10_000;

#[expect(clippy::disallowed_methods, reason = "how many to send is told to the test, not to the product")]
fn wish(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// `SplitMix64`: the same seed sends the same requests.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const WORDS: [&str; 22] = [
    "repair",
    "pay",
    "1",
    "3",
    "tk_7",
    "tk_99999999",
    "zh",
    "ordinary",
    "done",
    "供热\u{202e}",
    "'; DROP",
    "=1+1",
    "",
    "a\u{0}b",
    "R1",
    "U",
    "repair-east",
    "20261123-0001",
    "13912345678",
    "in_30",
    "2026-12-01",
    "2026-12-01T00:00:00Z",
];

/// A value of a schema, or now and then of none.
#[expect(clippy::wildcard_enum_match_arm, reason = "a type is one word or several; all else is an object")]
fn value(schema: &Value, all: &Value, chance: &mut Chance, depth: usize) -> Value {
    if chance.below(12) == 0 || depth > 5 {
        let odd = [json!(null), json!(-1), json!(1e308), json!([]), json!({"x": {}}), json!(chance.pick(&WORDS)), json!(true)];
        return chance.pick(&odd).clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return value(&all[name], all, chance, depth + 1);
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[choice].as_array().filter(|options| !options.is_empty()) {
            return value(chance.pick(options), all, chance, depth + 1);
        }
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.is_empty()) {
        return chance.pick(words).clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[chance.below(kinds.len())].as_str().unwrap_or("string").to_owned(),
        kind => kind.as_str().unwrap_or("object").to_owned(),
    };
    match kind.as_str() {
        "string" => json!(chance.pick(&WORDS)),
        "integer" | "number" => json!(i64::try_from(chance.below(1_000)).unwrap() - 3),
        "boolean" => json!(chance.below(2) == 0),
        "array" => (0..chance.below(4)).map(|_| value(&schema["items"], all, chance, depth + 1)).collect(),
        "null" => Value::Null,
        _ => object(schema, all, chance, depth),
    }
}

fn object(schema: &Value, all: &Value, chance: &mut Chance, depth: usize) -> Value {
    let mut made = Map::new();
    for (name, of) in schema["properties"].as_object().into_iter().flatten() {
        if chance.below(5) > 0 {
            made.insert(name.clone(), value(of, all, chance, depth + 1));
        }
    }
    if chance.below(20) == 0 {
        made.insert("surplus".to_owned(), json!(1));
    }
    Value::Object(made)
}

fn path_of(template: &str, chance: &mut Chance) -> String {
    let ids = ["1", "3", "tk_7", "tk_9", "repair", "nt_5", "dv_2", "wang", "%00", "..%2f", "12345678", "99999999999999999999"];
    let ids = [&ids[..], &["repair-east", "20261123-0001", "20261123-0002", "hc_20", "in_30"]].concat();
    let filled = template.split('/').map(|part| if part.contains('{') { (*chance.pick(&ids)).to_owned() } else { part.to_owned() });
    let mut path = filled.collect::<Vec<_>>().join("/");
    if chance.below(4) == 0 {
        let queries: [&str; 10] = [
            "?limit=2",
            "?after=-1",
            "?limit=999999",
            "?state=waiting&day=2026-02-30",
            "?view=board",
            "?cursor=%ff",
            "?q=5678&state=open&team=repair-east",
            "?desk=callback&cursor=d1.20261123-0001",
            "?cursor=n20261123-0001&mine=1",
            "?phone=%00&community=%e9",
        ];
        path.push_str(chance.pick::<&str>(&queries));
    }
    path
}

#[actix_web::test]
async fn nothing_that_is_sent_is_answered_with_a_fault() {
    let app = TestApp::start().await;
    let document: Value = app.visitor().get("/openapi.json").await.ok();
    let all = &document["components"]["schemas"];
    let doors: Vec<(String, String, Value)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(|(method, door)| (path.clone(), method.to_uppercase(), door.clone()))
        })
        .filter(|(path, _, _)| !path.ends_with("/live"))
        .collect();
    let people: Vec<_> = [Role::Kiosk, Role::Clerk, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin]
        .into_iter()
        .map(|role| app.token(role))
        .collect();
    let mut chance = Chance(wish("FUZZ_SEED", 1));
    let (mut answered, mut well) = (0_u64, 0_u64);
    for _ in 0..wish("FUZZ_REQUESTS", REQUESTS) {
        let (template, method, door) = chance.pick(&doors).clone();
        let path = path_of(&template, &mut chance);
        let method: Method = method.parse().unwrap();
        let schema = &door["requestBody"]["content"]["application/json"]["schema"];
        let body = (method != Method::GET).then(|| value(schema, all, &mut chance, 0).to_string().into_bytes());
        let person = chance.pick(&people).and("idempotency-key", &new_key()).and("content-type", "application/json");
        let answer = person.send(method.clone(), &path, body.clone()).await;
        let sent = || format!("{method} {path} {}", String::from_utf8_lossy(&body.clone().unwrap_or_default()));
        assert!(answer.status < 500 || answer.status == 503 && path.contains("health"), "{} for {}", answer.status, sent());
        answered += 1;
        well += u64::from(answer.status < 300);
    }
    println!("{answered} requests, {well} of them did something");
    assert!(well > answered / 50, "requests that are all refused prove little: {well} of {answered}");
}
