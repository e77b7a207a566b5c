//! The description of the API, made from the table of doors: what is registered is described, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::idempotency::HEADER;
use super::problem::{Code, PROBLEM_JSON};
use super::rights::Admits;
use super::routes::{BASE, Door, Gives, Shape, doors};

/// What every door may answer.
const EVERYWHERE: [Code; 5] = [Code::BadRequest, Code::TooManyRequests, Code::Overloaded, Code::StoreAway, Code::Internal];
/// What every door that changes something may answer.
const CHANGING: [Code; 12] = [
    Code::MalformedJson,
    Code::UnknownField,
    Code::InvalidField,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::OriginRefused,
    Code::IdempotencyKeyMissing,
    Code::BadIdempotencyKey,
    Code::IdempotencyKeyReused,
    Code::StoreUnsafe,
    Code::ShuttingDown,
    Code::NotFound,
];

/// The description as JSON text.
#[must_use]
pub fn json() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document(&doors()).to_string());
    &TEXT
}

/// Describes these doors.
#[must_use]
pub fn document(doors: &[Door]) -> Value {
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for door in doors {
        let operation = operation(door, &mut schemas);
        paths.entry(door.path.clone()).or_default().insert(door.method.as_str().to_lowercase(), operation);
    }
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Warmhall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Queue numbers and counters of a service hall. Every time is RFC 3339 in UTC.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": super::gate::SESSION_COOKIE },
            },
        },
    })
}

fn operation(door: &Door, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut operation = Map::new();
    operation.insert("summary".to_owned(), json!(door.summary));
    operation.insert("operationId".to_owned(), json!(operation_id(door)));
    operation.insert("tags".to_owned(), json!([door.path.split('/').find(|part| !["", "api", "v1"].contains(part)).unwrap_or("hall")]));
    operation.insert("x-right".to_owned(), json!(door.right));
    match door.admits {
        Admits::Anyone(_) => operation.insert("security".to_owned(), json!([])),
        Admits::Roles(roles) => {
            operation.insert("x-roles".to_owned(), json!(roles.iter().map(|role| role.word()).collect::<Vec<_>>()));
            operation.insert("security".to_owned(), json!([{ "bearer": [] }, { "session": [] }]))
        }
    };
    operation.insert("parameters".to_owned(), Value::Array(parameters(door)));
    if let Some(shape) = door.takes {
        let content = json!({ "application/json": { "schema": refer(shape, schemas) } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation.insert("responses".to_owned(), Value::Object(responses(door, schemas)));
    Value::Object(operation)
}

fn operation_id(door: &Door) -> String {
    let words = door.path.split(['/', '-', '.']).filter(|part| !part.is_empty() && !["api", "v1"].contains(part));
    let words = words.map(|word| word.trim_matches(['{', '}']).to_owned());
    // The same path can stand with and without the base: a page for browsers, and its data.
    let verb = if door.path.starts_with(BASE) { door.method.as_str().to_lowercase() } else { "page".to_owned() };
    std::iter::once(verb).chain(words).collect::<Vec<_>>().join("_")
}

fn parameters(door: &Door) -> Vec<Value> {
    let named = door.path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let mut parameters: Vec<Value> = named
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .chain(door.query.iter().map(|parameter| json!(parameter)))
        .collect();
    if door.changes {
        let said = "1 to 64 visible ASCII characters; required of devices and API tokens.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        parameters.push(json!({ "name": HEADER, "in": "header", "required": false, "description": said, "schema": schema }));
    }
    parameters
}

fn responses(door: &Door, schemas: &mut BTreeMap<String, Value>) -> Map<String, Value> {
    let mut responses = Map::new();
    let mut well = match door.gives {
        Gives::Json(shape) => json!({ "description": "Done.", "content": { "application/json": { "schema": refer(shape, schemas) } } }),
        Gives::Nothing => json!({ "description": "Done." }),
        Gives::Other(kind) => json!({ "description": "Done.", "content": { kind: {} } }),
    };
    if let Some(content) = well.get_mut("content").and_then(Value::as_object_mut) {
        content.extend(door.files.iter().map(|kind| ((*kind).to_owned(), json!({}))));
    }
    responses.insert(door.status.to_string(), well);
    for (status, codes) in problems(door) {
        let words: Vec<&str> = codes.iter().map(|code| code.word()).collect();
        let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, { "properties": { "code": { "enum": words } } }] });
        let content = json!({ PROBLEM_JSON: { "schema": schema } });
        responses.insert(status.to_string(), json!({ "description": words.join(", "), "content": content }));
    }
    responses
}

/// Every problem a door may answer, by status.
fn problems(door: &Door) -> BTreeMap<u16, BTreeSet<Code>> {
    let mut codes: BTreeSet<Code> = door.problems.iter().copied().chain(EVERYWHERE).collect();
    if door.changes {
        codes.extend(CHANGING);
    }
    if matches!(door.admits, Admits::Roles(_)) {
        codes.extend([Code::Unauthenticated, Code::SessionExpired, Code::Forbidden]);
    }
    if door.path.contains('{') {
        codes.insert(Code::NotFound);
    }
    let mut by_status: BTreeMap<u16, BTreeSet<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status()).or_default().insert(code);
    }
    by_status
}

/// A reference to a type, which is described once.
fn refer(shape: Shape, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut parts: Vec<(String, RefOr<Schema>)> = Vec::new();
    (shape.parts)(&mut parts);
    for (name, schema) in parts {
        schemas.entry(name).or_insert_with(|| json!(schema));
    }
    let name = (shape.name)().into_owned();
    schemas.entry(name.clone()).or_insert_with(|| json!((shape.schema)()));
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "enum": Code::ALL.iter().map(|code| code.word()).collect::<Vec<_>>() },
            "detail": { "type": "string" },
            "retry_after_s": { "type": "integer" },
            "fields": { "type": "object", "additionalProperties": { "type": "string" } },
            "applied": { "description": "false: certainly without effect; \"unknown\": retry with the same key" },
            "request_id": { "type": "string" },
            "state": { "type": "string", "description": "with wrong_state" },
            "current": { "type": ["string", "null"], "description": "with counter_moved_on and ticket_in_hand" },
            "standing": { "type": "string", "description": "with hall_closed" },
            "opens_at": { "type": ["string", "null"], "description": "with hall_closed" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::ask::{CSV, XLSX};

    #[test]
    fn every_door_is_described_and_every_reference_leads_somewhere() {
        let doors = doors();
        let document = document(&doors);
        for door in &doors {
            let operation = &document["paths"][&door.path][door.method.as_str().to_lowercase()];
            assert!(operation["responses"][door.status.to_string()].is_object(), "{} {}", door.method, door.path);
        }
        let described: usize = document["paths"].as_object().unwrap().values().map(|methods| methods.as_object().unwrap().len()).sum();
        assert_eq!(described, doors.len());
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
        }
    }

    #[test]
    fn a_report_is_described_in_each_of_its_forms() {
        let document = document(&doors());
        let content = document["paths"]["/api/v1/reports/waits"]["get"]["responses"]["200"]["content"].as_object().unwrap();
        let kinds: BTreeSet<&str> = content.keys().map(String::as_str).collect();
        assert_eq!(kinds, BTreeSet::from(["application/json", CSV, XLSX]));
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let doors = doors();
        let ids: BTreeSet<String> = doors.iter().map(operation_id).collect();
        assert_eq!(ids.len(), doors.len());
    }
}
