//! `darkroom bench`: how fast this machine trains and draws.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use candle_core::Device;
use clap::Args;
use engine::config::{RunConfig, ValidConfig};
use engine::data::ImageSet;
use engine::kernels::Precision;
use engine::train::{Trainer, weights_of};
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::place::Machine;
use super::recipe::read_yaml;
use crate::{Error, Result};

/// Images in the random data set.
const IMAGES: usize = 256;

/// Times that are measured at least, however slow the machine.
const FEWEST: usize = 3;

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// YAML file of the run to measure [default: the reference configuration]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Images per step [default: the configuration's]
    #[arg(long, value_name = "N")]
    batch: Option<String>,
    /// How long to measure, half for training and half for drawing
    #[arg(long, default_value_t = 20.0, value_name = "S")]
    seconds: f64,
    /// What convolutions multiply: f32, or bf16, which is quicker where the processor has
    /// AVX2, AVX-512 or AMX
    #[arg(long, default_value = "f32", value_parser = ["f32", "bf16"], value_name = "P")]
    precision: String,
    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Clone, Copy, Debug)]
struct Rates {
    train: f64,
    forward: f64,
}

pub fn run(args: &BenchArgs) -> Result<()> {
    let config = config(args)?;
    if !(0.0..=86_400.0).contains(&args.seconds) {
        let message = format!("{} is out of range; give 0 to 86400", args.seconds);
        return Err(Error::field("seconds", message));
    }
    let device = args.machine.open_aloud()?;
    let label = device.label.label.clone();
    let share = Duration::from_secs_f64(args.seconds / 2.0);
    let measured = config.clone();
    let precision = precision(&args.precision);
    precision.choose();
    let rates = device.run_to_end(move |device| measure(&measured, &device, share))?;
    show(args.json, &config, &label, precision, rates);
    Ok(())
}

fn precision(name: &str) -> Precision {
    if name == "bf16" { Precision::Bf16 } else { Precision::F32 }
}

fn config(args: &BenchArgs) -> Result<ValidConfig> {
    let config = match &args.config {
        Some(path) => read_yaml(path)?.0,
        None => RunConfig::default(),
    };
    measurable(config, args.batch.as_deref())
}

fn measurable(mut config: RunConfig, batch: Option<&str>) -> Result<ValidConfig> {
    if config.is_autoencoder() {
        let message = "what is measured is a network that draws; set it to none for that";
        return Err(Error::field("autoencoder_params.kind", message));
    }
    if let Some(batch) = batch {
        config.set("train_params.batch_size", batch)?;
    }
    // Epochs of the random images say nothing; the run must only not end early.
    config.set("train_params.num_steps", "100000000")?;
    Ok(config.validate()?)
}

fn measure(config: &ValidConfig, device: &Device, share: Duration) -> Result<Rates> {
    let data = random_images(config);
    let batch = config.train_params.batch_size;
    let mut trainer = Trainer::new(config, &data, device)?;
    let train = seconds_each(share, || Ok(trainer.step()?.images))?;
    let forward = seconds_each(share, || {
        trainer.forward(batch)?;
        device.synchronize().map_err(engine::Error::from)?;
        Ok(batch)
    })?;
    Ok(Rates { train: 1.0 / train, forward: 1.0 / forward })
}

/// The median time for one image. The first call warms up and does not count.
fn seconds_each(share: Duration, mut work: impl FnMut() -> Result<usize>) -> Result<f64> {
    work()?;
    let (began, mut times) = (Instant::now(), Vec::new());
    while times.len() < FEWEST || began.elapsed() < share {
        let start = Instant::now();
        let images = work()?;
        times.push(start.elapsed().as_secs_f64() / images.max(1) as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn random_images(config: &ValidConfig) -> ImageSet {
    let (side, channels) = (config.model_params.im_size, config.model_params.im_channels);
    // Whole batches only, so that every step measures the same work.
    let count = IMAGES.next_multiple_of(config.train_params.batch_size);
    let mut pixels = vec![0; count * channels * side * side];
    rand::rngs::StdRng::seed_from_u64(0).fill(pixels.as_mut_slice());
    ImageSet {
        width: side as u32,
        height: side as u32,
        channels: channels as u32,
        pixels,
        labels: vec![0; count],
        classes: Vec::new(),
    }
}

fn show(as_json: bool, config: &ValidConfig, device: &str, precision: Precision, rates: Rates) {
    let precision = match precision {
        Precision::F32 => "f32",
        Precision::Bf16 => "bf16",
    };
    let (batch, weights) = (config.train_params.batch_size, weights_of(&config.network()));
    let (threads, memory) = (rayon::current_num_threads(), peak_memory_bytes());
    if as_json {
        let line = json!({
            "train_images_per_second": rates.train,
            "forward_images_per_second": rates.forward,
            "peak_memory_bytes": memory,
            "batch": batch,
            "device": device,
            "precision": precision,
            "threads": threads,
            "weights": weights,
        });
        println!("{line}");
        return;
    }
    println!("device       {device}");
    println!("network      {weights} weights, batch {batch}, {precision}");
    println!("training     {:.1} images/s", rates.train);
    println!("forward      {:.1} images/s", rates.forward);
    match memory {
        Some(bytes) => println!("peak memory  {} MiB", bytes >> 20),
        None => println!("peak memory  not told by this system"),
    }
}

/// The most memory this program has held, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_measured_at_least_three_times() {
        let mut calls = 0;
        let each = seconds_each(Duration::ZERO, || {
            calls += 1;
            Ok(4)
        });
        assert!(each.unwrap() >= 0.0);
        assert_eq!(calls, 1 + FEWEST);
    }

    #[test]
    fn an_autoencoder_is_told_not_to_be_what_is_measured() {
        let mut config = RunConfig::default();
        config.set("autoencoder_params.kind", "kl").unwrap();
        let error = measurable(config, None).unwrap_err();
        assert!(error.to_string().starts_with("autoencoder_params.kind: "), "{error}");
        assert_eq!(measurable(RunConfig::default(), Some("7")).unwrap().train_params.batch_size, 7);
    }

    #[test]
    fn random_images_fill_whole_batches() {
        let mut config = RunConfig::default();
        config.train_params.batch_size = 48;
        let data = random_images(&config.validate().unwrap());
        assert_eq!((data.len(), data.pixels.len()), (288, 288 * 28 * 28));
    }
}
