//! An autoencoder that learns, one step at a time.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::deck::{Deck, View, pixels};
use super::descent::{Gradients, norm};
use super::judge::{Judge, Pair};
use super::learner::Learner;
use super::revival::Revival;
use super::samples::Samples;
use super::shards::{fold_shards, shard_on};
use super::standing::{Standing, detached};
use super::trainer::{check_course, check_images};
use super::validation::{ValidationLoss, split};
use super::{StepReport, state};
use crate::autoencoder::{Autoencoder, CODEBOOK, Network, Pass, Quantized, Spec, detail};
use crate::checkpoint::{Checkpoint, Header};
use crate::config::{AutoencoderKind, RunConfig, ValidConfig};
use crate::data::ImageSet;
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
    standing: Standing,
    judge: Option<Judge>,
    /// Of the codebook, if there is one.
    revival: Option<Revival>,
    deck: Deck<'a>,
    /// Numbers of the images that are never trained on.
    held_out: Vec<usize>,
    /// Of the next step, if that was looked at before it is made.
    ahead: Option<Lesson>,
}

/// What a step learns from.
#[derive(Debug)]
struct Lesson {
    gradients: Weights,
    norm: f64,
    /// The loss of each image.
    values: Vec<f32>,
    lookups: Vec<Quantized>,
    /// What the judge learns from, once it has begun.
    judged: Option<(Weights, f64)>,
}

/// What a shard of a step's images gives.
struct Learned {
    gradients: Weights,
    /// The loss of each image.
    values: Vec<f32>,
    pair: Pair,
    quantized: Option<Quantized>,
}

impl<'a> AutoencoderTrainer<'a> {
    /// Fresh weights from the run's seed, standing before step 1.
    pub fn new(config: &ValidConfig, data: &'a ImageSet, device: &Device) -> Result<Self> {
        check_images(config, data)?;
        let train = &config.train_params;
        let channels = config.model_params.im_channels;
        let spec = Spec { params: config.autoencoder_params.clone(), channels };
        let (network, vars) = Autoencoder::fresh(&spec, train.seed, 0, device)?;
        let (trained, held_out) = split(config, data.len());
        Ok(Self {
            judge: Judge::new(&spec, train, vars.len() as u64, device)?,
            revival: (spec.params.kind == AutoencoderKind::Vq)
                .then(|| Revival::new(spec.params.codebook_size)),
            standing: Standing::new(vars, config, data)?,
            deck: Deck::new(data, trained, config),
            held_out,
            config: (**config).clone(),
            device: device.clone(),
            spec,
            network,
            ahead: None,
        })
    }

    /// What `step`, the next one, is to learn from.
    fn lesson(&mut self, step: u64) -> Result<Lesson> {
        let views = self.deck.views(step);
        let (lesson, pairs) = self.backward(step, &views)?;
        // Pixels have a mean square of one at most.
        check_course(mean(&lesson.values), lesson.norm, 1.0)?;
        let judged = self.judge.as_ref().map(|judge| judge.lesson(step, &pairs)).transpose()?;
        Ok(Lesson { judged: judged.flatten(), ..lesson })
    }

    /// The gradient of the mean loss of `views`, which `step` trains on, and what else it shows.
    fn backward(&self, step: u64, views: &[View]) -> Result<(Lesson, Vec<Pair>)> {
        let count = views.len();
        let noise = self.noise(step, count)?;
        let (mut gradients, mut values) = (Gradients::default(), Vec::with_capacity(count));
        let (mut pairs, mut lookups) = (Vec::new(), Vec::new());
        let mut first = 0;
        for views in views.chunks(self.config.train_params.batch_size) {
            let shard = shard_on(&self.device, views.len());
            let begin = first;
            let shards =
                views.chunks(shard).enumerate().map(|(at, views)| (begin + at * shard, views));
            let learn = |(first, views): (usize, &[View])| {
                let noise = noise.as_ref().map(|all| all.narrow(0, first, views.len()));
                let noise = noise.map(|part| part?.contiguous()).transpose()?;
                self.learn(step, views, noise.as_ref(), count)
            };
            fold_shards(&self.device, shards, learn, |learned| {
                gradients.add(learned.gradients)?;
                values.extend(learned.values);
                pairs.push(learned.pair);
                lookups.extend(learned.quantized);
                Ok(())
            })?;
            first += views.len();
        }
        let (norm, gradients) = (norm(&gradients.0)?, gradients.0);
        Ok((Lesson { gradients, norm, values, lookups, judged: None }, pairs))
    }

