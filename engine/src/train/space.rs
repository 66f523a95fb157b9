//! The numbers in which a network sees its images: pixels, or the latents of an autoencoder.
//!
//! Each image is encoded when it is first seen, as the step sees it: changed first, then encoded.
//! Mirrored and turned images are kept with the latents of all others, until there is no room;
//! cropped and recoloured ones, no two of which are alike, are encoded anew each time. What latents
//! an image has depends on it alone, so that nothing of this shows in the result. A run that goes on
//! takes them from its folder.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Tensor};

use super::deck::{View, pixels, shape_of};
use super::folder::forget;
use super::latent_cache::{self, Key, Seen};
use crate::Result;
use crate::autoencoder::{Autoencoder, Latents, Network, Standard};
use crate::checkpoint::Checkpoint;
use crate::config::{ConfigError, RunConfig};
use crate::data::ImageSet;
use crate::model::placed;
use crate::unet::Border;

/// The most bytes of latents that are kept.
pub(super) const LATENTS_KEPT: usize = 1 << 30;

/// Shared by all that see images of one run.
#[derive(Clone, Debug)]
pub(super) enum Space {
    Pixels,
    Latents(Arc<Kept>),
}

/// Latents with those of the images that were seen.
#[derive(Debug)]
pub(super) struct Kept {
    latents: Latents,
    seen: Mutex<Seen>,
    most: usize,
}

/// A file of latents, and how many it held when it was read or written last.
#[derive(Debug)]
pub(super) struct LatentFile {
    key: Key,
    held: usize,
}

impl Space {
    /// Latents of pictures of `side` pixels, or pixels where there are none.
    pub fn new(latents: Option<Latents>, side: usize) -> Self {
        let Some(latents) = latents else { return Self::Pixels };
        let (channels, height, width) = latents.shape((side, side));
        let bytes = channels * height * width * size_of::<f32>();
        let most = LATENTS_KEPT / bytes.max(1);
        Self::Latents(Arc::new(Kept { latents, seen: Mutex::default(), most }))
    }

    pub fn latents(&self) -> Option<&Latents> {
        match self {
            Self::Pixels => None,
            Self::Latents(kept) => Some(&kept.latents),
        }
    }

    /// Of `count` images of `data`: (count, channels, height, width).
    pub fn shape(&self, data: &ImageSet, count: usize) -> (usize, usize, usize, usize) {
        let (_, channels, height, width) = shape_of(data, count);
        let (channels, height, width) = match self {
            Self::Pixels => (channels, height, width),
            Self::Latents(kept) => kept.latents.shape((width, height)),
        };
        (count, channels, height, width)
    }

    /// Views of images of `data` as the network sees them.
    pub fn images(&self, data: &ImageSet, views: &[View], device: &Device) -> Result<Tensor> {
        match self {
            Self::Pixels => pixels(data, views, device),
            Self::Latents(kept) => kept.images(data, views, device),
        }
    }
}

/// Images that tell the mean and the spread of all latents.
const SURVEYED: usize = 256;
/// Images that are encoded at once.
const AT_ONCE: usize = 16;

/// Where the network of `config` sees its images: in the latents of `autoencoder` if it is to.
///
/// A checkpoint that draws in latents gives those it draws in; of an autoencoder's, mean and spread are
/// those of up to 256 of the images that are `trained` on, evenly chosen.
pub(super) fn space_of(
    config: &RunConfig,
    data: &ImageSet,
    trained: &[usize],
    autoencoder: Option<&Checkpoint>,
    device: &Device,
) -> Result<Space> {
    let model = &config.model_params;
    if !model.draws_latents() {
        return Ok(Space::Pixels);
    }
    let missing = || {
        let message = format!("the autoencoder `{}` is not there", model.autoencoder);
        ConfigError::one("model_params.autoencoder", message)
    };
    let given = autoencoder.ok_or_else(missing)?;
    config.check_autoencoder(&given.header.of_autoencoder())?;
    let spec = given.header.autoencoder().ok_or_else(missing)?;
    let weights = placed(given.autoencoder_weights().ok_or_else(missing)?, device)?;
    let standard = match &given.header.latents {
        Some(latents) => latents.standard.clone(),
        None => surveyed(&Autoencoder::from_weights(&spec, &weights)?, data, trained, device)?,
    };
    Ok(Space::new(Some(Latents::new(&spec, &standard, &weights)?), model.im_size))
}

fn surveyed(
    autoencoder: &Autoencoder,
    data: &ImageSet,
    trained: &[usize],
    device: &Device,
) -> Result<Standard> {
    let every = trained.len().div_ceil(SURVEYED).max(1);
    let views: Vec<View> = trained.iter().step_by(every).map(|&at| View::plain(data, at)).collect();
    let encode = |views: &[View]| autoencoder.encode(&pixels(data, views, device)?, Border::Zeros);
    let samples = views.chunks(AT_ONCE).map(encode).collect::<Result<Vec<_>>>()?;
    Standard::of(&samples)
}

impl Kept {
    /// Takes up what the file at `path` holds of the latents of `data`; one of other latents goes.
    pub fn recall(
        &self,
        path: &Path,
        data: &ImageSet,
        config: &RunConfig,
        device: &Device,
    ) -> Result<LatentFile> {
        let key = latent_cache::key(&self.latents, data, config.train_params.precision, device)?;
        let mut held = 0;
        match latent_cache::read(path, &key) {
            Some(found) => {
                held = found.len();
                self.lock().extend(found.into_iter().take(self.most));
            }
            None => forget(path)?,
        }
        Ok(LatentFile { key, held })
    }

    /// Writes what is known by now, if that is more than the file holds.
    pub fn save(&self, path: &Path, file: &mut LatentFile) -> Result<()> {
        let seen = self.lock();
        if seen.len() > file.held {
            latent_cache::write(path, &file.key, &seen)?;
            file.held = seen.len();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn images(&self, data: &ImageSet, views: &[View], device: &Device) -> Result<Tensor> {
        let mut found: Vec<Option<Vec<f32>>> = views.iter().map(|view| self.known(view)).collect();
        let missing: Vec<usize> = (0..views.len()).filter(|&at| found[at].is_none()).collect();
        if !missing.is_empty() {
            let images = pixels(data, missing.iter().map(|&at| &views[at]), device)?;
            let encoded = self.latents.encode(&images, Border::Zeros)?.flatten_from(1)?;
            for (latent, at) in encoded.to_vec2()?.into_iter().zip(missing) {
                self.keep(&views[at], &latent);
                found[at] = Some(latent);
            }
        }
        let (_, _, height, width) = shape_of(data, 1);
        let (channels, height, width) = self.latents.shape((width, height));
        let numbers: Vec<f32> = found.into_iter().flatten().flatten().collect();
        Ok(Tensor::from_vec(numbers, ((), channels, height, width), device)?)
    }

    fn known(&self, view: &View) -> Option<Vec<f32>> {
        self.lock().get(&(view.image, view.laid?)).cloned()
    }

    fn keep(&self, view: &View, latent: &[f32]) {
        let mut seen = self.lock();
        if let Some(laid) = view.laid.filter(|_| seen.len() < self.most) {
            seen.insert((view.image, laid), latent.to_vec());
        }
    }
}
