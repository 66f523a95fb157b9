//! What there is: the device and its queue, models, data sets, the gallery.

use app::api::{
    DatasetInfo, DeletedPage, GalleryPage, GalleryQuery, ImageId, ModelInfo, Status, Studio,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::fault::{Answer, Path, Query};
use crate::web::Web;

pub async fn status(State(web): State<Web>) -> Answer<Json<Status>> {
    Ok(Json(web.studio.status().await?))
}

pub async fn models(State(web): State<Web>) -> Answer<Json<Vec<ModelInfo>>> {
    Ok(Json(web.studio.models().await?))
}

/// Removes the run with all its checkpoints.
pub async fn delete_model(State(web): State<Web>, Path(name): Path<String>) -> Answer<StatusCode> {
    web.studio.delete_model(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn datasets(State(web): State<Web>) -> Answer<Json<Vec<DatasetInfo>>> {
    Ok(Json(web.studio.datasets().await?))
}

/// The query has the fields of [`GalleryQuery`].
pub async fn gallery(
    State(web): State<Web>,
    Query(query): Query<GalleryQuery>,
) -> Answer<Json<GalleryPage>> {
    Ok(Json(web.studio.gallery(query).await?))
}

/// The picture can be brought back for a day, here and in the page.
pub async fn delete_image(
    State(web): State<Web>,
    Path(image): Path<ImageId>,
) -> Answer<StatusCode> {
    web.studio.delete_images(vec![image]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What can be brought back.
pub async fn deleted(State(web): State<Web>) -> Answer<Json<DeletedPage>> {
    Ok(Json(web.studio.deleted_images().await?))
}

pub async fn restore_image(
    State(web): State<Web>,
    Path(image): Path<ImageId>,
) -> Answer<StatusCode> {
    web.studio.restore_images(vec![image]).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn star(State(web): State<Web>, Path(image): Path<ImageId>) -> Answer<StatusCode> {
    web.studio.star(image, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn unstar(State(web): State<Web>, Path(image): Path<ImageId>) -> Answer<StatusCode> {
    web.studio.star(image, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
