//! Samplers against diffusers' schedulers, call by call, on an exact model of Gaussian data.

use candle_core::Tensor;
use engine::config::{BetaSchedule, DiffusionParams, Prediction, StepVariance, VarianceType};
use engine::sampler::{
    Clipping, Course, Ddim, Ddpm, DpmPp2m, DpmPp2mSde, Euler, EulerAncestral, Heun, Leg, Level,
    Levels, Lms, Path, Plms, Sampler, Spacing, UniPc,
};
use engine::schedule::NoiseSchedule;

use crate::Findings;
use crate::case::{Case, difference};

pub fn check(case: &Case) -> Option<Findings> {
    let settings = Settings::of(case)?;
    let mut findings = Vec::new();
    for (figure, prediction) in [
        ("x, eps prediction", Prediction::Noise),
        ("x, v prediction", Prediction::Velocity),
        ("x, x0 prediction", Prediction::Picture),
    ] {
        let (x, timesteps) = walk(case, &settings, prediction)?;
        findings.push((figure, x, 1e-3));
        if prediction == Prediction::Noise {
            findings.push(("timesteps asked at", timesteps, 1e-2));
        }
    }
    Some(findings)
}

/// The largest error of x at all calls of the network and at the end, and of their timesteps.
fn walk(case: &Case, settings: &Settings, prediction: Prediction) -> Option<(f64, f64)> {
    let mut course = Course {
        sampler: settings.sampler()?,
        path: settings.path()?,
        prediction,
        variance: settings.variance(),
        chosen_variance: StepVariance::Automatic,
        clipping: match settings.flag("clip_sample", settings.is_old()) {
            true => Clipping::PIXELS,
            false => Clipping::Off,
        },
        bounded: true,
    };
    let wanted_times = case.tensor("timesteps").to_vec1::<f32>().unwrap();
    let mut calls = Vec::new();
    let path = course.path.clone();
    let mut network = |x: &Tensor, timestep: f32| {
        calls.push((x.clone(), timestep));
        let gaussian = exact_noise(x, settings.alpha_cumprod(timestep));
        Ok(answer(x, gaussian, level_at(&path, timestep), prediction))
    };
    let mut draws = 0;
    let mut noise = || {
        draws += 1;
        Ok(case.tensor("noise").get(draws - 1)?)
    };
    let mut x = course.start(case.tensor("x_T")).unwrap();
    for index in 0..course.path.legs().len() {
        x = course.step(index, &x, &mut network, &mut noise).unwrap().0;
    }
    assert_eq!(calls.len(), wanted_times.len(), "{}", case.name);
    let found = calls.iter().skip(1).map(|(x, _)| x).chain([&x]).enumerate();
    let x_error = found
        .map(|(call, x)| {
            let x = (x * settings.scale(case, call + 1)).unwrap();
            difference(&x, &case.tensor("x").get(call).unwrap())
        })
        .fold(0.0, worse);
    let times = calls.iter().zip(wanted_times);
    let time_error = times.map(|((_, t), wanted)| f64::from((t - wanted).abs())).fold(0.0, worse);
    Some((x_error, time_error))
}

pub fn worse(most: f64, error: f64) -> f64 {
    if error > most || error.is_nan() { error } else { most }
}

/// A case's scheduler with its settings, as diffusers calls them.
struct Settings<'a> {
    case: &'a Case,
    scheduler: &'a str,
    steps: usize,
    schedule: NoiseSchedule,
}

impl<'a> Settings<'a> {
    /// Nothing if the case asks for what we have not.
    fn of(case: &'a Case) -> Option<Self> {
        let known = [
            "clip_sample",
            "variance_type",
            "use_karras_sigmas",
            "use_exponential_sigmas",
            "use_beta_sigmas",
            "algorithm_type",
            "skip_prk_steps",
            "timestep_spacing",
            "steps_offset",
            "set_alpha_to_one",
            "beta_schedule",
            "beta_start",
            "beta_end",
            "eta",
        ];
        let config = case.words["config"].as_object()?;
        config.keys().all(|key| known.contains(&key.as_str())).then_some(())?;
        Some(Self {
            case,
            scheduler: case.words["scheduler"].as_str()?,
            steps: case.words["steps"].as_u64()? as usize,
            schedule: schedule_of(case)?,
        })
    }

