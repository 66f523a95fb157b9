//! `GET` and `POST /sdapi/v1/options`: the settings of A1111 that its clients read and write.
//!
//! Kept on the server: a value that was set comes back, also after a restart. These have an effect:
//!
//! | option | what it does here |
//! |---|---|
//! | `sd_model_checkpoint` | the model of calls that name none |
//! | `samples_save` | false: `save_images` of a call saves nothing |
//! | `return_grid` | false: no grid among the images of a call that saves |
//! | `eta_ddim`, `tiling` | the eta and the tiling of calls that give none |
//! | `samples_format` | the format of the images of an answer: `png`, `jpg` or `webp`, which is lossless |
//! | `jpeg_quality` | of `jpg`, 1 to 100 |
//! | `enable_pnginfo` | false: no text in the images of an answer |
//! | `add_model_hash_to_info` | false: no `Model hash` in the texts of an answer |
//! | `show_progress_every_n_steps`, `live_previews_enable`, `save_incomplete_images` | the preferences of the same meaning on the Settings tab |
//!
//! The model, and those from `eta_ddim` to `add_model_hash_to_info`, hold for a single call as its
//! `override_settings` too. All others are taken and given back, for clients that post the whole map.

use axum::Json;
use axum::extract::State;
use engine::config::{ConfigError, FieldError};
use serde_json::Value;

use super::body::{Object, Received, flag, like, misfit, object};
use super::encoding::{self, Encoding};
use super::error::{Answer, ApiFault};
use super::models::{Named, meant};
use crate::studio::Darkroom;
use crate::web::Web;
use crate::{Error, Result};

const DEFAULTS: &str = include_str!("options.json");

const MODEL: &str = "sd_model_checkpoint";
const HASH: &str = "sd_checkpoint_hash";
const PREVIEW_EVERY: &str = "show_progress_every_n_steps";
const LIVE_PREVIEW: &str = "live_previews_enable";
const ETA: &str = "eta_ddim";
const TILING: &str = "tiling";
const HALF_DONE: &str = "save_incomplete_images";

/// 200 with a flat object of all options.
pub async fn tell(State(web): State<Web>) -> Answer<Json<Object>> {
    Ok(Json(web.studio.blocking(|darkroom| all(darkroom)).await?))
}

/// 200 with `null`. 500 for a key that `GET` does not tell and for an unknown model, as A1111
/// answers; 422 for a value of the wrong type. Either all is set or nothing.
pub async fn set(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    let given = check(&object(body)?)?;
    let done = web.studio.blocking(move |darkroom| store(darkroom, given)).await;
    match done {
        Err(app::api::ApiError::Fields(error)) if error.for_field("model").is_some() => {
            Err(ApiFault::tripped("RuntimeError", error.to_string()))
        }
        done => done.map(|()| Json(Value::Null)).map_err(ApiFault::from),
    }
}

/// The values of `given` in the types of the options.
fn check(given: &Object) -> Answer<Object> {
    let defaults = defaults();
    let (mut fit, mut faults) = (Object::new(), Vec::new());
    for (key, value) in given {
        let Some(default) = defaults.get(key) else {
            return Err(ApiFault::tripped("KeyError", format!("there is no option `{key}`")));
        };
        match like(default, value) {
            Some(value) => drop(fit.insert(key.clone(), value)),
            None => faults.push(FieldError::new(key.clone(), misfit(default, value))),
        }
    }
    if let Some(every) = fit.get(PREVIEW_EVERY).and_then(Value::as_i64)
        && !(1..=1000).contains(&every)
    {
        let words = format!("{every} is out of range; give 1 to 1000");
        faults.push(FieldError::new(PREVIEW_EVERY, words));
    }
    faults.extend(encoding::faults(&fit));
    if let Some(eta) = fit.get(ETA).and_then(Value::as_f64)
        && !(0.0..=1.0).contains(&eta)
    {
        faults.push(FieldError::new(ETA, format!("{eta} is out of range; give 0 to 1")));
    }
    if faults.is_empty() { Ok(fit) } else { Err(ApiFault::fields(&faults)) }
}

fn store(darkroom: &Darkroom, mut given: Object) -> Result<()> {
    // It follows from the model.
    given.remove(HASH);
    if let Some(Value::String(title)) = given.remove(MODEL)
        && let Some(model) = chosen_model(darkroom, &title)?
    {
        given.insert(MODEL.into(), model.into());
    }
    let [every, live, half_done] =
        [PREVIEW_EVERY, LIVE_PREVIEW, HALF_DONE].map(|key| given.remove(key));
    if every.is_some() || live.is_some() || half_done.is_some() {
        darkroom.store.change_preferences(|preferences| {
            let every = every.and_then(|every| usize::try_from(every.as_u64()?).ok());
            preferences.preview_every = every.unwrap_or(preferences.preview_every);
            let is_on = |value: Option<Value>| value.and_then(|value| value.as_bool());
            preferences.live_preview = is_on(live).unwrap_or(preferences.live_preview);
            preferences.keep_half_done = is_on(half_done).unwrap_or(preferences.keep_half_done);
            Ok(())
        })?;
    }
    darkroom.store.set_options(&given)
}

