//! `POST /sdapi/v1/png-info`: what a picture says of itself.

use app::api::ApiError;
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::body::{Received, object};
use super::error::{Answer, ApiFault};
use super::image::decoded;
use crate::studio::decoded as image_decoded;
use crate::studio::image_texts::texts;
use crate::studio::parameters::Parameters;
use crate::web::Web;

/// The keyword of the settings.
const PARAMETERS: &str = "parameters";

/// What A1111 says of settings that the text leaves out.
const UNSAID: [(&str, &str); 3] =
    [("Schedule type", "Automatic"), ("RNG", "GPU"), ("Clip skip", "1")];

/// `{"image": base64 or data URL}` gives 200 with `{"info", "items", "parameters"}`: the text of the
/// settings, the other texts by keyword, and the settings one by one. 422 for what is no picture.
pub async fn read(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    let mut given = object(body)?;
    let image = match given.remove("image") {
        Some(Value::String(image)) => image,
        _ => return Err(ApiFault::field("image", "give a PNG in base64")),
    };
    let told = web.studio.blocking(move |_| Ok(tell(&image))).await?;
    told.map(Json)
}

fn tell(image: &str) -> Answer<Value> {
    let encoded = image.trim();
    if encoded.is_empty() {
        return Ok(json!({ "info": "", "items": {}, "parameters": {} }));
    }
    let bytes = decoded(encoded, "image")?;
    // The pixels are not looked at, but a file without them has nothing to say.
    image_decoded(&bytes, "image").map_err(|error| ApiFault::from(ApiError::from(error)))?;
    let texts = texts(&bytes);
    let mut items: Map<String, Value> =
        texts.into_iter().map(|(keyword, text)| (keyword, Value::from(text))).collect();
    let info = match items.remove(PARAMETERS) {
        Some(Value::String(info)) => info,
        _ => String::new(),
    };
    let parameters = parameters(&info);
    Ok(json!({ "info": info, "items": items, "parameters": parameters }))
}

/// The settings by name, sizes as `Size-1` and `Size-2`, all of them strings.
fn parameters(info: &str) -> Map<String, Value> {
    // Other programs keep their own JSON under the same keyword.
    if info.is_empty() || info.trim_start().starts_with('{') {
        return Map::new();
    }
    let read = Parameters::read(info);
    let mut found = Map::from_iter([
        ("Prompt".to_owned(), Value::from(read.prompt)),
        ("Negative prompt".to_owned(), Value::from(read.negative_prompt)),
    ]);
    for (key, value) in read.settings {
        match size(&value) {
            Some((width, height)) => {
                found.insert(format!("{key}-1"), width.into());
                found.insert(format!("{key}-2"), height.into());
            }
            None => drop(found.insert(key, value.into())),
        }
    }
    for (key, value) in UNSAID {
        found.entry(key).or_insert_with(|| value.into());
    }
    found
}

fn size(value: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.split_once('x').filter(|(width, height)| digits(width) && digits(height))
}