    fn flag(&self, key: &str, otherwise: bool) -> bool {
        self.case.words["config"][key].as_bool().unwrap_or(otherwise)
    }

    fn word(&self, key: &str) -> &str {
        self.case.words["config"][key].as_str().unwrap_or_default()
    }

    /// The schedulers that diffusers writes over alpha_cumprod rather than sigma.
    fn is_old(&self) -> bool {
        matches!(self.scheduler, "DDPMScheduler" | "DDIMScheduler")
    }

    fn variance(&self) -> VarianceType {
        match self.word("variance_type") {
            "fixed_large" => VarianceType::FixedLarge,
            _ => VarianceType::FixedSmall,
        }
    }

    fn sampler(&self) -> Option<Box<dyn Sampler>> {
        Some(match (self.scheduler, self.word("algorithm_type")) {
            ("DDPMScheduler", _) => Box::new(Ddpm),
            ("DDIMScheduler", _) => {
                Box::new(Ddim {
                    eta: self.case.words["config"]["eta"].as_f64().unwrap_or(0.0),
                    // As DDIMScheduler.step has it unless told otherwise.
                    use_clipped_model_output: false,
                })
            }
            ("EulerDiscreteScheduler", _) => Box::new(Euler),
            ("EulerAncestralDiscreteScheduler", _) => Box::new(EulerAncestral),
            ("HeunDiscreteScheduler", _) => Box::new(Heun),
            ("LMSDiscreteScheduler", _) => Box::new(Lms::default()),
            ("PNDMScheduler", _) => Box::new(Plms::default()),
            ("DPMSolverMultistepScheduler", "sde-dpmsolver++") => Box::new(DpmPp2mSde::default()),
            ("DPMSolverMultistepScheduler", _) => Box::new(DpmPp2m::default()),
            ("UniPCMultistepScheduler", _) => Box::new(UniPc::default()),
            _ => return None,
        })
    }

    fn path(&self) -> Option<Path> {
        let spacing = match self.word("timestep_spacing") {
            _ if self.flag("use_karras_sigmas", false) => Spacing::Karras,
            _ if self.flag("use_exponential_sigmas", false) => Spacing::Exponential,
            _ if self.flag("use_beta_sigmas", false) => Spacing::Beta,
            "trailing" => Spacing::Trailing,
            "leading" => Spacing::Leading,
            "linspace" => Spacing::Linspace,
            "" if self.is_old() || self.scheduler == "PNDMScheduler" => Spacing::Leading,
            "" => Spacing::Linspace,
            _ => return None,
        };
        let multistep = ["DPMSolverMultistepScheduler", "UniPCMultistepScheduler"];
        if self.is_old() || self.scheduler == "PNDMScheduler" {
            Some(self.path_by_stride(spacing))
        } else if multistep.contains(&self.scheduler) {
            Some(self.path_of_whole_timesteps(spacing))
        } else {
            Some(Path::new(&self.schedule, spacing, self.steps))
        }
    }

    /// The old schedulers step by T / steps in whole numbers, even where their next timestep lies
    /// elsewhere.
    fn path_by_stride(&self, spacing: Spacing) -> Path {
        let levels = Levels::new(&self.schedule);
        let offset = self.case.words["config"]["steps_offset"].as_u64().unwrap_or(0) as f64;
        let stride = (self.schedule.timesteps() / self.steps) as f64;
        let end = match self.flag("set_alpha_to_one", self.is_old()) {
            true => Level::CLEAN,
            false => levels.at(0.0),
        };
        let leg = |level: Level| {
            let timestep = f64::from(level.timestep) + offset;
            let to = timestep - stride;
            Leg { from: levels.at(timestep), to: if to < 0.0 { end } else { levels.at(to) } }
        };
        let legs = spacing.levels(&levels, self.steps).into_iter().map(leg).collect();
        Path::of_legs(&self.schedule, legs)
    }

