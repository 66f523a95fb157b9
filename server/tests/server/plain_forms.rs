//! The Generate form as browsers without JavaScript post it: nothing that was typed is lost.

use app::api::{JobState, Studio};
use axum::body::Body;
use axum::http::{StatusCode, header};
use engine::config::GenerateSettings;

use crate::support::{Setup, Site, post};

const TYPED: &str = "model=digits&prompt=5&steps=13&seed=77&style=my+style";

/// Posts what is typed to `function` with `more`, from the page. Returns where the browser is sent.
async fn sent(site: &Site, function: &str, more: &str) -> String {
    send(site, function, &format!("{TYPED}{more}")).await
}

/// The same with nothing but `form`.
async fn send(site: &Site, function: &str, form: &str) -> String {
    let request = post(&format!("/fn/{function}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .header(header::REFERER, "http://localhost:7860/?steps=50");
    let answer = site.ask(request.body(Body::from(form.to_owned())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
    answer.header(header::LOCATION).trim_start_matches("http://localhost:7860").to_owned()
}

/// As [`sent`], and goes there.
async fn posted(site: &Site, function: &str, more: &str) -> String {
    let to = sent(site, function, more).await;
    let page = site.get(&to).await.text();
    let field = |name: &str| {
        let tag = page.split('<').find(|tag| tag.contains(&format!("name=\"{name}\"")));
        tag.unwrap_or_default().to_owned()
    };
    for (name, value) in [("steps", "13"), ("seed", "77")] {
        assert!(field(name).contains(&format!("value=\"{value}\"")), "{to}: {}", field(name));
    }
    let prompt = field("prompt");
    let prompt = prompt.split_once('>').map(|(_, typed)| typed.trim());
    assert_eq!(prompt, Some("5"), "{to}");
    page
}

#[tokio::test]
async fn a_refusal_leads_to_the_first_field_at_fault() {
    let setup = Setup::idle();
    let site = setup.site();
    let to = sent(&site, "generate", "&cfg_scale=99&width=33").await;
    let (page, field) = to.split_once('#').unwrap();
    assert!(["cfg-scale", "width"].contains(&field), "{to}");
    assert!(site.get(page).await.text().contains(&format!("id=\"{field}\"")), "{to}");
    assert!(!sent(&site, "interrupt_generation", "&job=999999").await.contains('#'));
}

#[tokio::test]
async fn steps_out_of_range_are_told_with_the_number_of_the_model() {
    let setup = Setup::idle();
    let site = setup.site();
    for (steps, words) in [
        ("0", "0 is out of range; give 1 to 1000"),
        ("", "give a number from 1 to 1000"),
        ("1001", "give 1 to 1000"),
    ] {
        let form = format!("model=digits&steps={steps}&batch_size=1&batch_count=1&seed=1");
        let told = site.call("generate", &form).await.text();
        assert!(told.contains(words), "{steps}: {told}");
    }
}

#[tokio::test]
async fn classes_that_no_picture_is_left_for_are_told_when_the_form_comes_back() {
    let setup = Setup::idle();
    let site = setup.site();
    for (batch, words) in
        [("1", "Draws the first of the 4 that"), ("3", "Draws the first 3 of the 4 that")]
    {
        let to =
            send(&site, "generate", &format!("model=digits&prompt=0..3&batch_size={batch}")).await;
        let page = site.get(&to).await.text();
        assert!(page.contains(words), "{to}: {page}");
    }
    let to = send(&site, "generate", "model=digits&prompt=0..3&batch_size=4").await;
    assert!(!site.get(&to).await.text().contains("Draws the first"));
}

fn has_style(page: &str) -> bool {
    page.split('<').any(|tag| tag.contains("name=\"style\"") && tag.contains("value=\"my style\""))
}

#[tokio::test]
async fn what_is_typed_stays_when_a_generation_is_cut_short() {
    let setup = Setup::idle();
    let site = setup.site();
    let drawing = GenerateSettings { model: "digits".into(), ..Default::default() };
    let job = setup.studio.generate(drawing).await.unwrap();
    for function in ["skip_batch", "interrupt_generation"] {
        assert!(has_style(&posted(&site, function, &format!("&job={job}")).await), "{function}");
        let gone = posted(&site, function, "&job=999999").await;
        assert!(has_style(&gone) && gone.contains("<p>there is no job 999999"), "{gone}");
    }
    assert_eq!(setup.generation(job).await.job.state, JobState::Stopped);
}

#[tokio::test]
async fn what_is_typed_stays_when_styles_come_and_go() {
    let setup = Setup::idle();
    let site = setup.site();
    assert!(!has_style(&posted(&site, "save_style", "").await), "the name is used");
    assert_eq!(setup.studio.styles().await.unwrap()[0].name, "my style");
    assert!(has_style(&posted(&site, "discard_style", "&kept=my+style").await));
    assert!(setup.studio.styles().await.unwrap().is_empty());
    assert!(has_style(&posted(&site, "discard_style", "&kept=my+style").await));
}

#[tokio::test]
async fn the_name_of_a_style_that_is_refused_stays() {
    let setup = Setup::idle();
    let site = setup.site();
    let long = "n".repeat(2000);
    let form = format!("model=digits&style={long}");
    let request = post("/fn/save_style")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html")
        .header(header::REFERER, "http://localhost:7860/");
    let answer = site.ask(request.body(Body::from(form)).unwrap()).await;
    let to = answer.header(header::LOCATION).trim_start_matches("http://localhost:7860").to_owned();
    assert!(to.contains("__err"), "{to}");
    let page = site.get(&to).await.text();
    assert!(page.contains(&format!("value=\"{long}\"")), "{page}");
}
