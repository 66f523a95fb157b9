//! What the page asks of the server. Each is a POST to `/fn/{endpoint}`, by the page or a plain form.

use leptos::prelude::*;

use super::*;

#[cfg(feature = "ssr")]
fn studio() -> Arc<dyn Studio> {
    expect_context()
}

/// Sends a plain form's browser to `path`; the page's own client is left alone.
#[cfg(feature = "ssr")]
fn go_to(path: &str) {
    if let Some(Redirect(go)) = use_context() {
        go(path);
    }
}

/// The key of the browser that asks; empty for one that keeps none.
#[cfg(feature = "ssr")]
fn browser() -> String {
    use_context::<Browser>().map_or_else(String::new, |Browser(key)| key())
}

/// Keeps what was typed before anything is checked, so that a form comes back as it was sent.
#[cfg(feature = "ssr")]
async fn keep(form: &str, typed: &impl serde::Serialize) -> Result<(), ApiError> {
    let text =
        serde_json::to_string(typed).map_err(|error| ApiError::Internal(error.to_string()))?;
    studio().save_draft(&browser(), form, &text).await
}

#[server(prefix = "/fn", endpoint = "status")]
pub async fn fetch_status() -> Result<Status, ApiError> {
    studio().status().await
}

#[server(prefix = "/fn", endpoint = "models")]
pub async fn fetch_models() -> Result<Vec<ModelInfo>, ApiError> {
    studio().models().await
}

#[server(prefix = "/fn", endpoint = "delete_model")]
pub async fn delete_model(name: String) -> Result<(), ApiError> {
    studio().delete_model(&name).await
}

#[server(prefix = "/fn", endpoint = "merge_models")]
pub async fn merge_models(#[server(flatten)] form: MergeForm) -> Result<ModelInfo, ApiError> {
    let model = studio().merge_models(form).await?;
    go_to("/models");
    Ok(model)
}

#[server(prefix = "/fn", endpoint = "evaluate")]
pub async fn evaluate(#[server(flatten)] form: EvaluateForm) -> Result<JobId, ApiError> {
    let job = studio().evaluate(form).await?;
    go_to("/models");
    Ok(job)
}

#[server(prefix = "/fn", endpoint = "evaluations")]
pub async fn fetch_evaluations(model: Option<String>) -> Result<Vec<EvaluationView>, ApiError> {
    studio().evaluations(model.as_deref()).await
}

#[server(prefix = "/fn", endpoint = "datasets")]
pub async fn fetch_datasets() -> Result<Vec<DatasetInfo>, ApiError> {
    studio().datasets().await
}

#[server(prefix = "/fn", endpoint = "dataset")]
pub async fn fetch_dataset(
    name: String,
    class: Option<String>,
    #[server(default)] offset: u64,
) -> Result<DatasetPage, ApiError> {
    studio().dataset(&name, class.as_deref(), offset).await
}

#[server(prefix = "/fn", endpoint = "add_dataset")]
pub async fn add_dataset(
    name: String,
    path: String,
    #[server(default)] background: String,
) -> Result<DatasetInfo, ApiError> {
    let background = if background.is_empty() { "#000000".into() } else { background };
    let info = studio().add_dataset(name.trim(), path.trim(), &background).await?;
    go_to(&format!("/datasets?name={}", info.name));
    Ok(info)
}

#[server(prefix = "/fn", endpoint = "delete_dataset")]
pub async fn delete_dataset(name: String) -> Result<(), ApiError> {
    studio().delete_dataset(&name).await?;
    go_to("/datasets");
    Ok(())
}

#[cfg(feature = "ssr")]
async fn edit(name: &str, edit: DatasetEdit) -> Result<DatasetChange, ApiError> {
    let change = studio().edit_dataset(name, edit).await?;
    go_to(&format!("/datasets?name={name}"));
    Ok(change)
}

#[server(prefix = "/fn", endpoint = "delete_dataset_images")]
pub async fn delete_dataset_images(
    name: String,
    #[server(default)] images: Vec<String>,
) -> Result<DatasetChange, ApiError> {
    edit(&name, DatasetEdit::Delete { images }).await
}

