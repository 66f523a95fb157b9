//! Files on their way to the server.

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{FormData, ProgressEvent, XmlHttpRequest};

use super::form_fault::FormFault;
use crate::api::ApiError;
use crate::json;

/// How much of a file has been sent, from 0 to 1, while it is being sent.
pub type Sent = RwSignal<Option<f32>>;

/// Posts `form` to `path`, tells how much of it was sent, and hands `done` the answer.
pub fn send<T: DeserializeOwned>(
    path: &str,
    form: &FormData,
    sent: Sent,
    done: impl FnOnce(Result<T, ApiError>) + Clone + 'static,
) {
    sent.set(Some(0.0));
    let refused = done.clone();
    if let Err(error) = try_send(path, form, sent, done) {
        sent.set(None);
        refused(Err(ApiError::Internal(format!("The browser cannot send it: {error:?}"))));
    }
}

fn try_send<T: DeserializeOwned>(
    path: &str,
    form: &FormData,
    sent: Sent,
    done: impl FnOnce(Result<T, ApiError>) + 'static,
) -> Result<(), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", path)?;
    request.set_request_header("Accept", "application/json")?;
    let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        sent.set(Some((event.loaded() / event.total().max(1.0)) as f32));
    });
    let answered = request.clone();
    let on_end = Closure::once_into_js(move || {
        sent.set(None);
        done(answer(&answered));
    });
    request.upload()?.set_onprogress(Some(on_progress.as_ref().unchecked_ref()));
    request.set_onloadend(Some(on_end.unchecked_ref()));
    request.send_with_opt_form_data(Some(form))?;
    // Lives as long as the page; an upload is rare.
    on_progress.forget();
    Ok(())
}

/// Asks why the server gave no picture at `path`, for `fault` to tell.
pub fn ask_why(path: &str, fault: FormFault) {
    let Ok(request) = XmlHttpRequest::new() else { return };
    let asked = request.clone();
    let on_end = Closure::once_into_js(move || {
        // It may have been mended in between.
        if let (false, Err(error)) = (asked.status() == Ok(200), answer::<()>(&asked)) {
            fault.set(error);
        }
    });
    request.set_onloadend(Some(on_end.unchecked_ref()));
    let _ = request.open("GET", path).and_then(|()| request.send());
}

fn answer<T: DeserializeOwned>(request: &XmlHttpRequest) -> Result<T, ApiError> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    match request.status() {
        Ok(200) => json::read(&text).map_err(|error| ApiError::Internal(error.to_string())),
        Ok(0) | Err(_) => Err(ApiError::Internal(
            "The connection broke. Is the program still running, and is the file within its limit?"
                .into(),
        )),
        Ok(status) => Err(json::read(&text).unwrap_or_else(|_| {
            ApiError::Internal(format!("The server refused it ({status}). {text}"))
        })),
    }
}
