//! Generations asked for in the page: every picture is on disk and in the gallery as soon as it is drawn.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::{JobId, JobState, Live, Preferences, Preview, SHEET_SIDE};
use bytes::Bytes;
use engine::CancelToken;
use engine::config::{GenerateSettings, Plot};
use engine::grid::{Picture, animation, columns_for, grid, rows, strip};
use engine::sampler::SampleStep;

use super::drawing::{Drawn, Plan, Progress, Sink, Wishes, draw, drawn_size};
use super::files::{next_number, write_whole};
use super::folders::Outputs;
use super::heartbeat::Heartbeat;
use super::negative::joined;
use super::pace::{Pace, Throttle};
use super::sheet_limits::MOST_PIXELS;
use super::store::{Ending, JobRow, NewImage};
use super::stored_picture::StoredPicture;
use super::{Darkroom, Worker, calendar, plotting};
use crate::{Error, Result};

/// Pictures of a walk shown in a second.
const WALK_SPEED: u16 = 12;

/// Black pixels between the pictures of a grid.
pub(super) const GRID_GAP: u32 = 2;

/// Time between two previews.
const PREVIEW_EVERY: Duration = Duration::from_millis(250);

/// Time between two events of steps at least, and between those of batches.
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// Does a generation from its row to its grid.
pub fn generate(worker: &mut Worker, job: &JobRow, cancel: &CancelToken) -> Result<Ending> {
    let studio = Arc::clone(&worker.studio);
    let settings: GenerateSettings = serde_json::from_str(&job.request)?;
    let mut sink = GallerySink::new(&studio, job.id, &settings)?;
    let (drawn, gathered) = match Plot::read(&settings)? {
        Some(plot) => (plotting::plot(worker, &plot, cancel, &mut sink), Ok(())),
        None => {
            let drawn = draw_all(worker, &settings, cancel, &mut sink);
            // What was finished before an interruption gets its grid too.
            let gathered = match settings.walk_frames {
                0 => sink.save_grid(),
                _ => sink.save_walk(),
            };
            (drawn, gathered)
        }
    };
    sink.publish()?;
    // Why the drawing ended comes before what became of its grid.
    drawn?;
    gathered?;
    Ok(Ending { state: JobState::Done, message: None })
}

/// Draws all pictures of `settings`.
pub(super) fn draw_all(
    worker: &mut Worker,
    settings: &GenerateSettings,
    cancel: &CancelToken,
    sink: &mut GallerySink,
) -> Result<()> {
    let studio = Arc::clone(&worker.studio);
    let file = studio.models.find(&settings.model)?;
    studio.live.change(sink.job, |running| running.message = Some("loading the model".into()));
    let loaded = worker.model(&settings.model, file)?;
    let classes = loaded.model.classes();
    let always = &sink.preferences.negative_prompt;
    let asked = GenerateSettings {
        negative_prompt: joined(&settings.negative_prompt, always, classes),
        ..settings.clone()
    };
    let wishes = Wishes::read(&asked, classes)?;
    let model = &loaded.model.config().model_params;
    let size = drawn_size(settings, model.im_size);
    let starts = studio.starts(settings, size, model.im_channels)?;
    let plan = Plan::new(settings, wishes, &loaded.model, starts);
    sink.begin(&plan);
    draw(&loaded, &plan, cancel, sink)
}

/// Writes pictures into the data folder, rows into the gallery, news onto the bus.
pub(super) struct GallerySink<'a> {
    pub studio: &'a Darkroom,
    pub job: JobId,
    pub settings: &'a GenerateSettings,
    preferences: Preferences,
    outputs: Outputs,
    /// Of the grid, where classes have rows of their own.
    rows: Option<Vec<usize>>,
    batches: usize,
    /// The cell that is drawn, and how many a plot has.
    cell: usize,
    cells: usize,
    date: String,
    number: u64,
    /// Images of the job that are stored, and those that the pages were told of.
    stored: usize,
    told: usize,
    /// What was drawn: all of it, or of the cell.
    pictures: Vec<StoredPicture>,
    first_parameters: Option<String>,
    pace: Pace,
    previews: Throttle,
    events: Throttle,
    endings: Throttle,
    heartbeat: Heartbeat,
}

impl<'a> GallerySink<'a> {
    fn new(studio: &'a Darkroom, job: JobId, settings: &'a GenerateSettings) -> Result<Self> {
        let date = calendar::today();
        let outputs = Outputs::of(settings);
        let mut pace = Pace::default();
        pace.mark(Instant::now(), 0.0);
        Ok(Self {
            studio,
            job,
            settings,
            preferences: studio.store.preferences()?,
            rows: None,
            batches: 1,
            cell: 0,
            cells: 1,
            number: next_number(&studio.folders.images(outputs, &date), ""),
            outputs,
            date,
            stored: 0,
            told: 0,
            pictures: Vec::new(),
            first_parameters: None,
            pace,
            previews: Throttle::new(PREVIEW_EVERY),
            events: Throttle::new(EVENT_EVERY),
            endings: Throttle::new(EVENT_EVERY),
            heartbeat: Heartbeat::new(),
        })
    }

