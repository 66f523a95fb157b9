//! The password that a shared Darkroom asks for: a page, a cookie, and patience with guessers.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::api::ApiError;
use axum::Form;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Web;
use super::answer::{Fault, wants_page};
use crate::query::escape;

const COOKIE: &str = "darkroom_session";

/// Wrong tries before an address has to wait.
const FREE_TRIES: u32 = 5;

const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Addresses remembered at most; more than that are one network's guessers.
const MAX_GUESSERS: usize = 10_000;

/// Letters that cannot be mistaken for each other.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The password and who has given it.
pub struct Password {
    digest: [u8; 32],
    sessions: Mutex<HashSet<String>>,
    guessers: Mutex<HashMap<IpAddr, Guesser>>,
}

struct Guesser {
    tries: u32,
    blocked_until: Instant,
}

enum Attempt {
    Right,
    Wrong,
    /// Too many tries; the next one counts after this time.
    Wait(Duration),
}

impl Password {
    pub fn new(password: &str) -> Self {
        Self {
            digest: Sha256::digest(password).into(),
            sessions: Mutex::default(),
            guessers: Mutex::default(),
        }
    }

    /// A password for one sitting: about 59 bits.
    pub fn invent() -> String {
        let letter = |_| LETTERS[rand::random_range(0..LETTERS.len())] as char;
        let word = |_| (0..4).map(letter).collect::<String>();
        (0..3).map(word).collect::<Vec<_>>().join("-")
    }

    fn attempt(&self, from: IpAddr, given: &str) -> Attempt {
        let mut guessers = self.lock_guessers();
        let now = Instant::now();
        if let Some(guesser) = guessers.get(&from)
            && let Some(left) = guesser.blocked_until.checked_duration_since(now)
            && !left.is_zero()
        {
            return Attempt::Wait(left);
        }
        let given: [u8; 32] = Sha256::digest(given).into();
        if bool::from(given.ct_eq(&self.digest)) {
            guessers.remove(&from);
            return Attempt::Right;
        }
        if guessers.len() >= MAX_GUESSERS {
            guessers.clear();
        }
        let guesser = guessers.entry(from).or_insert(Guesser { tries: 0, blocked_until: now });
        guesser.tries += 1;
        guesser.blocked_until = now + wait_after(guesser.tries);
        Attempt::Wrong
    }

    fn lock_guessers(&self) -> MutexGuard<'_, HashMap<IpAddr, Guesser>> {
        self.guessers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_sessions(&self) -> MutexGuard<'_, HashSet<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_session(&self) -> String {
        let session = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        self.lock_sessions().insert(session.clone());
        session
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        cookie_of(headers, COOKIE).is_some_and(|session| self.lock_sessions().contains(session))
    }
}

/// One second after the last free try, doubling with each further one.
fn wait_after(tries: u32) -> Duration {
    match tries.checked_sub(FREE_TRIES) {
        None => Duration::ZERO,
        Some(extra) => Duration::from_secs(1 << extra.min(10)).min(LONGEST_WAIT),
    }
}

/// The value of the cookie called `name`.
pub fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Lets nobody past who has not given the password.
pub async fn require(State(web): State<Web>, request: Request, next: Next) -> Response {
    let Some(password) = &web.password else { return next.run(request).await };
    let open_to_all = matches!(request.uri().path(), "/login" | "/healthz" | "/favicon.svg");
    if open_to_all || password.knows(request.headers()) {
        return next.run(request).await;
    }
    if let Some(given) = basic_password(request.headers()) {
        return match password.attempt(address(request.extensions()), &given) {
            Attempt::Right => next.run(request).await,
            Attempt::Wrong => unauthorized(),
            Attempt::Wait(left) => too_many(left, String::from("too many wrong passwords")),
        };
    }
    if wants_page(request.headers()) {
        let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
        return Redirect::to(&format!("/login?next={}", escape(wanted))).into_response();
    }
    unauthorized()
}

