//! The network of the reference: its output, its gradients, three steps of Adam, its `.pth`.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor, Var};
use engine::checkpoint::Checkpoint;
use engine::config::{RunConfig, TrainParams};
use engine::train::Adam;
use engine::unet::UNet;

use crate::Findings;
use crate::case::{Case, difference, largest};

pub fn check(case: &Case) -> Option<Findings> {
    let yaml = std::fs::read_to_string(case.folder.join("config.yaml")).unwrap();
    let config = RunConfig::from_yaml(&yaml).unwrap().validate().unwrap();
    let vars = variables(case);
    let weights = vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    let unet = UNet::from_weights(&config.model_params, &weights).unwrap();
    let (eps, grads) = forward_and_back(case, &unet, &vars);

    let zero = ZeroGradients::of(case);
    let wanted_grads = case.group("grad.");
    let (mut worst, mut noise) = (0f64, 0f64);
    for (name, wanted) in &wanted_grads {
        let grad = grads.get(name).unwrap_or_else(|| panic!("{name} received no gradient"));
        match zero.whole(wanted) {
            true => noise = noise.max(largest(grad)),
            false => worst = worst.max(difference(grad, wanted) / largest(wanted)),
        }
    }
    let adam = after_adam(case, &unet, &vars, &grads, &zero);
    Some(vec![
        ("eps", difference(&eps, case.tensor("eps")), 1e-4),
        ("gradients (relative)", worst, 1e-4),
        ("gradients that are zero", noise, 1e-6),
        ("weights after Adam", adam, 1e-4),
        (".pth", through_the_pth(case), 1e-4),
        (".pth as a pipeline", through_a_pipeline(case), 1e-4),
    ])
}

/// Which gradients are zero in exact arithmetic: those of a bias, and of what is added like one, right
/// before a norm with one channel a group, which takes it out again; and those of the keys' bias,
/// which adds the same to all scores of a softmax. What PyTorch's file holds there is rounding noise,
/// a million times below the others, which Adam then blows up to its own step width; so they are held
/// to be zero, and not compared after Adam.
struct ZeroGradients {
    threshold: f64,
}

impl ZeroGradients {
    fn of(case: &Case) -> Self {
        let most = case.group("grad.").values().map(largest).fold(0.0, f64::max);
        Self { threshold: 1e-6 * most }
    }

    /// Whether all of a tensor's gradient is zero.
    fn whole(&self, grad: &Tensor) -> bool {
        largest(grad) < self.threshold
    }

    /// One where Adam can be compared, zero elsewhere. Adam divides a gradient by its own size, so
    /// where it is below a hundredth of its tensor's largest (some 3 % of the numbers) the rounding
    /// noise of either side, in these and in the two steps that follow, moves the weight visibly.
    fn mask(&self, grad: &Tensor) -> Tensor {
        let least = self.threshold.max(0.01 * largest(grad));
        grad.abs().unwrap().ge(least).unwrap().to_dtype(DType::F32).unwrap()
    }
}

fn variables(case: &Case) -> BTreeMap<String, Var> {
    let var = |(name, tensor): (String, Tensor)| (name, Var::from_tensor(&tensor).unwrap());
    case.group("param.").into_iter().map(var).collect()
}

fn times(case: &Case) -> Vec<f32> {
    case.timesteps("t").into_iter().map(|t| t as f32).collect()
}

fn forward_and_back(
    case: &Case,
    unet: &UNet,
    vars: &BTreeMap<String, Var>,
) -> (Tensor, BTreeMap<String, Tensor>) {
    let eps = unet.forward(case.tensor("xt"), &times(case), None).unwrap();
    let loss = (&eps - case.tensor("noise")).unwrap().sqr().unwrap().mean_all().unwrap();
    let store = loss.backward().unwrap();
    let grads = vars.iter().filter_map(|(name, var)| Some((name.clone(), store.get(var)?.clone())));
    (eps, grads.collect())
}

fn after_adam(
    case: &Case,
    unet: &UNet,
    vars: &BTreeMap<String, Var>,
    first: &BTreeMap<String, Tensor>,
    zero: &ZeroGradients,
) -> f64 {
    let rate = case.words["adam_lr"].as_f64().unwrap();
    let mut adam = Adam::new(vars, &TrainParams::default()).unwrap();
    adam.step(vars, first, rate, 1.0).unwrap();
    for _ in 1..3 {
        let (_, grads) = forward_and_back(case, unet, vars);
        adam.step(vars, &grads, rate, 1.0).unwrap();
    }
    let grads = case.group("grad.");
    let error = |(name, wanted): (&String, &Tensor)| {
        let mask = zero.mask(&grads[name]);
        difference(&(vars[name].as_tensor() * &mask).unwrap(), &(wanted * &mask).unwrap())
    };
    case.group("adam3.").iter().map(error).fold(0.0, f64::max)
}

fn through_the_pth(case: &Case) -> f64 {
    error_of(case, &from_the_pth(case))
}

/// As a pipeline for diffusers, with its code beside it, and back.
fn through_a_pipeline(case: &Case) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    from_the_pth(case).save_diffusers(folder.path()).unwrap();
    error_of(case, &Checkpoint::load_diffusers(folder.path()).unwrap())
}

fn from_the_pth(case: &Case) -> Checkpoint {
    let (pth, yaml) = (case.folder.join("ddpm_ckpt.pth"), case.folder.join("config.yaml"));
    Checkpoint::load_reference(&pth, &yaml).unwrap()
}

fn error_of(case: &Case, checkpoint: &Checkpoint) -> f64 {
    let unet =
        UNet::from_weights(&checkpoint.header.config.model_params, &checkpoint.weights).unwrap();
    difference(&unet.forward(case.tensor("xt"), &times(case), None).unwrap(), case.tensor("eps"))
}