    /// Gets ready for the pictures of `plan`.
    fn begin(&mut self, plan: &Plan) {
        self.rows = plan.wishes.rows(plan.count);
        self.batches = plan.batches();
        self.studio.live.change(self.job, |running| {
            running.message = None;
            running.drawing.steps = plan.steps();
        });
    }

    /// Turns to cell `cell` of `cells`.
    pub fn turn_to(&mut self, cell: usize, cells: usize) {
        (self.cell, self.cells) = (cell, cells);
    }

    /// What was drawn since the last time this was asked.
    pub fn take_pictures(&mut self) -> Vec<StoredPicture> {
        std::mem::take(&mut self.pictures)
    }

    /// The text of the first picture.
    pub fn parameters(&self) -> &str {
        self.first_parameters.as_deref().unwrap_or_default()
    }

    /// Where grids go, counted from 0: called `prefix` and the numbers that follow those that are there.
    pub fn grid_paths(&self, prefix: &str) -> impl Fn(u32) -> PathBuf {
        let folder = self.studio.folders.grids(self.outputs, &self.date);
        let first = next_number(&folder, prefix);
        move |number| folder.join(format!("{prefix}{:04}.png", first + u64::from(number)))
    }

    fn note_progress(&mut self, at: Progress) {
        let of_cell = (at.batch * at.steps + at.step) as f64 / (self.batches * at.steps) as f64;
        let done = self.cell as f64 + of_cell;
        let total = self.cells as f64;
        self.pace.mark(Instant::now(), done);
        let eta_seconds = self.pace.eta_seconds(total);
        let follow = at.follow + (self.cells - self.cell - 1) * self.batches;
        self.studio.live.change(self.job, |running| {
            running.progress = (done / total) as f32;
            running.eta_seconds = eta_seconds;
            running.drawing.batch = at.batch;
            running.drawing.follow = follow;
            running.drawing.step = at.step;
        });
    }

    fn preview(&mut self, step: &SampleStep) -> Result<()> {
        let wanted = self.preferences.live_preview
            && step.step < step.steps
            && step.step.is_multiple_of(self.preferences.preview_every.max(1));
        if !wanted || !self.previews.ready(Instant::now()) {
            return Ok(());
        }
        let pictures = match self.preferences.preview {
            Preview::X0 => step.x0_pictures()?,
            Preview::Xt => step.x_pictures()?,
        };
        let png = Bytes::from(sheet(&pictures).to_png(&[]));
        self.studio.live.set_preview(self.job, png);
        Ok(())
    }

    /// Tells the pages what is new.
    fn publish(&mut self) -> Result<()> {
        self.studio.publish_generation(self.job, self.told)?;
        self.told = self.stored;
        Ok(())
    }

    /// The next free place for a picture, numbered through the day.
    fn next_path(&mut self, seed: i64) -> PathBuf {
        let folder = self.studio.folders.images(self.outputs, &self.date);
        let path = folder.join(format!("{:05}-{seed}.png", self.number));
        self.number += 1;
        path
    }

    /// The pictures of a walk, to and fro, as an animation.
    fn save_walk(&self) -> Result<()> {
        if self.pictures.len() < 2 {
            return Ok(());
        }
        let pictures = read(&self.pictures);
        let back = pictures.iter().rev().skip(1).take(pictures.len() - 2);
        let frames: Vec<&Picture> = pictures.iter().chain(back).collect();
        let path = self.grid_paths("walk-")(0);
        let text = [("parameters", self.parameters())];
        write_whole(&path, &animation(&frames, WALK_SPEED, &text))?;
        self.studio.store.add_sheet(self.job, 0, &self.studio.folders.relative(&path))
    }

    /// A grid of what was drawn, or as much of it as fits, once there is more than one picture.
    fn save_grid(&self) -> Result<()> {
        let Some(parameters) = self.first_parameters.as_deref().filter(|_| self.pictures.len() > 1)
        else {
            return Ok(());
        };
        let path = self.grid_paths("grid-")(0);
        let fit = MOST_PIXELS / self.pictures[0].pixels().max(1);
        let shown = &self.pictures[..self.pictures.len().min(fit.max(1))];
        let lengths = self.rows.as_deref().map(|lengths| kept_rows(lengths, shown));
        let pictures = read(shown);
        let sheet = match lengths.filter(|lengths| fits_side(lengths, &pictures[0])) {
            Some(lengths) => rows(&pictures, &lengths, GRID_GAP),
            None => sheet(&pictures),
        };
        write_whole(&path, &sheet.to_png(&[("parameters", parameters)]))?;
        self.studio.store.set_grid(self.job, &self.studio.folders.relative(&path))
    }
}