fn unauthorized() -> Response {
    let error = ApiError::Conflict("this Darkroom asks for a password; open /login".into());
    let mut response = Fault(StatusCode::UNAUTHORIZED, error).into_response();
    let basic = HeaderValue::from_static("Basic realm=\"Darkroom\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    response
}

fn too_many(left: Duration, body: impl IntoResponse) -> Response {
    let seconds = HeaderValue::from(left.as_secs() + 1);
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

/// The password of an `Authorization: Basic` header; any user name will do.
fn basic_password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?.trim()).ok()?;
    Some(String::from_utf8(decoded).ok()?.split_once(':')?.1.to_owned())
}

fn address(extensions: &Extensions) -> IpAddr {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    connected.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip())
}

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Entry {
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn page(State(web): State<Web>, Query(wanted): Query<Wanted>) -> Response {
    match web.password {
        Some(_) => Html(login_page(&wanted.next, None)).into_response(),
        None => Redirect::to("/").into_response(),
    }
}

pub async fn enter(
    State(web): State<Web>,
    extensions: Extensions,
    Form(entry): Form<Entry>,
) -> Response {
    let Some(password) = &web.password else { return Redirect::to("/").into_response() };
    match password.attempt(address(&extensions), &entry.password) {
        Attempt::Right => {
            let cookie = format!(
                "{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000",
                password.open_session()
            );
            ([(header::SET_COOKIE, cookie)], Redirect::to(own_path(&entry.next))).into_response()
        }
        Attempt::Wrong => {
            let page = login_page(&entry.next, Some("That is not the password."));
            (StatusCode::UNAUTHORIZED, Html(page)).into_response()
        }
        Attempt::Wait(left) => {
            let words = format!("Too many wrong passwords. Wait {} seconds.", left.as_secs() + 1);
            too_many(left, Html(login_page(&entry.next, Some(&words))))
        }
    }
}

/// `next` if it leads to a page of ours, else the first page.
fn own_path(next: &str) -> &str {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    match plain && next.starts_with('/') && !next.starts_with("//") {
        true => next,
        false => "/",
    }
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The page stands by itself: before the password nothing else of the site is given out.
fn login_page(next: &str, fault: Option<&str>) -> String {
    let alert = fault.map_or(String::new(), |words| {
        format!("<p role=\"alert\" id=\"fault\">{}</p>", escape_html(words))
    });
    include_str!("login.html")
        .replace("{next}", &escape_html(own_path(next)))
        .replace("{alert}", &alert)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leads_to_another_site() {
        for (next, path) in [
            ("/train?job=3", "/train?job=3"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
        ] {
            assert_eq!(own_path(next), path);
        }
    }

    #[test]
    fn guessing_becomes_slow_and_the_right_password_clears_it() {
        let password = Password::new("sesame");
        let from = IpAddr::from(Ipv4Addr::LOCALHOST);
        for _ in 0..FREE_TRIES {
            assert!(matches!(password.attempt(from, "guess"), Attempt::Wrong));
        }
        assert!(matches!(password.attempt(from, "sesame"), Attempt::Wait(_)));
        let elsewhere = IpAddr::from([10, 0, 0, 9]);
        assert!(matches!(password.attempt(elsewhere, "sesame"), Attempt::Right));
        assert!(wait_after(4).is_zero() && wait_after(5).as_secs() == 1);
        assert_eq!(wait_after(60), LONGEST_WAIT);
    }

    #[test]
    fn an_invented_password_is_long_and_new_each_time() {
        let (one, two) = (Password::invent(), Password::invent());
        assert_eq!(one.len(), 14);
        assert_ne!(one, two);
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; darkroom_session=xyz; c=d".parse().unwrap());
        assert_eq!(cookie_of(&headers, COOKIE), Some("xyz"));
        headers.insert(header::COOKIE, "darkroom_session_old=xyz".parse().unwrap());
        assert_eq!(cookie_of(&headers, COOKIE), None);
    }
}
