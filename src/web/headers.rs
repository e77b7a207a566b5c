//! What stands around every door: the request's id, the headers that keep browsers safe, the measurement and the log line.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tokio::time::Instant;

use super::app::AppState;
use super::problem::REQUEST_ID;
use super::secrets::request_id;

/// Nothing but our own; nobody may frame us.
const CSP: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                   frame-ancestors 'none'; form-action 'self'";
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=()";
const HSTS: &str = "max-age=31536000";
/// Characters of a path that the log shows where no door matched.
const PATH_CHARS_MAX: usize = 96;

/// Wraps an application.
///
/// # Errors
/// What the door itself could not answer.
pub async fn wrap(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let id = request_id();
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let method = request.method().clone();
    let mut response = REQUEST_ID.scope(id.clone(), next.call(request)).await?;
    let pattern = response.request().match_pattern();
    let status = response.status().as_u16();
    let tls = state.as_ref().is_some_and(|state| state.settings.tls);
    put_headers(response.headers_mut(), &id, tls);
    let took = begun.elapsed();
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // The door's pattern holds no secret.
    let route = || pattern.clone().unwrap_or_else(|| plain_path(&response));
    if status >= 500 {
        tracing::warn!(request_id = id, %method, route = route(), status, micros, "answered");
    } else {
        tracing::debug!(request_id = id, %method, route = route(), status, micros, "answered");
    }
    if let Some(state) = state {
        state.metrics.answered(method.as_str(), pattern.unwrap_or_else(|| "none".to_owned()), status, took.as_secs_f64());
    }
    Ok(response)
}

/// The path where no door matched, with nothing that could forge a log line.
fn plain_path<B>(response: &ServiceResponse<B>) -> String {
    response.request().path().chars().take(PATH_CHARS_MAX).flat_map(char::escape_default).collect()
}

fn put_headers(headers: &mut HeaderMap, id: &str, tls: bool) {
    let mut put = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    put(CONTENT_SECURITY_POLICY, CSP);
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if tls {
        put(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
