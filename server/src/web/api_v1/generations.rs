//! Drawing, and ending what goes on.

use app::api::{ApiError, GenerateView, JobId, Studio};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::fault::{Answer, Path};
use super::settings;
use crate::web::Web;

/// 202 with `{"job"}` and where it can be asked for.
pub async fn begin(
    State(web): State<Web>,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Answer<Response> {
    let job = web.studio.generate(settings::generation(&body?.0)?).await?;
    Ok(accepted(job, "generations"))
}

/// A job that was taken on, of the kind `kind`.
pub fn accepted(job: JobId, kind: &str) -> Response {
    let location = [(header::LOCATION, format!("/api/v1/{kind}/{job}"))];
    (StatusCode::ACCEPTED, location, Json(json!({ "job": job }))).into_response()
}

pub async fn tell(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<Json<GenerateView>> {
    let view = web.studio.generation(Some(job)).await?;
    Ok(Json(view.ok_or_else(|| no_job("generation", job))?))
}

pub fn no_job(kind: &str, job: JobId) -> ApiError {
    ApiError::NotFound(format!("there is no {kind} {job}"))
}

/// What is done of the job is kept.
pub async fn interrupt(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<StatusCode> {
    web.studio.interrupt(job).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves out the batch that is drawn now.
pub async fn skip(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<StatusCode> {
    web.studio.skip(job).await?;
    Ok(StatusCode::NO_CONTENT)
}
