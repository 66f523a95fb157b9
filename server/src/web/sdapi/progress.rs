//! How far a drawing is, and the two ways to cut it short.
//!
//! `GET /sdapi/v1/progress?skip_current_image=bool`, `POST /sdapi/v1/interrupt` and `/skip`,
//! `POST /internal/progress`, `GET /internal/pending-tasks`.

use app::api::{JobId, JobKind, JobState};
use axum::Json;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::config::GenerateSettings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Received, object, text};
use super::error::Answer;
use super::request::Call;
use super::tasks::{Task, Tasks};
use crate::Result;
use crate::studio::Darkroom;
use crate::studio::live::RunningJob;
use crate::web::Web;

/// A1111's bar shows a hundredth as soon as something begins.
const BEGUN: f32 = 0.01;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    skip_current_image: Option<String>,
}

/// 200 with `{progress, eta_relative, state, current_image, textinfo}`: of the call that is drawn, or
/// that waits, else of the generation that a page asked for. All zero when nothing goes on.
pub async fn tell(State(web): State<Web>, Query(wanted): Query<Wanted>) -> Answer<Json<Value>> {
    let skip = wanted.skip_current_image.unwrap_or_default();
    let with_image = !matches!(skip.to_ascii_lowercase().as_str(), "true" | "1" | "on" | "yes");
    let tasks = web.api.clone();
    let standing = web.studio.blocking(move |darkroom| Standing::now(darkroom, &tasks)).await?;
    let image = standing.task.as_ref().filter(|_| with_image && standing.running.is_some());
    let image = image.and_then(|task| preview(&web, task.job));
    Ok(Json(json!({
        "progress": standing.progress(),
        "eta_relative": standing.eta(),
        "state": standing.state(),
        "current_image": image,
        "textinfo": standing.words(),
    })))
}

fn preview(web: &Web, job: JobId) -> Option<String> {
    web.studio.0.live.preview(job).map(|png| BASE64_STANDARD.encode(png))
}

/// What is worth telling at this moment.
#[derive(Default)]
struct Standing {
    task: Option<Task>,
    running: Option<RunningJob>,
    /// Jobs of the queue that come before a waiting one.
    ahead: usize,
}

impl Standing {
    fn now(darkroom: &Darkroom, tasks: &Tasks) -> Result<Self> {
        let mut known = tasks.open();
        // A job is over in the database before its running half is let go and its task is.
        let open = darkroom.store.open_jobs()?;
        known.retain(|task| open.iter().any(|row| row.id == task.job));
        let is_running = |task: &&Task| darkroom.live.get(task.job).is_some();
        if let Some(task) = known.iter().find(is_running) {
            return Ok(Self::of(darkroom, task.clone()));
        }
        if let Some(task) = known.into_iter().next() {
            let ahead = open.iter().take_while(|row| row.id != task.job).count();
            return Ok(Self { ahead, ..Self::of(darkroom, task) });
        }
        Ok(of_a_page(darkroom)?.map(|task| Self::of(darkroom, task)).unwrap_or_default())
    }

    fn of(darkroom: &Darkroom, task: Task) -> Self {
        Self { running: darkroom.live.get(task.job), task: Some(task), ahead: 0 }
    }

    fn batches(&self) -> usize {
        self.task.as_ref().map_or(0, |task| task.batches)
    }

    fn progress(&self) -> f32 {
        let Some(drawing) = self.running.as_ref().map(|running| &running.drawing) else {
            return 0.0;
        };
        let within = drawing.step as f32 / drawing.steps.max(1) as f32;
        (BEGUN + (drawing.batch as f32 + within) / self.batches().max(1) as f32).min(1.0)
    }

    fn eta(&self) -> f32 {
        self.running.as_ref().and_then(|running| running.eta_seconds).unwrap_or_default()
    }

    fn words(&self) -> Option<String> {
        match (&self.task, &self.running) {
            (Some(_), None) => Some(format!("in the queue, {} ahead", self.ahead)),
            (_, running) => running.as_ref()?.message.clone(),
        }
    }

    fn state(&self) -> Value {
        let running = self.running.clone().unwrap_or_default();
        let (batches, drawing) = (self.batches(), running.drawing);
        let stamp = self.task.as_ref().map_or("0", |task| &task.stamp);
        let job = match batches {
            0 => String::new(),
            1 => format!("scripts_{}", self.task.as_ref().map_or("txt2img", |task| task.call)),
            _ => format!("Batch {} out of {batches}", (drawing.batch + 1).min(batches)),
        };
        json!({
            "skipped": running.skip,
            "interrupted": running.cancel.is_cancelled(),
            "stopping_generation": false,
            "job": job,
            "job_count": batches,
            "job_timestamp": stamp,
            "job_no": drawing.batch,
            "sampling_step": drawing.step,
            "sampling_steps": drawing.steps,
        })
    }
}

