//! What the server tells without being asked, held in signals that all pages share.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use crate::api::{
    GenerateView, ImageInfo, JobId, JobKind, JobSummary, Live as Event, LossPoint, Preferences,
    Status, TrainView, fetch_generation, fetch_status, fetch_training,
};
use crate::json;

/// Points the curve may hold before the older ones are merged in pairs.
const CURVE_POINTS: usize = 2400;

/// Adds what `shown` has of the same run beyond `view`: samples and checkpoints of later steps.
fn keep_newer(view: &mut TrainView, shown: &TrainView) {
    let last = view.samples.iter().map(|grid| grid.step).max();
    view.samples.extend(shown.samples.iter().filter(|grid| Some(grid.step) > last).cloned());
    let last = view.checkpoints.iter().max().copied();
    view.checkpoints.extend(shown.checkpoints.iter().filter(|step| Some(**step) > last));
}

/// The state of the studio as this page knows it.
#[derive(Clone, Copy)]
pub struct Live {
    pub status: RwSignal<Option<Status>>,
    pub preferences: RwSignal<Preferences>,
    /// The generation on show.
    pub generation: RwSignal<Option<GenerateView>>,
    /// The training run on show.
    pub training: RwSignal<Option<TrainView>>,
    /// Grows whenever models or data sets may have changed.
    pub library: RwSignal<u64>,
    /// The revision of models and data sets that the server told of last.
    revision: RwSignal<Option<u64>>,
    /// Whether the server answers; shown in the header.
    pub connected: RwSignal<bool>,
    /// Grows when events may have been missed.
    pub missed: RwSignal<u64>,
}

impl Live {
    pub fn new() -> Self {
        Self {
            status: RwSignal::new(None),
            preferences: RwSignal::new(Preferences::default()),
            generation: RwSignal::new(None),
            training: RwSignal::new(None),
            library: RwSignal::new(0),
            revision: RwSignal::new(None),
            connected: RwSignal::new(true),
            missed: RwSignal::new(0),
        }
    }