#[server(prefix = "/fn", endpoint = "move_dataset_images")]
pub async fn move_dataset_images(
    name: String,
    #[server(default)] images: Vec<String>,
    class: String,
) -> Result<DatasetChange, ApiError> {
    edit(&name, DatasetEdit::Move { images, class }).await
}

/// Calls `class` otherwise; if there is a class called `to`, the two become one.
#[server(prefix = "/fn", endpoint = "rename_class")]
pub async fn rename_class(
    name: String,
    class: String,
    to: String,
) -> Result<DatasetChange, ApiError> {
    edit(&name, DatasetEdit::RenameClass { class, name: to }).await
}

#[server(prefix = "/fn", endpoint = "delete_duplicates")]
pub async fn delete_duplicates(name: String) -> Result<DatasetChange, ApiError> {
    edit(&name, DatasetEdit::DeleteDuplicates).await
}

#[server(prefix = "/fn", endpoint = "reset_dataset")]
pub async fn reset_dataset(name: String) -> Result<DatasetChange, ApiError> {
    edit(&name, DatasetEdit::Reset).await
}

#[server(prefix = "/fn", endpoint = "undo_dataset_edit")]
pub async fn undo_dataset_edit(name: String) -> Result<DatasetChange, ApiError> {
    let change = studio().undo_dataset_edit(&name).await?;
    go_to(&format!("/datasets?name={name}"));
    Ok(change)
}

#[server(prefix = "/fn", endpoint = "dataset_statistics")]
pub async fn fetch_dataset_statistics(name: String) -> Result<DatasetStatistics, ApiError> {
    studio().dataset_statistics(&name).await
}

#[server(prefix = "/fn", endpoint = "generate")]
pub async fn generate(#[server(flatten)] form: GenerateForm) -> Result<JobId, ApiError> {
    keep("generate", &form).await?;
    let settings = match form.settings() {
        Ok(settings) => settings,
        Err(fault) => return Err(of_model(fault, form.get("model")).await),
    };
    let job = studio().generate(settings).await?;
    go_to(&format!("/?job={job}"));
    Ok(job)
}

/// `fault` with the numbers of the model called `name`, if there is one.
#[cfg(feature = "ssr")]
async fn of_model(fault: engine::config::ConfigError, name: &str) -> ApiError {
    let models = studio().models().await.unwrap_or_default();
    let name = name.split_once('@').map_or(name, |(run, _)| run);
    match models.into_iter().find(|model| model.name == name) {
        Some(model) => fault.with_timesteps(model.timesteps).into(),
        None => fault.into(),
    }
}

#[server(prefix = "/fn", endpoint = "generation")]
pub async fn fetch_generation(job: Option<JobId>) -> Result<Option<GenerateView>, ApiError> {
    studio().generation(job).await
}

#[server(prefix = "/fn", endpoint = "gallery")]
pub async fn fetch_gallery(query: GalleryQuery) -> Result<GalleryPage, ApiError> {
    studio().gallery(query).await
}

/// `images` are numbers separated by commas.
#[server(prefix = "/fn", endpoint = "images")]
pub async fn fetch_images(images: String) -> Result<Vec<GalleryImage>, ApiError> {
    studio().images(numbers(&images)?).await
}

#[server(prefix = "/fn", endpoint = "star")]
pub async fn star(image: ImageId, #[server(default)] starred: bool) -> Result<(), ApiError> {
    studio().star(image, starred).await
}

/// `images` are numbers separated by commas, as is what a form without a script can post.
#[server(prefix = "/fn", endpoint = "delete_images")]
pub async fn delete_images(images: String) -> Result<(), ApiError> {
    studio().delete_images(numbers(&images)?).await
}

#[server(prefix = "/fn", endpoint = "restore_images")]
pub async fn restore_images(images: String) -> Result<(), ApiError> {
    studio().restore_images(numbers(&images)?).await
}

#[server(prefix = "/fn", endpoint = "deleted_images")]
pub async fn fetch_deleted() -> Result<DeletedPage, ApiError> {
    studio().deleted_images().await
}

/// Brings back what was deleted from the moment `from` to the moment `until`, both within.
#[server(prefix = "/fn", endpoint = "restore_deletions")]
pub async fn restore_deletions(#[server(default)] from: i64, until: i64) -> Result<(), ApiError> {
    studio().restore_deletions(from, until).await
}

