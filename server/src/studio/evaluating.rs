//! How good a model's pictures are, in numbers: asked for in the page or on the command line.

use std::path::PathBuf;
use std::time::Instant;

use app::api::{EvaluateForm, EvaluationView, Figures, JobId, JobKind, JobState, ModelInfo};
use candle_core::Device;
use engine::CancelToken;
use engine::checkpoint::Header;
use engine::config::{ConfigError, FieldError, GenerateSettings, SamplerKind};
use engine::data::ImageSet;
use engine::evaluate::{
    Features, Inception, PrecisionRecall, frechet_distance, kernel_distance, nearest,
    precision_recall,
};
use engine::grid::Picture;
use engine::noise::{Stream, permutation};
use engine::sampler::SampleStep;
use serde::{Deserialize, Serialize};

use super::drawing::{Drawn, Plan, Progress, Sink, Wishes, draw};
use super::heartbeat::Heartbeat;
use super::library::{LoadedModel, ModelFile};
use super::pace::{Pace, Throttle};
use super::runs::load_options;
use super::store::{Ending, JobRow};
use super::{Darkroom, Runner, Worker, check_draws, check_steps, drawn_seed};
use crate::{Error, Result};

/// Fewer pictures say nothing.
const FEWEST: usize = 8;

/// More take hours and tell no more.
const MOST: usize = 50_000;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateSettings {
    pub model: String,
    /// The data set to compare with; the one that the model learned from if none.
    pub dataset: Option<String>,
    /// The model whose network looks at the pictures; the model itself if none.
    pub judge: Option<String>,
    /// The file of Inception's weights, which looks at the pictures instead.
    #[serde(default)]
    pub features: Option<PathBuf>,
    /// Pictures to draw, and images to compare them with.
    pub count: usize,
    pub steps: usize,
    pub sampler: SamplerKind,
    pub seed: i64,
}

impl EvaluateSettings {
    /// Reads what was typed; every fault is told at its field.
    pub fn read(form: &EvaluateForm) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let settings = Self {
            model: form.model.trim().into(),
            dataset: named(&form.dataset),
            judge: named(&form.judge),
            features: named(&form.features).map(PathBuf::from),
            count: number("count", &form.count, &mut faults),
            steps: number("steps", &form.steps, &mut faults),
            sampler: SamplerKind::from_name(&form.sampler).unwrap_or_else(|error| {
                faults.extend(error.0);
                SamplerKind::Ddpm
            }),
            seed: number("seed", &form.seed, &mut faults),
        };
        if faults.is_empty() { Ok(settings) } else { Err(ConfigError(faults)) }
    }

    fn form(&self) -> EvaluateForm {
        EvaluateForm {
            model: self.model.clone(),
            dataset: self.dataset.clone().unwrap_or_default(),
            judge: self.judge.clone().unwrap_or_default(),
            features: self
                .features
                .as_ref()
                .map_or_else(String::new, |path| path.display().to_string()),
            count: self.count.to_string(),
            steps: self.steps.to_string(),
            sampler: self.sampler.name().into(),
            seed: self.seed.to_string(),
        }
    }

    /// Who looks at the pictures, for people.
    fn judge_words(&self) -> String {
        match &self.features {
            Some(_) => "Inception".into(),
            None => self.judge().into(),
        }
    }

    fn judge(&self) -> &str {
        self.judge.as_deref().unwrap_or(&self.model)
    }

    /// The pictures to draw by a model with these classes: all of them alike, as it learned them.
    fn drawing(&self, classes: &[String]) -> GenerateSettings {
        GenerateSettings {
            model: self.model.clone(),
            sampler: self.sampler,
            steps: self.steps,
            seed: self.seed,
            prompt: if classes.is_empty() { String::new() } else { "..".into() },
            cfg_scale: 1.0,
            ..GenerateSettings::default()
        }
    }
}

/// Whether there is a file where Inception's weights are said to be, and no other judge besides.
fn check_features(settings: &EvaluateSettings) -> Result<()> {
    let Some(path) = &settings.features else { return Ok(()) };
    if settings.judge.is_some() {
        let message = "Inception would judge in the place of a model; give a file or a judge";
        return Err(Error::field("features", message));
    }
    let metadata =
        path.metadata().map_err(|error| Error::file("open", path)(error).at_field("features"))?;
    match metadata.is_file() {
        true => Ok(()),
        false => Err(Error::field(
            "features",
            format!("`{}` is no file; give that of Inception's weights", path.display()),
        )),
    }
}

