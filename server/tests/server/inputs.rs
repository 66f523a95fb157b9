//! Images that a person gives.

use app::api::{InputImage, Studio};
use axum::http::{StatusCode, header};
use engine::grid::Picture;

use crate::support::{Answer, Setup, Site, darkroom, multipart, png};

async fn give(site: &Site, accept: &str, to: &str, file: &[u8]) -> Answer {
    let body = multipart(&[("to", to)], ("../x.png", file));
    site.upload("/upload/image", accept, body).await
}

fn input(answer: &Answer) -> InputImage {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_slice(&answer.bytes).unwrap()
}

fn with_text(key: &str, text: &str) -> Vec<u8> {
    Picture::filled(6, 4, 3, 90).to_png(&[(key, text)])
}

#[tokio::test]
async fn a_picture_comes_back_with_its_settings() {
    let setup = Setup::idle();
    let site = setup.site();
    let text =
        "7\nSteps: 5, Sampler: DDIM, Seed: 3, Size: 6x4, Model: digits, Version: Darkroom 0.1.0";
    let given = input(&give(&site, "application/json", "", &with_text("parameters", text)).await);
    assert_eq!((given.width, given.height, given.written_by.as_str()), (6, 4, "Darkroom"));
    assert_eq!(given.parameters, text);
    assert!(given.form.contains(&("model".into(), "digits".into())), "{:?}", given.form);
    let shown = site.get(&given.url).await;
    assert_eq!(Picture::from_png(&shown.bytes).unwrap(), Picture::filled(6, 4, 3, 90));
    let again = site.call("input", &format!("name={}", given.name)).await;
    assert_eq!(input(&again), given);
}

#[tokio::test]
async fn other_programs_are_understood() {
    let setup = Setup::idle();
    let site = setup.site();
    let invoke = r#"{"positive_prompt":"a cat","seed":3,"steps":20,"scheduler":"euler"}"#;
    let picture = with_text("invokeai_metadata", invoke);
    let given = input(&give(&site, "application/json", "", &picture).await);
    assert_eq!(given.written_by, "InvokeAI");
    assert_eq!(
        given.parameters,
        "a cat\nSteps: 20, Sampler: euler, Schedule type: Uniform, Seed: 3"
    );
    assert!(given.form.contains(&("sampler".into(), "Euler".into())), "{:?}", given.form);
    let flux = r#"{"1":{"class_type":"SamplerCustomAdvanced","inputs":{"noise":["2",0],
        "guider":["3",0],"sampler":["4",0],"sigmas":["5",0],"latent_image":["6",0]}},
        "2":{"class_type":"RandomNoise","inputs":{"noise_seed":3}},
        "3":{"class_type":"BasicGuider","inputs":{"model":["7",0],"conditioning":["8",0]}},
        "4":{"class_type":"KSamplerSelect","inputs":{"sampler_name":"euler"}},
        "5":{"class_type":"BasicScheduler","inputs":{"scheduler":"simple","steps":20,"denoise":1}},
        "6":{"class_type":"EmptySD3LatentImage","inputs":{"width":64,"height":32}},
        "7":{"class_type":"UNETLoader","inputs":{"unet_name":"sub/digits.safetensors"}},
        "8":{"class_type":"CLIPTextEncode","inputs":{"text":"7"}}}"#;
    let given = input(&give(&site, "application/json", "", &with_text("prompt", flux)).await);
    assert!(given.left_out.is_empty(), "{:?}", given.left_out);
    for (key, value) in [
        ("model", "digits"),
        ("prompt", "7"),
        ("sampler", "Euler"),
        ("schedule", "Uniform"),
        ("steps", "20"),
        ("seed", "3"),
        ("width", "64"),
        ("height", "32"),
    ] {
        assert!(given.form.contains(&(key.into(), value.into())), "{key}: {:?}", given.form);
    }
    let plain = input(&give(&site, "application/json", "", &png(3)).await);
    assert_eq!((plain.written_by.as_str(), plain.parameters.as_str()), ("", ""));
    assert!(plain.form.is_empty() && plain.texts.is_empty());
}

