//! What the parts of the Train page share, and what can be done on it.

use engine::config::SETTINGS;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement};

use super::fields::{Fields, put};
use super::opening::Opening;
use super::overlay::{Beside, named_beside};
use super::training::Training;
use crate::api::{
    DatasetInfo, Estimate, JobId, JobKind, JobState, JobSummary, RunForm, Speed, fetch_datasets,
    fetch_estimate, fetch_trainings, go_on, interrupt, pause, probe, resume, train,
};
use crate::components::address::hold_address;
use crate::components::draft::{after_pause, keep_draft, left_behind};
use crate::components::form_fault::FormFault;
use crate::components::loss_chart::Quantity;
use crate::json;
use crate::live::Live;
use crate::words;

/// What the form's draft is called.
const DRAFT: &str = "train";

const CLASSES: &str = "model_params.num_classes";
const AUTOENCODER: &str = "autoencoder_params.kind";

/// What was done to the form before the code of its fields was here.
#[derive(Clone, Default)]
struct Early {
    preset: Option<String>,
    /// Names of fields with what was typed into them.
    typed: Vec<(String, String)>,
}

#[derive(Clone, Copy)]
pub struct Desk {
    pub live: Live,
    pub training: Training,
    pub datasets: RwSignal<Vec<DatasetInfo>>,
    /// Names of all models.
    models: StoredValue<Vec<String>>,
    pub runs: RwSignal<Vec<JobSummary>>,
    /// Runs whose curves stand beside the one on show.
    pub beside: RwSignal<Vec<Beside>>,
    pub fields: Fields,
    pub estimate: RwSignal<Option<Estimate>>,
    pub fault: FormFault,
    pub sending: RwSignal<bool>,
    /// The speed is being measured.
    pub measuring: RwSignal<bool>,
    /// What was measured, and for which form.
    measured: RwSignal<Option<(RunForm, Speed)>>,
    /// What was done before the code of the fields was here; nothing once it is.
    early: StoredValue<Option<Early>>,
    /// The name last suggested, which a new suggestion may replace.
    suggested: RwSignal<String>,
}

impl Desk {
    pub fn new(live: Live, training: Training, opening: Opening) -> Self {
        Self {
            live,
            training,
            suggested: RwSignal::new(opening.form.get(RunForm::NAME).to_owned()),
            fields: Fields::new(&opening.form),
            datasets: RwSignal::new(opening.datasets),
            models: StoredValue::new(opening.models),
            runs: RwSignal::new(opening.runs),
            beside: RwSignal::new(opening.beside),
            estimate: RwSignal::new(opening.estimate),
            fault: FormFault::new(opening.fault),
            sending: RwSignal::new(false),
            measuring: RwSignal::new(false),
            measured: RwSignal::new(None),
            early: StoredValue::new(Some(Early::default())),
        }
    }

    /// The data set that is picked.
    pub fn dataset(self) -> Option<DatasetInfo> {
        let name = self.fields.at(RunForm::DATASET).get();
        self.datasets.with(|sets| sets.iter().find(|info| info.name == name).cloned())
    }

    /// The number of classes of the data set that is picked, where a network can learn them.
    pub fn classes(self) -> Option<usize> {
        let draws = self.fields.at(AUTOENCODER).with(|kind| kind == "none");
        let count = self.dataset().map_or(0, |info| info.classes.len());
        (draws && count > 1).then_some(count)
    }

    /// Whether the classes of the data set are learned.
    pub fn is_by_class(self) -> bool {
        let typed = self.fields.at(CLASSES).get();
        self.classes().is_some_and(|count| typed == count.to_string())
    }

    pub fn learn_by_class(self, by_class: bool) {
        let count = untrack(|| self.classes()).filter(|_| by_class).unwrap_or(0);
        self.fields.at(CLASSES).set(count.to_string());
    }

    /// Whether classes are learned, be they of a data set that is gone.
    fn learns_classes(self) -> bool {
        self.fields
            .at(CLASSES)
            .with_untracked(|typed| typed.trim().parse::<usize>().is_ok_and(|count| count > 0))
    }

    /// Another data set: what it decides follows, and its classes are learned if those of the last
    /// one were.
    pub fn pick_dataset(self, name: &str) {
        let by_class = self.learns_classes();
        self.fields.at(RunForm::DATASET).set(name.into());
        let Some(info) = untrack(|| self.dataset()) else { return };
        let mut form = untrack(|| self.fields.typed());
        fit(&mut form, &info);
        let typed = form.get(RunForm::NAME).to_owned();
        if typed.is_empty() || typed == self.suggested.get_untracked() {
            let taken = taken(&self.runs.get_untracked(), &self.models.get_value());
            let name = suggest_name(&info.name, &taken);
            self.suggested.set(name.clone());
            form.set(RunForm::NAME, name);
        }
        self.fields.fill(&form);
        if by_class {
            self.learn_by_class(true);
        }
    }

