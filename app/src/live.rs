//! What the server tells without being asked, held in signals that all pages share.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::IgnoredAny;

use crate::api::{
    GenerateView, ImageInfo, JobId, JobKind, JobSummary, Preferences, Status, fetch_generation,
    fetch_status,
};
use crate::json;

/// An event, as far as every page needs it. News of a training are read where a training is shown.
#[derive(serde::Deserialize)]
enum Event {
    Status(Status),
    Generate(Box<GenerateView>),
    LibraryChanged(u64),
    Train(IgnoredAny),
    Validation(IgnoredAny),
    Samples(IgnoredAny),
    Checkpoint(IgnoredAny),
}

/// The state of the studio as this page knows it.
#[derive(Clone, Copy)]
pub struct Live {
    pub status: RwSignal<Option<Status>>,
    pub preferences: RwSignal<Preferences>,
    /// The generation on show.
    pub generation: RwSignal<Option<GenerateView>>,
    /// Whether a picture of it is looked at closely: no other generation takes its place meanwhile.
    pub held: RwSignal<bool>,
    /// Takes events of a training as they came, if a training is shown.
    training: StoredValue<Option<Callback<String>>>,
    /// Grows whenever models or data sets may have changed.
    pub library: RwSignal<u64>,
    /// The revision of models and data sets that the server told of last.
    revision: RwSignal<Option<u64>>,
    /// Whether the server answers; shown in the header.
    pub connected: RwSignal<bool>,
    /// Grows when events may have been missed.
    pub missed: RwSignal<u64>,
    /// Whether somebody is there, or pictures come by themselves: what could wait until then
    /// ([`Later`](crate::components::later::Later)) is wanted.
    pub wanted: RwSignal<bool>,
}

impl Live {
    pub fn new() -> Self {
        Self {
            status: RwSignal::new(None),
            preferences: RwSignal::new(Preferences::default()),
            generation: RwSignal::new(None),
            held: RwSignal::new(false),
            training: StoredValue::new(None),
            library: RwSignal::new(0),
            revision: RwSignal::new(None),
            connected: RwSignal::new(true),
            missed: RwSignal::new(0),
            wanted: RwSignal::new(false),
        }
    }

    pub fn want(self) {
        if !self.wanted.get_untracked() {
            self.wanted.set(true);
        }
    }

    /// The queue.
    pub fn jobs(self) -> Vec<JobSummary> {
        self.status.with(|status| status.as_ref().map(|s| s.jobs.clone()).unwrap_or_default())
    }

    /// The line to the server stands: what went on since the page was drawn, or since the line was cut,
    /// has to be asked for.
    pub fn opened(self) {
        let is_back = !self.connected.get_untracked();
        self.connected.set(true);
        self.missed.update(|times| *times += 1);
        if is_back {
            spawn_local(self.ask_for_status());
        }
    }

    /// Brings the queue up to what it is now.
    pub async fn ask_for_status(self) {
        if let Ok(status) = fetch_status().await {
            self.apply_status(status);
        }
    }

    /// Whether a job runs or waits, as far as the page knows.
    pub fn is_busy(self) -> bool {
        self.status.with_untracked(|status| {
            status.as_ref().is_some_and(|status| status.jobs.iter().any(|job| !job.state.is_over()))
        })
    }

    /// Takes what was told over the line.
    pub fn hear(self, text: String) {
        match json::read(&text) {
            Ok(Event::Status(status)) => self.apply_status(status),
            Ok(Event::Generate(view)) => self.apply_generation(*view),
            Ok(Event::LibraryChanged(revision)) => self.library_is(revision),
            Ok(
                Event::Train(_) | Event::Validation(_) | Event::Samples(_) | Event::Checkpoint(_),
            ) => {
                if let Some(hear) = self.training.get_value() {
                    hear.run(text);
                }
            }
            Err(error) => leptos::logging::warn!("an event that cannot be read: {error}"),
        }
    }

    /// Hands events of a training to `hear`, for as long as the page that asks is open.
    pub fn on_training(self, hear: impl Fn(String) + Send + Sync + 'static) {
        self.training.set_value(Some(Callback::new(hear)));
        on_cleanup(move || {
            self.training.try_set_value(None);
        });
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
        let mut is_news = false;
        self.generation.maybe_update(|shown| {
            is_news = set_job(shown.as_mut().map(|v| &mut v.job), &status);
            is_news
        });
        self.status.set(Some(status));
        if is_news {
            self.want();
        }
    }

    fn apply_generation(self, mut view: GenerateView) {
        let takes_over = self.generation.with_untracked(|shown| match shown {
            None => true,
            Some(shown) => {
                shown.job.id == view.job.id
                    || (!self.held.get_untracked()
                        && shown.job.state.is_over()
                        && view.job.id > shown.job.id
                        && self.newest(JobKind::Generate).is_none_or(|id| id <= view.job.id))
            }
        });
        if !takes_over {
            return;
        }
        let job = view.job.id;
        if !complete(&mut view, self.take_images(job)) {
            self.ask_for_images(job);
        }
        self.generation.set(Some(view));
        self.want();
    }

