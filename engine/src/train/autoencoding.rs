//! An autoencoder that learns, one step at a time.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use super::beginning::begin_from;
use super::deck::{Deck, View, pixels};
use super::descent::Descent;
use super::ema::Ema;
use super::judge::{Judge, Pair};
use super::learner::Learner;
use super::learning_rate::LearningRate;
use super::revival::Revival;
use super::trainer::{Gradients, check_course, check_images, norm};
use super::validation::{ValidationLoss, split};
use super::{StepReport, state};
use crate::autoencoder::{Autoencoder, CODEBOOK, Network, Pass, Quantized, Spec, detail};
use crate::checkpoint::{Checkpoint, DatasetFacts, Header};
use crate::config::{AutoencoderKind, RunConfig, ValidConfig};
use crate::data::ImageSet;
use crate::grid::Picture;
use crate::kernels::record;
use crate::noise::{self, Stream};
use crate::sampler::pictures;
use crate::unet::{Border, Weights};
use crate::{CancelToken, Result};

/// Autoencoder, judge, optimizers and data of a run, and the step they stand at.
#[derive(Debug)]
pub(super) struct AutoencoderTrainer<'a> {
    config: RunConfig,
    spec: Spec,
    device: Device,
    network: Autoencoder,
    descent: Descent,
    ema: Option<Ema>,
    judge: Option<Judge>,
    /// Of the codebook, if there is one.
    revival: Option<Revival>,
    rate: LearningRate,
    deck: Deck<'a>,
    /// Numbers of the images that are never trained on.
    held_out: Vec<usize>,
    facts: DatasetFacts,
    total_steps: u64,
    step: u64,
}

/// What a step learns from.
struct Lesson {
    gradients: Weights,
    /// The loss of each image.
    values: Vec<f32>,
    pairs: Vec<Pair>,
    lookups: Vec<Quantized>,
}

impl<'a> AutoencoderTrainer<'a> {
    /// Fresh weights from the run's seed, standing before step 1.
    pub fn new(config: &ValidConfig, data: &'a ImageSet, device: &Device) -> Result<Self> {
        check_images(config, data)?;
        let train = &config.train_params;
        let channels = config.model_params.im_channels;
        let spec = Spec { params: config.autoencoder_params.clone(), channels };
        let (network, vars) = Autoencoder::fresh(&spec, train.seed, 0, device)?;
        let average = |decay| Ema::new(&vars, decay, train.ema_warmup);
        let total_steps = train.total_steps(data.len()) as u64;
        let (trained, held_out) = split(config, data.len());
        Ok(Self {
            ema: train.average_decay().map(average).transpose()?,
            judge: Judge::new(&spec, train, vars.len() as u64, device)?,
            revival: (spec.params.kind == AutoencoderKind::Vq)
                .then(|| Revival::new(spec.params.codebook_size)),
            descent: Descent::new(vars, train)?,
            rate: LearningRate::new(train, total_steps)?,
            deck: Deck::new(data, trained, config),
            held_out,
            facts: DatasetFacts::of(config, data),
            total_steps,
            step: 0,
            config: (**config).clone(),
            device: device.clone(),
            spec,
            network,
        })
    }

    /// The gradient of the mean loss of `views`, which `step` trains on, and what else it shows.
    fn backward(&self, step: u64, views: &[View]) -> Result<Lesson> {
        let count = views.len();
        let noise = self.noise(step, count)?;
        let (mut gradients, mut values) = (Gradients::default(), Vec::with_capacity(count));
        let (mut pairs, mut lookups) = (Vec::new(), Vec::new());
        let size = self.config.train_params.batch_size;
        for (part, views) in views.chunks(size).enumerate() {
            let images = pixels(self.deck.data, views, &self.device)?;
            let noise = noise.as_ref().map(|all| all.narrow(0, part * size, views.len()));
            let noise = noise.map(|part| part?.contiguous()).transpose()?;
            let (learned, tape) = record(|| {
                let (loss, pass) = self.loss(&self.network, &images, noise.as_ref())?;
                values.extend(loss.to_vec1::<f32>()?);
                let loss = self.with_doubt(step, loss, &pass)?.sum_all()?;
                Ok::<_, crate::Error>(((loss / count as f64)?, pass))
            });
            let (loss, pass) = learned?;
            gradients.add(self.descent.gradients(tape.backward(&loss)?)?)?;
            pairs.push(Pair { pictures: images, reconstructions: pass.reconstruction.detach() });
            lookups.extend(pass.quantized);
        }
        Ok(Lesson { gradients: gradients.0, values, pairs, lookups })
    }

