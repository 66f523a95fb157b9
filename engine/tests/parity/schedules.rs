//! Betas, cumulative alphas and the time embedding.

use candle_core::{Device, Tensor};
use engine::config::DiffusionParams;
use engine::schedule::{NoiseSchedule, time_embedding};

use crate::Findings;
use crate::case::{Case, difference};

pub fn check(case: &Case) -> Option<Findings> {
    let schedule = NoiseSchedule::new(&DiffusionParams::default());
    let tensor = |numbers: &[f32]| Tensor::new(numbers, &Device::Cpu).unwrap();
    let times: Vec<f32> =
        case.timesteps("time_embedding_t").into_iter().map(|t| t as f32).collect();
    let embedding = time_embedding(&times, 128, &Device::Cpu).unwrap();
    let products = tensor(schedule.alphas_cumprod());
    Some(vec![
        ("betas", difference(&tensor(schedule.betas()), case.tensor("betas")), 1e-7),
        ("alpha_cum_prod", difference(&products, case.tensor("alpha_cum_prod")), 1e-6),
        ("abar.linear", difference(&products, case.tensor("abar.linear")), 1e-6),
        ("time embedding", difference(&embedding, case.tensor("time_embedding_128")), 1e-4),
    ])
}
