//! How good models are, in numbers.

use std::collections::BTreeMap;

use app::api::{EvaluationView, JobId, Studio};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::Response;
use serde_json::{Map, Value};

use super::fault::{Answer, Path, Query};
use super::generations::{accepted, no_job};
use super::settings;
use crate::web::Web;

/// All evaluations, or those of `model`, the newest first.
pub async fn list(
    State(web): State<Web>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer<Json<Vec<EvaluationView>>> {
    Ok(Json(web.studio.evaluations(query.get("model").map(String::as_str)).await?))
}

pub async fn begin(
    State(web): State<Web>,
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Answer<Response> {
    let job = web.studio.evaluate(settings::evaluation(&body?.0)?).await?;
    Ok(accepted(job, "evaluations"))
}

pub async fn tell(State(web): State<Web>, Path(job): Path<JobId>) -> Answer<Json<EvaluationView>> {
    let mut views = web.studio.evaluations(None).await?.into_iter();
    let view = views.find(|view| view.job.id == job);
    Ok(Json(view.ok_or_else(|| no_job("evaluation", job))?))
}