    /// Fills the form from the preset; data set, name and the choice to learn classes stay.
    pub fn pick_preset(self, preset: &str) {
        let typed = untrack(|| self.fields.typed());
        let mut form = RunForm::preset(preset);
        for key in [RunForm::DATASET, RunForm::NAME] {
            form.set(key, typed.get(key));
        }
        if let Some(info) = untrack(|| self.dataset()) {
            fit(&mut form, &info);
        }
        let by_class = self.learns_classes();
        self.fields.fill(&form);
        if by_class {
            self.learn_by_class(true);
        }
    }

    /// Takes over what is typed into the field that `event` comes from, also where the field has no
    /// code of its own yet.
    pub fn hear(self, event: &Event) {
        let Some(target) = event.target() else { return };
        // Lists have the properties that are asked for here, too.
        let field = target.unchecked_into::<HtmlInputElement>();
        let is_box = field.type_() == "checkbox";
        let value = if is_box { field.checked().to_string() } else { field.value() };
        let name = field.name();
        if let Some(field) = self.fields.find(&name) {
            put(field, &value);
        }
        self.early.update_value(|early| match early {
            Some(early) if name == "preset" => early.preset = Some(value),
            Some(early) => early.typed.push((name, value)),
            None => {}
        });
    }

    /// Picks the preset that was picked before the code of its field was here. What was typed by then
    /// stays.
    pub fn catch_up(self) {
        let Some(Early { preset: Some(preset), typed }) = self.early.get_value() else {
            return self.early.set_value(None);
        };
        self.early.set_value(None);
        self.pick_preset(&preset);
        for (name, value) in typed {
            if let Some(field) = self.fields.find(&name) {
                put(field, &value);
            }
        }
    }

    pub fn start(self) {
        if self.sending.get_untracked() {
            return;
        }
        self.sending.set(true);
        let form = untrack(|| self.fields.typed());
        spawn_local(async move {
            match train(form).await {
                Ok(job) => {
                    self.fault.clear();
                    self.show(Some(job)).await;
                }
                Err(error) => self.fault.set(error),
            }
            self.sending.set(false);
        });
    }

    /// Brings the run `job`, or the newest, on show.
    pub async fn show(self, job: Option<JobId>) {
        if let Err(error) = self.training.show(job).await {
            self.fault.set(error);
        }
        self.refresh_runs().await;
    }

    async fn refresh_runs(self) {
        if let Ok(runs) = fetch_trainings().await {
            self.runs.set(runs);
        }
    }

    /// The run that Stop ends: the one on show, never another person's.
    pub fn stoppable(self) -> Option<JobId> {
        self.training
            .job
            .with(|job| job.as_ref().filter(|job| !job.state.is_over()).map(|job| job.id))
    }

    pub fn stop(self) {
        if let Some(job) = untrack(|| self.stoppable()) {
            spawn_local(async move {
                if let Err(error) = interrupt(job).await {
                    self.fault.set(error);
                }
            });
        }
    }

    /// The run on show if it goes on, and whether it is paused.
    pub fn pausable(self) -> Option<(JobId, bool)> {
        self.training.job.with(|job| {
            let job = job.as_ref()?;
            (job.state == JobState::Running).then_some((job.id, job.paused))
        })
    }

    pub fn is_paused(self) -> bool {
        self.pausable().is_some_and(|(_, paused)| paused)
    }

    /// Holds the run on show, or lets it go on if it is held.
    pub fn pause_or_go_on(self) {
        let Some((job, paused)) = untrack(|| self.pausable()) else { return };
        spawn_local(async move {
            let told = if paused { go_on(job).await } else { pause(job).await };
            if let Err(error) = told {
                self.fault.set(error);
            }
        });
    }

    pub fn resume(self, job: JobId) {
        spawn_local(async move {
            match resume(job).await {
                Ok(job) => self.show(Some(job)).await,
                Err(error) => self.fault.set(error),
            }
        });
    }

    /// What was measured for the form as it stands.
    pub fn speed(self) -> Option<Speed> {
        let typed = self.fields.typed();
        self.measured.with(|measured| {
            measured.as_ref().filter(|(form, _)| *form == typed).map(|(_, speed)| *speed)
        })
    }

    /// Whether the form has changed since its speed was measured.
    pub fn is_speed_stale(self) -> bool {
        self.measured.with(Option::is_some) && self.speed().is_none()
    }

    /// Makes a few steps of the run to tell how fast it would be.
    pub fn measure(self) {
        self.measuring.set(true);
        let form = untrack(|| self.fields.typed());
        spawn_local(async move {
            match probe(form.clone()).await {
                Ok(speed) => {
                    self.fault.clear();
                    self.measured.set(Some((form, speed)));
                }
                Err(error) => self.fault.set(error),
            }
            self.measuring.set(false);
        });
    }

    /// The first setting at fault: its key, its label and the message.
    pub fn obstacle(self) -> Option<(&'static str, &'static str, String)> {
        SETTINGS.iter().find_map(|setting| {
            let message = self.fault.at(setting.key).get()?;
            Some((setting.key, setting.label, message))
        })
    }

    fn estimate_now(self, form: RunForm) {
        spawn_local(async move {
            match fetch_estimate(form).await {
                Ok(estimate) => {
                    self.estimate.set(Some(estimate));
                    self.fault.clear();
                }
                Err(error) => {
                    self.estimate.set(None);
                    self.fault.set(error);
                }
            }
        });
    }
}

