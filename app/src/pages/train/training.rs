//! The run on show, kept up to what the server tells of it.

use leptos::prelude::*;

use crate::api::{
    ApiError, JobId, JobSummary, Live as Event, LossPoint, Status, TrainView, fetch_training,
};
use crate::json;
use crate::live::{Live, set_job};
use crate::pages::part;

/// Points the curve may hold before the older ones are merged in pairs.
const CURVE_POINTS: usize = 2400;

#[derive(Clone, Copy)]
pub struct Training {
    live: Live,
    /// The run on show, as the queue tells of it.
    pub job: RwSignal<Option<JobSummary>>,
    /// All that is known of it; in a browser not before the code that shows it is here.
    pub view: RwSignal<Option<TrainView>>,
    /// Answers that are on their way.
    asked: StoredValue<usize>,
    /// What was told since the first of them was asked for: an answer may be older than that.
    told: StoredValue<Vec<Event>>,
}

impl Training {
    pub fn new(live: Live) -> Self {
        Self {
            live,
            job: RwSignal::new(None),
            view: RwSignal::new(None),
            asked: StoredValue::new(0),
            told: StoredValue::new(Vec::new()),
        }
    }

    /// Keeps to the queue for as long as the page is open.
    pub fn follow(self) {
        Effect::new(move || {
            // News of it come by themselves.
            if self.job.with(|job| job.as_ref().is_some_and(|job| !job.state.is_over())) {
                self.live.want();
            }
        });
        Effect::new(move |before: Option<Option<Newest>>| {
            let newest = self.live.status.with(|status| {
                let status = status.as_ref()?;
                self.job.maybe_update(|job| set_job(job.as_mut(), status));
                self.view.maybe_update(|view| set_job(view.as_mut().map(|v| &mut v.job), status));
                Some(Newest(status.newest_training))
            });
            let before = before.flatten();
            if let (Some(before), Some(newest)) = (before, newest)
                && newest.takes_over(before, self.id())
            {
                leptos::task::spawn_local(async move {
                    let _ = self.show(newest.0).await;
                });
            }
            newest.or(before)
        });
    }

    /// The run on show.
    pub fn id(self) -> Option<JobId> {
        self.job.with_untracked(|job| job.as_ref().map(|job| job.id))
    }

    /// Asks for the run `job`, or the newest, and shows it.
    pub async fn show(self, job: Option<JobId>) -> Result<(), ApiError> {
        self.live.want();
        match part::show_run(self, job).await {
            Ok(shown) => shown.await,
            Err(_) => Err(ApiError::Internal(part::MISSING.into())),
        }
    }

    /// Listens, and brings what is not known yet of the run on show.
    pub async fn open(self) -> Result<(), ApiError> {
        self.live.on_training(move |text| self.hear(&text));
        let is_open = self.view.with_untracked(Option::is_some) || self.asked.get_value() > 0;
        match self.id().filter(|_| !is_open) {
            Some(job) => self.fetch(Some(job)).await,
            None => Ok(()),
        }
    }

    /// What [`show`](Self::show) does once its code is here.
    pub async fn fetch(self, job: Option<JobId>) -> Result<(), ApiError> {
        self.asked.update_value(|asked| *asked += 1);
        let before = self.live.status.get_untracked();
        let answer = fetch_training(job).await;
        let told = self.told.get_value();
        self.asked.update_value(|asked| *asked -= 1);
        if self.asked.get_value() == 0 {
            self.told.update_value(Vec::clear);
        }
        let view = answer?.map(|mut view| {
            told.into_iter().for_each(|event| apply(&mut view, event));
            self.live
                .status
                .with_untracked(|now| catch_up(&mut view.job, before.as_ref(), now.as_ref()));
            view
        });
        self.job.set(view.as_ref().map(|view| view.job.clone()));
        self.view.set(view);
        Ok(())
    }

    fn hear(self, text: &str) {
        let event: Event = match json::read(text) {
            Ok(event) => event,
            Err(error) => return leptos::logging::warn!("an event that cannot be read: {error}"),
        };
        if self.asked.get_value() > 0 {
            self.told.update_value(|told| told.push(event.clone()));
        }
        if self.id().is_some_and(|shown| job_of(&event) == Some(shown)) {
            self.view.update(|view| {
                if let Some(view) = view {
                    apply(view, event);
                }
            });
        }
    }
}

/// Brings `job` up to the queue as it is `now`, if that came while the answer was on its way.
fn catch_up(job: &mut JobSummary, before: Option<&Status>, now: Option<&Status>) {
    if let Some(now) = now.filter(|_| now != before) {
        set_job(Some(job), now);
    }
}