/// Why the model of `judge` cannot look at pictures of that of `model`, if it cannot.
fn judging_fault(judge: &Header, model: &Header) -> Option<String> {
    let takes = |header: &Header| {
        let params = &header.config.model_params;
        (params.im_size, params.im_channels)
    };
    let (side, channels) = takes(model);
    let wanted = format!(
        "give a model that was trained here on pictures of {side}x{side} with {channels} channels, \
         or the file of Inception's weights"
    );
    if judge.diffusers.is_some() {
        return Some(format!("a network from diffusers cannot judge; {wanted}"));
    }
    if judge.is_autoencoder() {
        return Some(format!("an autoencoder cannot judge; {wanted}"));
    }
    let (own_side, own_channels) = takes(judge);
    (takes(judge) != takes(model)).then(|| {
        format!(
            "it looks at pictures of {own_side}x{own_side} with {own_channels} channels; {wanted}"
        )
    })
}

fn named(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number<T: std::str::FromStr + Default>(
    field: &str,
    text: &str,
    faults: &mut Vec<FieldError>,
) -> T {
    text.trim().parse().unwrap_or_else(|_| {
        faults.push(FieldError::new(field, format!("`{text}` is not a whole number")));
        T::default()
    })
}

/// All that is needed to measure, found before the device is asked.
pub struct Evaluation {
    settings: EvaluateSettings,
    model: ModelFile,
    /// Of the model that looks at the pictures, where Inception does not.
    judge: ModelFile,
    images: ImageSet,
}

/// Hears how many denoising steps of how many are done.
pub type OnStep<'a> = &'a mut dyn FnMut(u64, u64) -> Result<()>;

impl Darkroom {
    /// Puts the measurement into the queue.
    pub fn enqueue_evaluation(&self, form: &EvaluateForm) -> Result<JobId> {
        let settings = self.checked_evaluation(EvaluateSettings::read(form)?)?;
        let title = format!("{}, {} images", settings.model, settings.count);
        let request = serde_json::to_string(&settings)?;
        self.enqueue(JobKind::Evaluate, &title, &request, Runner::Queue)
    }

    /// The settings with a judge that can judge, if all can be measured as they say.
    fn checked_evaluation(&self, settings: EvaluateSettings) -> Result<EvaluateSettings> {
        if !(FEWEST..=MOST).contains(&settings.count) {
            let message = format!("{} is out of range; give {FEWEST} to {MOST}", settings.count);
            return Err(Error::field("count", message));
        }
        let info = self.models.info(&settings.model)?;
        check_draws(&info)?;
        check_features(&settings)?;
        if let Some(dataset) = &settings.dataset {
            let checked = self.datasets.check(dataset);
            checked.map_err(|error| error.renamed("dataset_params.im_path", "dataset"))?;
        }
        settings.drawing(&info.classes).validate()?;
        check_steps(settings.steps, info.timesteps)?;
        self.with_judge(settings)
    }

    /// A network from diffusers cannot judge itself: the first model that can then does.
    fn with_judge(&self, mut settings: EvaluateSettings) -> Result<EvaluateSettings> {
        if settings.features.is_some() {
            return Ok(settings);
        }
        let header = self.models.header(&settings.model)?;
        if let Some(judge) = &settings.judge {
            let judge = self.models.header(judge).map_err(|fault| fault.renamed("model", "judge"));
            match judging_fault(&judge?, &header) {
                Some(fault) => return Err(Error::field("judge", fault)),
                None => return Ok(settings),
            }
        }
        if let Some(fault) = judging_fault(&header, &header) {
            let fits = |judge: &ModelInfo| {
                let judge = self.models.header(&judge.name);
                judge.is_ok_and(|judge| judging_fault(&judge, &header).is_none())
            };
            let judge = self.models.list().into_iter().find(fits);
            let judge = judge.ok_or_else(|| Error::field("judge", fault))?;
            settings.judge = Some(judge.name);
        }
        Ok(settings)
    }

    /// Evaluations of `model`, or of all, newest first.
    pub fn evaluations(&self, model: Option<&str>) -> Result<Vec<EvaluationView>> {
        let views = self.store.evaluations()?.into_iter().map(|row| self.evaluation_view(&row));
        let wanted = |view: &EvaluationView| model.is_none_or(|model| view.form.model == model);
        views.filter(|view| view.as_ref().map_or(true, wanted)).collect()
    }

    fn evaluation_view(&self, row: &JobRow) -> Result<EvaluationView> {
        let settings: EvaluateSettings = serde_json::from_str(&row.request)?;
        let done = row.state == JobState::Done;
        let figures = row.figures.as_deref().filter(|_| done);
        Ok(EvaluationView {
            job: self.job_summary(row),
            form: settings.form(),
            figures: figures.map(serde_json::from_str).transpose()?,
        })
    }

    /// Finds the model, its judge and the images.
    pub fn evaluation(
        &self,
        settings: EvaluateSettings,
        cancel: &CancelToken,
    ) -> Result<Evaluation> {
        let settings = self.checked_evaluation(settings)?;
        Ok(Evaluation {
            model: self.models.find(&settings.model)?,
            judge: self.models.find(settings.judge())?,
            images: self.images_to_compare(&settings, cancel)?,
            settings,
        })
    }

    /// As many images of the data set as were asked for, chosen by the seed.
    fn images_to_compare(
        &self,
        settings: &EvaluateSettings,
        cancel: &CancelToken,
    ) -> Result<ImageSet> {
        let mut config = self.models.header(&settings.model)?.config;
        if let Some(dataset) = &settings.dataset {
            config.dataset_params.im_path.clone_from(dataset);
        }
        let config = config.validate()?;
        let source = self.datasets.resolve(&config.dataset_params.im_path, cancel);
        let source = source.map_err(|error| error.renamed("dataset_params.im_path", "dataset"))?;
        let all = source.load(&load_options(&config), cancel)?;
        let chosen = permutation(settings.seed as u64, Stream::Start, 0, all.len());
        let chosen: Vec<usize> = chosen.into_iter().take(settings.count).collect();
        if chosen.len() < FEWEST {
            let message =
                format!("{} images are too few; at least {FEWEST} are needed", chosen.len());
            return Err(Error::field("dataset", message));
        }
        Ok(all.subset(&chosen))
    }
}

/// Does an evaluation from its row to its figures.
pub fn evaluate(worker: &mut Worker, job: &JobRow, cancel: &CancelToken) -> Result<Ending> {
    let studio = std::sync::Arc::clone(&worker.studio);
    let settings: EvaluateSettings = serde_json::from_str(&job.request)?;
    let told = |words: &str| {
        let message = Some(words.to_owned());
        studio.live.change(job.id, |running| running.message = message);
    };
    told("loading images and model");
    let evaluation = studio.evaluation(settings, cancel)?;
    told("drawing");
    let (mut pace, mut news) =
        (Pace::default(), Throttle::new(std::time::Duration::from_millis(250)));
    let mut heartbeat = Heartbeat::new();
    pace.mark(Instant::now(), 0.0);
    let figures = evaluation.measure(&worker.device, cancel, &mut |done, total| {
        pace.mark(Instant::now(), done as f64);
        let eta_seconds = pace.eta_seconds(total as f64);
        studio.live.change(job.id, |running| {
            running.progress = done as f32 / total as f32;
            running.eta_seconds = eta_seconds;
            running.message = (done == total).then(|| "comparing".into());
        });
        if heartbeat.due() {
            studio.beat(job.id, None)?;
        }
        if news.ready(Instant::now()) { studio.publish_status() } else { Ok(()) }
    })?;
    studio.store.set_progress(job.id, 1.0, Some(&serde_json::to_string(&figures)?))?;
    Ok(Ending { state: JobState::Done, message: None })
}

impl Evaluation {
    /// Draws the pictures and compares them.
    pub fn measure(
        &self,
        device: &Device,
        cancel: &CancelToken,
        on_step: OnStep,
    ) -> Result<Figures> {
        let model = LoadedModel::load(&self.settings.model, self.model.clone(), device)?;
        // Drawing takes hours: a judge that cannot be used is told before.
        let judge = self.load_judge(&model, device)?;
        let real = self.look_at_images(&judge, cancel)?;
        let drawn = self.drawn(&model, cancel, on_step)?;
        self.figures(&judge, &real, &drawn, cancel)
    }

    fn load_judge(&self, model: &LoadedModel, device: &Device) -> Result<Judge> {
        if let Some(path) = &self.settings.features {
            let read = Inception::load(path, device);
            let read = read.map_err(|error| Error::from(error).at_field("features"))?;
            return Ok(Judge::Inception(read));
        }
        let judge = match model.is_from(&self.judge) {
            true => model.clone(),
            false => LoadedModel::load(self.settings.judge(), self.judge.clone(), device)?,
        };
        Ok(Judge::Model(judge))
    }

    fn look_at_images(&self, judge: &Judge, cancel: &CancelToken) -> Result<Real> {
        let images = &self.images;
        let pictures: Vec<Picture> = (0..images.len()).map(|at| images.picture(at)).collect();
        let features = |pictures: &[Picture]| judge.features(pictures, cancel);
        let (first, second) = pictures.split_at(pictures.len() / 2);
        let spread = frechet_distance(&features(first)?, &features(second)?)?;
        Ok(Real { features: features(&pictures)?, spread })
    }

    /// The pictures with their seeds.
    fn drawn(
        &self,
        loaded: &LoadedModel,
        cancel: &CancelToken,
        on_step: OnStep,
    ) -> Result<Vec<(i64, Picture)>> {
        let classes = loaded.model.classes();
        let asked = self.settings.drawing(classes);
        let settings = GenerateSettings { seed: drawn_seed(asked.seed), ..asked };
        let wishes = Wishes::read(&settings, classes)?;
        let count = self.images.len();
        let plan = Plan { count, ..Plan::new(&settings, wishes, &loaded.model, None) };
        let total = (plan.batches() * plan.steps()) as u64;
        let mut pile = Pile { pictures: Vec::new(), total, on_step };
        draw(loaded, &plan, cancel, &mut pile)?;
        Ok(pile.pictures)
    }

    fn figures(
        &self,
        judge: &Judge,
        real: &Real,
        drawn: &[(i64, Picture)],
        cancel: &CancelToken,
    ) -> Result<Figures> {
        let pictures: Vec<Picture> = drawn.iter().map(|(_, picture)| picture.clone()).collect();
        let (of_images, of_pictures) = (&real.features, &judge.features(&pictures, cancel)?);
        let PrecisionRecall { precision, recall } = precision_recall(of_images, of_pictures)?;
        let mut nearest_ones = nearest_images(drawn, &self.images)?;
        nearest_ones.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Figures {
            model: self.settings.model.clone(),
            dataset: self.settings.dataset.clone().unwrap_or_else(|| "its own".into()),
            judge: self.settings.judge_words(),
            pictures: drawn.len(),
            frechet_distance: frechet_distance(of_images, of_pictures)?,
            frechet_distance_of_images: real.spread,
            kernel_distance: kernel_distance(of_images, of_pictures)?,
            precision,
            recall,
            nearest_median: nearest_ones[nearest_ones.len() / 2].0,
            nearest_least: nearest_ones[0].0,
            nearest_seed: nearest_ones[0].1,
        })
    }
}

