//! Pages as the server draws them.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::support::Setup;

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
