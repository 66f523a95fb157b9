//! What the parts of the Generate page share, and what can be done on it.

use engine::config::GenerateSettings;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, HtmlInputElement};

use super::earlier::DRAFT;
use super::opening::Opening;
use crate::api::{
    GenerateForm, GenerateView, ImageId, ImageInfo, JobId, JobKind, JobState, ModelInfo, Status,
    Style, fetch_generation, fetch_models, generate, interrupt, skip,
};
use crate::components::address::hold_address;
use crate::components::draft::keep_draft;
use crate::components::form_fault::FormFault;
use crate::components::sending::Sent;
use crate::components::star::star;
use crate::live::Live;

/// The form's fields as they are typed: one signal for each of [`GenerateSettings::KEYS`].
#[derive(Clone, Copy)]
pub struct Fields(StoredValue<Vec<RwSignal<String>>>);

impl Fields {
    fn new(form: &GenerateForm) -> Self {
        let signal = |key: &&str| RwSignal::new(form.get(key).to_owned());
        Self(StoredValue::new(GenerateSettings::KEYS.iter().map(signal).collect()))
    }

    /// The signal of the setting `key`, which must be one of the keys.
    pub fn at(self, key: &str) -> RwSignal<String> {
        let index = GenerateSettings::KEYS.iter().position(|known| *known == key);
        self.0.with_value(|signals| signals[index.expect("the key is a setting's")])
    }

    /// All that is typed; follows every field.
    pub fn typed(self) -> GenerateForm {
        let mut form = GenerateForm::default();
        for key in GenerateSettings::KEYS {
            form.set(key, self.at(key).get());
        }
        form
    }

    /// Sets the fields that differ from `form`.
    fn fill(self, form: &GenerateForm) {
        for key in GenerateSettings::KEYS {
            put(self.at(key), form.get(key));
        }
    }
}

/// Sets `field` if it is another.
fn put(field: RwSignal<String>, value: &str) {
    if field.with_untracked(|typed| typed != value) {
        field.set(value.into());
    }
}

#[derive(Clone, Copy)]
pub struct Desk {
    pub live: Live,
    pub models: RwSignal<Vec<ModelInfo>>,
    pub styles: RwSignal<Vec<Style>>,
    pub fields: Fields,
    /// The name that the form is to be kept under.
    pub style: RwSignal<String>,
    pub fault: FormFault,
    /// That the generation which the address names is not there.
    pub gone: RwSignal<Vec<String>>,
    /// The model that was asked for and was not there, and the one that was taken instead.
    missing: StoredValue<Option<(String, String)>>,
    /// What is wrong with a picture that was given.
    pub given: FormFault,
    /// What is wrong with a mask that was given.
    pub given_mask: FormFault,
    /// A mask is on its way to the server.
    pub keeping: Sent,
    /// The form is on its way to the server.
    pub sending: RwSignal<bool>,
    /// How often a generation was asked for to be shown.
    asked: StoredValue<u64>,
    /// The picture that is enlarged.
    pub enlarged: RwSignal<Option<usize>>,
    /// The picture whose settings are shown and whose seed is reused; the first if none was chosen.
    pub chosen: RwSignal<Option<usize>>,
}

impl Desk {
    pub fn new(live: Live, opening: Opening) -> Self {
        live.generation.set(opening.view);
        let instead = opening.form.get("model").to_owned();
        let style = opening.form.get(GenerateForm::STYLE).to_owned();
        Self {
            live,
            models: RwSignal::new(opening.models),
            styles: RwSignal::new(opening.styles),
            fields: Fields::new(&opening.form),
            style: RwSignal::new(style),
            fault: FormFault::new(opening.fault),
            gone: RwSignal::new(opening.gone),
            missing: StoredValue::new(opening.missing.map(|missing| (missing, instead))),
            given: FormFault::new(None),
            given_mask: FormFault::new(None),
            keeping: RwSignal::new(None),
            sending: RwSignal::new(false),
            asked: StoredValue::new(0),
            enlarged: RwSignal::new(None),
            chosen: RwSignal::new(None),
        }
    }

    /// All that is typed, with the name of a style.
    pub fn typed(self) -> GenerateForm {
        let mut form = self.fields.typed();
        form.set(GenerateForm::STYLE, self.style.get());
        form
    }

