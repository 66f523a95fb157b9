//! Samplers on data whose law is known: what they draw must follow it the better, the more steps.

use candle_core::{Device, Tensor};
use engine::config::{DiffusionParams, Prediction, SAMPLERS, SCHEDULES, SamplerKind, Sampling};
use engine::noise::{Stream, gaussian};
use engine::sampler::{Clipping, Course, Manner};
use engine::schedule::NoiseSchedule;

/// Independent Gaussian numbers.
#[derive(Clone, Copy, Debug)]
struct Law {
    mean: f64,
    deviation: f64,
}

const LAW: Law = Law { mean: 0.3, deviation: 0.25 };
const POINT: Law = Law { mean: 0.3, deviation: 0.0 };

const COUNT: usize = 1 << 14;

impl Law {
    /// The noise in `x` as a network knows it that has learned the law.
    fn noise_in(self, x: &Tensor, alpha_cumprod: f64) -> Tensor {
        let (signal, noise) = (alpha_cumprod.sqrt(), (1.0 - alpha_cumprod).sqrt());
        let variance = alpha_cumprod * self.deviation.powi(2) + noise * noise;
        ((x - signal * self.mean).unwrap() * (noise / variance)).unwrap()
    }
}

fn unit(counter: u64) -> Tensor {
    let numbers = gaussian(1, Stream::Sampling, counter, COUNT);
    Tensor::from_vec(numbers, (1, 1, 1, COUNT), &Device::Cpu).unwrap()
}

/// What the sampler makes of the same noise, if the network knows `law`.
fn draw(law: Law, sampling: Sampling) -> Vec<f64> {
    let schedule = NoiseSchedule::new(&DiffusionParams::default());
    let mut course =
        Course::new(&sampling, &schedule, Prediction::Noise, &Manner::default()).unwrap();
    course.clipping = Clipping::Off;
    let levels = engine::sampler::Levels::new(&schedule);
    let mut network =
        |x: &Tensor, t: f32| Ok(law.noise_in(x, levels.at(f64::from(t)).alpha_cumprod));
    let mut draws = 0;
    let mut noise = || {
        draws += 1;
        Ok(unit(draws))
    };
    let mut x = course.start(&unit(0)).unwrap();
    for index in 0..sampling.steps {
        x = course.step(index, &x, &mut network, &mut noise).unwrap().0;
    }
    x.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
}

/// How far mean and standard deviation of the numbers are from the law's.
fn error(law: Law, numbers: &[f64]) -> f64 {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let square = |x: &f64| (x - mean) * (x - mean);
    let deviation = (numbers.iter().map(square).sum::<f64>() / numbers.len() as f64).sqrt();
    (mean - law.mean).abs() + (deviation - law.deviation).abs()
}

#[test]
fn every_sampler_comes_to_the_law_as_steps_grow() {
    println!("{:<14} {:>10} {:>10} {:>10}", "sampler", "10 steps", "40", "160");
    for info in SAMPLERS {
        let errors =
            [10, 40, 160].map(|steps| error(LAW, &draw(LAW, Sampling::new(info.kind, steps))));
        println!(
            "{:<14} {:>10.1e} {:>10.1e} {:>10.1e}",
            info.name, errors[0], errors[1], errors[2]
        );
        assert!(errors[2] < 0.02, "{}: {errors:?}", info.name);
        // With 2^14 numbers, chance alone makes some thousandths.
        assert!(errors[2] < errors[0] + 0.005, "{}: {errors:?}", info.name);
    }
}

#[test]
fn on_a_point_every_sampler_and_schedule_ends_there() {
    for info in SAMPLERS {
        for (schedule, ..) in SCHEDULES {
            let sampling = Sampling { schedule: *schedule, ..Sampling::new(info.kind, 20) };
            if sampling.validate().is_err() {
                continue;
            }
            let error = error(POINT, &draw(POINT, sampling));
            assert!(error < 0.01, "{sampling:?}: {error}");
        }
    }
}

/// Without noise on the way, a sampler solves the probability flow, whose end is known for every
/// number it begins at.
#[test]
fn samplers_without_noise_come_to_the_same_number_in_their_order() {
    println!("{:<14} {:>10} {:>10} {:>10}", "sampler", "20 steps", "40", "order");
    // PLMS is not among them: its steps are even in the timestep, along which x is not smooth at 0.
    let orders = [
        (SamplerKind::Euler, 0.8),
        (SamplerKind::Heun, 1.6),
        (SamplerKind::DpmPp2m, 1.6),
        (SamplerKind::UniPc, 1.6),
        (SamplerKind::Lms, 1.6),
    ];
    let schedule = engine::config::ScheduleKind::Exponential;
    for (kind, least) in orders {
        let sampling = |steps| Sampling { schedule, ..Sampling::new(kind, steps) };
        let finest = draw(LAW, Sampling { schedule, ..Sampling::new(SamplerKind::Heun, 1000) });
        let error = |steps| {
            let found = draw(LAW, sampling(steps));
            found.iter().zip(&finest).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let errors: [f64; 2] = [20, 40].map(error);
        let order = (errors[0] / errors[1]).log2();
        println!("{:<14} {:>10.1e} {:>10.1e} {order:>10.2}", kind.name(), errors[0], errors[1]);
        assert!(order > least, "{}: {errors:?}", kind.name());
    }
}

/// With eta 1 DDIM is DDPM with the variance of the posterior (arXiv 2010.02502, section 4.1).
#[test]
fn ddim_with_all_its_noise_is_ddpm() {
    let ddpm = draw(LAW, Sampling::new(SamplerKind::Ddpm, 20));
    let ddim = draw(LAW, Sampling { eta: 1.0, ..Sampling::new(SamplerKind::Ddim, 20) });
    let most = ddpm.iter().zip(&ddim).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(most < 1e-5, "{most}");
    let half = draw(LAW, Sampling { eta: 0.5, ..Sampling::new(SamplerKind::Ddim, 20) });
    assert!(error(LAW, &half) < error(LAW, &ddpm));
}
