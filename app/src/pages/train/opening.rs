//! What the page is opened with. The server puts it together, so that a browser loads no code for that.

use std::collections::BTreeMap;

#[cfg(feature = "ssr")]
use engine::config::{PRESETS, RunConfig};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_router::params::ParamsMap;

#[cfg(feature = "ssr")]
use super::desk::{fit, suggest_name, taken};
use super::overlay::Beside;
#[cfg(feature = "ssr")]
use super::overlay::{fetch_beside, named_beside};
use crate::api::{ApiError, DatasetInfo, Estimate, JobSummary, RunForm, TrainView};
#[cfg(feature = "ssr")]
use crate::api::{
    fetch_datasets, fetch_draft, fetch_estimate, fetch_models, fetch_training, fetch_trainings,
    form_fault,
};
#[cfg(feature = "ssr")]
use crate::components::address::{on_show, query_of};
#[cfg(feature = "ssr")]
use crate::json;

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Opening {
    pub datasets: Vec<DatasetInfo>,
    /// Names of all models.
    pub models: Vec<String>,
    pub runs: Vec<JobSummary>,
    /// The run on show.
    pub job: Option<JobSummary>,
    /// All of it, as the server writes it. A browser asks for it when the code that shows it is here.
    #[serde(skip)]
    pub view: Option<TrainView>,
    pub form: RunForm,
    pub estimate: Option<Estimate>,
    /// Runs whose curves stand beside the one on show; they come as `view` does.
    #[serde(skip)]
    pub beside: Vec<Beside>,
    pub fault: Option<ApiError>,
}

#[server(prefix = "/fn", endpoint = "train_opening")]
pub async fn fetch_opening(
    #[server(flatten)] query: BTreeMap<String, String>,
) -> Result<Opening, ApiError> {
    open(query_of(query)).await
}

#[cfg(feature = "ssr")]
async fn open(query: ParamsMap) -> Result<Opening, ApiError> {
    let datasets = fetch_datasets().await?;
    let models: Vec<_> = fetch_models().await?.into_iter().map(|model| model.name).collect();
    let runs = fetch_trainings().await?;
    let (view, missing) = on_show("run", query.get_str("job"), fetch_training).await?;
    let missing = missing.map(ApiError::NotFound);
    let draft = fetch_draft("train".into()).await?;
    let taken = taken(&runs, &models);
    let branched = branched_form(&query, view.as_ref(), &taken);
    let form = branched.unwrap_or_else(|| first_form(&query, draft.as_deref(), &datasets, &taken));
    let estimate = fetch_estimate(form.clone()).await;
    let mut beside = Vec::new();
    for job in named_beside(&query) {
        beside.extend(fetch_beside(job).await);
    }
    let fault = form_fault(&query, "train").or(missing).or(estimate.as_ref().err().cloned());
    let job = view.as_ref().map(|view| view.job.clone());
    Ok(Opening { datasets, models, runs, job, view, form, estimate: estimate.ok(), beside, fault })
}

/// What the page of a data set sends along.
#[cfg(feature = "ssr")]
const AUGMENTATION: [&str; 6] = [
    "dataset_params.flip",
    "dataset_params.rotate",
    "dataset_params.crop",
    "dataset_params.colour_jitter",
    "dataset_params.augment_probability",
    "dataset_params.cutout",
];

/// The form of a run like the one on show that begins with its weights at the step that the address
/// names as `branch`.
#[cfg(feature = "ssr")]
fn branched_form(query: &ParamsMap, view: Option<&TrainView>, taken: &[String]) -> Option<RunForm> {
    let step: u64 = query.get_str("branch")?.parse().ok()?;
    let config = &view?.config;
    let like = |name: &&str| {
        RunConfig::preset(name).is_some_and(|preset| preset.model_params == config.model_params)
    };
    let preset = PRESETS.iter().map(|preset| preset.name).find(like).unwrap_or(PRESETS[0].name);
    let run = &config.train_params.task_name;
    let mut form = RunForm::from_config(preset, config);
    form.set("train_params.begin_from", format!("{run}@{step}"));
    form.set(RunForm::NAME, suggest_name(run, taken));
    Some(form)
}