    /// The images of `job`, if it is on show, for the view that is shown next.
    fn take_images(self, job: JobId) -> Vec<ImageInfo> {
        let mut images = Vec::new();
        self.generation.maybe_update(|shown| {
            let shown = shown.as_mut().filter(|shown| shown.job.id == job);
            images = shown.map(|shown| std::mem::take(&mut shown.images)).unwrap_or_default();
            false
        });
        images
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

    /// The job of `kind` that was asked for last.
    pub fn newest(self, kind: JobKind) -> Option<i64> {
        self.status.with_untracked(|status| {
            status.as_ref()?.jobs.iter().filter(|job| job.kind == kind).map(|job| job.id).max()
        })
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

/// Brings the job on show up to `status`; false if that has nothing new of it.
pub fn set_job(shown: Option<&mut JobSummary>, status: &Status) -> bool {
    let Some(shown) = shown else { return false };
    let news = status.jobs.iter().find(|job| job.id == shown.id && *job != shown);
    if let Some(job) = news {
        *shown = job.clone();
    }
    news.is_some()
}

/// Puts those of the `known` images before the ones in `view` that it leaves out, and behind them those
/// that it does not tell of yet; false if some are not known.
fn complete(view: &mut GenerateView, mut known: Vec<ImageInfo>) -> bool {
    let before = std::mem::take(&mut view.images_before);
    // The end tells all of them where some were deleted.
    if before == 0 && view.job.state.is_over() {
        return true;
    }
    let is_whole = known.len() >= before;
    if is_whole {
        let end = (before + view.images.len()).min(known.len());
        known.splice(before..end, view.images.drain(..));
    }
    view.images = known;
    is_whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{JobState, Live as Told, SampleGrid, ValidationPoint};

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

    fn view(job: JobId, state: JobState) -> GenerateView {
        GenerateView {
            job: JobSummary {
                id: job,
                kind: JobKind::Generate,
                title: String::new(),
                state,
                paused: false,
                progress: 0.5,
                eta_seconds: None,
                message: None,
            },
            settings: Default::default(),
            step: 1,
            steps: 2,
            batch: 0,
            follow: 1,
            preview_url: None,
            images_before: 0,
            images: Vec::new(),
            grid_url: None,
            sheet_urls: Vec::new(),
            zip_url: None,
        }
    }

    /// What is on show when `images` were known and an event tells of `told` after `before`.
    fn merged(known: &[i64], before: usize, told: &[i64]) -> (bool, Vec<i64>) {
        let images = |ids: &[i64]| ids.iter().copied().map(image).collect::<Vec<_>>();
        let mut view = GenerateView {
            images_before: before,
            images: images(told),
            ..view(1, JobState::Running)
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
    fn a_picture_that_is_looked_at_closely_gives_way_to_no_other_generation() {
        let owner = Owner::new();
        owner.set();
        let live = Live::new();
        let shown = || live.generation.with_untracked(|view| view.as_ref().map(|view| view.job.id));
        live.apply_generation(view(1, JobState::Done));
        live.held.set(true);
        live.apply_generation(view(2, JobState::Running));
        assert_eq!(shown(), Some(1));
        live.held.set(false);
        live.apply_generation(view(2, JobState::Running));
        assert_eq!(shown(), Some(2));
    }

    #[test]
    fn pictures_that_come_by_themselves_want_what_tells_of_them() {
        let owner = Owner::new();
        owner.set();
        let live = Live::new();
        live.apply_generation(view(2, JobState::Done));
        assert!(live.wanted.get_untracked());
        live.wanted.set(false);
        live.apply_generation(view(1, JobState::Done));
        assert!(!live.wanted.get_untracked(), "it does not come on show");
    }

    #[test]
    fn images_of_an_event_that_was_missed_are_asked_for() {
        assert_eq!(merged(&[1], 2, &[3]), (false, vec![1]));
        assert_eq!(merged(&[], 4, &[]), (false, vec![]));
    }

    #[test]
    fn every_event_of_the_server_is_known() {
        let grid = SampleGrid { step: 1, url: String::new(), raw_url: None };
        let point = ValidationPoint { step: 1, loss: 0.5, ema_loss: None };
        for event in [
            Told::Train { job: 1, figures: Default::default(), points: vec![Default::default()] },
            Told::Validation { job: 1, point },
            Told::Samples { job: 1, grid },
            Told::Checkpoint { job: 1, checkpoints: vec![5], best: Some(5) },
            Told::LibraryChanged(3),
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert!(json::read::<Event>(&text).is_ok(), "{text}");
        }
    }
}