    /// Listens to `/events` for as long as the page is open. The browser reconnects by itself.
    pub fn connect(self) {
        let Ok(source) = EventSource::new("/events") else { return };
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            let text = message.data().as_string().unwrap_or_default();
            match json::read(&text) {
                Ok(event) => self.apply(event),
                Err(error) => leptos::logging::warn!("an event that cannot be read: {error}"),
            }
        });
        let on_open = Closure::<dyn Fn()>::new(move || self.opened());
        let on_error = Closure::<dyn Fn()>::new(move || self.connected.set(false));
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // The page listens until it is closed.
        on_message.forget();
        on_open.forget();
        on_error.forget();
    }

    /// The line to the server stands: what went on since the page was drawn, or since the line broke,
    /// has to be asked for.
    fn opened(self) {
        let is_back = !self.connected.get_untracked();
        self.connected.set(true);
        self.missed.update(|times| *times += 1);
        if is_back {
            spawn_local(async move {
                if let Ok(status) = fetch_status().await {
                    self.apply(Event::Status(status));
                }
            });
        }
    }

    fn apply(self, event: Event) {
        match event {
            Event::Status(status) => self.apply_status(status),
            Event::Generate(view) => self.apply_generation(*view),
            Event::Train { job, figures, points } => {
                self.for_training(job, |view| {
                    view.figures = figures;
                    extend_curve(&mut view.curve, points);
                });
            }
            Event::Validation { job, point } => {
                self.for_training(job, |view| {
                    view.validation.retain(|known| known.step < point.step);
                    view.validation.push(point);
                });
            }
            Event::Samples { job, grid } => {
                self.for_training(job, |view| {
                    view.samples.retain(|known| known.step != grid.step);
                    view.samples.push(grid);
                });
            }
            Event::Checkpoint { job, step } => {
                self.for_training(job, |view| {
                    if !view.checkpoints.contains(&step) {
                        view.checkpoints.push(step);
                    }
                });
            }
            Event::LibraryChanged(revision) => self.library_is(revision),
        }
    }

    /// Takes over what the page was drawn with. Events may have come before.
    pub fn boot(self, status: Status, preferences: Preferences) {
        self.preferences.set(preferences);
        self.library_is(status.library);
        self.status.update(|shown| {
            shown.get_or_insert(status);
        });
    }

    /// What was asked for at another revision is asked for again.
    fn library_is(self, revision: u64) {
        let known = self.revision.get_untracked();
        self.revision.set(Some(revision));
        if known.is_some_and(|known| known != revision) {
            self.library.update(|times| *times += 1);
        }
    }

    fn apply_status(self, status: Status) {
        self.library_is(status.library);
        for job in &status.jobs {
            if shows(
                self.generation.with_untracked(|view| view.as_ref().map(|v| v.job.clone())),
                job,
            ) {
                self.generation.update(|view| set_job(view.as_mut().map(|v| &mut v.job), job));
            }
            if shows(self.training.with_untracked(|view| view.as_ref().map(|v| v.job.clone())), job)
            {
                self.training.update(|view| set_job(view.as_mut().map(|v| &mut v.job), job));
            }
        }
        let was_newest = self.newest(JobKind::Train);
        self.status.set(Some(status));
        self.follow_training(was_newest);
    }

    fn apply_generation(self, mut view: GenerateView) {
        let takes_over = self.generation.with_untracked(|shown| match shown {
            None => true,
            Some(shown) => {
                shown.job.id == view.job.id
                    || (shown.job.state.is_over()
                        && view.job.id > shown.job.id
                        && self.newest(JobKind::Generate).is_none_or(|id| id <= view.job.id))
            }
        });
        if !takes_over {
            return;
        }
        let job = view.job.id;
        if !complete(&mut view, self.images_of(job)) {
            self.ask_for_images(job);
        }
        self.generation.set(Some(view));
    }

    /// The images of `job`, if it is on show.
    fn images_of(self, job: JobId) -> Vec<ImageInfo> {
        self.generation.with_untracked(|shown| {
            let shown = shown.as_ref().filter(|shown| shown.job.id == job);
            shown.map(|shown| shown.images.clone()).unwrap_or_default()
        })
    }

    /// Brings the images that no event told of. All else on show is newer than the answer.
    fn ask_for_images(self, job: JobId) {
        spawn_local(async move {
            let Ok(Some(answer)) = fetch_generation(Some(job)).await else { return };
            self.generation.update(|shown| match shown {
                Some(shown) if shown.job.id == job && shown.images.len() < answer.images.len() => {
                    shown.images = answer.images;
                }
                _ => {}
            });
        });
    }

    /// When a newer run begins elsewhere and the one on show was the newest, shows the newer one.
    fn follow_training(self, was_newest: Option<i64>) {
        let shown = self.training.with_untracked(|view| view.as_ref().map(|v| v.job.id));
        let newest = self.newest(JobKind::Train);
        if newest > was_newest && shown.is_none_or(|shown| was_newest.is_none_or(|id| shown >= id))
        {
            self.show_training(newest);
        }
    }

    /// Asks for the run `job`, or the newest, and shows it.
    pub fn show_training(self, job: Option<i64>) {
        spawn_local(async move {
            if let Ok(Some(view)) = fetch_training(job).await {
                self.take_training(Some(view));
            }
        });
    }

    /// Shows an answer of the server's. Events may have told of more while it was on its way.
    pub fn take_training(self, mut view: Option<TrainView>) {
        if let Some(view) = &mut view {
            self.training.with_untracked(|shown| {
                if let Some(shown) = shown.as_ref().filter(|shown| shown.job.id == view.job.id) {
                    keep_newer(view, shown);
                }
            });
        }
        self.training.set(view);
    }

    fn newest(self, kind: JobKind) -> Option<i64> {
        self.status.with_untracked(|status| {
            status.as_ref()?.jobs.iter().filter(|job| job.kind == kind).map(|job| job.id).max()
        })
    }

    fn for_training(self, job: i64, change: impl FnOnce(&mut TrainView)) {
        if self.training.with_untracked(|view| view.as_ref().is_some_and(|v| v.job.id == job)) {
            self.training.update(|view| {
                if let Some(view) = view {
                    change(view);
                }
            });
        }
    }

    /// Jobs that stand before `job` in the queue, the running one included.
    pub fn ahead_of(self, job: i64) -> usize {
        self.status.with(|status| {
            status.as_ref().map_or(0, |status| {
                status
                    .jobs
                    .iter()
                    .take_while(|other| other.id != job)
                    .filter(|j| !j.state.is_over())
                    .count()
            })
        })
    }
}

/// Whether `job` is the one on show and brings something new.
fn shows(shown: Option<JobSummary>, job: &JobSummary) -> bool {
    shown.is_some_and(|shown| shown.id == job.id && shown != *job)
}

fn set_job(shown: Option<&mut JobSummary>, job: &JobSummary) {
    if let Some(shown) = shown {
        *shown = job.clone();
    }
}

