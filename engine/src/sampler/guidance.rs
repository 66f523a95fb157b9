//! Pictures of chosen classes: classifier-free guidance.

use candle_core::{Device, Tensor};

use super::portions::Portioned;
use crate::config::{ConfigError, Mix, Prompt};
use crate::model::Model;
use crate::{CancelToken, Result};

/// What the pictures are to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Guidance {
    /// One for each picture; empty for pictures of nothing in particular.
    pub prompts: Vec<Prompt>,
    /// What to steer away from; empty for the average of all pictures.
    pub negative: Mix,
    /// How far to go beyond what the network tells of the prompt, 1 for not at all (Ho & Salimans
    /// 2022, arXiv 2207.12598, where it is w + 1). A network that never saw an image without its
    /// class takes it to be 1.
    pub scale: f64,
}

impl Default for Guidance {
    fn default() -> Self {
        Self { prompts: Vec::new(), negative: Mix::new(), scale: 1.0 }
    }
}

/// A model that is asked for what a guidance says.
pub(super) struct Guided<'a> {
    network: Portioned<'a>,
    wishes: Vec<Wish>,
    /// (batch, classes): what the wishes are compared with; none where one wish is all there is.
    negative: Option<Tensor>,
    scale: f64,
}

/// The part at one place of every picture's prompt.
struct Wish {
    classes: Tensor, // (batch, classes)
    weights: Tensor, // (batch, 1, 1, 1), 0 where a prompt has fewer parts
}

impl<'a> Guided<'a> {
    /// `cancel` stops it on its way.
    pub fn new(model: &'a Model, guidance: &Guidance, cancel: &'a CancelToken) -> Result<Self> {
        let (classes, device) = (model.classes().len(), model.device());
        let prompts = match model.draws_without_class() && !guidance.negative.is_empty() {
            true => &wishing(&guidance.prompts),
            false => &guidance.prompts,
        };
        let longest = prompts.iter().map(|prompt| prompt.parts.len()).max().unwrap_or(0);
        if !model.draws_without_class() && (longest == 0 || prompts.iter().any(is_empty)) {
            let message = format!(
                "this model needs a class for every picture; its first is {}",
                model.classes()[0]
            );
            return Err(ConfigError::one("prompt", message).into());
        }
        let wishes = match classes {
            0 => Vec::new(),
            _ => (0..longest)
                .map(|place| Wish::at(place, prompts, classes, device))
                .collect::<Result<_>>()?,
        };
        let scale = if model.draws_without_class() { guidance.scale } else { 1.0 };
        let compares =
            model.draws_without_class() && (scale != 1.0 || !prompts.iter().all(Prompt::is_plain));
        let negative = compares.then(|| {
            let mixes = vec![guidance.negative.as_slice(); prompts.len()];
            rows(&mixes, classes, device)
        });
        Ok(Self {
            network: Portioned::new(model, cancel),
            wishes,
            negative: negative.transpose()?,
            scale,
        })
    }

    /// What the network tells of `x` (batch, channels, height, width), steered.
    pub fn predict(&self, x: &Tensor, timestep: f32) -> Result<Tensor> {
        let wanted: Vec<&Tensor> = self.wishes.iter().map(|wish| &wish.classes).collect();
        let (negative, wishes) = match (&self.negative, wanted.as_slice()) {
            (_, []) => return self.network.predict(x, timestep, None),
            (None, [only, ..]) => return self.network.predict(x, timestep, Some(only)),
            (Some(negative), wishes) => (negative, wishes),
        };
        // Two at once in one go through the network: more would take memory that is not foreseen.
        let asked: Vec<&Tensor> = wishes.iter().copied().chain([negative]).collect();
        let pairs = asked.chunks(2).map(|pair| {
            let copies = vec![x; pair.len()];
            let classes = Tensor::cat(pair, 0)?;
            let answers =
                self.network.predict(&Tensor::cat(&copies, 0)?, timestep, Some(&classes))?;
            Ok(answers.chunk(pair.len(), 0)?)
        });
        let answers = pairs.collect::<Result<Vec<_>>>()?.concat();
        let base = &answers[wishes.len()];
        let mut steered = base.clone();
        for (answer, wish) in answers.iter().zip(&self.wishes) {
            let towards = (answer - base)?.broadcast_mul(&(&wish.weights * self.scale)?)?;
            steered = (steered + towards)?;
        }
        match self.network.model.variance().is_learned() {
            true => with_variance_of(&steered, &answers[0], x.dim(1)?),
            false => Ok(steered),
        }
    }
}

