//! Betas, cumulative alphas and the time embedding.

use candle_core::{Device, Tensor};
use engine::config::{BetaSchedule, DiffusionParams};
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
    let usual = DiffusionParams::default;
    let kinds = [
        (
            "abar.scaled_linear",
            DiffusionParams {
                beta_start: 0.00085,
                beta_end: 0.012,
                beta_schedule: BetaSchedule::ScaledLinear,
                ..usual()
            },
        ),
        (
            "abar.squaredcos_cap_v2",
            DiffusionParams { beta_schedule: BetaSchedule::Cosine, ..usual() },
        ),
        ("abar.sigmoid", DiffusionParams { beta_schedule: BetaSchedule::Sigmoid, ..usual() }),
        ("abar.linear_zero_snr", DiffusionParams { rescale_zero_snr: true, ..usual() }),
    ];
    let mut findings = vec![
        ("betas", difference(&tensor(schedule.betas()), case.tensor("betas")), 1e-7),
        ("alpha_cum_prod", difference(&products, case.tensor("alpha_cum_prod")), 1e-6),
        ("abar.linear", difference(&products, case.tensor("abar.linear")), 1e-6),
        ("time embedding", difference(&embedding, case.tensor("time_embedding_128")), 1e-4),
    ];
    for (name, params) in kinds {
        let products = NoiseSchedule::new(&params).alphas_cumprod().to_vec();
        findings.push((name, difference(&tensor(&products), case.tensor(name)), 1e-6));
    }
    Some(findings)
}