/// The generation that is drawn for somebody's page.
fn of_a_page(darkroom: &Darkroom) -> Result<Option<Task>> {
    let open = darkroom.store.open_jobs()?;
    let drawn = open.into_iter().find(|row| {
        row.kind == JobKind::Generate
            && row.state == JobState::Running
            && darkroom.live.get(row.id).is_some()
    });
    let Some(row) = drawn else { return Ok(None) };
    let settings: GenerateSettings = serde_json::from_str(&row.request)?;
    let call = if settings.is_image_to_image() { Call::ImageToImage } else { Call::TextToImage };
    let (name, stamp, batches) = (String::new(), "0".into(), settings.batch_count);
    Ok(Some(Task { job: row.id, name, call: call.name(), batches, stamp, over: false }))
}

/// 200 with `{}`. Ends the call that is drawn, or takes the first waiting one out of the queue; its
/// client gets what is done. What a page asked for goes on.
pub async fn interrupt(State(web): State<Web>) -> Answer<Json<Value>> {
    let tasks = web.api.clone();
    let job = tasks.running(&web.studio.0.live).or_else(|| tasks.open().into_iter().next());
    if let Some(task) = job {
        web.studio.blocking(move |darkroom| darkroom.interrupt(task.job)).await?;
    }
    Ok(Json(json!({})))
}

/// 200 with `null`. Leaves out the rest of the batch that is drawn for a call; the next one follows.
pub async fn skip(State(web): State<Web>) -> Answer<Json<Value>> {
    if let Some(task) = web.api.running(&web.studio.0.live) {
        web.studio.blocking(move |darkroom| darkroom.skip(task.job)).await?;
    }
    Ok(Json(Value::Null))
}

/// 200 with `{active, queued, completed, progress, eta, live_preview, id_live_preview, textinfo}` of
/// the call that was named `id_task` by its `force_task_id`.
pub async fn of_task(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    let given = object(body)?;
    let seen = given.get("id_live_preview").and_then(Value::as_i64).unwrap_or(-1);
    let wants_preview = given.get("live_preview").and_then(Value::as_bool).unwrap_or(true);
    let Some(task) = web.api.named(&text(&given, "id_task")) else {
        return Ok(Json(task_answer(false, false, false, &Standing::default(), "Waiting...")));
    };
    let job = task.job;
    let row = web.studio.blocking(move |darkroom| darkroom.store.job(job)).await?;
    if task.over || row.is_none_or(|row| row.state.is_over()) {
        return Ok(Json(task_answer(false, false, true, &Standing::default(), "")));
    }
    let standing = Standing::of(&web.studio.0, task);
    let Some(running) = &standing.running else {
        let waiting = web.api.open();
        let place = waiting.iter().position(|task| task.job == job).map_or(1, |at| at + 1);
        let words = format!("In queue: {place}/{}", waiting.len());
        return Ok(Json(task_answer(false, true, false, &standing, &words)));
    };
    let mut answer = task_answer(true, false, false, &standing, "");
    answer["textinfo"] = standing.words().into();
    let newest = i64::try_from(running.drawing.previews).unwrap_or(i64::MAX);
    if wants_preview
        && newest > 0
        && newest != seen
        && let Some(png) = preview(&web, job)
    {
        answer["live_preview"] = format!("data:image/png;base64,{png}").into();
        answer["id_live_preview"] = newest.into();
    } else {
        answer["id_live_preview"] = seen.into();
    }
    Ok(Json(answer))
}

fn task_answer(
    active: bool,
    queued: bool,
    completed: bool,
    standing: &Standing,
    words: &str,
) -> Value {
    json!({
        "active": active,
        "queued": queued,
        "completed": completed,
        "progress": active.then(|| standing.progress()),
        "eta": active.then(|| standing.eta()),
        "live_preview": null,
        "id_live_preview": -1,
        "textinfo": words,
    })
}

/// 200 with `{size, tasks}`: the names of the calls that are not over.
pub async fn pending(State(web): State<Web>) -> Json<Value> {
    let names: Vec<String> = web.api.open().into_iter().map(|task| task.name).collect();
    Json(json!({ "size": names.len(), "tasks": names }))
}
