//! Who may come in, and what an answer says to the browser.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{StatusCode, header};
use futures::StreamExt;
use server::web::Password;

use crate::support::{Setup, Site, get, multipart, png, post};

#[tokio::test]
async fn the_status_is_told_through_its_server_function() {
    let setup = Setup::idle();
    let answer = setup.site().call("status", "").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let status = answer.json();
    assert_eq!(status["device"], "cpu");
    assert_eq!(status["jobs"], serde_json::json!([]));
    assert!(status["data_dir"].as_str().unwrap().ends_with("/data"), "{status}");
}

#[tokio::test]
async fn a_call_that_cannot_be_read_is_the_callers_fault() {
    let site = Setup::idle().site();
    let cases = [
        ("extend", "num_steps=3", "job"),
        ("gallery", "query[offset]=many", "digit"),
        ("rename_class", "name=a&name=b", "one key"),
        ("star", "", "image"),
    ];
    for (function, form, told) in cases {
        let answer = site.call(function, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        assert!(answer.text().contains(told), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_foreign_name_or_page_is_turned_away_in_words() {
    let setup = Setup::idle();
    let site = setup.site();
    let cases = [
        (get("/healthz"), StatusCode::OK),
        (
            axum::http::Request::get("/healthz").header(header::HOST, "evil.example"),
            StatusCode::FORBIDDEN,
        ),
        (axum::http::Request::get("/healthz"), StatusCode::FORBIDDEN),
        (get("/healthz").header(header::ORIGIN, "http://evil.example"), StatusCode::OK),
        (post("/fn/status").header(header::ORIGIN, "http://evil.example"), StatusCode::FORBIDDEN),
        (post("/fn/status").header("sec-fetch-site", "cross-site"), StatusCode::FORBIDDEN),
        (post("/upload/dataset").header(header::ORIGIN, "null"), StatusCode::FORBIDDEN),
    ];
    for (request, status) in cases {
        let answer = site.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == StatusCode::FORBIDDEN {
            assert!(answer.text().contains("Darkroom"), "{}", answer.text());
        }
    }
    let own = post("/fn/status")
        .header(header::ORIGIN, "http://localhost:7860")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(site.ask(own.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_is_given_out_before_the_password() {
    let setup = Setup::idle();
    let site = setup.site_with(|web| web.password = Some(Arc::new(Password::new("sesame"))));
    for path in ["/", "/events", "/files/images/1.png", "/pkg/darkroom.js"] {
        assert_eq!(site.get(path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(site.call("status", "").await.status, StatusCode::UNAUTHORIZED);
    let page = get("/train?job=3").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let answer = site.ask(page).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "/login?next=/train%3Fjob%3D3");
    assert!(site.get("/login?next=/train").await.text().contains("value=\"/train\""));
}

#[tokio::test]
async fn the_password_opens_a_session() {
    let setup = Setup::idle();
    let site = setup.site_with(|web| web.password = Some(Arc::new(Password::new("sesame"))));
    let enter = |password: &str| {
        post("/login")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("password={password}&next=/train")))
            .unwrap()
    };
    let wrong = site.ask(enter("guess")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text().contains("role=\"alert\""));
    let right = site.ask(enter("sesame")).await;
    assert_eq!((right.status, right.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/train"));
    let cookie = right.header(header::SET_COOKIE).to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let status = get("/files/images/1.png").header(header::COOKIE, session);
    let answer = site.ask(status.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    // any:sesame
    let basic = get("/files/images/1.png").header(header::AUTHORIZATION, "Basic YW55OnNlc2FtZQ==");
    let answer = site.ask(basic.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_first_event_is_the_status() {
    let setup = Setup::idle();
    let site = setup.site();
    let response = site.open(get("/events").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let first = String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();
    let json = first.strip_prefix("data: ").unwrap_or_else(|| panic!("{first}"));
    let live: app::api::Live = serde_json::from_str(json.trim()).unwrap();
    assert!(matches!(live, app::api::Live::Status(status) if status.device == "cpu"));
}

#[tokio::test]
async fn the_event_stream_ends_when_the_program_closes() {
    let setup = Setup::idle();
    let closing = tokio_util::sync::CancellationToken::new();
    let token = closing.clone();
    let site = setup.site_with(|web| web.closing = token);
    let response = site.open(get("/events").body(Body::empty()).unwrap()).await;
    let mut events = response.into_body().into_data_stream();
    assert!(events.next().await.is_some());
    closing.cancel();
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn every_page_renders_and_an_unknown_one_says_so() {
    let setup = Setup::idle();
    let site = setup.site();
    for path in ["/", "/generate", "/train", "/datasets", "/settings"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.text().contains("Darkroom"), "{path}");
        assert_eq!(answer.header(header::X_FRAME_OPTIONS), "DENY");
    }
    let page = get("/nowhere").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let answer = site.ask(page).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text().contains("<html"), "{}", answer.text());
}

#[tokio::test]
async fn drafts_come_back_as_they_were_typed() {
    let setup = Setup::idle();
    let site = setup.site();
    let saved = site.call("save_draft", "form=train&content=%7B%22a%22%3A1%7D").await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    assert_eq!(site.call("draft", "form=train").await.json(), "{\"a\":1}");
    assert!(site.call("draft", "form=generate").await.json().is_null());
    assert!(!site.call("save_draft", "form=other&content=x").await.status.is_success());
}

/// A browser that opens its first page: the cookie that it got.
async fn first_page(site: &Site) -> String {
    let page = get("/").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    let cookie = site.ask(page).await.header(header::SET_COOKIE).to_owned();
    assert!(cookie.starts_with("darkroom_browser="), "{cookie}");
    for word in ["HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(cookie.contains(word), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_browser_finds_its_own_form() {
    let setup = Setup::idle();
    let site = setup.site();
    let (one, other) = (first_page(&site).await, first_page(&site).await);
    assert_ne!(one, other);
    let ask = |request: axum::http::request::Builder, cookie: &str, form: Vec<u8>| {
        site.ask(request.header(header::COOKIE, cookie).body(Body::from(form)).unwrap())
    };
    for (cookie, prompt, steps) in [(&one, "5", "13"), (&other, "6", "14")] {
        let form = multipart(&[("prompt", prompt), ("steps", steps)], ("x.png", &png(1)));
        let upload = post("/upload/image")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .header(header::ACCEPT, "text/html");
        assert_eq!(ask(upload, cookie, form).await.status, StatusCode::SEE_OTHER);
        // A page that its browser leaves keeps it the same way.
        let save = post("/fn/save_draft")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = format!("form=train&content=%7B%22name%22%3A%22of-{prompt}%22%7D");
        assert_eq!(ask(save, cookie, form.into()).await.status, StatusCode::OK);
    }
    for (cookie, prompt, steps) in [(&one, "5", "13"), (&other, "6", "14")] {
        let page = ask(get("/").header(header::ACCEPT, "text/html"), cookie, Vec::new()).await;
        assert!(page.header(header::SET_COOKIE).starts_with(cookie.as_str()), "it lives on");
        let page = page.text();
        assert!(page.contains(&format!(">\n{prompt}</textarea>")), "{page}");
        let (_, field) = page.split_once(" name=\"steps\"").unwrap();
        assert!(field.split_once('>').unwrap().0.contains(&format!(" value=\"{steps}\"")));
        let draft = post("/fn/draft")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let draft = ask(draft, cookie, b"form=train".to_vec()).await;
        assert_eq!(draft.json(), format!("{{\"name\":\"of-{prompt}\"}}"));
    }
    let nobody = site.call("draft", "form=train").await;
    assert!(nobody.json().is_null(), "{}", nobody.text());
    assert_eq!(nobody.header(header::SET_COOKIE), "", "only pages give a key");
}

#[tokio::test]
async fn a_form_that_is_far_too_long_is_refused() {
    let setup = Setup::idle();
    let form = format!("form=train&content={}", "x".repeat(2 << 20));
    let answer = setup.site().call("save_draft", &form).await;
    assert!(!answer.status.is_success(), "{}", answer.status);
    assert_eq!(setup.site().call("draft", "form=train").await.json(), serde_json::Value::Null);
}

#[tokio::test]
async fn a_refused_call_has_the_status_of_its_error() {
    let setup = Setup::idle();
    let site = setup.site();
    for (function, form, status) in [
        ("generate", "model=digits&steps=many", StatusCode::UNPROCESSABLE_ENTITY),
        ("star", "image=99&starred=true", StatusCode::NOT_FOUND),
        ("delete_model", "name=digits", StatusCode::CONFLICT),
        ("status", "", StatusCode::OK),
    ] {
        let answer = site.call(function, form).await;
        assert_eq!(answer.status, status, "{function}: {}", answer.text());
    }
}
