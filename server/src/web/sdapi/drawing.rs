//! `POST /sdapi/v1/txt2img` and `img2img`: a job in the queue like any other, and an answer once it is
//! over.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::api::{JobId, JobState, Live, ModelInfo};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::config::{GenerateSettings, Negative};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::body::{Object, Received, object};
use super::encoding::Encoding;
use super::error::{Answer, ApiFault};
use super::models::{Named, meant};
use super::options::{self, default_model, is_on, set_default_model, set_eta};
use super::request::{Call, Request};
use crate::studio::parameters::Parameters;
use crate::studio::store::{ImageRow, JobRow};
use crate::studio::{Darkroom, calendar, drawn_size};
use crate::web::Web;
use crate::{Error, Result};

/// How long news of a job's end may be missing before it is looked up.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// 200 with `{"images": [base64], "parameters": {the request}, "info": "JSON"}`. Interrupted, it
/// answers with what was drawn. 400 for an unknown sampler, 422 for fields, 500 for a job that
/// failed, 503 when Darkroom closes first.
pub async fn txt2img(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    draw(web, Call::TextToImage, body).await
}

/// The same from a picture in `init_images`; 404 without one.
pub async fn img2img(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    draw(web, Call::ImageToImage, body).await
}

async fn draw(web: Web, call: Call, body: Received) -> Answer<Json<Value>> {
    let request = Request::read(call, &object(body)?)?;
    // Goes on to its end even if the client hangs up, as it does in A1111.
    let drawn = tokio::spawn(to_the_end(web, call, request)).await;
    let fault = |error| ApiFault::tripped("RuntimeError", format!("a fault in Darkroom: {error}"));
    drawn.map_err(fault)?.map(Json)
}

async fn to_the_end(web: Web, call: Call, request: Request) -> Answer<Value> {
    // Heard from before the job begins, so that its end is not missed.
    let news = web.studio.0.live.subscribe();
    let asked = request.clone();
    let read =
        move |darkroom: &Arc<Darkroom>| Ok((settings(darkroom, &asked)?, saves(darkroom, &asked)?));
    let (settings, saved) = web.studio.blocking(read).await?;
    let batches = settings.batch_count;
    let (tasks, name) = (web.api.clone(), request.task());
    let job = web
        .studio
        .blocking(move |darkroom| {
            tasks.begin(name, call.name(), batches, || match saved {
                true => darkroom.enqueue_generation(settings),
                false => darkroom.enqueue_unsaved(settings),
            })
        })
        .await?;
    let row = over(&web, job, news).await;
    web.api.end(job);
    let answer = answered(&web, request, row).await;
    web.api.answer(job);
    if !saved && answer.is_ok() {
        forget_others(&web, job).await;
    }
    answer
}

async fn answered(web: &Web, request: Request, row: Answer<JobRow>) -> Answer<Value> {
    let row = row?;
    Ok(web.studio.blocking(move |darkroom| answer(darkroom, &request, &row)).await?)
}

/// Removes what other calls drew and nobody asked to save. The pictures of `job` stay until then, for
/// pages that show them.
async fn forget_others(web: &Web, job: JobId) {
    let tasks = web.api.clone();
    let stays = move |other| other == job || tasks.is_unanswered(other);
    let forgotten = web.studio.blocking(move |darkroom| darkroom.forget_unsaved(stays)).await;
    if let Err(error) = forgotten {
        tracing::warn!("pictures that nobody asked to save stay behind: {error}");
    }
}

fn settings(darkroom: &Darkroom, request: &Request) -> Result<GenerateSettings> {
    let model = match &request.model {
        Some(asked) => meant(darkroom, asked)?,
        None => darkroom.models.info(&default_model(darkroom)?)?,
    };
    let mut settings = request.settings(&model)?;
    if request.eta.is_none() {
        settings.eta = set_eta(darkroom)?;
    }
    if request.tiling.is_none() {
        settings.tiling = options::tiling(darkroom, &request.overrides)?;
    }
    let styles = request.styles();
    settings.prompt = darkroom.styled(&styles, "prompt", &settings.prompt)?;
    settings.negative_prompt =
        darkroom.styled(&styles, "negative_prompt", &settings.negative_prompt)?;
    if let Some(pictures) = &request.pictures {
        pictures.keep(darkroom, &mut settings)?;
    }
    if request.model.is_some() && !request.flag("override_settings_restore_afterwards") {
        set_default_model(darkroom, &model.name)?;
    }
    Ok(settings)
}