/// Puts those of the `known` images before the ones in `view` that it leaves out, and behind them those
/// that it does not tell of yet; false if some are not known.
fn complete(view: &mut GenerateView, mut known: Vec<ImageInfo>) -> bool {
    let before = std::mem::take(&mut view.images_before);
    let is_whole = known.len() >= before;
    if is_whole {
        let end = (before + view.images.len()).min(known.len());
        known.splice(before..end, view.images.drain(..));
    }
    view.images = known;
    is_whole
}

/// Appends points that are new; a resumed run may repeat steps, whose old points then go.
fn extend_curve(curve: &mut Vec<LossPoint>, points: Vec<LossPoint>) {
    if let Some(first) = points.first() {
        curve.truncate(curve.partition_point(|known| known.step < first.step));
    }
    curve.extend(points);
    if curve.len() > CURVE_POINTS {
        *curve = curve.chunks(2).map(merge).collect();
    }
}

/// One point for up to two neighbours.
fn merge(points: &[LossPoint]) -> LossPoint {
    let last = points[points.len() - 1];
    let mean = |values: Vec<f32>| {
        (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
    };
    LossPoint {
        step: last.step,
        loss: mean(points.iter().map(|point| point.loss).collect()).unwrap_or(last.loss),
        buckets: std::array::from_fn(|quarter| {
            mean(points.iter().filter_map(|point| point.buckets[quarter]).collect())
        }),
        learning_rate: last.learning_rate,
        grad_norm: mean(points.iter().filter_map(|point| point.grad_norm).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: u64, loss: f32) -> LossPoint {
        let buckets = [Some(loss), None, None, None];
        let (learning_rate, grad_norm) = (Some(step as f64), Some(loss));
        LossPoint { step, loss, buckets, learning_rate, grad_norm }
    }

    fn image(id: i64) -> ImageInfo {
        ImageInfo {
            id,
            url: format!("/files/images/{id}.png"),
            width: 28,
            height: 28,
            seed: id,
            parameters: String::new(),
            strip_url: String::new(),
            strip_frames: 0,
            noisy_strip_url: None,
            starred: false,
        }
    }

    /// What is on show when `images` were known and an event tells of `told` after `before`.
    fn merged(known: &[i64], before: usize, told: &[i64]) -> (bool, Vec<i64>) {
        let images = |ids: &[i64]| ids.iter().copied().map(image).collect::<Vec<_>>();
        let mut view = GenerateView {
            job: JobSummary {
                id: 1,
                kind: JobKind::Generate,
                title: String::new(),
                state: crate::api::JobState::Running,
                progress: 0.5,
                eta_seconds: None,
                message: None,
            },
            settings: Default::default(),
            step: 1,
            steps: 2,
            batch: 0,
            preview_url: None,
            images_before: before,
            images: images(told),
            grid_url: None,
            sheet_urls: Vec::new(),
            zip_url: None,
        };
        let is_whole = complete(&mut view, images(known));
        (is_whole, view.images.iter().map(|image| image.id).collect())
    }

    #[test]
    fn images_that_an_event_leaves_out_stay() {
        assert_eq!(merged(&[], 0, &[1, 2]), (true, vec![1, 2]));
        assert_eq!(merged(&[1, 2], 2, &[]), (true, vec![1, 2]));
        assert_eq!(merged(&[1, 2], 2, &[3]), (true, vec![1, 2, 3]));
        assert_eq!(merged(&[1, 2, 3], 1, &[2]), (true, vec![1, 2, 3]));
    }

    #[test]
    fn images_of_an_event_that_was_missed_are_asked_for() {
        assert_eq!(merged(&[1], 2, &[3]), (false, vec![1]));
        assert_eq!(merged(&[], 4, &[]), (false, vec![]));
    }

    #[test]
    fn a_resumed_run_overwrites_what_it_repeats() {
        let mut curve = vec![point(1, 1.0), point(2, 0.9), point(3, 0.8)];
        extend_curve(&mut curve, vec![point(2, 0.5), point(3, 0.4)]);
        assert_eq!(curve, [point(1, 1.0), point(2, 0.5), point(3, 0.4)]);
    }

    #[test]
    fn a_long_curve_is_merged_in_pairs() {
        let mut curve = Vec::new();
        extend_curve(&mut curve, (1..=2401).map(|step| point(step, step as f32)).collect());
        assert_eq!(curve.len(), 1201);
        assert_eq!(curve[0], point(2, 1.5));
        assert_eq!(curve[1200], point(2401, 2401.0));
    }
}