/// The form as the address asks for it, as it was last typed, or fresh.
#[cfg(feature = "ssr")]
fn first_form(
    query: &ParamsMap,
    draft: Option<&str>,
    datasets: &[DatasetInfo],
    taken: &[String],
) -> RunForm {
    let typed: Option<RunForm> = draft.and_then(|text| json::read(text).ok());
    let fresh = typed.is_none();
    let mut form = match query.get_str("preset") {
        Some(preset) => RunForm::preset(preset),
        None => typed.unwrap_or_default(),
    };
    // Models that the run builds on, from the tab of models.
    const FOUNDATIONS: [&str; 2] = ["model_params.autoencoder", "train_params.begin_from"];
    let keys = [RunForm::DATASET, RunForm::NAME].into_iter().chain(AUGMENTATION);
    for key in keys.chain(FOUNDATIONS) {
        if let Some(value) = query.get(key) {
            form.set(key, value);
        }
    }
    let wanted = query.get("dataset").or_else(|| {
        let default = || datasets.first().map(|info| info.name.clone());
        if fresh { default() } else { None }
    });
    let wanted = wanted.or_else(|| query.get("preset").map(|_| form.get(RunForm::DATASET).into()));
    if let Some(info) = wanted.and_then(|name| datasets.iter().find(|info| info.name == name)) {
        fit(&mut form, info);
        if matches!(form.get(RunForm::NAME), "" | "default") || query.get("dataset").is_some() {
            form.set(RunForm::NAME, suggest_name(&info.name, taken));
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(name: &str, channels: u32, size: u32) -> DatasetInfo {
        DatasetInfo {
            name: name.into(),
            built_in: true,
            source: String::new(),
            count: 100,
            min_size: (size, size),
            max_size: (size, size),
            channels,
            classes: Vec::new(),
            skipped: Vec::new(),
            note: None,
            editable: false,
            undo: None,
            revised: false,
            takes_images: false,
        }
    }

    fn query(pairs: &[(&str, &str)]) -> ParamsMap {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn a_branch_has_the_settings_of_its_run_and_a_name_of_its_own() {
        let mut view = crate::pages::train::training::tests::view(1);
        view.config.train_params.task_name = "leaves".into();
        view.config.model_params.down_channels = vec![8, 16];
        let form = branched_form(&query(&[("branch", "400")]), Some(&view), &["leaves-1".into()]);
        let form = form.unwrap();
        assert_eq!(form.get("train_params.begin_from"), "leaves@400");
        assert_eq!(form.get("model_params.down_channels"), "8, 16");
        assert_eq!(form.get(RunForm::NAME), "leaves-2");
        assert_eq!(branched_form(&query(&[]), Some(&view), &[]), None);
        assert_eq!(branched_form(&query(&[("branch", "1")]), None, &[]), None);
    }

    #[test]
    fn a_fresh_form_begins_with_the_first_data_set() {
        let sets = [dataset("digits", 1, 28), dataset("textures", 3, 28)];
        let form = first_form(&query(&[]), None, &sets, &["digits-1".into()]);
        assert_eq!(form.get(RunForm::DATASET), "digits");
        assert_eq!(form.get(RunForm::NAME), "digits-2");
        assert!(form.config().is_ok());
    }

    #[test]
    fn the_address_names_a_data_set_and_its_colours_fit() {
        let sets = [dataset("digits", 1, 28), dataset("textures", 3, 28)];
        let mut draft = RunForm::preset("reference");
        draft.set("train_params.lr", "0.5");
        let draft = serde_json::to_string(&draft).unwrap();
        let form = first_form(&query(&[("dataset", "textures")]), Some(&draft), &sets, &[]);
        assert_eq!(form.get("model_params.im_channels"), "3");
        assert_eq!(form.get("train_params.lr"), "0.5");
        assert_eq!(form.get(RunForm::NAME), "textures-1");
    }

    #[test]
    fn the_address_brings_augmentation_along() {
        let sets = [dataset("digits", 1, 28)];
        let asked = [("dataset", "digits"), ("dataset_params.flip", "both")];
        let form = first_form(&query(&asked), None, &sets, &[]);
        assert_eq!(form.get("dataset_params.flip"), "both");
        assert_eq!(form.get("dataset_params.crop"), RunForm::default().get("dataset_params.crop"));
    }

    #[test]
    fn a_draft_comes_back_as_it_was_typed() {
        let mut draft = RunForm::preset("small");
        draft.set("train_params.lr", "fast");
        draft.set(RunForm::NAME, "mine");
        let text = serde_json::to_string(&draft).unwrap();
        assert_eq!(first_form(&query(&[]), Some(&text), &[dataset("digits", 1, 28)], &[]), draft);
    }

    #[test]
    fn without_javascript_a_preset_comes_through_the_address() {
        let sets = [dataset("textures", 3, 28)];
        let asked =
            [("preset", "reference"), (RunForm::DATASET, "textures"), (RunForm::NAME, "mine")];
        let form = first_form(&query(&asked), None, &sets, &[]);
        assert_eq!(form.get("model_params.down_channels"), "32, 64, 128, 256");
        assert_eq!(form.get("model_params.im_channels"), "3");
        assert_eq!(form.get(RunForm::NAME), "mine");
    }
}