/// The images to compare with, as the judge sees them.
struct Real {
    features: Features,
    /// Fréchet distance between two halves of them.
    spread: f64,
}

/// What looks at the pictures.
enum Judge {
    Model(LoadedModel),
    Inception(Inception),
}

impl Judge {
    fn features(&self, pictures: &[Picture], cancel: &CancelToken) -> engine::Result<Features> {
        match self {
            Self::Model(judge) => Features::of(&judge.model, pictures, cancel),
            Self::Inception(network) => Features::of_inception(network, pictures, cancel),
        }
    }
}

/// How far each picture is from its nearest image, and its seed.
fn nearest_images(drawn: &[(i64, Picture)], images: &ImageSet) -> Result<Vec<(f64, i64)>> {
    let distance = |(seed, picture): &(i64, Picture)| {
        let found = nearest(picture, images, 1)?;
        Ok((found.first().map_or(f64::INFINITY, |neighbour| neighbour.distance), *seed))
    };
    drawn.iter().map(distance).collect()
}

/// Keeps every picture in memory.
struct Pile<'a> {
    pictures: Vec<(i64, Picture)>,
    total: u64,
    on_step: OnStep<'a>,
}

impl Sink for Pile<'_> {
    fn step(&mut self, at: Progress, _step: &SampleStep) -> Result<()> {
        (self.on_step)((at.batch * at.steps + at.step) as u64, self.total)
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        self.pictures.push((drawn.seed, drawn.picture.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_its_faults_are_told_by_field() {
        let form = EvaluateForm { model: "digits".into(), judge: " ".into(), ..Default::default() };
        let settings = EvaluateSettings::read(&form).unwrap();
        assert_eq!((settings.count, settings.judge()), (200, "digits"));
        assert_eq!(EvaluateSettings::read(&settings.form()).unwrap(), settings);
        let weights = EvaluateForm { features: " /w/inception.pth ".into(), ..form.clone() };
        let settings = EvaluateSettings::read(&weights).unwrap();
        assert_eq!(settings.judge_words(), "Inception");
        assert_eq!(EvaluateSettings::read(&settings.form()).unwrap(), settings);
        let bad = EvaluateForm { count: "many".into(), sampler: "Oiler".into(), ..form };
        let error = EvaluateSettings::read(&bad).unwrap_err();
        assert!(error.for_field("count").is_some() && error.for_field("sampler").is_some());
        assert!(error.for_field("steps").is_none());
    }
}
