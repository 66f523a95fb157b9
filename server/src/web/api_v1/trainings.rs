//! Training runs.

use app::api::{JobId, JobSummary, Studio, TrainView};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use serde_json::{Map, Value};

use super::fault::{Answer, Path};
use super::generations::{accepted, no_job};
use super::settings;
use crate::web::Web;

/// All runs, the newest first.
pub async fn list(State(web): State<Web>) -> Answer<Json<Vec<JobSummary>>> {
    Ok(Json(web.studio.trainings().await?))
}

pub async fn begin(
    State(web): State<Web>,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Answer<Response> {
    let job = web.studio.train(settings::training(&body?.0)?).await?;
    Ok(accepted(job, "trainings"))
}

pub async fn tell(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<Json<TrainView>> {
    let view = web.studio.training(Some(job)).await?;
    Ok(Json(view.ok_or_else(|| no_job("training", job))?))
}

/// A run that was stopped goes on.
pub async fn resume(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<Response> {
    let job = web.studio.resume(job).await?;
    Ok(accepted(job, "trainings"))
}