impl Wish {
    fn at(place: usize, prompts: &[Prompt], classes: usize, device: &Device) -> Result<Self> {
        let parts = || prompts.iter().map(|prompt| prompt.parts.get(place));
        let mixes: Vec<_> = parts().map(|part| part.map_or(&[][..], |part| &part.mix)).collect();
        let weights: Vec<f32> =
            parts().map(|part| part.map_or(0.0, |part| part.weight as f32)).collect();
        Ok(Self {
            classes: rows(&mixes, classes, device)?,
            weights: Tensor::from_vec(weights, (prompts.len(), 1, 1, 1), device)?,
        })
    }
}

/// `steered` with the variance that `answer` tells behind its first `channels`: going beyond a variance
/// would leave its range.
fn with_variance_of(steered: &Tensor, answer: &Tensor, channels: usize) -> Result<Tensor> {
    let variance = answer.narrow(1, channels, channels)?;
    Ok(Tensor::cat(&[steered.narrow(1, 0, channels)?, variance], 1)?)
}

/// Prompts that wish for something: for pictures in general where nothing else is said, so that there
/// is something to steer towards.
fn wishing(prompts: &[Prompt]) -> Vec<Prompt> {
    let wish = |prompt: &Prompt| match is_empty(prompt) {
        true => Prompt::of_nothing_in_particular(),
        false => prompt.clone(),
    };
    prompts.iter().map(wish).collect()
}

fn is_empty(prompt: &Prompt) -> bool {
    prompt.parts.is_empty()
}

