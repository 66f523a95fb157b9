//! The browser half, inside the program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::answer::{Fault, wants_page};
use super::{Web, pages};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
struct Site;

/// A file of the site; for anything else the page that says there is nothing here.
pub async fn serve(State(web): State<Web>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(file) = Site::get(&path)
    {
        return answer(&path, file, request.headers());
    }
    match wants_page(request.headers()) {
        true => pages::not_found(&web, request).await,
        false => Fault::not_found().into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    // Weak, because the answer may be compressed on its way.
    let tag = format!("W/\"{tag}\"");
    if asked.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let headers = [(header::ETAG, tag), (header::CONTENT_TYPE, kind.as_ref().to_owned())];
    if !takes_gzip(asked) {
        return (headers, Body::from(file.data.into_owned())).into_response();
    }
    let packing = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
    (headers, packing, packed(path, hash, &file.data)).into_response()
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let codings = asked.get(header::ACCEPT_ENCODING).and_then(|codings| codings.to_str().ok());
    codings.unwrap_or_default().split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// The file as it was packed when the site was built, or else packed now.
fn packed(path: &str, hash: [u8; 32], file: &[u8]) -> Bytes {
    match Site::get(&format!("{path}.gz")).map(|packed| packed.data) {
        Some(Cow::Borrowed(packed)) => Bytes::from_static(packed),
        Some(Cow::Owned(packed)) => packed.into(),
        None => packed_once(hash, file),
    }
}

/// A file as small as gzip makes it, which takes longer than one wants to wait for each time: the
/// answer is kept by the hash of the file.
fn packed_once(hash: [u8; 32], file: &[u8]) -> Bytes {
    static PACKED: Mutex<BTreeMap<[u8; 32], Bytes>> = Mutex::new(BTreeMap::new());
    let kept = || PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(packed) = kept().get(&hash) {
        return packed.clone();
    }
    let packed = Bytes::from(gzip(file));
    kept().insert(hash, packed.clone());
    packed
}

fn gzip(file: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(file).expect("memory takes all that is written");
    encoder.finish().expect("memory takes all that is written")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::http::HeaderValue;

    use super::*;

    fn asked(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[test]
    fn a_browser_says_whether_it_takes_gzip() {
        for (codings, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("br, gzip;q=0", false),
            ("identity", false),
        ] {
            assert_eq!(takes_gzip(&asked(codings)), takes, "{codings}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut unpacked).unwrap();
        unpacked
    }

    #[test]
    fn what_is_packed_is_the_file_again() {
        let file = b"the same words, the same words, the same words".repeat(9);
        for _ in 0..2 {
            let packed = packed_once([7; 32], &file);
            assert!(packed.len() < file.len());
            assert_eq!(unpacked(&packed), file);
        }
    }

    #[test]
    fn every_file_of_the_site_is_sent_as_it_is() {
        for path in Site::iter() {
            let file = Site::get(&path).unwrap();
            let sent = packed(&path, file.metadata.sha256_hash(), &file.data);
            assert_eq!(unpacked(&sent), &file.data[..], "{path}");
        }
    }
}