    pub fn model(self) -> Option<ModelInfo> {
        let name = self.fields.at("model").get();
        self.models.with(|models| model_of(&name, models).cloned())
    }

    /// The model that was asked for, while it is not there and the one taken instead is still chosen.
    pub fn missing_model(self) -> Option<String> {
        let (missing, instead) = self.missing.get_value()?;
        let stays = self.fields.at("model").with(|name| *name == instead);
        let is_there = self.models.with(|models| model_of(&missing, models).is_some());
        (stays && !is_there).then_some(missing)
    }

    /// Takes over what is typed into the field that `event` comes from, also where the field has no
    /// code of its own yet.
    pub fn hear(self, event: &Event) {
        let Some(target) = event.target() else { return };
        // Lists and areas of text have the properties that are asked for here, too.
        let field = target.unchecked_into::<HtmlInputElement>();
        let is_box = field.type_() == "checkbox";
        let value = if is_box { field.checked().to_string() } else { field.value() };
        self.take(&field.name(), &value);
    }

    fn take(self, name: &str, value: &str) {
        match name {
            "style" => put(self.style, value),
            key if GenerateSettings::KEYS.contains(&key) => put(self.fields.at(key), value),
            _ => {}
        }
    }

    /// Takes over `earlier`, once the browser has put the fields to what the server wrote.
    pub fn hear_earlier(self, earlier: Vec<(String, String)>) {
        Effect::new(move || {
            for (name, value) in &earlier {
                self.take(name, value);
            }
        });
    }

    /// Whether the form, or a mask that it needs, is on its way.
    pub fn is_busy(self) -> bool {
        self.sending.get() || self.keeping.with(Option::is_some)
    }

    /// Draws from the input called `name`; from noise if there is no name. A mask lies on one picture.
    pub fn begin_from(self, name: &str) {
        self.fields.at("mask").set(String::new());
        if !name.is_empty() {
            // The one excludes the other.
            self.fields.at("hires_scale").set("1".into());
        }
        self.fields.at("init_image").set(name.into());
    }

    /// Shows the picture to begin from, which is far below, or behind an enlargement.
    pub fn show_begun(self) {
        self.enlarged.set(None);
        bring_into_view("#img2img");
    }

    /// Lays `settings`, by key and text, over the form.
    pub fn overlay(self, settings: &[(String, String)]) {
        let mut form = untrack(|| self.fields.typed());
        let text = |key: &str| settings.iter().find(|(known, _)| known == key);
        form.overlay(|key| text(key).map(|(_, value)| value.clone()));
        self.fields.fill(&form);
        self.fault.clear();
    }

    /// Sends the form; the new job comes on show.
    pub fn generate(self) {
        if untrack(|| self.is_busy()) {
            return;
        }
        self.sending.set(true);
        let form = untrack(|| self.typed());
        spawn_local(async move {
            match generate(form).await {
                Ok(job) => {
                    self.fault.clear();
                    self.show(Some(job)).await;
                    bring_results();
                }
                Err(error) => {
                    self.fault.set(error);
                    go_to_fault();
                }
            }
            self.sending.set(false);
        });
    }

    /// Brings the generation `job`, or the newest, on show.
    async fn show(self, job: Option<JobId>) {
        self.asked.try_update_value(|times| *times += 1);
        self.bring(job).await;
    }

    /// The same, unless another was asked for or came on show meanwhile.
    async fn bring(self, job: Option<JobId>) {
        let on_show =
            || self.live.generation.with_untracked(|shown| shown.as_ref().map(|s| s.job.id));
        let before = on_show();
        let asked = self.asked.try_get_value();
        let answer = fetch_generation(job).await;
        if self.asked.try_get_value() != asked {
            return;
        }
        match answer {
            Ok(view) => {
                let (known, wanted) = (on_show(), view.as_ref().map(|view| view.job.id));
                let is_news = known != wanted;
                if is_news && known != before {
                    return;
                }
                if is_news {
                    self.chosen.set(None);
                    self.enlarged.set(None);
                    self.gone.set(Vec::new());
                }
                if is_news || !untrack(|| self.is_over()) {
                    self.live.generation.set(view);
                    self.live.want();
                }
            }
            Err(error) => self.fault.set(error),
        }
    }