/// The job once it is over; an error if it did not come to an end of its own.
async fn over(web: &Web, job: JobId, mut news: Receiver<Live>) -> Answer<JobRow> {
    loop {
        let row = web.studio.blocking(move |darkroom| darkroom.store.job(job)).await?;
        let row = row.ok_or_else(|| ApiFault::not_found("the generation was deleted"))?;
        match row.state {
            JobState::Done | JobState::Stopped => return Ok(row),
            JobState::Failed => {
                let words = row.message.unwrap_or_else(|| "no reason given".into());
                return Err(ApiFault::tripped("RuntimeError", words));
            }
            JobState::Interrupted => return Err(closed()),
            JobState::Queued | JobState::Running => {}
        }
        tokio::select! {
            () = change(&mut news) => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = web.closing.cancelled() => {
                // Nobody will wait for it after the restart.
                let message = "Darkroom was closed before this began";
                web.studio.blocking(move |darkroom| darkroom.store.withdraw(job, message)).await?;
                return Err(closed());
            }
        }
    }
}

fn closed() -> ApiFault {
    ApiFault::new(StatusCode::SERVICE_UNAVAILABLE, "Darkroom was closed before this was drawn")
}

/// Returns when some job began or ended.
async fn change(news: &mut Receiver<Live>) {
    loop {
        match news.recv().await {
            Ok(Live::Status(_)) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn saves(darkroom: &Darkroom, request: &Request) -> Result<bool> {
    let wanted = request.flag("save_images") && !request.flag("do_not_save_samples");
    Ok(wanted && is_on(darkroom, "samples_save")?)
}

fn answer(darkroom: &Darkroom, request: &Request, row: &JobRow) -> Result<Value> {
    let pictures = darkroom.store.images(row.id)?;
    let grid = row.grid.as_deref().filter(|_| request.flag("save_images"));
    let grid = match grid {
        Some(grid) if !request.flag("do_not_save_grid") && is_on(darkroom, "return_grid")? => {
            Some(grid)
        }
        _ => None,
    };
    let encoding = options::encoding(darkroom, &request.overrides)?;
    let files = grid.into_iter().chain(pictures.iter().map(|row| row.image.path.as_str()));
    let images = match request.flag("send_images") {
        true => {
            let absolute = |file| darkroom.folders.absolute(file);
            files.map(|file| encoded(&absolute(file), encoding)).collect::<Result<_>>()?
        }
        false => Vec::new(),
    };
    let settings: GenerateSettings = serde_json::from_str(&row.request)?;
    let model = darkroom.models.info(&settings.model)?;
    let size = drawn_size(&settings, model.width as usize);
    let mut texts: Vec<String> =
        pictures.iter().map(|row| encoding.told(&row.image.parameters)).collect();
    let mut extra = texts.first().map(|text| beyond_basics(text)).unwrap_or_default();
    extra.extend(unheeded(darkroom, request, &model)?);
    let with_grid = grid.is_some();
    if with_grid && let Some(first) = texts.first().cloned() {
        texts.insert(0, first);
    }
    let mut info = info(darkroom, request, (&settings, size), &pictures, with_grid)?;
    info["infotexts"] = texts.into();
    info["extra_generation_params"] = extra.into();
    let parameters = request.echoed(&settings, size);
    Ok(json!({ "images": images, "parameters": parameters, "info": info.to_string() }))
}

fn encoded(path: &Path, encoding: Encoding) -> Result<String> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    Ok(BASE64_STANDARD.encode(encoding.encoded(bytes)?))
}

/// What the text of a picture tells that has no place of its own in the answer.
fn beyond_basics(text: &str) -> Object {
    const BASICS: [&str; 10] = [
        "Steps",
        "Sampler",
        "Schedule type",
        "CFG scale",
        "Seed",
        "Size",
        "Model hash",
        "Model",
        "RNG",
        "Version",
    ];
    let settings = Parameters::read(text).settings.into_iter();
    let extra = settings.filter(|(key, _)| !BASICS.contains(&key.as_str()));
    extra.map(|(key, value)| (key.clone(), typed(&key, value))).collect()
}

/// Numbers are numbers, as in A1111; the digits of a hash are none.
fn typed(key: &str, value: String) -> Value {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
    let number = serde_json::from_str::<serde_json::Number>(&value).ok();
    let number = number.filter(|_| value.chars().all(is_number) && !key.ends_with("hash"));
    number.map_or_else(|| value.into(), Value::from)
}

/// What A1111 tells of a finished call.
fn info(
    darkroom: &Darkroom,
    request: &Request,
    (settings, (width, height)): (&GenerateSettings, (usize, usize)),
    pictures: &[ImageRow],
    with_grid: bool,
) -> Result<Value> {
    let named = Named::of(&darkroom.models, &settings.model)?;
    let seed_size = settings.seed_size().map_or((-1, -1), |(w, h)| (w as i64, h as i64));
    let seeds: Vec<i64> = pictures.iter().map(|row| row.image.seed).collect();
    let (prompt, negative) = (request.text("prompt"), request.text("negative_prompt"));
    Ok(json!({
        "prompt": prompt,
        "all_prompts": pictures.iter().map(shown).collect::<Vec<_>>(),
        "negative_prompt": negative,
        "all_negative_prompts": vec![&negative; seeds.len()],
        "seed": settings.seed,
        "all_seeds": seeds,
        "subseed": settings.subseed,
        "all_subseeds": pictures.iter().map(|row| second_seed(settings, row)).collect::<Vec<_>>(),
        "subseed_strength": settings.subseed_strength,
        "width": width,
        "height": height,
        "sampler_name": settings.sampler.name(),
        "cfg_scale": settings.cfg_scale,
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        "restore_faces": false,
        "face_restoration_model": null,
        "sd_model_name": settings.model,
        "sd_model_hash": named.short_hash(),
        "sd_vae_name": null,
        "sd_vae_hash": null,
        "seed_resize_from_w": seed_size.0,
        "seed_resize_from_h": seed_size.1,
        "denoising_strength": settings.is_image_to_image().then_some(settings.denoising_strength),
        "index_of_first_image": usize::from(with_grid),
        "styles": request.styles(),
        "job_timestamp": calendar::stamp(),
        "clip_skip": 1,
        "is_using_inpainting_conditioning": false,
        "version": concat!("Darkroom ", env!("CARGO_PKG_VERSION")),
    }))
}

/// The second seed that the picture tells of; one that has none has the one of its place, which its own
/// seed counts.
fn second_seed(settings: &GenerateSettings, row: &ImageRow) -> i64 {
    let told = Parameters::read(&row.image.parameters);
    let told = told.setting("Variation seed").and_then(|seed| seed.parse().ok());
    let seeds = GenerateSettings::MAX_SEED + 1;
    told.unwrap_or_else(|| (settings.subseed + row.image.seed - settings.seed).rem_euclid(seeds))
}

/// What of the words changed nothing, by the name it is told under.
fn unheeded(darkroom: &Darkroom, request: &Request, model: &ModelInfo) -> Result<Object> {
    let styles = request.styles();
    let typed = |key| darkroom.styled(&styles, key, &request.text(key));
    let (prompt, negative) = (typed("prompt")?, typed("negative_prompt")?);
    let unused = model.classes.is_empty() && !prompt.is_empty();
    // What a negative prompt may name: nothing, where none is heeded.
    let classes = if model.needs_class { &[] } else { model.classes.as_slice() };
    let words = Negative::parse(&negative, classes).unused;
    let told = [
        ("Unknown styles", darkroom.unknown_styles(&styles)?),
        ("Unused in prompt", unused.then_some(prompt).into_iter().collect()),
        ("Unused in negative prompt", words),
    ];
    let told = told.into_iter().filter(|(_, words)| !words.is_empty());
    Ok(told.map(|(name, words)| (name.into(), words.join(", ").into())).collect())
}

/// The prompt that a picture shows, which is one of many where the prompt has a range.
fn shown(row: &ImageRow) -> String {
    Parameters::read(&row.image.parameters).prompt
}