/// Removes for good what was deleted up to the moment `until`.
#[server(prefix = "/fn", endpoint = "purge_deletions")]
pub async fn purge_deletions(until: i64) -> Result<(), ApiError> {
    studio().purge_deletions(until).await
}

#[cfg(feature = "ssr")]
fn numbers(list: &str) -> Result<Vec<ImageId>, ApiError> {
    let number = |part: &str| {
        let fault = || ApiError::NotFound(format!("`{part}` is no picture"));
        part.trim().parse().map_err(|_| fault())
    };
    list.split(',').filter(|part| !part.trim().is_empty()).map(number).collect()
}

#[server(prefix = "/fn", endpoint = "input")]
pub async fn fetch_input(name: String) -> Result<InputImage, ApiError> {
    studio().input(&name).await
}

/// Gives a picture of the gallery as an input; a plain form goes on to the tab it was sent to.
#[server(prefix = "/fn", endpoint = "send")]
pub async fn send_image(
    image: ImageId,
    #[server(default)] to: String,
) -> Result<InputImage, ApiError> {
    let input = studio().input_from_gallery(image).await?;
    go_to(&input_address(&to, &input.name));
    Ok(input)
}

/// Where the input called `name` is used: `to` is `png_info` or `process`, or else it is drawn from,
/// without the mask and the second pass that the form may have had for another.
pub fn input_address(to: &str, name: &str) -> String {
    match to {
        "png_info" => format!("/png-info?image={name}"),
        "process" => format!("/process?input={name}"),
        _ => format!("/?init_image={name}&mask=&hires_scale=1#img2img"),
    }
}

#[server(prefix = "/fn", endpoint = "process")]
pub async fn fetch_process(#[server(flatten)] form: ProcessForm) -> Result<ProcessView, ApiError> {
    studio().process(form).await
}

#[server(prefix = "/fn", endpoint = "estimate")]
pub async fn fetch_estimate(#[server(flatten)] form: RunForm) -> Result<Estimate, ApiError> {
    studio().estimate(form.config()?).await
}

#[server(prefix = "/fn", endpoint = "probe")]
pub async fn probe(#[server(flatten)] form: RunForm) -> Result<Speed, ApiError> {
    studio().probe(form.config()?).await
}

#[server(prefix = "/fn", endpoint = "train")]
pub async fn train(#[server(flatten)] form: RunForm) -> Result<JobId, ApiError> {
    keep("train", &form).await?;
    let job = studio().train(form.config()?).await?;
    go_to(&format!("/train?job={job}"));
    Ok(job)
}

#[server(prefix = "/fn", endpoint = "training")]
pub async fn fetch_training(job: Option<JobId>) -> Result<Option<TrainView>, ApiError> {
    studio().training(job).await
}

#[server(prefix = "/fn", endpoint = "trainings")]
pub async fn fetch_trainings() -> Result<Vec<JobSummary>, ApiError> {
    studio().trainings().await
}

#[server(prefix = "/fn", endpoint = "resume")]
pub async fn resume(job: JobId) -> Result<JobId, ApiError> {
    let job = studio().resume(job).await?;
    go_to(&format!("/train?job={job}"));
    Ok(job)
}

#[server(prefix = "/fn", endpoint = "extend")]
pub async fn extend(job: JobId, num_steps: String) -> Result<JobId, ApiError> {
    let job = studio().extend(job, number("num_steps", &num_steps)?).await?;
    go_to(&format!("/train?job={job}"));
    Ok(job)
}

#[server(prefix = "/fn", endpoint = "save_now")]
pub async fn save_now(job: JobId) -> Result<(), ApiError> {
    studio().steer(job, Wish::SaveNow).await
}

#[server(prefix = "/fn", endpoint = "sample_now")]
pub async fn sample_now(job: JobId) -> Result<(), ApiError> {
    studio().steer(job, Wish::SampleNow).await
}

/// Holds a run between two steps, until [`go_on`] or until the program ends.
#[server(prefix = "/fn", endpoint = "pause")]
pub async fn pause(job: JobId) -> Result<(), ApiError> {
    studio().steer(job, Wish::Pause).await
}

