//! The whole reverse process of the reference, on the weights of another case.

use candle_core::Tensor;
use engine::checkpoint::Checkpoint;
use engine::config::{ClipSample, SamplerKind, Sampling};
use engine::model::Model;
use engine::sampler::{Course, Manner};
use engine::schedule::NoiseSchedule;

use crate::Findings;
use crate::case::{Case, difference};

pub fn check(case: &Case) -> Option<Findings> {
    let weights = case.folder.parent().unwrap().join(case.words["weights"].as_str().unwrap());
    let (pth, yaml) = (weights.join("ddpm_ckpt.pth"), weights.join("config.yaml"));
    let checkpoint = Checkpoint::load_reference(&pth, &yaml).unwrap();
    let model = Model::new(&checkpoint, case.tensor("x_T").device()).unwrap();
    let schedule = NoiseSchedule::new(&model.config().diffusion_params);
    let steps = schedule.timesteps();
    let mut course = Course::new(
        // The reference does not clip.
        &Sampling { clip_sample: ClipSample::Off, ..Sampling::new(SamplerKind::Ddpm, steps) },
        &schedule,
        model.prediction(),
        &Manner::default(),
    )
    .unwrap();

    let by_formula = walk(case, |t, x, z| {
        let eps = model.predict(x, t as f32, None).unwrap();
        schedule.reverse_step(x, &eps, z, t).unwrap()
    });
    let by_sampler = walk(case, |t, x, z| {
        let mut network = |x: &Tensor, t| model.predict(x, t, None);
        course.step(steps - 1 - t, x, &mut network, &mut || Ok(z.clone())).unwrap()
    });
    Some(vec![
        ("x, reverse_step", by_formula.0, 1e-3),
        ("x0, reverse_step", by_formula.1, 1e-3),
        ("x, DDPM sampler", by_sampler.0, 1e-3),
        ("x0, DDPM sampler", by_sampler.1, 1e-3),
    ])
}

/// The largest errors of x and x0 over all steps.
fn walk(
    case: &Case,
    mut step: impl FnMut(usize, &Tensor, &Tensor) -> (Tensor, Tensor),
) -> (f64, f64) {
    let steps = case.words["num_timesteps"].as_u64().unwrap() as usize;
    let (mut worst_x, mut worst_x0) = (0f64, 0f64);
    let mut x = case.tensor("x_T").clone();
    for (index, t) in (0..steps).rev().enumerate() {
        let (next, x0) = step(t, &x, &case.tensor("z").get(t).unwrap());
        worst_x = worst_x.max(difference(&next, &case.tensor("x").get(index).unwrap()));
        worst_x0 = worst_x0.max(difference(&x0, &case.tensor("x0").get(index).unwrap()));
        x = next;
    }
    (worst_x, worst_x0)
}