/// How many of each row's pictures are there: Skip may have left some out.
fn kept_rows(lengths: &[usize], pictures: &[StoredPicture]) -> Vec<usize> {
    let mut end = 0;
    let row = |&length: &usize| {
        let places = end..end + length;
        end += length;
        pictures.iter().filter(|picture| places.contains(&picture.place)).count()
    };
    lengths.iter().map(row).filter(|&kept| kept > 0).collect()
}

/// Whether rows of pictures like `one` keep to what a file may have along a side.
fn fits_side(lengths: &[usize], one: &Picture) -> bool {
    let side = |count: usize, side: u32| count as u64 * u64::from(side + GRID_GAP);
    let longest = lengths.iter().copied().max().unwrap_or(0);
    side(longest, one.width).max(side(lengths.len(), one.height)) <= u64::from(SHEET_SIDE)
}

fn read(pictures: &[StoredPicture]) -> Vec<Picture> {
    pictures.iter().map(StoredPicture::read).collect()
}

pub(super) fn sheet(pictures: &[Picture]) -> Picture {
    grid(pictures, columns_for(pictures.len()), GRID_GAP)
}

impl Sink for GallerySink<'_> {
    fn step(&mut self, at: Progress, step: &SampleStep) -> Result<()> {
        self.note_progress(at);
        self.preview(step)?;
        if self.events.ready(Instant::now()) {
            self.publish()?;
        }
        if self.heartbeat.due() {
            self.studio.beat(self.job, None)?;
        }
        match self.studio.live.take_skip(self.job) {
            true => Err(Error::Skipped),
            false => Ok(()),
        }
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        let path = self.next_path(drawn.seed);
        let name = path.file_name().unwrap_or_default();
        let strips = self.studio.folders.strips(self.outputs, &self.date);
        let (strip_path, noisy_path) = (strips.join(name), strips.join("noisy").join(name));
        let text = [("parameters", drawn.parameters)];
        write_whole(&path, &drawn.picture.to_png(&text))?;
        write_whole(&strip_path, &strip(drawn.frames).to_png(&text))?;
        write_whole(&noisy_path, &strip(drawn.noisy_frames).to_png(&text))?;
        // Grids, sheets and walks are of finished pictures.
        if !drawn.is_half_done {
            self.pictures.push(StoredPicture::new(path.clone(), drawn.place, drawn.picture));
            self.first_parameters.get_or_insert_with(|| drawn.parameters.to_owned());
        }
        self.studio.store.add_image(
            self.job,
            &NewImage {
                path: self.studio.folders.relative(&path),
                strip: self.studio.folders.relative(&strip_path),
                strip_frames: drawn.frames.len() as u32,
                noisy_strip: Some(self.studio.folders.relative(&noisy_path)),
                width: drawn.picture.width,
                height: drawn.picture.height,
                seed: drawn.seed,
                parameters: drawn.parameters.to_owned(),
                model: drawn.model.to_owned(),
            },
        )?;
        self.stored += 1;
        Ok(())
    }

    /// Closing is no Interrupt: nobody has seen what was drawn.
    fn takes_half_done(&self) -> Result<bool> {
        let wanted = self.studio.store.preferences()?.keep_half_done;
        Ok(wanted && !self.studio.is_closing())
    }

    fn batch_done(&mut self) -> Result<()> {
        self.studio.live.change(self.job, |running| running.drawing.preview = None);
        // Cells of a plot may be many, and take no time.
        match self.endings.ready(Instant::now()) {
            true => self.publish(),
            false => Ok(()),
        }
    }
}

impl Darkroom {
    /// Tells the pages that the generation is over. Of its images they were told while it drew, except
    /// where some were deleted meanwhile.
    pub(super) fn publish_end(&self, job: JobId) -> Result<()> {
        let (kept, drawn) = (self.store.count_images(job)?, self.store.count_all_images(job)?);
        self.publish_generation(job, if kept == drawn { kept } else { 0 })
    }

    /// Tells the pages how the generation stands, all but its first `before` images.
    fn publish_generation(&self, job: JobId, before: usize) -> Result<()> {
        if let Some(row) = self.store.job(job)? {
            self.live.publish(Live::Generate(Box::new(self.generate_view(&row, before)?)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(places: &[usize]) -> Vec<StoredPicture> {
        let picture = Picture::filled(2, 2, 1, 0);
        places.iter().map(|&place| StoredPicture::new("p.png".into(), place, &picture)).collect()
    }

    #[test]
    fn a_row_is_as_long_as_what_is_left_of_its_class() {
        assert_eq!(kept_rows(&[2, 3], &stored(&[0, 1, 2, 3, 4])), [2, 3]);
        assert_eq!(kept_rows(&[2, 3], &stored(&[1, 3, 4])), [1, 2]);
        assert_eq!(kept_rows(&[2, 1, 2], &stored(&[0, 1, 4])), [2, 1]);
    }

    #[test]
    fn rows_too_long_for_a_file_are_no_rows() {
        let one = Picture::filled(28, 28, 1, 0);
        assert!(fits_side(&[80; 10], &one));
        assert!(!fits_side(&[2560; 10], &one));
    }
}
