//! Errors of this API: `{"error", "fields": [{"field", "message"}]}`.

use app::api::ApiError;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::config::ConfigError;
use serde::Serialize;

use crate::web::answer;

/// An error with its status.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    body: FaultBody,
}

#[derive(Debug, Serialize)]
pub struct FaultBody {
    /// One sentence.
    pub error: String,
    /// Fields to correct, if it is they.
    pub fields: Vec<FieldFault>,
}

#[derive(Debug, Serialize)]
pub struct FieldFault {
    pub field: String,
    pub message: String,
}

pub type Answer<T> = Result<T, Fault>;

impl Fault {
    pub fn nothing_here() -> Self {
        ApiError::NotFound("there is nothing here; see /api/v1/openapi.json".into()).into()
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
        let body = FaultBody { error: rejection.body_text(), fields: Vec::new() };
        Self { status: rejection.status(), body }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
