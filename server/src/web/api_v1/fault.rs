//! Errors of this API: `{"error", "fields": [{"field", "message"}]}`; axum's extractors with these.

use app::api::ApiError;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use engine::config::ConfigError;
use serde::{Deserialize, Serialize};

use crate::web::answer;

/// An error with its status.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    body: FaultBody,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FaultBody {
    /// One sentence.
    pub error: String,
    /// Fields to correct, if it is they.
    pub fields: Vec<FieldFault>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FieldFault {
    pub field: String,
    pub message: String,
}

pub type Answer<T> = Result<T, Fault>;

impl Fault {
    pub fn nothing_here() -> Self {
        ApiError::NotFound("there is nothing here; see /api/v1/openapi.json".into()).into()
    }

    /// Another method would do.
    pub fn no_such_method() -> Self {
        let words = "this path is not asked that way; see /api/v1/openapi.json";
        Self::plain(StatusCode::METHOD_NOT_ALLOWED, words.into())
    }

    fn plain(status: StatusCode, error: String) -> Self {
        Self { status, body: FaultBody { error, fields: Vec::new() } }
    }
}

/// What the path names.
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    axum::extract::Path<T>: FromRequestParts<S, Rejection = PathRejection>,
    S: Send + Sync,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(named)| Self(named))
            .map_err(|rejection| Fault::plain(rejection.status(), rejection.body_text()))
    }
}

/// What is asked behind the path.
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    axum::extract::Query<T>: FromRequestParts<S, Rejection = QueryRejection>,
    S: Send + Sync,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(asked)| Self(asked))
            .map_err(|rejection| Fault::plain(rejection.status(), rejection.body_text()))
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let words = error.to_string();
        let fields = match &error {
            ApiError::Fields(ConfigError(faults)) => faults.clone(),
            _ => Vec::new(),
        };
        let field = |fault: engine::config::FieldError| FieldFault {
            field: fault.field,
            message: fault.message,
        };
        let status = answer::Fault::from(error).0;
        let fields = fields.into_iter().map(field).collect();
        Self { status, body: FaultBody { error: words, fields } }
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        ApiError::Fields(error).into()
    }
}

impl From<JsonRejection> for Fault {
    fn from(rejection: JsonRejection) -> Self {
        Self::plain(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
