//! The screens, as built into the program: served compressed, kept for ever where their name says what is in them.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use bytes::Bytes;
use rust_embed::RustEmbed;

use super::problem::{Code, Problem};
use super::secrets::hex;

/// What `npm run build` made; in a debug build read from the disk each time.
#[derive(RustEmbed)]
#[folder = "kiosk-ui/dist"]
struct Dist;

/// Every screen and its file.
const PAGES: [(&str, &str); 14] = [
    ("/", "index.html"),
    ("/kiosk", "kiosk.html"),
    ("/board", "board.html"),
    ("/display", "display.html"),
    ("/counter", "counter.html"),
    ("/lead", "lead.html"),
    ("/hotline", "hotline.html"),
    ("/team", "team.html"),
    ("/orders", "orders.html"),
    ("/case", "case.html"),
    ("/case/{no}", "case.html"),
    ("/signin", "signin.html"),
    ("/setup", "setup.html"),
    ("/pair", "pair.html"),
];
/// Its name holds a hash of what is in it.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Asked for again every time, and mostly not sent again.
const REVALIDATED: &str = "no-cache";
/// Smaller files are not worth compressing, in bytes.
const COMPRESSED_BYTES_MIN: usize = 512;
/// Endings of files that get smaller by packing.
const PACKABLE: [&str; 8] = ["html", "js", "css", "svg", "json", "txt", "webmanifest", "map"];
/// Packed when first asked for, in milliseconds: the best that brotli can do takes seconds, and tens of megabytes that an idle hall
/// would keep.
const BROTLI_QUALITY: u32 = 7;
const BROTLI_WINDOW: u32 = 18;
/// The longest path of a file, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// Registers the screens and whatever else they load.
pub fn configure(config: &mut web::ServiceConfig) {
    for (path, file) in PAGES {
        config.route(path, screen_route(file));
    }
    config.default_service(web::to(anything_else));
}

fn screen_route(file: &'static str) -> actix_web::Route {
    web::route()
        .guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
        .to(move |request: HttpRequest| async move { page(&request, file) })
}

/// A screen; where the screens are not built, a page that says how.
#[must_use]
pub fn page(request: &HttpRequest, file: &str) -> HttpResponse {
    match Dist::get(file) {
        Some(found) => serve(request, file, &found, REVALIDATED),
        None => not_built(),
    }
}

fn not_built() -> HttpResponse {
    let text = "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>Warmhall 暖厅</title>\
        <h1>界面尚未构建</h1><p>请在 <code>kiosk-ui</code> 目录运行 <code>npm ci &amp;&amp; npm run build</code>，然后重新构建服务器。</p>\
        <h1>The screens are not built</h1><p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>kiosk-ui</code>, then build the server again.</p>";
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).content_type("text/html; charset=utf-8").body(text)
}

/// A file of the screens, or nothing of ours.
async fn anything_else(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    let found = file_name(path).and_then(|name| Some((name, Dist::get(name)?)));
    match found {
        None => Problem::from(Code::NotFound).error_response(),
        Some(_) if !matches!(*request.method(), Method::GET | Method::HEAD) => Problem::from(Code::MethodNotAllowed).error_response(),
        Some((name, file)) => serve(&request, name, &file, if name.starts_with("assets/") { IMMUTABLE } else { REVALIDATED }),
    }
}

/// Pages have paths of their own.
fn is_page(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "html")
}

/// The name of a file in a path: plain segments only, so that nothing outside can be meant.
fn file_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let plain = |segment: &str| {
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    (name.len() <= PATH_BYTES_MAX && !is_page(name) && name.split('/').all(plain)).then_some(name)
}

fn serve(request: &HttpRequest, name: &str, file: &rust_embed::EmbeddedFile, caching: &'static str) -> HttpResponse {
    let hash = hex(file.metadata.sha256_hash());
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packing = Packing::chosen(name, file.data.len(), accepted);
    let etag = format!("\"{hash}-{}\"", packing.word());
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, caching)).insert_header((VARY, "accept-encoding")).insert_header((ETAG, etag.clone()));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)) {
        return response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish();
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    response.insert_header((CONTENT_TYPE, kind));
    match packing {
        Packing::Plain => response.body(Bytes::copy_from_slice(&file.data)),
        Packing::Gzip | Packing::Brotli => match packed(&hash, packing, &file.data) {
            Some(bytes) => response.insert_header((CONTENT_ENCODING, HeaderValue::from_static(packing.word()))).body(bytes),
            None => response.body(Bytes::copy_from_slice(&file.data)),
        },
    }
}

/// How a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Packing {
    Plain,
    Gzip,
    Brotli,
}

impl Packing {
    fn chosen(name: &str, length: usize, accepted: &str) -> Self {
        let packable = name.rsplit_once('.').is_some_and(|(_, end)| PACKABLE.contains(&end));
        let offers = |word: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == word));
        match () {
            () if !packable || length < COMPRESSED_BYTES_MIN => Self::Plain,
            () if offers("br") => Self::Brotli,
            () if offers("gzip") => Self::Gzip,
            () => Self::Plain,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }
}

type Packed = Mutex<HashMap<(String, Packing), Arc<[u8]>>>;

/// Files are packed once; there are as many as were built in.
fn packed(hash: &str, packing: Packing, data: &[u8]) -> Option<Bytes> {
    static PACKED: std::sync::LazyLock<Packed> = std::sync::LazyLock::new(Mutex::default);
    let key = (hash.to_owned(), packing);
    let kept = PACKED.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(bytes) = kept {
        return Some(Bytes::from_owner(bytes));
    }
    let bytes: Arc<[u8]> = pack(packing, data).ok()?.into();
    PACKED.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes.clone());
    Some(Bytes::from_owner(bytes))
}

fn pack(packing: Packing, data: &[u8]) -> std::io::Result<Vec<u8>> {
    match packing {
        Packing::Plain => Ok(data.to_vec()),
        Packing::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(data)?;
            encoder.finish()
        }
        Packing::Brotli => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4_096, BROTLI_QUALITY, BROTLI_WINDOW).write_all(data)?;
            Ok(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_files() {
        for bad in ["/", "/../Cargo.toml", "/assets/../x.js", "/assets//x.js", "/.env", "/a\\b", "/kiosk.html", "/%2e%2e/x", "assets/x.js"]
        {
            assert_eq!(file_name(bad), None, "{bad}");
        }
        assert_eq!(file_name("/assets/kiosk-Ab12.js"), Some("assets/kiosk-Ab12.js"));
    }

    #[test]
    fn packing_is_what_the_browser_offers() {
        assert_eq!(Packing::chosen("assets/a.js", 9_000, "gzip, deflate, br"), Packing::Brotli);
        assert_eq!(Packing::chosen("assets/a.js", 9_000, "gzip;q=1.0"), Packing::Gzip);
        assert_eq!(Packing::chosen("assets/a.js", 100, "br"), Packing::Plain);
        assert_eq!(Packing::chosen("assets/a.woff2", 9_000, "br"), Packing::Plain);
    }
}
