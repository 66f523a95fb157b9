//! Which browser asks: forms that are half typed are kept for each by itself.

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::answer::wants_page;
use super::login::cookie_of;

const COOKIE: &str = "darkroom_browser";

/// As long as browsers keep a cookie at most: 400 days after the last page.
const KEPT: u32 = 400 * 24 * 3600;

/// Hex digits of a key: 128 bits.
const LENGTH: usize = 32;

/// Stands among the extensions of a request whose browser has a key.
#[derive(Clone)]
struct Key(String);

/// The key of the browser that asks; empty where it has none, as one without cookies or a program.
pub fn key(extensions: &Extensions) -> String {
    extensions.get::<Key>().map_or_else(String::new, |Key(key)| key.clone())
}

/// Gives each browser a key with its first page, and keeps it alive with every further one.
pub async fn know(mut request: Request, next: Next) -> Response {
    let goes_to_page = *request.method() == Method::GET && wants_page(request.headers());
    let key = key_in(request.headers()).map(str::to_owned);
    let Some(key) = key.or_else(|| goes_to_page.then(invent)) else {
        return next.run(request).await;
    };
    request.extensions_mut().insert(Key(key.clone()));
    let mut response = next.run(request).await;
    if goes_to_page {
        let cookie = format!("{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/; Max-Age={KEPT}");
        let cookie = HeaderValue::try_from(cookie).expect("a key is of plain letters");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The key in the cookie, if it is one that was given here.
fn key_in(headers: &HeaderMap) -> Option<&str> {
    let is_key = |key: &&str| key.len() == LENGTH && key.bytes().all(|b| b.is_ascii_hexdigit());
    cookie_of(headers, COOKIE).filter(is_key)
}

fn invent() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_key_is_one() {
        let key = invent();
        assert_ne!(key, invent());
        for (cookie, wanted) in [
            (format!("a=b; {COOKIE}={key}"), Some(key.as_str())),
            (format!("{COOKIE}="), None),
            (format!("{COOKIE}={key}0"), None),
            (format!("{COOKIE}={}", "x".repeat(LENGTH)), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            assert_eq!(key_in(&headers), wanted, "{cookie}");
        }
    }
}