/// A row of `classes` weights for each mix: (mixes, classes).
fn rows(mixes: &[&[(usize, f32)]], classes: usize, device: &Device) -> Result<Tensor> {
    let mut weights = vec![0f32; mixes.len() * classes];
    for (row, mix) in weights.chunks_exact_mut(classes.max(1)).zip(mixes) {
        for (class, weight) in *mix {
            row[*class] += weight;
        }
    }
    Ok(Tensor::from_vec(weights, (mixes.len(), classes), device)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::RunConfig;
    use crate::noise::{Stream, gaussian_images};
    use crate::unet::{UNet, Weights};

    /// A network with fresh weights that knows three classes.
    pub fn model(class_dropout: &str) -> Model {
        model_of(class_dropout, "fixed_small")
    }

    fn model_of(class_dropout: &str, variance: &str) -> Model {
        let mut config = RunConfig::default();
        for (key, value) in [
            ("model_params.im_size", "8"),
            ("model_params.down_channels", "8, 16"),
            ("model_params.mid_channels", "16, 8"),
            ("model_params.down_sample", "true"),
            ("model_params.time_emb_dim", "16"),
            ("model_params.num_classes", "3"),
            ("train_params.class_dropout", class_dropout),
            ("diffusion_params.variance_type", variance),
        ] {
            config.set(key, value).unwrap();
        }
        let (_, vars) = UNet::fresh(&config.network(), 5, &Device::Cpu).unwrap();
        let weights: Weights =
            vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
        Model::from_weights(config, &weights, &Device::Cpu).unwrap()
    }

    fn x(images: u64) -> Tensor {
        let seeds: Vec<u64> = (0..images).collect();
        gaussian_images(&seeds, Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap()
    }

    fn prompts(model: &Model, texts: &[&str]) -> Vec<Prompt> {
        texts.iter().flat_map(|text| Prompt::parse(text, model.classes()).unwrap()).collect()
    }

    fn predict(model: &Model, guidance: &Guidance, x: &Tensor) -> Tensor {
        let cancel = CancelToken::new();
        Guided::new(model, guidance, &cancel).unwrap().predict(x, 300.0).unwrap()
    }

    /// What the network tells of `x` for each class by itself, and for none.
    fn alone(model: &Model, x: &Tensor, class: Option<usize>) -> Tensor {
        let mix: Vec<(usize, f32)> = class.map(|class| (class, 1.0)).into_iter().collect();
        let classes = rows(&vec![mix.as_slice(); x.dim(0).unwrap()], 3, &Device::Cpu).unwrap();
        model.predict(x, 300.0, Some(&classes)).unwrap()
    }

    fn close(a: &Tensor, b: &Tensor) -> bool {
        let off = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        off.to_scalar::<f32>().unwrap() < 1e-5
    }

    #[test]
    fn the_scale_goes_from_no_class_through_the_class_and_beyond() {
        let (model, x) = (model("0.1"), x(2));
        let (base, class) = (alone(&model, &x, None), alone(&model, &x, Some(1)));
        assert!(!close(&base, &class), "the class changes nothing");
        for scale in [0.0, 1.0, 2.5] {
            let guidance =
                Guidance { prompts: prompts(&model, &["1", "1"]), scale, ..Default::default() };
            let wanted = (&base + ((&class - &base).unwrap() * scale).unwrap()).unwrap();
            assert!(close(&predict(&model, &guidance, &x), &wanted), "{scale}");
        }
    }

    #[test]
    fn a_learned_variance_is_that_of_the_prompt_whatever_the_scale() {
        let (model, x) = (model_of("0.1", "learned_range"), x(1));
        let [base, class] = [None, Some(1)].map(|class| alone(&model, &x, class));
        let guidance =
            Guidance { prompts: prompts(&model, &["1"]), scale: 5.0, ..Default::default() };
        let found = predict(&model, &guidance, &x);
        let half = |tensor: &Tensor, from| tensor.narrow(1, from, 1).unwrap();
        assert!(!close(&half(&base, 1), &half(&class, 1)));
        assert!(close(&half(&found, 1), &half(&class, 1)));
        let wanted = (&base + ((&class - &base).unwrap() * 5.0).unwrap()).unwrap();
        assert!(close(&half(&found, 0), &half(&wanted, 0)));
    }

    #[test]
    fn a_negative_prompt_is_what_is_steered_from_and_and_adds_up() {
        let (model, x) = (model("0.1"), x(1));
        let [zero, one, two] = [0, 1, 2].map(|class| alone(&model, &x, Some(class)));
        let guidance = Guidance {
            prompts: prompts(&model, &["0 AND 1 :0.5"]),
            negative: vec![(2, 1.0)],
            scale: 2.0,
        };
        let towards = |tensor: &Tensor, factor: f64| ((tensor - &two).unwrap() * factor).unwrap();
        let wanted = (&two + towards(&zero, 2.0)).unwrap();
        let wanted = (wanted + towards(&one, 1.0)).unwrap();
        assert!(close(&predict(&model, &guidance, &x), &wanted));
    }

    #[test]
    fn a_negative_prompt_steers_pictures_of_nothing_in_particular() {
        let (model, x) = (model("0.1"), x(1));
        let [base, two] = [None, Some(2)].map(|class| alone(&model, &x, class));
        let guidance =
            Guidance { prompts: prompts(&model, &[""]), negative: vec![(2, 1.0)], scale: 3.0 };
        let wanted = (&two + ((&base - &two).unwrap() * 3.0).unwrap()).unwrap();
        assert!(close(&predict(&model, &guidance, &x), &wanted));
        let level = Guidance { scale: 1.0, ..guidance };
        assert!(close(&predict(&model, &level, &x), &base));
    }

    #[test]
    fn a_picture_is_the_same_beside_others_with_other_prompts() {
        let (model, x) = (model("0.1"), x(3));
        let texts = ["0", "", "2 AND 1 :0.5"];
        let guided = |texts: &[&str], x: &Tensor| {
            let prompts = prompts(&model, texts);
            predict(&model, &Guidance { prompts, scale: 3.0, ..Default::default() }, x)
        };
        let together = guided(&texts, &x);
        for (at, text) in texts.iter().enumerate() {
            let alone = guided(&[text], &x.narrow(0, at, 1).unwrap());
            let found = together.narrow(0, at, 1).unwrap();
            let numbers = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(numbers(&alone), numbers(&found), "{text}");
        }
    }

    #[test]
    fn a_network_that_never_saw_an_image_without_its_class_is_not_steered() {
        let (model, x) = (model("0"), x(1));
        let cancel = CancelToken::new();
        let guided = Guided::new(&model, &Guidance::default(), &cancel);
        let error = guided.err().unwrap().to_string();
        assert!(error.contains("needs a class for every picture"), "{error}");
        let prompts = prompts(&model, &["2"]);
        let guidance = Guidance { prompts, scale: 7.0, ..Default::default() };
        assert!(close(&predict(&model, &guidance, &x), &alone(&model, &x, Some(2))));
    }
}