/// The run that was made last, if there is any.
#[derive(Clone, Copy)]
struct Newest(Option<JobId>);

impl Newest {
    /// Whether it began elsewhere while the run on show was the newest, which is `before`.
    fn takes_over(self, before: Self, shown: Option<JobId>) -> bool {
        self.0 > before.0 && (shown.is_none() || shown == before.0)
    }
}

/// The run that `event` tells of.
fn job_of(event: &Event) -> Option<JobId> {
    match event {
        Event::Train { job, .. }
        | Event::Validation { job, .. }
        | Event::Samples { job, .. }
        | Event::Checkpoint { job, .. } => Some(*job),
        _ => None,
    }
}

/// Adds what `event` tells, if it tells of the same run. What is known already does no harm.
fn apply(view: &mut TrainView, event: Event) {
    if job_of(&event) != Some(view.job.id) {
        return;
    }
    match event {
        Event::Train { figures, points, .. } => {
            view.figures = figures;
            extend_curve(&mut view.curve, points);
        }
        Event::Validation { point, .. } => {
            view.validation.retain(|known| known.step < point.step);
            view.validation.push(point);
        }
        Event::Samples { grid, .. } => {
            view.samples.retain(|known| known.step != grid.step);
            view.samples.push(grid);
        }
        Event::Checkpoint { checkpoints, best, .. } => {
            (view.checkpoints, view.best) = (checkpoints, best);
        }
        _ => {}
    }
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
pub(super) mod tests {
    use super::*;
    use crate::api::JobState;

    fn point(step: u64, loss: f32) -> LossPoint {
        let buckets = [Some(loss), None, None, None];
        let (learning_rate, grad_norm) = (Some(step as f64), Some(loss));
        LossPoint { step, loss, buckets, learning_rate, grad_norm }
    }

    pub fn view(steps: u64) -> TrainView {
        TrainView {
            job: crate::api::JobSummary {
                id: 1,
                kind: crate::api::JobKind::Train,
                title: String::new(),
                state: JobState::Running,
                paused: false,
                progress: 0.5,
                eta_seconds: None,
                message: None,
            },
            config: Default::default(),
            figures: Default::default(),
            curve: (1..=steps).map(|step| point(step, 1.0)).collect(),
            validation: Vec::new(),
            samples: Vec::new(),
            checkpoints: (1..=steps).collect(),
            best: None,
            rate_factor: 1.0,
            sample_every: 0,
        }
    }

    #[test]
    fn what_was_told_on_the_way_is_added_to_an_answer_once() {
        let mut view = view(3);
        for step in 2..=4 {
            let points = vec![point(step, 1.0)];
            apply(&mut view, Event::Train { job: 1, figures: Default::default(), points });
        }
        assert_eq!(view.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn checkpoints_that_were_deleted_are_offered_no_longer() {
        let told = |job, checkpoints, best| Event::Checkpoint { job, checkpoints, best };
        let mut view = view(3);
        apply(&mut view, told(1, vec![2, 4], Some(2)));
        apply(&mut view, told(2, vec![9], None));
        assert_eq!((view.checkpoints, view.best), (vec![2, 4], Some(2)));
    }

    /// A queue that holds the run of [`view`].
    fn queue(state: JobState) -> Status {
        Status {
            device: String::new(),
            device_note: None,
            data_dir: String::new(),
            version: String::new(),
            library: 0,
            jobs: vec![JobSummary { state, ..view(0).job }],
            newest_training: Some(1),
            shared_at: None,
        }
    }

    #[test]
    fn a_run_that_ends_while_it_is_asked_for_is_shown_as_ended() {
        let [running, done] = [queue(JobState::Running), queue(JobState::Done)];
        let mut job = view(1).job;
        catch_up(&mut job, Some(&running), Some(&done));
        assert_eq!(job.state, JobState::Done);
        let mut resumed = view(1).job;
        catch_up(&mut resumed, Some(&done), Some(&done));
        assert_eq!(resumed.state, JobState::Running, "the queue has not told of it yet");
    }

    #[test]
    fn only_the_newest_run_gives_way_to_a_newer_one() {
        let takes_over = |newest, before, shown| Newest(newest).takes_over(Newest(before), shown);
        assert!(takes_over(Some(8), Some(7), Some(7)) && takes_over(Some(1), None, None));
        assert!(!takes_over(Some(8), Some(7), Some(3)), "an old run was chosen to be looked at");
        assert!(!takes_over(Some(8), None, Some(3)), "the newest was deleted, an old one is shown");
        assert!(!takes_over(Some(8), Some(7), Some(8)), "it is on show already");
        assert!(!takes_over(Some(7), Some(7), Some(7)) && !takes_over(Some(5), Some(7), Some(7)));
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