    /// Unit Gaussian noise for the latents of a step, (count, z_channels, …), if they are drawn.
    fn noise(&self, step: u64, count: usize) -> Result<Option<Tensor>> {
        if self.spec.params.kind != AutoencoderKind::Kl {
            return Ok(None);
        }
        let side = self.config.model_params.im_size / self.spec.params.factor();
        let shape = (count, self.spec.params.z_channels, side, side);
        let seed = self.config.train_params.seed;
        let numbers = noise::gaussian(seed, Stream::Latent, step, shape.0 * shape.1 * side * side);
        Ok(Some(Tensor::from_vec(numbers, shape, &self.device)?))
    }

    /// How far what `network` makes of `images` is from them, with what its latents cost: (batch).
    fn loss(
        &self,
        network: &Autoencoder,
        images: &Tensor,
        noise: Option<&Tensor>,
    ) -> Result<(Tensor, Pass)> {
        let pass = network.learning(images, noise)?;
        let pixels = (&pass.reconstruction - images)?.sqr()?.mean((1, 2, 3))?;
        let mut loss = (pixels + &pass.latent_loss)?;
        let weight = self.spec.params.perceptual_weight;
        if weight > 0.0 {
            loss = (loss + (detail::distance(&pass.reconstruction, images)? * weight)?)?;
        }
        Ok((loss, pass))
    }

    /// What is learned from beside the loss that is told: the loss told is to be comparable before
    /// and after the judge begins.
    fn with_doubt(&self, step: u64, loss: Tensor, pass: &Pass) -> Result<Tensor> {
        let doubt = match &self.judge {
            Some(judge) => judge.doubt(step, &pass.reconstruction)?,
            None => None,
        };
        match doubt {
            Some(doubt) => Ok((loss + doubt)?),
            None => Ok(loss),
        }
    }

    /// Puts the codebook's unused entries elsewhere, those of its average too.
    fn revive(&mut self, step: u64, lookups: &[Quantized]) -> Result<()> {
        let Some(revival) = &mut self.revival else { return Ok(()) };
        let average = self.ema.as_ref().and_then(|ema| ema.average(CODEBOOK));
        let books: Vec<_> = self.descent.vars.get(CODEBOOK).into_iter().chain(average).collect();
        revival.step(lookups, &books, self.config.train_params.seed, step)
    }

    fn validation_loss(&self, weights: &Weights) -> Result<f32> {
        let network = still(&self.spec, weights)?;
        let mut sum = 0f64;
        for views in self.held_out.chunks(self.config.train_params.batch_size) {
            let views: Vec<View> =
                views.iter().map(|&at| View::plain(self.deck.data, at)).collect();
            let images = pixels(self.deck.data, &views, &self.device)?;
            let (losses, _) = self.loss(&network, &images, None)?;
            sum += losses.to_vec1::<f32>()?.into_iter().map(f64::from).sum::<f64>();
        }
        Ok((sum / self.held_out.len() as f64) as f32)
    }

    /// Numbers of the images that samples show: held-out ones if there are any.
    fn shown(&self) -> Vec<usize> {
        let all: Vec<usize> = (0..self.deck.data.len()).collect();
        let from = if self.held_out.is_empty() { &all } else { &self.held_out };
        let count = self.config.train_params.num_samples.div_ceil(2);
        from.iter().copied().take(count).collect()
    }

    fn drawing_weights(&self) -> Weights {
        self.ema.as_ref().map_or_else(|| self.descent.weights(), Ema::weights)
    }
}

