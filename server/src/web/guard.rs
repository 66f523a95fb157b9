//! Whose requests are heard: the name in the address must be ours, and changes must come from our pages.
//!
//! Any web site a person visits can make the browser send requests to this machine. A foreign name
//! that resolves here (DNS rebinding) shows in `Host`; a foreign page that posts here shows in
//! `Origin` or `Sec-Fetch-Site`.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Web;

/// The names under which this server may be called.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    names: Vec<String>,
    /// On a network any address of ours will do: a foreign name cannot look like a number.
    any_address: bool,
}

impl AllowedHosts {
    pub fn local() -> Self {
        Self { names: vec!["localhost".into()], any_address: false }
    }

    pub fn shared() -> Self {
        Self { any_address: true, ..Self::local() }
    }

    pub fn allow(&mut self, name: &str) {
        self.names.push(name.trim().to_ascii_lowercase());
    }

    fn allows(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        match name.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => self.any_address || address.is_loopback(),
            Err(_) => self.names.contains(&name),
        }
    }
}

fn without_port(host: &str) -> &str {
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    match port {
        // The colons within a bare IPv6 address are no port.
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => name,
        _ => host,
    }
}

pub async fn check(State(web): State<Web>, request: Request, next: Next) -> Response {
    match fault(&web.hosts, &request) {
        None => next.run(request).await,
        Some(words) => (StatusCode::FORBIDDEN, words).into_response(),
    }
}

fn fault(hosts: &AllowedHosts, request: &Request) -> Option<String> {
    let host = text(request.headers(), header::HOST)
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
        .unwrap_or_default();
    if !hosts.allows(host) {
        return Some(format!(
            "Darkroom is not called `{host}`. Open it by the address it printed when it started; \
             for another name start it with --allowed-host NAME.\n"
        ));
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !from_our_page(request.headers(), host) {
        return Some(
            "This request came from another web site, so Darkroom did not do it. \
             Use Darkroom's own page.\n"
                .into(),
        );
    }
    None
}

/// Programs other than browsers send neither header, and need no protection from other sites.
fn from_our_page(headers: &HeaderMap, host: &str) -> bool {
    if let Some(origin) = text(headers, header::ORIGIN) {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        return authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    }
    matches!(
        headers.get("sec-fetch-site").map(|value| value.as_bytes()),
        None | Some(b"same-origin" | b"none")
    )
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_heard() {
        let mut local = AllowedHosts::local();
        local.allow("Studio.Lan");
        let shared = AllowedHosts::shared();
        let cases = [
            ("localhost", true, true),
            ("LOCALHOST:7860", true, true),
            ("127.0.0.1:7860", true, true),
            ("[::1]:7860", true, true),
            ("::1", true, true),
            ("studio.lan:7860", true, false),
            ("192.168.1.7:7860", false, true),
            ("evil.example", false, false),
            ("evil.example:7860", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("", false, false),
        ];
        for (host, at_home, on_network) in cases {
            assert_eq!(local.allows(host), at_home, "{host} at home");
            assert_eq!(shared.allows(host), on_network, "{host} on a network");
        }
    }

    #[test]
    fn changes_come_from_our_pages_or_from_programs() {
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[], true),
            (&[("origin", "http://localhost:7860")], true),
            (&[("origin", "https://localhost:7860")], true),
            (&[("origin", "http://localhost:9999")], false),
            (&[("origin", "http://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
        ];
        for (pairs, heard) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *pairs {
                headers.insert(header::HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(from_our_page(&headers, "localhost:7860"), *heard, "{pairs:?}");
        }
    }
}