/// A GIF of one pixel with a comment.
pub fn gif(comment: &str) -> Vec<u8> {
    let mut bytes = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe".to_vec();
    for part in comment.as_bytes().chunks(255) {
        bytes.push(part.len() as u8);
        bytes.extend(part);
    }
    bytes.push(0);
    bytes.extend(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
    bytes
}

#[tokio::test]
async fn the_comment_of_a_gif_tells_its_settings() {
    let setup = Setup::idle();
    let site = setup.site();
    let text = "é\nSteps: 5, Sampler: DDIM, Seed: 3";
    let given = input(&give(&site, "application/json", "", &gif(text)).await);
    assert_eq!((given.parameters.as_str(), given.written_by.as_str()), (text, "A1111"));
    assert!(given.form.contains(&("steps".into(), "5".into())), "{:?}", given.form);
    let made = input(&give(&site, "application/json", "", &gif("Created with GIMP")).await);
    assert_eq!((made.parameters.as_str(), made.written_by.as_str()), ("", ""));
    assert_eq!(made.texts, [("Comment".to_owned(), "Created with GIMP".to_owned())]);
}

#[tokio::test]
async fn what_is_no_image_is_refused_in_words_and_leaves_nothing() {
    let setup = Setup::idle();
    let site = setup.site();
    let mut torn = png(1);
    torn.truncate(60);
    let bomb = Picture::filled(1, 1, 1, 0).to_png(&[]);
    let huge = with_size(bomb, 20_000, 15_000);
    for (file, words) in [
        (b"GIF89a nonsense".to_vec(), "cannot be used"),
        (b"<svg/>".to_vec(), "not a PNG, JPEG"),
        (torn, "cannot be used"),
        (huge, "megapixels"),
        (Vec::new(), "choose an image"),
    ] {
        let answer = give(&site, "application/json", "", &file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
    assert!(!setup.studio.0.folders.inputs().exists());
}

/// The PNG with another size in its head; its checksum is mended.
fn with_size(mut png: Vec<u8>, width: u32, height: u32) -> Vec<u8> {
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    png
}

#[tokio::test]
async fn a_form_without_scripts_goes_on_to_where_it_was_sent() {
    let setup = Setup::idle();
    let site = setup.site();
    for (to, wanted) in [("png_info", "/png-info?image="), ("", "/?init_image=")] {
        let answer = give(&site, "text/html", to, &png(1)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(answer.header(header::LOCATION).starts_with(wanted));
    }
    let refused = give(&site, "text/html", "png_info", b"no").await;
    assert!(refused.header(header::LOCATION).starts_with("/png-info?error="));
}

/// A page's tags up to `place` in it, the last of them that begins a fold.
fn fold_around<'a>(page: &'a str, place: &str) -> &'a str {
    let (before, _) = page.split_once(place).unwrap_or_else(|| panic!("no {place}: {page}"));
    let (_, fold) = before.rsplit_once("<details").unwrap();
    fold.split_once('>').unwrap().0
}

#[tokio::test]
async fn a_form_without_scripts_keeps_what_was_typed_around_the_picture() {
    let setup = Setup::idle();
    let site = setup.site();
    for (prompt, file) in [("5", png(1)), ("6", b"no".to_vec())] {
        let typed = [("model", "digits"), ("prompt", prompt), ("steps", "13"), ("seed", "77")];
        let body = multipart(&typed, ("x.png", &file));
        let answer = site.upload("/upload/image", "text/html", body).await;
        let page = site.get(answer.header(header::LOCATION)).await.text();
        assert!(page.contains(&format!(">\n{prompt}</textarea>")), "{page}");
        for (name, value) in [("steps", "13"), ("seed", "77")] {
            let (_, field) = page.split_once(&format!(" name=\"{name}\"")).unwrap();
            let tag = field.split_once('>').unwrap().0;
            assert!(tag.contains(&format!(" value=\"{value}\"")), "{name}: {tag}");
        }
        assert!(fold_around(&page, "id=\"init-file\"").contains(" open"));
    }
}

#[tokio::test]
async fn a_picture_that_was_sent_is_brought_on_the_screen_with_its_fold() {
    let setup = Setup::idle();
    let site = setup.site();
    let answer = give(&site, "text/html", "", &png(1)).await;
    let (address, place) = answer.header(header::LOCATION).split_once('#').unwrap();
    let page = site.get(address).await.text();
    let (before, after) = page.split_once(&format!(" id=\"{place}\"")).expect(place);
    assert!(before.rsplit_once('<').unwrap().1.starts_with("details"), "{place} is a fold");
    assert!(after.split_once("Picture to begin from").unwrap().0.len() < 2000, "it stands first");
}

#[tokio::test]
async fn a_form_that_is_refused_leaves_what_was_typed_before() {
    let setup = Setup::idle();
    let site = setup.site();
    let upload = |prompt: &str, steps: &str| {
        multipart(&[("prompt", prompt), ("steps", steps)], ("x.png", &png(1)))
    };
    site.upload("/upload/image", "text/html", upload("5", "13")).await;
    let endless = "5, ".repeat(100_000);
    site.upload("/upload/image", "text/html", upload(&endless, "14")).await;
    let page = site.get("/").await.text();
    let (_, field) = page.split_once(" name=\"steps\"").unwrap();
    assert!(field.split_once('>').unwrap().0.contains(" value=\"13\""));
    assert!(page.contains(">\n5</textarea>"));
}

#[tokio::test]
async fn a_picture_that_will_not_do_is_told_at_its_field_without_scripts() {
    let setup = Setup::idle();
    let site = setup.site();
    for (file, words) in [(b"GIF89a nonsense".to_vec(), "cannot be used"), (Vec::new(), "choose")] {
        let answer = give(&site, "text/html", "", &file).await;
        let page = site.get(answer.header(header::LOCATION)).await.text();
        let (_, fault) = page.split_once("id=\"init-file-fault\"").expect("it is told");
        let told = fault.split(['<', '>']).nth(1).unwrap();
        assert!(told.contains(words) && !told.starts_with("image:"), "{told}");
        assert!(fold_around(&page, "id=\"init-file-fault\"").contains(" open"));
    }
}

#[tokio::test]
async fn names_that_are_no_hash_lead_nowhere() {
    let setup = Setup::idle();
    let site = setup.site();
    std::fs::create_dir_all(setup.studio.0.folders.inputs()).unwrap();
    for name in ["../darkroom", "..%2fdarkroom.db", "x", &"0".repeat(32)] {
        let answer = site.get(&format!("/files/inputs/{name}.png")).await;
        assert!(answer.status.is_client_error(), "{name}: {}", answer.status);
    }
    let fault = site.call("input", "name=..%2Fx").await;
    assert!(fault.text().contains("give it again"), "{}", fault.text());
}

#[tokio::test]
async fn an_old_picture_that_nothing_names_goes() {
    let setup = Setup::idle();
    let site = setup.site();
    let mut names = Vec::new();
    for gray in 1..=4 {
        names.push(input(&give(&site, "application/json", "", &png(gray)).await).name);
    }
    let path = |name: &str| darkroom(&setup).folders.inputs().join(format!("{name}.png"));
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 3600);
    for name in &names[..3] {
        let file = std::fs::File::options().append(true).open(path(name)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    let style = format!("style=from-it&init_image={}", names[2]);
    assert_eq!(site.call("save_style", &style).await.status, StatusCode::OK);
    let form = format!("init_image={}&mask=", names[1]);
    setup.studio.save_draft("", "generate", &form).await.unwrap();
    setup.studio.delete_images(vec![9999]).await.unwrap();
    let there: Vec<bool> = names.iter().map(|name| path(name).is_file()).collect();
    assert_eq!(there, [false, true, true, true]);
}