/// The name of the model that a client calls `title`; none for the one that was set before and is gone
/// since, which a client posts back with all the others that it got.
fn chosen_model(darkroom: &Darkroom, title: &str) -> Result<Option<String>> {
    match meant(darkroom, title) {
        Ok(model) => Ok(Some(model.name)),
        Err(_) if default_model(darkroom).is_ok_and(|set| set == title) => Ok(None),
        Err(error) => Err(error),
    }
}

fn all(darkroom: &Darkroom) -> Result<Object> {
    let mut options = stored(darkroom)?;
    let name = default_model(darkroom)?;
    let (title, hash) = match Named::of(&darkroom.models, &name) {
        Ok(model) => (model.title, model.sha256),
        // It is gone since it was set.
        Err(_) => (name, String::new()),
    };
    let preferences = darkroom.store.preferences()?;
    options.insert(MODEL.into(), title.into());
    options.insert(HASH.into(), hash.into());
    options.insert(PREVIEW_EVERY.into(), preferences.preview_every.into());
    options.insert(LIVE_PREVIEW.into(), preferences.live_preview.into());
    options.insert(HALF_DONE.into(), preferences.keep_half_done.into());
    Ok(options)
}

fn stored(darkroom: &Darkroom) -> Result<Object> {
    let mut options = defaults();
    options.extend(darkroom.store.options()?);
    Ok(options)
}

/// The eta of calls that give none.
pub fn set_eta(darkroom: &Darkroom) -> Result<f64> {
    Ok(stored(darkroom)?.get(ETA).and_then(Value::as_f64).unwrap_or_default())
}

/// The options that hold for a single call where its `override_settings` have them, as they have them;
/// 422 for one that will not do.
pub fn overrides(fields: &Object) -> Answer<Object> {
    let keys =
        [TILING, encoding::FORMAT, encoding::QUALITY, encoding::WITH_TEXT, encoding::WITH_HASH];
    let given = &fields["override_settings"];
    let asked = keys.into_iter().filter_map(|key| Some((key, given.get(key)?)));
    let asked = asked.filter(|(_, value)| !value.is_null());
    let (defaults, mut fit, mut faults) = (defaults(), Object::new(), Vec::new());
    for (key, value) in asked {
        match like(&defaults[key], value) {
            Some(value) => drop(fit.insert(key.into(), value)),
            None => faults.push(FieldError::new(key, misfit(&defaults[key], value))),
        }
    }
    faults.extend(encoding::faults(&fit));
    for fault in &mut faults {
        fault.field.insert_str(0, "override_settings.");
    }
    if faults.is_empty() { Ok(fit) } else { Err(ApiFault::fields(&faults)) }
}

/// The tiling of calls that give none.
pub fn tiling(darkroom: &Darkroom, overrides: &Object) -> Result<bool> {
    Ok(flag(&overridden(darkroom, overrides)?, TILING))
}

/// How the pictures of an answer are written.
pub fn encoding(darkroom: &Darkroom, overrides: &Object) -> Result<Encoding> {
    Ok(Encoding::of(&overridden(darkroom, overrides)?))
}

fn overridden(darkroom: &Darkroom, overrides: &Object) -> Result<Object> {
    let mut options = stored(darkroom)?;
    options.extend(overrides.clone());
    Ok(options)
}

/// Whether the option `name` is on.
pub fn is_on(darkroom: &Darkroom, name: &str) -> Result<bool> {
    Ok(flag(&stored(darkroom)?, name))
}

/// The model of calls that name none: the one that was set, which may be gone by now, because no other
/// is to draw in its place; else the first there is.
pub fn default_model(darkroom: &Darkroom) -> Result<String> {
    let options = darkroom.store.options()?;
    let chosen = options.get(MODEL).and_then(Value::as_str).map(str::to_owned);
    let first = || darkroom.models.list().into_iter().next().map(|info| info.name);
    let none = || Error::Config(ConfigError::one("model", "there are no models yet"));
    chosen.or_else(first).ok_or_else(none)
}

/// Sets the model of calls that name none.
pub fn set_default_model(darkroom: &Darkroom, name: &str) -> Result<()> {
    darkroom.store.set_options(&Object::from_iter([(MODEL.into(), name.into())]))
}

fn defaults() -> Object {
    serde_json::from_str(DEFAULTS).expect("the table of options is ours and JSON")
}