impl Learner for AutoencoderTrainer<'_> {
    fn steps_done(&self) -> u64 {
        self.step
    }

    fn total_steps(&self) -> u64 {
        self.total_steps
    }

    fn weights(&self) -> u64 {
        self.descent.vars.values().map(|weight| weight.elem_count() as u64).sum()
    }

    fn rate_at(&self, step: u64) -> f64 {
        self.rate.at(step)
    }

    fn scale_rate(&mut self, factor: f64) {
        self.rate.factor = factor;
    }

    /// The autoencoder learns first, then its judge, from the same images.
    fn step(&mut self) -> Result<StepReport> {
        let step = self.step + 1;
        let views = self.deck.views(step);
        let lesson = self.backward(step, &views)?;
        let loss = lesson.values.iter().sum::<f32>() / views.len() as f32;
        let norm = norm(&lesson.gradients)?;
        // Pixels have a mean square of one at most.
        check_course(loss, norm, 1.0)?;
        let rate = self.rate.at(step);
        if let Some(judge) = &mut self.judge {
            judge.learn(step, &lesson.pairs, rate)?;
        }
        self.descent.step(&lesson.gradients, rate)?;
        if let Some(ema) = &mut self.ema {
            ema.update(&self.descent.vars, step)?;
        }
        self.revive(step, &lesson.lookups)?;
        self.step = step;
        Ok(StepReport {
            step,
            total_steps: self.total_steps,
            epoch: self.deck.epoch_of(step),
            learning_rate: rate,
            loss,
            buckets: [None; 4],
            grad_norm: norm as f32,
            images: views.len(),
        })
    }

    fn begin_from(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if let Some(revival) = &mut self.revival {
            revival.settle();
        }
        begin_from(checkpoint, &self.descent.vars, self.ema.as_ref())
    }

    fn validate(&self) -> Result<Option<ValidationLoss>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let ema = self.ema.as_ref().map(|ema| self.validation_loss(&ema.weights()));
        let loss = self.validation_loss(&self.descent.weights())?;
        Ok(Some(ValidationLoss { loss, ema_loss: ema.transpose()? }))
    }

    fn checkpoint(&self) -> Checkpoint {
        let weights = self.descent.weights();
        Checkpoint {
            header: Header {
                step: self.step,
                ..Header::new(self.config.clone(), self.facts.clone(), self.weights())
            },
            weights,
            ema: self.ema.as_ref().map(Ema::weights),
            autoencoder: None,
        }
    }

    fn save_state(&self, path: &Path) -> Result<()> {
        let mut tensors: BTreeMap<String, &Tensor> = self.descent.state().collect();
        tensors.extend(self.ema.iter().flat_map(Ema::state));
        tensors.extend(self.judge.iter().flat_map(Judge::state));
        let idle = self.revival.as_ref().map(Revival::state).transpose()?;
        tensors.extend(idle.iter().map(|(name, tensor)| (name.clone(), tensor)));
        state::save(path, &tensors, self.step)
    }

    fn restore(&mut self, path: &Path) -> Result<()> {
        let (tensors, step) = state::load(path)?;
        self.descent.restore(&tensors, step)?;
        if let Some(ema) = &mut self.ema {
            ema.restore(&tensors)?;
        }
        if let Some(judge) = &mut self.judge {
            judge.restore(&tensors, step)?;
        }
        if let Some(revival) = &mut self.revival {
            revival.restore(&tensors)?;
        }
        self.step = step;
        Ok(())
    }

    /// Images, each beside what becomes of it.
    fn samples(&self, cancel: &CancelToken) -> Result<(Vec<Picture>, usize)> {
        let network = still(&self.spec, &self.drawing_weights())?;
        let (data, mut shown) = (self.deck.data, Vec::new());
        for images in self.shown().chunks(self.config.train_params.batch_size) {
            cancel.check()?;
            let views: Vec<View> = images.iter().map(|&at| View::plain(data, at)).collect();
            let latents = network.encode(&pixels(data, &views, &self.device)?, Border::Zeros)?;
            let again = pictures(&network.decode(&latents, Border::Zeros)?)?;
            let pairs = images.iter().zip(again);
            shown.extend(pairs.flat_map(|(&at, again)| [data.picture(at), again]));
        }
        let columns = self.config.train_params.num_grid_rows.next_multiple_of(2);
        Ok((shown, columns))
    }
}

/// An autoencoder on `weights` cut off from those that learn: a pass keeps nothing for a gradient.
fn still(spec: &Spec, weights: &Weights) -> Result<Autoencoder> {
    let cut = |(name, weight): (&String, &Tensor)| (name.clone(), weight.detach());
    Autoencoder::from_weights(spec, &weights.iter().map(cut).collect())
}