    /// The multistep schedulers ask at whole timesteps, and their linspace leaves 0 out.
    fn path_of_whole_timesteps(&self, spacing: Spacing) -> Path {
        let levels = Levels::new(&self.schedule);
        let last = (self.schedule.timesteps() - 1) as f64;
        let from: Vec<Level> = match spacing {
            Spacing::Linspace => (0..self.steps)
                .map(|i| (last * (self.steps - i) as f64 / self.steps as f64).round_ties_even())
                .map(|timestep| levels.at(timestep))
                .collect(),
            _ => (spacing.levels(&levels, self.steps).into_iter())
                .map(|level| Level { timestep: level.timestep.round_ties_even(), ..level })
                .collect(),
        };
        let to = from.iter().skip(1).copied().chain([Level::CLEAN]);
        let legs = from.iter().zip(to).map(|(&from, to)| Leg { from, to }).collect();
        Path::of_legs(&self.schedule, legs)
    }

    /// x of the case over our x, before model call `call`: some schedulers write x/signal for x.
    fn scale(&self, case: &Case, call: usize) -> f64 {
        if case.tensor("init_noise_sigma").to_vec1::<f32>().unwrap()[0] == 1.0 {
            return 1.0;
        }
        f64::from(case.tensor("sigmas").to_vec1::<f32>().unwrap()[call]).hypot(1.0)
    }

    /// As the case has it: linear between timesteps.
    fn alpha_cumprod(&self, timestep: f32) -> f64 {
        let alphas = self.schedule.alphas_cumprod();
        let below = timestep as usize;
        let above = (below + 1).min(alphas.len() - 1);
        let share = f64::from(timestep) - below as f64;
        f64::from(alphas[below]) * (1.0 - share) + f64::from(alphas[above]) * share
    }
}

fn schedule_of(case: &Case) -> Option<NoiseSchedule> {
    let config = &case.words["config"];
    let usual = DiffusionParams::default();
    let start = config["beta_start"].as_f64().unwrap_or(usual.beta_start);
    let end = config["beta_end"].as_f64().unwrap_or(usual.beta_end);
    let beta_schedule = match config["beta_schedule"].as_str().unwrap_or("linear") {
        "linear" => BetaSchedule::Linear,
        "scaled_linear" => BetaSchedule::ScaledLinear,
        _ => return None,
    };
    let params = DiffusionParams { beta_start: start, beta_end: end, beta_schedule, ..usual };
    Some(NoiseSchedule::new(&params))
}

/// The noise in `x` if the data are Gaussian with a standard deviation of 0.5.
fn exact_noise(x: &Tensor, alpha_cumprod: f64) -> Tensor {
    (x * ((1.0 - alpha_cumprod).sqrt() / (alpha_cumprod * 0.25 + 1.0 - alpha_cumprod))).unwrap()
}

/// The level at which a path asks the network at `timestep`.
fn level_at(path: &Path, timestep: f32) -> Level {
    let mut levels = path.legs().iter().flat_map(|leg| [leg.from, leg.to]);
    levels.find(|level| level.timestep == timestep).unwrap()
}

/// `noise` as a network tells it that predicts something else.
fn answer(x: &Tensor, noise: Tensor, level: Level, prediction: Prediction) -> Tensor {
    let picture = |noise: &Tensor| {
        ((x - (noise * level.noise()).unwrap()).unwrap() / level.signal()).unwrap()
    };
    match prediction {
        Prediction::Noise => noise,
        Prediction::Velocity => {
            let picture = (picture(&noise) * level.noise()).unwrap();
            ((noise * level.signal()).unwrap() - picture).unwrap()
        }
        Prediction::Picture => picture(&noise),
    }
}