    fn is_over(self) -> bool {
        self.live.generation.with(|view| view.as_ref().is_none_or(|view| view.job.state.is_over()))
    }

    /// The generation that Interrupt ends: the one on show while it goes on. Those of others are ended
    /// in the queue.
    pub fn interruptible(self) -> Option<JobId> {
        self.live.generation.with(|view| {
            view.as_ref().filter(|view| !view.job.state.is_over()).map(|view| view.job.id)
        })
    }

    pub fn interrupt(self) {
        if let Some(job) = untrack(|| self.interruptible()) {
            spawn_local(async move {
                if let Err(error) = interrupt(job).await {
                    self.fault.set(error);
                }
            });
        }
    }

    /// Whether something follows what is drawn now.
    pub fn can_skip(self) -> bool {
        let follows = |view: &GenerateView| view.job.state == JobState::Running && view.follow > 0;
        self.live.generation.with(|view| view.as_ref().is_some_and(follows))
    }

    /// Leaves out what is drawn now.
    pub fn skip(self) {
        if let Some(job) = untrack(|| self.interruptible()) {
            spawn_local(async move {
                if let Err(error) = skip(job).await {
                    self.fault.set(error);
                }
            });
        }
    }

    pub fn images(self) -> Vec<ImageInfo> {
        self.live
            .generation
            .with(|view| view.as_ref().map(|v| v.images.clone()).unwrap_or_default())
    }

    pub fn chosen_image(self) -> Option<ImageInfo> {
        let chosen = self.chosen.get().unwrap_or(0);
        self.live.generation.with(|view| {
            let images = &view.as_ref()?.images;
            images.get(chosen).or(images.first()).cloned()
        })
    }

    pub fn star(self, image: ImageId, starred: bool) {
        star(image, starred, self.fault, move |starred| self.mark(image, starred));
    }

    fn mark(self, image: ImageId, starred: bool) {
        self.live.generation.update(|view| {
            let images = view.iter_mut().flat_map(|view| &mut view.images);
            images.filter(|known| known.id == image).for_each(|known| known.starred = starred);
        });
    }

    /// The seed of the chosen picture, or of the job while it has none yet.
    pub fn shown_seed(self) -> Option<i64> {
        let of_job =
            || self.live.generation.with(|view| view.as_ref().map(|view| view.settings.seed));
        self.chosen_image().map(|image| image.seed).or_else(of_job).filter(|seed| *seed >= 0)
    }

    pub fn reuse_seed(self) {
        if let Some(seed) = untrack(|| self.shown_seed()) {
            self.fields.at("seed").set(seed.to_string());
        }
    }

    /// Fills the form with the settings of the generation on show.
    pub fn reuse_settings(self) {
        let shown =
            |view: &Option<GenerateView>| view.as_ref().map(|v| GenerateForm::from(&v.settings));
        if let Some(form) = self.live.generation.with_untracked(shown) {
            self.fields.fill(&form);
            self.fault.clear();
        }
    }
}

/// Those that draw: an autoencoder does not by itself.
pub fn drawing(mut models: Vec<ModelInfo>) -> Vec<ModelInfo> {
    models.retain(|model| !model.is_autoencoder);
    models
}

/// The model that `name` means; `leaves@1200` is `leaves` at an earlier step.
pub fn model_of<'a>(name: &str, models: &'a [ModelInfo]) -> Option<&'a ModelInfo> {
    let run = name.split_once('@').map_or(name, |(run, _)| run);
    models.iter().find(|model| model.name == run)
}

/// Puts the cursor into the first field that is at fault, which may be far from the button.
fn go_to_fault() {
    request_animation_frame(|| {
        // What is said of a picture or mask stands at no field that could be at fault.
        let places = "#generate-form :is([aria-invalid=true], .fault)";
        let found = document().query_selector(places);
        if let Some(field) = found.ok().flatten().and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            if field.tab_index() < 0 {
                field.set_tab_index(-1);
            }
            let _ = field.focus();
        }
    });
}

/// On a phone the pictures come up below the form: brings them on the screen.
fn bring_results() {
    let narrow = window()
        .match_media("(max-width: 760px)")
        .ok()
        .flatten()
        .is_some_and(|media| media.matches());
    if narrow {
        bring_into_view(".results");
    }
}

