//! Samplers against diffusers' schedulers, on an exact model of Gaussian data.

use candle_core::Tensor;
use engine::config::DiffusionParams;
use engine::sampler::{Ddim, Ddpm, Sampler, Variance};
use engine::schedule::NoiseSchedule;

use crate::Findings;
use crate::case::{Case, difference};

pub fn check(case: &Case) -> Option<Findings> {
    let schedule = NoiseSchedule::new(&DiffusionParams::default());
    let sampler = sampler_of(case, &schedule)?;
    let wanted: Vec<usize> =
        case.tensor("timesteps").to_vec1::<f32>().unwrap().iter().map(|&t| t as usize).collect();
    assert_eq!(sampler.timesteps(), wanted, "{}", case.name);
    let mut x = case.tensor("x_T").clone();
    let mut draws = 0;
    let mut worst = 0f64;
    for (index, &t) in wanted.iter().enumerate() {
        let eps = exact_noise(&x, f64::from(schedule.alphas_cumprod()[t]));
        let mut z = || {
            draws += 1;
            Ok(case.tensor("noise").get(draws - 1)?)
        };
        x = sampler.step(index, &x, &eps, &mut z).unwrap().0;
        worst = worst.max(difference(&x, &case.tensor("x").get(index).unwrap()));
    }
    Some(vec![("x of all steps", worst, 1e-3)])
}

/// The sampler a case asks for; nothing where we have none that does the same.
fn sampler_of(case: &Case, schedule: &NoiseSchedule) -> Option<Box<dyn Sampler>> {
    let config = case.words["config"].as_object()?;
    let known = ["clip_sample", "variance_type"];
    if config.keys().any(|key| !known.contains(&key.as_str())) {
        return None;
    }
    let steps = case.words["steps"].as_u64()? as usize;
    let clip = config.get("clip_sample").and_then(|clip| clip.as_bool()).unwrap_or(true);
    let large = config.get("variance_type").is_some_and(|kind| kind == "fixed_large");
    let variance = if large { Variance::Large } else { Variance::Small };
    match case.words["scheduler"].as_str()? {
        "DDPMScheduler" => {
            Some(Box::new(Ddpm::new(schedule, steps).with_clip(clip).with_variance(variance)))
        }
        "DDIMScheduler" => Some(Box::new(Ddim::new(schedule, steps).with_clip(clip))),
        _ => None,
    }
}

/// The noise in `x` if the data are Gaussian with a standard deviation of 0.5.
fn exact_noise(x: &Tensor, alpha_cumprod: f64) -> Tensor {
    (x * ((1.0 - alpha_cumprod).sqrt() / (alpha_cumprod * 0.25 + 1.0 - alpha_cumprod))).unwrap()
}
