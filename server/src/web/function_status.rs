//! Leptos answers every error of a server function with 500; what a person can mend has another status.
//! A form that was posted without JavaScript goes back to its page, which then shows the field at fault.

use app::api::ApiError;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::answer::Fault;

/// An error that was written here is never longer.
const MAX_ERROR: usize = 1 << 20;

/// Gives a refused call of a server function the status of its error; the body stays as it is.
pub async fn set(request: Request, next: Next) -> Response {
    let is_function = request.uri().path().starts_with("/fn/");
    let mut response = next.run(request).await;
    if is_function && response.status().is_redirection() {
        go_to_fault(&mut response);
    }
    if !is_function || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_ERROR).await.unwrap_or_default();
    if let Ok(error) = serde_json::from_slice::<ApiError>(&bytes) {
        parts.status = Fault::from(error).0;
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Has the browser bring the first field at fault on the screen, whose element is called as it is.
fn go_to_fault(response: &mut Response) {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location else { return };
    let Some(field) = app::api::field_at_fault(location) else { return };
    let location = format!("{location}#{}", field.replace('_', "-"));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
}
