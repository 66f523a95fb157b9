//! The REST API as clients of A1111 use it.

use std::sync::Arc;

use app::api::{JobState, Studio};
use axum::body::Body;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::config::GenerateSettings;
use engine::grid::Picture;
use serde_json::{Value, json};
use server::web::Password;

use crate::inputs::gif;
use crate::support::{Answer, Setup, Site, get, open, png, post, two_of, wait};

pub async fn send(site: &Site, path: &str, body: &Value) -> Answer {
    let request = post(path).header(header::CONTENT_TYPE, "application/json");
    site.ask(request.body(Body::from(body.to_string())).unwrap()).await
}

pub async fn draw(site: &Site, body: &Value) -> Answer {
    send(site, "/sdapi/v1/txt2img", body).await
}

pub fn images(answer: &Answer) -> Vec<Vec<u8>> {
    let json = answer.json();
    let images = json["images"].as_array().unwrap_or_else(|| panic!("{json}"));
    images.iter().map(|image| BASE64_STANDARD.decode(image.as_str().unwrap()).unwrap()).collect()
}

pub fn info(answer: &Answer) -> Value {
    serde_json::from_str(answer.json()["info"].as_str().unwrap()).unwrap()
}

pub async fn png_info(site: &Site, png: &[u8]) -> Value {
    let image = BASE64_STANDARD.encode(png);
    let answer = send(site, "/sdapi/v1/png-info", &json!({ "image": image })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

/// The shape that every error has.
pub fn check_error(answer: &Answer, status: StatusCode, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let json = answer.json();
    for key in ["error", "detail", "body", "errors"] {
        assert!(json.get(key).is_some(), "no {key}: {json}");
    }
    assert!(json["errors"].as_str().unwrap().contains(words), "{words}: {json}");
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        let detail = &json["detail"][0];
        assert!(detail["loc"][0] == "body" && detail["msg"].is_string(), "{json}");
    }
}

#[tokio::test]
async fn pictures_come_back_with_their_settings() {
    let setup = Setup::working();
    let site = setup.site();
    let body = json!({
        "prompt": "7", "steps": 2, "seed": 7, "batch_size": 2, "n_iter": 2,
        "sampler_name": "DDIM", "scheduler": "Automatic", "width": 28,
        "override_settings": { "sd_model_checkpoint": "digits" },
        "alwayson_scripts": { "ControlNet": { "args": [] } }, "of_another_version": true,
    });
    let answer = draw(&site, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.headers.contains_key("x-process-time"));
    let json = answer.json();
    assert_eq!(
        (&json["parameters"]["steps"], &json["parameters"]["cfg_scale"]),
        (&json!(2), &json!(7.0))
    );
    let size = (&json["parameters"]["width"], &json["parameters"]["height"]);
    assert_eq!(size, (&json!(28), &json!(28)), "a side that is not given is the model's own");
    assert!(json["parameters"].get("of_another_version").is_none());
    let info = info(&answer);
    assert_eq!(info["extra_generation_params"], json!({}));
    assert_eq!(info["all_seeds"], json!([7, 8, 9, 10]));
    assert_eq!(info["cfg_scale"], json!(7.0), "what A1111 has where nothing is given");
    assert_eq!((&info["width"], &info["sampler_name"]), (&json!(28), &json!("DDIM")));
    assert_eq!((&info["prompt"], &info["index_of_first_image"]), (&json!("7"), &json!(0)));
    let images = images(&answer);
    assert_eq!(images.len(), 4);
    for (image, text) in images.iter().zip(info["infotexts"].as_array().unwrap()) {
        assert_eq!(Picture::from_png(image).unwrap().width, 28);
        assert_eq!(&png_info(&site, image).await["info"], text);
    }
    let read = png_info(&site, &images[1]).await;
    let parameters = &read["parameters"];
    assert_eq!((&parameters["Seed"], &parameters["Steps"]), (&json!("8"), &json!("2")));
    assert_eq!((&parameters["Size-1"], &parameters["Model"]), (&json!("28"), &json!("digits")));
    assert_eq!(parameters["Model hash"], info["sd_model_hash"]);
    // The text of a picture draws it again; what the call says itself comes first.
    let again = json!({ "infotext": read["info"], "send_images": true, "prompt": "7" });
    assert_eq!(self::images(&draw(&site, &again).await), images[1..2]);
}

#[tokio::test]
async fn what_clients_always_send_changes_nothing_and_what_goes_unused_is_told() {
    let setup = Setup::working();
    let site = setup.site();
    let call = |more: Value| {
        let mut body = json!({
            "prompt": "7", "steps": 2, "seed": 7, "sampler_name": "DPM++ 2M", "scheduler": "Karras",
            "cfg_scale": 2, "override_settings": { "sd_model_checkpoint": "digits" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let plain = draw(&site, &call(json!({ "negative_prompt": "3" }))).await;
    assert_eq!(plain.status, StatusCode::OK, "{}", plain.text());
    assert_eq!(info(&plain)["extra_generation_params"], json!({}));
    let with_words = json!({
        "negative_prompt": "blurry, 3, (worst quality:1.4)", "styles": ["nowhere"],
        "sampler_name": "dpm++ 2m karras", "scheduler": null, "width": 512, "height": 512,
        "s_churn": 0, "s_tmax": 0, "s_tmin": 0, "s_noise": 1, "refiner_checkpoint": "None",
        "refiner_switch_at": 0.8, "override_settings": {
            "sd_model_checkpoint": "digits", "CLIP_stop_at_last_layers": 2, "sd_vae": "Automatic",
        },
    });
    let told = draw(&site, &call(with_words)).await;
    assert_eq!(images(&told), images(&plain), "{}", told.text());
    assert_eq!(
        info(&told)["extra_generation_params"],
        json!({
            "Unknown styles": "nowhere",
            "Unused in negative prompt": "blurry, (worst quality:1.4)",
        })
    );
}

#[tokio::test]
async fn what_is_saved_stays_and_brings_its_grid() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let call = |save: bool, send: bool| {
        json!({
            "steps": 2, "batch_size": 2, "seed": 7, "save_images": save, "send_images": send,
            "override_settings": { "sd_model_checkpoint": "painter" },
        })
    };
    let saved = draw(&site, &call(true, true)).await;
    let saved_images = images(&saved);
    assert_eq!((saved_images.len(), &info(&saved)["index_of_first_image"]), (3, &json!(1)));
    assert_eq!(Picture::from_png(&saved_images[0]).unwrap().width, 18);
    assert_eq!(info(&saved)["infotexts"].as_array().unwrap().len(), 3);
    assert_eq!(images(&draw(&site, &call(false, true)).await), saved_images[1..]);
    assert!(images(&draw(&site, &call(false, false)).await).is_empty());
    assert!(images(&draw(&site, &call(true, false)).await).is_empty());
    // Of those that nobody saved only the last ones are there yet, for pages that show them.
    let jobs = setup.studio.status().await.unwrap().jobs;
    let drawn = jobs.iter().filter(|job| job.title.starts_with("painter,")).count();
    assert_eq!(drawn, 3);
    let seen = setup.studio.generation(None).await.unwrap().unwrap();
    assert_eq!(site.get(&seen.images[0].url).await.status, StatusCode::OK);
}

#[tokio::test]
async fn progress_is_told_and_an_interrupt_keeps_what_is_done() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let idle = setup.site().get("/sdapi/v1/progress").await.json();
    assert_eq!((&idle["progress"], &idle["state"]["job_count"]), (&json!(0.0), &json!(0)));
    let web = setup.web();
    let body = json!({
        "steps": 20, "n_iter": 100, "batch_size": 2, "force_task_id": "task(mine)",
        "override_settings": { "sd_model_checkpoint": "painter" },
    });
    let (site, drawing) = (Site::of(web.clone()), Site::of(web));
    let call = tokio::spawn(async move { draw(&drawing, &body).await });
    let told = async || site.get("/sdapi/v1/progress").await.json();
    wait(async || told().await["state"]["job_no"].as_u64() >= Some(2)).await;
    let seen = told().await;
    let progress = seen["progress"].as_f64().unwrap();
    assert!(progress > 0.02 && progress < 1.0, "{seen}");
    assert_eq!(
        (&seen["state"]["job_count"], &seen["state"]["sampling_steps"]),
        (&json!(100), &json!(20))
    );
    let image = BASE64_STANDARD.decode(seen["current_image"].as_str().unwrap()).unwrap();
    assert_eq!(Picture::from_png(&image).unwrap().width, 18);
    let bare = site.get("/sdapi/v1/progress?skip_current_image=true").await.json();
    assert!(bare["current_image"].is_null());
    let mine = send(&site, "/internal/progress", &json!({ "id_task": "task(mine)" })).await.json();
    assert_eq!((&mine["active"], &mine["completed"]), (&json!(true), &json!(false)));
    assert!(mine["live_preview"].as_str().unwrap().starts_with("data:image/png;base64,"), "{mine}");
    assert_eq!(site.get("/internal/pending-tasks").await.json()["tasks"], json!(["task(mine)"]));
    assert!(send(&site, "/sdapi/v1/skip", &json!({})).await.json().is_null());
    assert_eq!(send(&site, "/sdapi/v1/interrupt", &json!({})).await.json(), json!({}));
    let answer = call.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let count = images(&answer).len();
    assert!((2..200).contains(&count) && count.is_multiple_of(2), "{count}");
    let mine = send(&site, "/internal/progress", &json!({ "id_task": "task(mine)" })).await.json();
    assert_eq!((&mine["active"], &mine["completed"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn an_interrupt_brings_the_pictures_that_were_half_done() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let body = json!({
        "steps": 20, "batch_size": 8, "width": 96, "height": 96,
        "override_settings": { "sd_model_checkpoint": "painter" },
    });
    let web = setup.web();
    for is_kept in [true, false] {
        let (site, drawing, body) = (Site::of(web.clone()), Site::of(web.clone()), body.clone());
        let option = json!({ "save_incomplete_images": is_kept });
        assert_eq!(send(&site, "/sdapi/v1/options", &option).await.status, StatusCode::OK);
        let told = site.get("/sdapi/v1/options").await.json();
        assert_eq!(told["save_incomplete_images"], is_kept);
        let call = tokio::spawn(async move { draw(&drawing, &body).await });
        let told = async || site.get("/sdapi/v1/progress").await.json();
        wait(async || told().await["state"]["sampling_step"].as_u64() >= Some(1)).await;
        send(&site, "/sdapi/v1/interrupt", &json!({})).await;
        let answer = call.await.unwrap();
        let texts = info(&answer)["infotexts"].as_array().unwrap().clone();
        assert_eq!((images(&answer).len(), texts.len()), if is_kept { (8, 8) } else { (0, 0) });
        let is_told = |text: &Value| text.as_str().unwrap().contains(", Interrupted: ");
        assert!(texts.iter().all(is_told), "{texts:?}");
    }
}

#[tokio::test]
async fn an_interrupt_leaves_the_page_alone_and_takes_a_waiting_call_out() {
    let setup = Setup::working();
    setup.trained("painter").await;
    // Minutes long, so that it is not over before it is interrupted.
    let (width, height) = (64, 64);
    let settings =
        GenerateSettings { batch_count: 100, steps: 20, width, height, ..two_of("painter") };
    let of_the_page = setup.studio.generate(settings).await.unwrap();
    wait(async || setup.generation(of_the_page).await.job.state == JobState::Running).await;
    let web = setup.web();
    let (site, drawing) = (Site::of(web.clone()), Site::of(web));
    let shown = site.get("/sdapi/v1/progress").await.json();
    assert_eq!(shown["state"]["job_count"], 100, "{shown}");
    let call = tokio::spawn(async move { draw(&drawing, &json!({ "steps": 2 })).await });
    let told = async || site.get("/sdapi/v1/progress").await.json();
    wait(async || told().await["state"]["job_count"] == 1).await;
    let waiting = told().await;
    assert_eq!(
        (&waiting["progress"], &waiting["textinfo"]),
        (&json!(0.0), &json!("in the queue, 1 ahead"))
    );
    send(&site, "/sdapi/v1/interrupt", &json!({})).await;
    assert!(images(&call.await.unwrap()).is_empty());
    send(&site, "/sdapi/v1/interrupt", &json!({})).await;
    send(&site, "/sdapi/v1/skip", &json!({})).await;
    assert_eq!(setup.generation(of_the_page).await.job.state, JobState::Running);
    setup.studio.interrupt(of_the_page).await.unwrap();
    setup.generation_over(of_the_page).await;
}

#[tokio::test]
async fn a_call_is_told_of_by_its_kind() {
    let setup = Setup::idle();
    for (path, fields) in [
        ("txt2img", json!({ "prompt": "7" })),
        ("img2img", json!({ "prompt": "7", "init_images": [BASE64_STANDARD.encode(png(3))] })),
    ] {
        let web = setup.web();
        let (site, drawing) = (Site::of(web.clone()), Site::of(web));
        let to = format!("/sdapi/v1/{path}");
        let call = tokio::spawn(async move { send(&drawing, &to, &fields).await });
        let told = async || site.get("/sdapi/v1/progress").await.json();
        wait(async || told().await["state"]["job"] == format!("scripts_{path}")).await;
        let pending = site.get("/internal/pending-tasks").await.json();
        let name = pending["tasks"][0].as_str().unwrap();
        assert!(name.starts_with(&format!("task({path}-")), "{name}");
        send(&site, "/sdapi/v1/interrupt", &json!({})).await;
        assert_eq!(call.await.unwrap().status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_skipped_batch_is_left_out() {
    let setup = Setup::working();
    setup.trained("painter").await;
    for strength in [0.0, 0.5] {
        let web = setup.web();
        let (site, drawing) = (Site::of(web.clone()), Site::of(web));
        let body = json!({
            "steps": 20, "n_iter": 50, "seed": 7, "subseed": 100, "subseed_strength": strength,
            "override_settings": { "sd_model_checkpoint": "painter" },
        });
        let call = tokio::spawn(async move { draw(&drawing, &body).await });
        let told = async || site.get("/sdapi/v1/progress").await.json();
        wait(async || told().await["state"]["sampling_step"].as_u64() >= Some(1)).await;
        send(&site, "/sdapi/v1/skip", &json!({})).await;
        let answer = call.await.unwrap();
        assert_eq!(images(&answer).len(), 49);
        // Each picture keeps the second seed of its place, which its text tells where it counts.
        let info = info(&answer);
        for at in 0..49 {
            let second = info["all_subseeds"][at].as_i64().unwrap();
            let text = info["infotexts"][at].as_str().unwrap();
            match strength {
                0.0 => assert_eq!(second - 100, info["all_seeds"][at].as_i64().unwrap() - 7),
                _ => assert!(text.contains(&format!("Variation seed: {second},")), "{text}"),
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_waits_when_the_program_closes_is_told_so() {
    let setup = Setup::idle();
    let web = setup.web();
    let (closing, tasks, site) = (web.closing.clone(), Arc::clone(&web.api), Site::of(web));
    let call = tokio::spawn(async move { draw(&site, &json!({ "steps": 2 })).await });
    wait(async || tasks.open().len() == 1).await;
    closing.cancel();
    check_error(&call.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE, "closed");
    let jobs = setup.studio.status().await.unwrap().jobs;
    assert_eq!(jobs[0].state, JobState::Stopped);
    assert!(tasks.open().is_empty());
}

#[tokio::test]
async fn options_come_back_after_a_restart() {
    let setup = Setup::idle();
    let site = setup.site();
    let before = site.get("/sdapi/v1/options").await.json();
    let title = before["sd_model_checkpoint"].as_str().unwrap();
    assert!(title.starts_with("digits.safetensors ["), "{title}");
    // Clients read the whole map, change one value and post it all.
    let mut all = before.clone();
    all["sd_model_checkpoint"] = "textures".into();
    all["CLIP_stop_at_last_layers"] = 2.into();
    all["show_progress_every_n_steps"] = 5.into();
    let answer = send(&site, "/sdapi/v1/options", &all).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, Value::Null), "{}", answer.text());
    let again = Site::of(server::web::Web::local(open(setup.folder.path())));
    let after = again.get("/sdapi/v1/options").await.json();
    assert!(after["sd_model_checkpoint"].as_str().unwrap().starts_with("textures.safetensors ["));
    assert_ne!(after["sd_checkpoint_hash"], before["sd_checkpoint_hash"]);
    assert_eq!(after["CLIP_stop_at_last_layers"], 2);
    assert_eq!(after["show_progress_every_n_steps"], 5);
    assert_eq!(after["samples_save"], true);
    let by_title = json!({ "sd_model_checkpoint": title });
    assert_eq!(send(&site, "/sdapi/v1/options", &by_title).await.status, StatusCode::OK);
    let bad = [
        (json!({ "sd_model_checkpoint": "nowhere" }), StatusCode::INTERNAL_SERVER_ERROR, "nearest"),
        (
            json!({ "samples_save": false, "no_such": 1 }),
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_such",
        ),
        (json!({ "samples_save": "maybe" }), StatusCode::UNPROCESSABLE_ENTITY, "true or false"),
        (
            json!({ "show_progress_every_n_steps": 0 }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "1 to 1000",
        ),
    ];
    for (body, status, words) in bad {
        check_error(&send(&site, "/sdapi/v1/options", &body).await, status, words);
    }
    assert_eq!(site.get("/sdapi/v1/options").await.json()["samples_save"], true);
}

#[tokio::test]
async fn a_png_of_another_program_is_read() {
    let setup = Setup::idle();
    let site = setup.site();
    let text = "a cat, (b:1.2)\nNegative prompt: café\nSteps: 28, Sampler: Euler a, Size: 64x96";
    let picture = Picture::filled(1, 1, 1, 0);
    let read = png_info(&site, &picture.to_png(&[("parameters", text), ("Title", "猫")])).await;
    assert_eq!((&read["info"], &read["items"]), (&json!(text), &json!({ "Title": "猫" })));
    assert_eq!(
        read["parameters"],
        json!({
            "Prompt": "a cat, (b:1.2)", "Negative prompt": "café", "Steps": "28",
            "Sampler": "Euler a", "Size-1": "64", "Size-2": "96",
            "Schedule type": "Automatic", "RNG": "GPU", "Clip skip": "1",
        })
    );
    let animated = png_info(&site, &gif(text)).await;
    assert_eq!((&animated["info"], &animated["parameters"]), (&json!(text), &read["parameters"]));
    let bare = png_info(&site, &picture.to_png(&[])).await;
    assert_eq!(bare, json!({ "info": "", "items": {}, "parameters": {} }));
    assert_eq!(png_info(&site, b"").await["info"], "");
}

#[tokio::test]
async fn there_is_a_list_for_whatever_a_client_asks_first() {
    let setup = Setup::idle();
    let site = setup.site();
    let ask = async |name: &str| site.get(&format!("/sdapi/v1/{name}")).await.json();
    let models = ask("sd-models").await;
    assert_eq!(
        (&models[0]["model_name"], &models[1]["model_name"]),
        (&json!("digits"), &json!("textures"))
    );
    let (title, hash) = (models[0]["title"].as_str().unwrap(), models[0]["hash"].as_str().unwrap());
    assert_eq!(title, format!("digits.safetensors [{hash}]"));
    assert!(models[0]["sha256"].as_str().unwrap().starts_with(hash));
    let samplers = ask("samplers").await;
    assert_eq!(samplers.as_array().unwrap().len(), engine::config::SAMPLERS.len());
    assert_eq!(ask("schedulers").await[0]["label"], "Automatic");
    assert!(ask("memory").await["ram"]["total"].as_u64() > Some(0));
    assert_eq!(ask("scripts").await, json!({ "txt2img": [], "img2img": [] }));
    assert_eq!(ask("embeddings").await, json!({ "loaded": {}, "skipped": {} }));
    assert_eq!(ask("cmd-flags").await["api"], true);
    assert_eq!(ask("upscalers").await[0]["name"], "None");
    for name in ["sd-vae", "hypernetworks", "face-restorers", "prompt-styles", "extensions"] {
        assert_eq!(ask(name).await, json!([]), "{name}");
    }
    let refreshed = send(&site, "/sdapi/v1/refresh-checkpoints", &json!({})).await;
    assert_eq!((refreshed.status, refreshed.json()), (StatusCode::OK, Value::Null));
}

#[tokio::test]
async fn the_api_stands_behind_guard_and_password() {
    let setup = Setup::idle();
    let site = setup.site();
    let foreign = post("/sdapi/v1/interrupt").header(header::ORIGIN, "http://evil.example");
    let answer = site.ask(foreign.body(Body::empty()).unwrap()).await;
    check_error(&answer, StatusCode::FORBIDDEN, "another web site");
    let named = axum::http::Request::get("/sdapi/v1/options").header(header::HOST, "evil.example");
    let answer = site.ask(named.body(Body::empty()).unwrap()).await;
    check_error(&answer, StatusCode::FORBIDDEN, "not called");
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let site = setup.site_with(|web| web.password = Some(Arc::new(Password::new("sesame"))));
    let answer = site.get("/sdapi/v1/options").await;
    check_error(&answer, StatusCode::UNAUTHORIZED, "password");
    assert!(answer.header(header::WWW_AUTHENTICATE).starts_with("Basic"));
    // any:sesame
    let basic = get("/sdapi/v1/options").header(header::AUTHORIZATION, "Basic YW55OnNlc2FtZQ==");
    assert_eq!(site.ask(basic.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}