    /// What `views` add to the gradient of the mean loss of `count` images, and what else they show.
    fn learn(
        &self,
        step: u64,
        views: &[View],
        noise: Option<&Tensor>,
        count: usize,
    ) -> Result<Learned> {
        let images = pixels(self.deck.data, views, &self.device)?;
        let (learned, tape) = record(|| {
            let (loss, pass) = self.loss(&self.network, &images, noise)?;
            let values = loss.to_vec1::<f32>()?;
            let loss = self.with_doubt(step, loss, &pass)?.sum_all()?;
            Ok::<_, crate::Error>(((loss / count as f64)?, values, pass))
        });
        let (loss, values, pass) = learned?;
        Ok(Learned {
            gradients: self.standing.descent.gradients(tape.backward(&loss)?)?,
            values,
            pair: Pair { pictures: images, reconstructions: pass.reconstruction.detach() },
            quantized: pass.quantized,
        })
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
        let Standing { descent, ema, .. } = &self.standing;
        let average = ema.as_ref().and_then(|ema| ema.average(CODEBOOK));
        let books: Vec<_> = descent.vars.get(CODEBOOK).into_iter().chain(average).collect();
        revival.step(lookups, &books, self.config.train_params.seed, step)
    }

    fn validation_loss(&self, weights: &Weights) -> Result<f32> {
        let network = Autoencoder::from_weights(&self.spec, weights)?;
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
}

impl Learner for AutoencoderTrainer<'_> {
    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    fn weights(&self) -> u64 {
        self.standing.descent.vars.values().map(|weight| weight.elem_count() as u64).sum()
    }

    /// The autoencoder learns first, then its judge, from the same images.
    fn step(&mut self) -> Result<StepReport> {
        let step = self.standing.step + 1;
        let Lesson { gradients, norm, values, lookups, judged } = match self.ahead.take() {
            Some(lesson) => lesson,
            None => self.lesson(step)?,
        };
        if let (Some(judge), Some(judged)) = (&mut self.judge, &judged) {
            judge.learn(judged, self.standing.rate.at(step))?;
        }
        self.standing.advance(step, &gradients, norm)?;
        self.revive(step, &lookups)?;
        self.standing.step = step;
        let moment = (step, self.deck.epoch_of(step));
        Ok(self.standing.report(moment, values.len(), mean(&values), norm))
    }

    fn look_ahead(&mut self) -> Result<()> {
        if self.ahead.is_none() {
            self.ahead = Some(self.lesson(self.standing.step + 1)?);
        }
        Ok(())
    }

    fn begin_from(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if let Some(revival) = &mut self.revival {
            revival.settle();
        }
        self.standing.begin_from(checkpoint)
    }

    fn validate(&self) -> Result<Option<ValidationLoss>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        self.standing.validate(|weights| self.validation_loss(weights)).map(Some)
    }

    fn checkpoint(&self) -> Checkpoint {
        let facts = self.standing.facts.clone();
        self.standing.checkpoint(Header::new(self.config.clone(), facts, self.weights()))
    }

    fn save_state(&self, path: &Path) -> Result<()> {
        let mut tensors = self.standing.state();
        tensors.extend(self.judge.iter().flat_map(Judge::state));
        let idle = self.revival.as_ref().map(Revival::state).transpose()?;
        tensors.extend(idle.iter().map(|(name, tensor)| (name.clone(), tensor)));
        state::save(path, &tensors, self.standing.step)
    }

    fn restore(&mut self, path: &Path) -> Result<()> {
        let (tensors, step) = state::load(path)?;
        self.ahead = None;
        self.standing.restore(&tensors, step)?;
        if let Some(judge) = &mut self.judge {
            judge.restore(&tensors, step)?;
        }
        if let Some(revival) = &mut self.revival {
            revival.restore(&tensors)?;
        }
        Ok(())
    }

    /// Images, each beside what becomes of it.
    fn samples(&self, cancel: &CancelToken) -> Result<Samples> {
        let weights = detached(self.standing.drawing_weights());
        let network = Autoencoder::from_weights(&self.spec, &weights)?;
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
        Ok(Samples { pictures: shown, raw: None, columns })
    }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}
