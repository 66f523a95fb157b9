//! Errors on their way out, as a page or as JSON.

use app::api::ApiError;
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Whether the one who asks is a browser going to a page.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// An error that knows its status.
#[derive(Debug)]
pub struct Fault(pub StatusCode, pub ApiError);

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let status = match &error {
            ApiError::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::NotFound(_) => StatusCode::NOT_FOUND,
            ApiError::Conflict(_) => StatusCode::CONFLICT,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Fault(status, error)
    }
}

impl From<crate::Error> for Fault {
    fn from(error: crate::Error) -> Self {
        let full = matches!(
            &error,
            crate::Error::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull
        );
        let Fault(status, error) = ApiError::from(error).into();
        Fault(if full { StatusCode::INSUFFICIENT_STORAGE } else { status }, error)
    }
}

impl Fault {
    pub fn not_found() -> Self {
        ApiError::NotFound("there is nothing here".into()).into()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}
