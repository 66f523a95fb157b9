//! A `scheduler_config.json` against what diffusers' scheduler does with it, step by step, on an
//! exact model of Gaussian data.

use candle_core::Tensor;
use engine::config::{SamplerKind, Sampling};
use engine::diffusers::SchedulerConfig;
use engine::sampler::Course;

use crate::Findings;
use crate::case::{Case, difference};
use crate::sampler::worse;

pub fn check(case: &Case) -> Option<Findings> {
    let mut course = course(case);
    let levels: Vec<_> = course.path.legs().iter().map(|leg| leg.from).collect();
    let deviation = case.words["deviation"].as_f64().unwrap();
    let mut network = |x: &Tensor, timestep: f32| {
        let alpha = levels.iter().find(|level| level.timestep == timestep).unwrap().alpha_cumprod;
        Ok((x * ((1.0 - alpha).sqrt() / (alpha * deviation.powi(2) + 1.0 - alpha)))?)
    };
    let mut draws = 0;
    let mut noise = || {
        draws += 1;
        Ok(case.tensor("noise").get(draws - 1)?)
    };
    let mut x = course.start(case.tensor("x_T")).unwrap();
    let mut worst = 0.0f64;
    for index in 0..levels.len() {
        x = course.step(index, &x, &mut network, &mut noise).unwrap().0;
        worst = worse(worst, difference(&x, &case.tensor("x").get(index).unwrap()));
    }
    let wanted = case.tensor("timesteps").to_vec1::<f32>().unwrap();
    let found: Vec<f32> = levels.iter().map(|level| level.timestep).collect();
    let strays = found.iter().zip(&wanted).filter(|(found, wanted)| found != wanted).count();
    Some(vec![("x", worst, 1e-3), ("timesteps that differ", strays as f64, 1.0)])
}

fn course(case: &Case) -> Course {
    let config: SchedulerConfig = serde_json::from_value(case.words["config"].clone()).unwrap();
    config.check().unwrap();
    let sampler = match config.class.as_str() {
        "DDPMScheduler" => SamplerKind::Ddpm,
        "DDIMScheduler" => SamplerKind::Ddim,
        other => panic!("{}: {other}", case.name),
    };
    let steps = case.words["steps"].as_u64().unwrap() as usize;
    let (schedule, manner) = (config.schedule().unwrap(), config.manner().unwrap());
    Course::new(&Sampling::new(sampler, steps), &schedule, Default::default(), &manner).unwrap()
}