pub fn bring_into_view(selector: &'static str) {
    request_animation_frame(move || {
        if let Ok(Some(place)) = document().query_selector(selector) {
            place.scroll_into_view();
        }
    });
}

/// Keeps the page true to the server: after a lost connection, and when models come and go.
pub fn follow_server(desk: Desk) {
    Effect::new(move || desk.live.held.set(desk.enlarged.get().is_some()));
    on_cleanup(move || desk.live.held.set(false));
    keep_draft(DRAFT, move || serde_json::to_string(&desk.typed()).unwrap_or_default());
    Effect::new(move |before: Option<u64>| {
        let missed = desk.live.missed.get();
        if before.is_some() {
            let job = desk.live.generation.with_untracked(|view| view.as_ref().map(|v| v.job.id));
            spawn_local(desk.bring(job));
        }
        missed
    });
    Effect::new(move |before: Option<Option<JobId>>| {
        let newest = desk.live.status.with(|status| newest_generation(status.as_ref()?));
        let job = newest.map(|(job, _)| job);
        let shown = desk.live.generation.with_untracked(|view| view.as_ref().map(|v| v.job.id));
        if let (Some(before), Some(newest)) = (before, newest)
            && is_unseen(newest, before, shown)
            && !desk.live.held.get_untracked()
        {
            spawn_local(desk.show(job));
        }
        // The queue forgets what is long over.
        job.max(before.flatten())
    });
    Effect::new(move |before: Option<u64>| {
        let changes = desk.live.library.get();
        if before.is_some() {
            spawn_local(async move {
                if let Ok(models) = fetch_models().await {
                    desk.models.set(drawing(models));
                }
            });
        }
        changes
    });
}

/// The generation that was asked for last, of those that the queue tells, and how it stands.
fn newest_generation(status: &Status) -> Option<(JobId, JobState)> {
    let jobs = status.jobs.iter().filter(|job| job.kind == JobKind::Generate);
    jobs.map(|job| (job.id, job.state)).max_by_key(|(id, _)| *id)
}

/// Whether the `newest` generation began and ended while nothing told of it, and the one on show was
/// the newest `before`.
fn is_unseen(newest: (JobId, JobState), before: Option<JobId>, shown: Option<JobId>) -> bool {
    let (job, state) = newest;
    state.is_over() && Some(job) > before && shown == before
}

/// Takes over the picture that an address names, when one is sent here from the results.
pub fn follow_init_image(desk: Desk) {
    let query = use_query_map();
    let named = Memo::new(move |_| query.with(|query| query.get("init_image")));
    Effect::new(move |before: Option<()>| {
        let named = named.get();
        let init = desk.fields.at("init_image");
        if let Some(name) = named.filter(|name| before.is_some() && init.get_untracked() != *name) {
            desk.begin_from(&name);
        }
    });
}

/// Holds the address to what is typed and shown, and shows the job that an address names.
pub fn follow_address(desk: Desk) {
    let query = use_query_map();
    let job = Memo::new(move |_| desk.live.generation.with(|view| view.as_ref().map(|v| v.job.id)));
    hold_address(move || address(&desk.fields.typed(), job.get()));
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

/// The address that brings the page back as it is.
fn address(form: &GenerateForm, job: Option<JobId>) -> String {
    let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
    let whole = GenerateForm::WHOLE.to_owned();
    let job = job.map(|job| format!("job={job}"));
    let fields = form.telling().into_iter().map(|(key, value)| format!("{key}={}", encode(value)));
    format!("/?{}", job.into_iter().chain([whole]).chain(fields).collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_that_came_and_went_unseen_is_shown() {
        assert!(is_unseen((8, JobState::Done), Some(7), Some(7)));
        assert!(is_unseen((1, JobState::Done), None, None));
        assert!(!is_unseen((8, JobState::Running), Some(7), Some(7)), "its events tell of it");
        assert!(!is_unseen((8, JobState::Done), Some(7), Some(8)), "it is on show");
        assert!(!is_unseen((8, JobState::Done), Some(7), Some(3)), "an old one was chosen");
        assert!(!is_unseen((7, JobState::Done), Some(7), Some(7)));
    }
}
