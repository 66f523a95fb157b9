//! Pages as the server draws them.

use std::sync::Arc;

use app::api::Studio;
use axum::http::StatusCode;
use engine::config::GenerateSettings;

use crate::support::{Setup, Site};

const PAGES: &[(&str, &str)] = &[
    ("/", "Generate"),
    ("/train", "Train"),
    ("/datasets", "Data sets"),
    ("/datasets?name=digits", "digits"),
    ("/models", "Models"),
    ("/gallery", "Gallery"),
    ("/process", "Process"),
    ("/settings", "Settings"),
];

/// The head is written last, when what a page was made of may be gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_comes_with_its_title_when_many_are_asked_for_at_once() {
    let setup = Setup::idle();
    let site = Arc::new(setup.site());
    for _ in 0..20 {
        let asked = PAGES.iter().cycle().take(3 * PAGES.len()).map(|&(path, title)| {
            let site = Arc::clone(&site);
            tokio::spawn(async move { (title, path, site.get(path).await) })
        });
        for answer in asked.collect::<Vec<_>>() {
            let (title, path, answer) = answer.await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            let head = answer.text().split("</title>").next().unwrap_or_default().to_owned();
            let told = head.split("<title>").nth(1).unwrap_or_default();
            assert!(told.starts_with(title), "{path} is called {told:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_prompt_is_served_empty_so_that_its_placeholder_is_seen() {
    let page = Setup::idle().site().get("/?model=digits").await.text();
    let areas: Vec<&str> = page.split("<textarea").skip(1).collect();
    assert_eq!(areas.len(), 2, "prompt and negative prompt");
    for area in areas {
        let typed = area.split_once('>').unwrap().1;
        assert!(typed.starts_with("</textarea>"), "{area}");
    }
}

#[tokio::test]
async fn a_page_beyond_the_last_image_has_none() {
    let site = Setup::idle().site();
    let answer = site.get("/datasets?name=digits&offset=18446744073709551615").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

/// Whether the page at `path` says `words` to whoever looks at it, not just to its script.
async fn check_said(site: &Site, path: &str, words: &str) {
    let answer = site.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    let page = answer.text();
    assert!(page.contains(&format!("<p>{words}")), "{path} does not say {words:?}: {page}");
}

#[tokio::test]
async fn what_an_address_names_and_is_not_there_is_said() {
    let setup = Setup::idle();
    let site = setup.site();
    for (path, words) in [
        ("/compare?a=999999", "there is no picture 999999 any more; choose one below"),
        ("/compare?b=abc", "there is no picture `abc`; choose one below"),
        ("/process?t=abc", "timestep: there is no `abc`; 249 of 999 is shown"),
        ("/process?t=5000", "timestep: there is no `5000`; 999 of 999 is shown"),
        ("/process?picture=7", "picture: there is no picture 7 any more"),
        ("/?job=999999", "there is no generation 999999 any more"),
        ("/?job=abc", "there is no generation `abc`"),
        ("/train?job=999999", "there is no run 999999 any more"),
    ] {
        check_said(&site, path, words).await;
    }
    for path in ["/?init_image=gone", "/?mask=gone", "/png-info?image=gone"] {
        let page = site.get(path).await.text();
        assert!(page.contains("there is no image `gone` any more"), "{path}: {page}");
    }
    for path in ["/", "/compare", "/process", "/process?t=", "/process?t=400", "/train"] {
        let page = site.get(path).await.text();
        assert!(!page.contains("there is no"), "{path}: {page}");
    }
    let drawing = GenerateSettings { model: "digits".into(), ..Default::default() };
    setup.studio.generate(drawing).await.unwrap();
    let words = "there is no generation 999999 any more; the newest is shown";
    check_said(&site, "/?job=999999", words).await;
    setup.studio.train(setup.tiny("one", 4)).await.unwrap();
    let words = "there is no run `abc`; the newest is shown";
    check_said(&site, "/train?job=abc", words).await;
}
