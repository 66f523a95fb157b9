//! Errors as A1111's clients read them: `{"error", "detail", "body", "errors"}`.

use app::api::ApiError;
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::config::{ConfigError, FieldError};
use serde_json::{Value, json};
use std::time::Instant;

/// What other layers say against a request is never longer.
const MAX_WORDS: usize = 4096;

/// An error that knows its status and its words.
#[derive(Debug)]
pub struct ApiFault {
    status: StatusCode,
    /// The kind, by the name that A1111 gives it.
    error: &'static str,
    /// One sentence, or for status 422 a list of `{loc, msg, type}`.
    detail: Value,
    errors: String,
}

pub type Answer<T> = Result<T, ApiFault>;

impl ApiFault {
    pub fn new(status: StatusCode, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { status, error: "HTTPException", detail: words.clone().into(), errors: words }
    }

    pub fn not_found(words: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, words)
    }

    /// The same with `errors` saying more; clients compare `detail`.
    pub fn explained(self, words: impl Into<String>) -> Self {
        Self { errors: words.into(), ..self }
    }

    /// Something that Darkroom cannot do at all.
    pub fn not_done(words: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, words)
    }

    /// 500, as A1111 answers what it trips over.
    pub fn tripped(error: &'static str, words: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, error, detail: "".into(), errors: words.into() }
    }

    /// 422 for one field of the body.
    pub fn field(name: &str, words: impl Into<String>) -> Self {
        Self::fields(&[FieldError::new(name, words)])
    }

    /// 422 for the body as a whole.
    pub fn body(words: impl Into<String>) -> Self {
        Self::field("", words)
    }

    pub fn fields(faults: &[FieldError]) -> Self {
        let detail = faults.iter().map(located).collect();
        let errors: Vec<String> = faults.iter().map(told).collect();
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            error: "RequestValidationError",
            detail,
            errors: errors.join("; "),
        }
    }
}

/// A dot leads into a field: `override_settings.sd_model_checkpoint`.
fn located(fault: &FieldError) -> Value {
    let parts = fault.field.split('.').filter(|part| !part.is_empty());
    let loc: Vec<&str> = ["body"].into_iter().chain(parts).collect();
    json!({ "loc": loc, "msg": fault.message, "type": "value_error" })
}

fn told(fault: &FieldError) -> String {
    match fault.field.as_str() {
        "" => fault.message.clone(),
        _ => fault.to_string(),
    }
}

/// The page's name of a field and the one of this API.
fn renamed(fault: &FieldError) -> FieldError {
    let field = match fault.field.as_str() {
        "batch_count" => "n_iter",
        "model" => "override_settings.sd_model_checkpoint",
        "sampler" => "sampler_name",
        "schedule" => "scheduler",
        field => field,
    };
    FieldError::new(field, fault.message.clone())
}

impl From<ConfigError> for ApiFault {
    fn from(error: ConfigError) -> Self {
        let faults: Vec<FieldError> = error.0.iter().map(renamed).collect();
        Self::fields(&faults)
    }
}

impl From<ApiError> for ApiFault {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Fields(error) => error.into(),
            ApiError::NotFound(words) => Self::not_found(words),
            ApiError::Conflict(words) => Self::new(StatusCode::CONFLICT, words),
            ApiError::Internal(words) => Self::tripped("RuntimeError", words),
        }
    }
}

/// Marks a response that says all it should.
#[derive(Clone)]
struct Told;

impl IntoResponse for ApiFault {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "detail": self.detail, "body": "", "errors": self.errors });
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(Told);
        response
    }
}

/// Puts what guard, password and router say against a request into the same shape, and the time
/// it took into `X-Process-Time`.
pub async fn speak(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !["/sdapi/", "/internal/"].iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let began = Instant::now();
    let mut response = next.run(request).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if refused && response.extensions().get::<Told>().is_none() {
        response = translated(response).await;
    }
    let took = format!("{:.4}", began.elapsed().as_secs_f64());
    if let Ok(took) = HeaderValue::try_from(took) {
        response.headers_mut().insert("x-process-time", took);
    }
    response
}

/// Keeps status and headers, such as the one that asks for a password.
async fn translated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let words = to_bytes(body, MAX_WORDS).await.unwrap_or_default();
    let words = words_of(&words);
    let reason = parts.status.canonical_reason().unwrap_or("Error");
    let words = if words.is_empty() { reason.to_owned() } else { words };
    let (told, body) = ApiFault::new(parts.status, words).into_response().into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(told.headers);
    Response::from_parts(parts, Body::new(body))
}

/// The sentence within a plain text, or within an error as the page gets it.
fn words_of(body: &[u8]) -> String {
    match serde_json::from_slice::<ApiError>(body) {
        Ok(error) => error.to_string(),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}