#[server(prefix = "/fn", endpoint = "go_on")]
pub async fn go_on(job: JobId) -> Result<(), ApiError> {
    studio().steer(job, Wish::GoOn).await
}

#[server(prefix = "/fn", endpoint = "set_rate")]
pub async fn set_rate(job: JobId, rate_factor: String) -> Result<(), ApiError> {
    let factor = number("rate_factor", &rate_factor)?;
    studio().steer(job, Wish::RateFactor(factor)).await
}

#[server(prefix = "/fn", endpoint = "set_sampling")]
pub async fn set_sampling(job: JobId, sample_every: String) -> Result<(), ApiError> {
    let steps = number("sample_every", &sample_every)?;
    studio().steer(job, Wish::SampleEvery(steps)).await
}

/// What was typed into `field` as a number.
#[cfg(feature = "ssr")]
fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, ApiError> {
    let fault = || engine::config::ConfigError::one(field, format!("`{text}` is not a number"));
    Ok(text.trim().parse().map_err(|_| fault())?)
}

#[server(prefix = "/fn", endpoint = "interrupt")]
pub async fn interrupt(job: JobId) -> Result<(), ApiError> {
    studio().interrupt(job).await
}

#[server(prefix = "/fn", endpoint = "skip")]
pub async fn skip(job: JobId) -> Result<(), ApiError> {
    studio().skip(job).await
}

/// Interrupts a generation, by the Generate form as it is posted without a script.
#[server(prefix = "/fn", endpoint = "interrupt_generation")]
pub async fn interrupt_generation(
    job: JobId,
    #[server(flatten)] form: GenerateForm,
) -> Result<(), ApiError> {
    keep("generate", &form).await?;
    studio().interrupt(job).await?;
    go_to(&format!("/?job={job}"));
    Ok(())
}

/// The same for Skip.
#[server(prefix = "/fn", endpoint = "skip_batch")]
pub async fn skip_batch(job: JobId, #[server(flatten)] form: GenerateForm) -> Result<(), ApiError> {
    keep("generate", &form).await?;
    studio().skip(job).await?;
    go_to(&format!("/?job={job}"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "styles")]
pub async fn fetch_styles() -> Result<Vec<Style>, ApiError> {
    studio().styles().await
}

#[server(prefix = "/fn", endpoint = "save_style")]
pub async fn save_style(
    style: String,
    #[server(flatten)] form: GenerateForm,
) -> Result<(), ApiError> {
    let mut typed = form.clone();
    typed.set(GenerateForm::STYLE, style.clone());
    keep("generate", &typed).await?;
    studio().save_style(&style, form.clone()).await?;
    keep("generate", &form).await?;
    go_to("/");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "delete_style")]
pub async fn delete_style(style: String) -> Result<(), ApiError> {
    studio().delete_style(&style).await
}

/// Deletes the style called `kept`, by the Generate form as it is posted without a script.
#[server(prefix = "/fn", endpoint = "discard_style")]
pub async fn discard_style(
    kept: String,
    #[server(flatten)] form: GenerateForm,
) -> Result<(), ApiError> {
    keep("generate", &form).await?;
    studio().delete_style(&kept).await?;
    go_to("/");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "draft")]
pub async fn fetch_draft(form: String) -> Result<Option<String>, ApiError> {
    studio().draft(&browser(), &form).await
}

#[server(prefix = "/fn", endpoint = "save_draft")]
pub async fn save_draft(form: String, content: String) -> Result<(), ApiError> {
    studio().save_draft(&browser(), &form, &content).await
}

#[server(prefix = "/fn", endpoint = "preferences")]
pub async fn fetch_preferences() -> Result<Preferences, ApiError> {
    studio().preferences().await
}

/// Changes the preference called `key`, and no other.
#[server(prefix = "/fn", endpoint = "change_preference")]
pub async fn change_preference(key: String, value: String) -> Result<(), ApiError> {
    studio().change_preference(&key, &value).await
}

/// Sets all preferences, by the form as it is posted without a script.
#[server(prefix = "/fn", endpoint = "set_preferences")]
pub async fn set_preferences(#[server(flatten)] form: PreferencesForm) -> Result<(), ApiError> {
    studio().set_preferences(form.preferences()?).await
}
