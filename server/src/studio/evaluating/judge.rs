//! Who looks at the pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::api::ModelInfo;
use candle_core::Device;
use engine::CancelToken;
use engine::checkpoint::Header;
use engine::data::ImageSet;
use engine::evaluate::{Classifier, Features, Inception};
use engine::grid::Picture;

use super::settings::{Asked, EvaluateSettings};
use super::{OnStep, Stage, Step};
use crate::studio::Darkroom;
use crate::studio::files::write_whole;
use crate::studio::library::{LoadedModel, ModelFile};
use crate::{Error, Result};

/// Every classifier learns by this seed, so that one data set has one judge whatever is drawn.
const SEED: u64 = 0;

/// The field of the form.
const FIELD: &str = "judge";

/// Who is to judge, found before the device is asked.
pub(super) enum Chosen {
    Model(String, ModelFile),
    Inception(PathBuf),
    Classifier(Pupil),
}

/// A classifier with what it learns from.
pub(super) struct Pupil {
    images: Arc<ImageSet>,
    /// Where it is kept once it has learned.
    path: PathBuf,
}

impl Darkroom {
    /// The settings with a judge that can judge, as far as that is known before images are read.
    pub(super) fn with_judge(&self, mut settings: EvaluateSettings) -> Result<EvaluateSettings> {
        let classes = match settings.asked() {
            Asked::Inception(_) => return Ok(settings),
            Asked::Model(judge) => {
                self.check_judging(judge, &settings.model)?;
                return Ok(settings);
            }
            Asked::Classifier | Asked::Nobody => self.known_classes(&settings)?,
        };
        // Where nobody knows yet, the images will tell.
        let Some(0 | 1) = classes else { return Ok(settings) };
        if settings.asked() == Asked::Classifier {
            return Err(Error::field(
                FIELD,
                "the data set has no classes to learn; compare with one that has two or more \
                 (sub-folders or labels), or choose another judge",
            ));
        }
        let judge = self.model_to_judge(&settings.model)?;
        // The model itself need not be named.
        settings.judge = Some(judge).filter(|judge| *judge != settings.model);
        Ok(settings)
    }

    /// The judge of an evaluation of `settings` that compares with some of `images`.
    pub(super) fn chosen_judge(
        &self,
        settings: &EvaluateSettings,
        images: Arc<ImageSet>,
    ) -> Result<Chosen> {
        let learnable = Classifier::check(&images);
        let model = match settings.asked() {
            Asked::Inception(path) => return Ok(Chosen::Inception(path.to_owned())),
            Asked::Model(judge) => judge.to_owned(),
            Asked::Nobody if learnable.is_err() => self.model_to_judge(&settings.model)?,
            Asked::Classifier | Asked::Nobody => {
                learnable.map_err(|error| Error::from(error).at_field(FIELD))?;
                let path = self.folders.classifier(&Classifier::key(&images, SEED));
                return Ok(Chosen::Classifier(Pupil { images, path }));
            }
        };
        let file = self.models.find(&model)?;
        Ok(Chosen::Model(model, file))
    }

    fn known_classes(&self, settings: &EvaluateSettings) -> Result<Option<usize>> {
        let own = || Ok(self.models.header(&settings.model)?.config.dataset_params.im_path);
        let dataset = settings.dataset.clone().map_or_else(own, Ok::<_, Error>)?;
        self.datasets.known_classes(&dataset)
    }

    fn check_judging(&self, judge: &str, model: &str) -> Result<()> {
        let judge = self.models.header(judge).map_err(|fault| fault.renamed("model", FIELD))?;
        match judging_fault(&judge, &self.models.header(model)?) {
            Some(fault) => Err(Error::field(FIELD, fault)),
            None => Ok(()),
        }
    }

    /// The model itself; a network from diffusers cannot judge itself, and the first model that can
    /// then does.
    fn model_to_judge(&self, model: &str) -> Result<String> {
        let header = self.models.header(model)?;
        let Some(fault) = judging_fault(&header, &header) else { return Ok(model.to_owned()) };
        let fits = |judge: &ModelInfo| {
            let judge = self.models.header(&judge.name);
            judge.is_ok_and(|judge| judging_fault(&judge, &header).is_none())
        };
        let judge = self.models.list().into_iter().find(fits);
        judge.map(|judge| judge.name).ok_or_else(|| Error::field(FIELD, fault))
    }
}

/// Whether there is a file where Inception's weights are said to be, and no other judge besides.
pub(super) fn check_features(settings: &EvaluateSettings) -> Result<()> {
    let Some(path) = &settings.features else { return Ok(()) };
    if settings.judge.is_some() {
        let message = "Inception would judge in the place of another; give a file or a judge";
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

impl Chosen {
    /// The judge of pictures by `model`; a classifier learns first, unless it has learned before.
    pub fn load(
        self,
        model: &LoadedModel,
        device: &Device,
        cancel: &CancelToken,
        on_step: OnStep,
    ) -> Result<Judge> {
        match self {
            Self::Model(name, file) => Ok(match model.is_from(&file) {
                true => Judge::Model(model.clone().named(&name)),
                false => Judge::Model(LoadedModel::load(&name, file, device)?),
            }),
            Self::Inception(path) => {
                let read = Inception::load(&path, device);
                let read = read.map_err(|error| Error::from(error).at_field("features"))?;
                Ok(Judge::Inception(read))
            }
            Self::Classifier(pupil) => pupil.taught(device, cancel, on_step).map(Judge::Classifier),
        }
    }
}

impl Pupil {
    fn taught(&self, device: &Device, cancel: &CancelToken, on_step: OnStep) -> Result<Classifier> {
        if let Some(classifier) = remembered(&self.path, device) {
            return Ok(classifier);
        }
        let classifier = self.learn(device, cancel, on_step)?;
        write_whole(&self.path, &classifier.to_bytes()?)?;
        Ok(classifier)
    }

    fn learn(&self, device: &Device, cancel: &CancelToken, on_step: OnStep) -> Result<Classifier> {
        let mut fault = None;
        let mut tell = |done: usize, total: usize| {
            let step = Step { stage: Stage::Learning, done: done as u64, total: total as u64 };
            on_step(step).map_err(|error| {
                fault = Some(error);
                engine::Error::Cancelled
            })
        };
        let learned = Classifier::learn(&self.images, SEED, device, cancel, &mut tell);
        learned.map_err(|error| fault.take().unwrap_or(Error::Engine(error)))
    }
}

/// The classifier that learned before, if its file is whole.
fn remembered(path: &Path, device: &Device) -> Option<Classifier> {
    let read = Classifier::from_bytes(&std::fs::read(path).ok()?, device);
    read.inspect_err(|error| tracing::warn!("a classifier learns anew: {error}")).ok()
}

/// What looks at the pictures.
pub(super) enum Judge {
    Model(LoadedModel),
    Inception(Inception),
    Classifier(Classifier),
}

impl Judge {
    pub fn features(&self, pictures: &[Picture], cancel: &CancelToken) -> engine::Result<Features> {
        match self {
            Self::Model(judge) => Features::of(&judge.model, pictures, cancel),
            Self::Inception(network) => Features::of_inception(network, pictures, cancel),
            Self::Classifier(network) => Features::of_classifier(network, pictures, cancel),
        }
    }

    /// Whose features they are, for people.
    pub fn words(&self) -> String {
        match self {
            Self::Model(judge) => judge.name.clone(),
            Self::Inception(_) => "Inception".into(),
            Self::Classifier(network) => network.words(),
        }
    }
}
