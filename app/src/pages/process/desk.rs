//! What the parts of the Process page share.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, ImageId, ImageInfo, Noising, ProcessForm, ProcessView, fetch_process};
use crate::components::address::hold_address;
use crate::components::draft::after_pause;
use crate::components::form_fault::FormFault;

/// The fields as they are typed.
#[derive(Clone, Copy)]
pub struct Fields {
    pub dataset: RwSignal<String>,
    pub image: RwSignal<String>,
    pub input: RwSignal<String>,
    pub num_timesteps: RwSignal<String>,
    pub beta_start: RwSignal<String>,
    pub beta_end: RwSignal<String>,
    pub beta_schedule: RwSignal<String>,
    pub rescale_zero_snr: RwSignal<String>,
}

impl Fields {
    fn new(form: ProcessForm) -> Self {
        Self {
            dataset: RwSignal::new(form.dataset),
            image: RwSignal::new(form.image),
            input: RwSignal::new(form.input),
            num_timesteps: RwSignal::new(form.num_timesteps),
            beta_start: RwSignal::new(form.beta_start),
            beta_end: RwSignal::new(form.beta_end),
            beta_schedule: RwSignal::new(form.beta_schedule),
            rescale_zero_snr: RwSignal::new(form.rescale_zero_snr),
        }
    }

    fn typed(self) -> ProcessForm {
        ProcessForm {
            dataset: self.dataset.get(),
            image: self.image.get(),
            input: self.input.get(),
            num_timesteps: self.num_timesteps.get(),
            beta_start: self.beta_start.get(),
            beta_end: self.beta_end.get(),
            beta_schedule: self.beta_schedule.get(),
            rescale_zero_snr: self.rescale_zero_snr.get(),
        }
    }
}

#[derive(Clone, Copy)]
pub struct Desk {
    pub fields: Fields,
    pub fault: FormFault,
    /// The last one that could be shown; it stays while a field is at fault.
    pub view: RwSignal<Option<ProcessView>>,
    /// Where the slider stands, from 0 to 1 over the frames.
    place: RwSignal<f64>,
    /// The picture whose way back is shown.
    pub picture: RwSignal<Option<ImageInfo>>,
    /// Where the slider of the way back stands, from 0 to 1.
    pub way: RwSignal<f64>,
}

impl Desk {
    pub fn new(
        form: ProcessForm,
        view: Option<ProcessView>,
        fault: Option<ApiError>,
        frame: usize,
        picture: Option<ImageInfo>,
    ) -> Self {
        let frames = view.as_ref().map_or(0, |view| view.frames.len());
        Self {
            fields: Fields::new(form),
            fault: FormFault::new(fault),
            view: RwSignal::new(view),
            place: RwSignal::new(place_of(frame, frames)),
            picture: RwSignal::new(picture),
            way: RwSignal::new(0.5),
        }
    }

    /// The frame on show, counted from 0, of `frames`.
    pub fn frame(self, frames: usize) -> usize {
        (self.place.get() * frames.saturating_sub(1) as f64).round() as usize
    }

    /// Brings frame `at` of `frames` on show.
    pub fn show(self, at: usize, frames: usize) {
        self.place.set(place_of(at, frames));
    }

    /// The figures of the frame on show.
    pub fn now(self, frames: Vec<Noising>) -> Signal<Noising> {
        Signal::derive(move || frames[self.frame(frames.len())])
    }

    /// The timestep on show; 0 while there is no picture.
    pub fn timestep(self) -> usize {
        self.view.with(|view| {
            let frames = view.as_ref().map_or(&[][..], |view| &view.frames);
            frames.get(self.frame(frames.len())).map_or(0, |frame| frame.timestep)
        })
    }

    /// Turns to the picture `step` further along; behind the last comes the first.
    pub fn turn(self, step: i64) {
        let now = self.fields.image.get_untracked().parse::<i64>().unwrap_or(0);
        let count = self.view.with_untracked(|view| view.as_ref().map_or(1, |view| view.count));
        self.fields.input.set(String::new());
        self.fields.image.set((now + step).rem_euclid(count.max(1) as i64).to_string());
    }

    /// Shows what is typed.
    pub fn follow(self) {
        after_pause(
            move || self.fields.typed(),
            move |form| {
                spawn_local(async move {
                    let answer = fetch_process(form.clone()).await;
                    // An answer that comes late is not to what is typed by now.
                    if untrack(|| self.fields.typed()) == form {
                        self.answered(answer);
                    }
                });
            },
        );
    }

    fn answered(self, answer: Result<ProcessView, ApiError>) {
        match answer {
            Ok(view) => {
                self.fault.clear();
                self.view.set(Some(view));
            }
            Err(error) => self.fault.set(error),
        }
    }

    /// Keeps what is typed and shown in the address.
    pub fn follow_address(self) {
        let picture = move || self.picture.with(|shown| shown.as_ref().map(|shown| shown.id));
        hold_address(move || address(&self.fields.typed(), self.timestep(), picture()));
    }
}

/// Where frame `at` of `frames` stands.
fn place_of(at: usize, frames: usize) -> f64 {
    at as f64 / frames.saturating_sub(1).max(1) as f64
}

fn address(form: &ProcessForm, timestep: usize, picture: Option<ImageId>) -> String {
    let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
    let fields = form.pairs().map(|(name, value)| format!("{name}={}", encode(value)));
    let picture = picture.map(|id| format!("&picture={id}")).unwrap_or_default();
    format!("/process?{}&t={timestep}{picture}", fields.join("&"))
}