/// Sets what the data set decides: channels, and the size where all images share a small one.
pub fn fit(form: &mut RunForm, info: &DatasetInfo) {
    form.set(RunForm::DATASET, info.name.clone());
    form.set("model_params.im_channels", info.channels.to_string());
    let (width, height) = info.min_size;
    let uniform = info.min_size == info.max_size && width == height;
    if uniform && (4..=64).contains(&width) && width % 4 == 0 {
        form.set("model_params.im_size", width.to_string());
    }
}

/// `digits-1`, or the next number that no run and no model has yet.
pub fn suggest_name(dataset: &str, taken: &[String]) -> String {
    let name = |number: usize| format!("{dataset}-{number}");
    (1..).map(name).find(|name| !taken.contains(name)).unwrap_or_default()
}

/// Names that a new run cannot have.
pub fn taken(runs: &[JobSummary], models: &[String]) -> Vec<String> {
    runs.iter().map(|run| run.title.clone()).chain(models.iter().cloned()).collect()
}

/// Keeps the page true to the server, and the server true to the form.
pub fn follow_server(desk: Desk) {
    Effect::new(move || {
        let left = left_behind(DRAFT).and_then(|text| json::read::<RunForm>(&text).ok());
        if let Some(form) = left {
            desk.fields.fill(&form);
        }
    });
    keep_draft(DRAFT, move || serde_json::to_string(&desk.fields.typed()).unwrap_or_default());
    after_pause(move || desk.fields.typed(), move |form| desk.estimate_now(form));
    let is_open = Memo::new(move |_| desk.training.view.with(Option::is_some));
    Effect::new(move |known: Option<u64>| {
        let missed = desk.live.missed.get();
        // What is not here yet is not out of date.
        let is_open = is_open.get();
        match known {
            Some(known) if known == missed || !is_open => known,
            None => missed,
            Some(_) => {
                spawn_local(desk.show(desk.training.id()));
                missed
            }
        }
    });
    Effect::new(move |before: Option<u64>| {
        let changes = desk.live.library.get();
        if before.is_some() {
            spawn_local(async move {
                if let Ok(datasets) = fetch_datasets().await {
                    desk.datasets.set(datasets);
                }
            });
        }
        changes
    });
    follow_runs(desk);
}

/// Asks for the list of runs again whenever one began or ended.
fn follow_runs(desk: Desk) {
    let states = Memo::new(move |_| {
        desk.live.status.with(|status| {
            let jobs = status.as_ref().map(|s| s.jobs.as_slice()).unwrap_or_default();
            let trainings = jobs.iter().filter(|job| job.kind == JobKind::Train);
            trainings.map(|job| (job.id, words::state(job))).collect::<Vec<_>>()
        })
    });
    Effect::new(move |before: Option<Vec<_>>| {
        let states = states.get();
        if before.is_some() {
            spawn_local(desk.refresh_runs());
        }
        states
    });
}

/// What of the run the address wants to be shown in the chart.
pub fn shown_quantity(query: &ParamsMap) -> Quantity {
    Quantity::from_key(query.get_str("chart"))
}

/// The address that shows `quantity` of the run `job`, or of the newest, and of those `beside` it.
pub fn address(job: Option<JobId>, quantity: Quantity, beside: &[JobId]) -> String {
    let job = job.map(|job| format!("job={job}"));
    let chart = (quantity != Quantity::default()).then(|| format!("chart={}", quantity.key()));
    let beside = beside.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let beside = (!beside.is_empty()).then(|| format!("with={beside}"));
    let query: Vec<String> = job.into_iter().chain(chart).chain(beside).collect();
    if query.is_empty() { "/train".into() } else { format!("/train?{}", query.join("&")) }
}

/// Holds the address to the run on show, and shows the run that an address names.
pub fn follow_address(desk: Desk) {
    let query = use_query_map();
    let job = Memo::new(move |_| desk.training.job.with(|job| job.as_ref().map(|job| job.id)));
    hold_address(move || {
        let (quantity, beside) = query.with_untracked(|q| (shown_quantity(q), named_beside(q)));
        address(job.get(), quantity, &beside)
    });
    Effect::new(move |before: Option<Option<JobId>>| {
        let named = query.with(|query| query.get_str("job").and_then(|job| job.parse().ok()));
        if before.is_some_and(|before| before != named)
            && named.is_some()
            && named != job.get_untracked()
        {
            spawn_local(desk.show(named));
        }
        named
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_is_not_the_default() {
        assert_eq!(address(None, Quantity::Loss, &[]), "/train");
        assert_eq!(address(Some(7), Quantity::Loss, &[]), "/train?job=7");
        assert_eq!(address(Some(7), Quantity::GradNorm, &[]), "/train?job=7&chart=gradient-norm");
    }

    #[test]
    fn suggested_names_are_free() {
        assert_eq!(suggest_name("digits", &[]), "digits-1");
        assert_eq!(suggest_name("digits", &["digits-1".into(), "digits-2".into()]), "digits-3");
    }
}
