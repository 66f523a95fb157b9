//! A run that is killed, again and again, and goes on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use app::api::Studio;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::{Setup, open};

const STEPS: u64 = 640;
const KILLS: u64 = 10;
const SAMPLES: u64 = 48;

fn darkroom(data_dir: &Path, line: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_darkroom"))
        .args(line.split_whitespace())
        .args(["--device", "cpu"])
        .env("DARKROOM_DATA_DIR", data_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn checkpoint(data_dir: &Path, step: u64) -> PathBuf {
    data_dir.join(format!("runs/first/checkpoints/step-{step:08}.safetensors"))
}

/// Waits until the run stands at `step` or later; false if it ended before.
fn reaches(run: &mut Child, data_dir: &Path, step: u64) -> bool {
    let began = Instant::now();
    while !checkpoint(data_dir, step).is_file() {
        assert!(began.elapsed() < Duration::from_secs(60), "step {step} does not come");
        if run.try_wait().unwrap().is_some() {
            return checkpoint(data_dir, step).is_file();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

#[tokio::test]
async fn killed_at_ten_random_moments_it_ends_with_the_same_bytes() {
    let setup = Setup::idle();
    let folder = setup.folder.path();
    let mut config = setup.tiny("first", STEPS as usize);
    config.set("train_params.checkpoint_every", "8").unwrap();
    config.set("train_params.sample_every", &SAMPLES.to_string()).unwrap();
    let yaml = folder.join("tiny.yaml");
    std::fs::write(&yaml, config.to_yaml()).unwrap();
    let begin = format!("train --config {}", yaml.display());
    let (whole, killed) = (folder.join("whole/data"), folder.join("killed/data"));
    for place in [&whole, &killed] {
        std::fs::create_dir_all(place).unwrap();
    }
    assert!(darkroom(&whole, &begin).wait().unwrap().success());

    let mut random = StdRng::seed_from_u64(7);
    let mut line = begin.as_str();
    for kill in 0..KILLS {
        let mut run = darkroom(&killed, line);
        // Around a save with samples, where most is written.
        let reached = reaches(&mut run, &killed, (1 + kill) * SAMPLES);
        assert!(reached, "the run ended before kill {kill}");
        std::thread::sleep(Duration::from_micros(random.random_range(0..30_000)));
        // The signal that cannot be caught: nothing is written on the way out.
        run.kill().unwrap();
        run.wait().unwrap();
        line = "train --resume first";
    }
    assert!(darkroom(&killed, line).wait().unwrap().success());

    let last = |place: &Path| std::fs::read(checkpoint(place, STEPS)).unwrap();
    assert!(last(&whole) == last(&killed), "the killed run ended with other weights");
    let lines = std::fs::read_to_string(killed.join("runs/first/metrics.jsonl")).unwrap();
    let steps: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(steps, (1..=STEPS).collect::<Vec<_>>(), "every step once");

    let studio = open(&folder.join("killed"));
    let view = studio.training(None).await.unwrap().unwrap();
    let steps: Vec<u64> = view.curve.iter().map(|point| point.step).collect();
    assert_eq!(steps, (1..=STEPS).collect::<Vec<_>>(), "the curve has no gap");
    let grids: Vec<u64> = view.samples.iter().map(|grid| grid.step).collect();
    let due: Vec<u64> =
        (1..=STEPS).filter(|step| step.is_multiple_of(SAMPLES) || *step == STEPS).collect();
    assert_eq!(grids, due, "every grid is there");
    for step in due {
        let grid = |place: &Path| {
            std::fs::read(place.join(format!("runs/first/samples/step-{step:08}.png"))).unwrap()
        };
        assert!(grid(&whole) == grid(&killed), "step {step}");
    }
}

/// A run that is told to end in a way that programs hear leaves a checkpoint of where it was.
#[cfg(unix)]
#[test]
fn a_closed_terminal_ends_a_run_with_a_checkpoint() {
    let setup = Setup::idle();
    let folder = setup.folder.path();
    let mut config = setup.tiny("first", 1_000_000);
    config.set("train_params.checkpoint_every", "1000000").unwrap();
    config.set("train_params.sample_every", "1000000").unwrap();
    let yaml = folder.join("tiny.yaml");
    std::fs::write(&yaml, config.to_yaml()).unwrap();
    let mut run = darkroom(folder, &format!("train --config {}", yaml.display()));
    let metrics = folder.join("runs/first/metrics.jsonl");
    let began = Instant::now();
    while std::fs::metadata(&metrics).map_or(0, |file| file.len()) == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "the first step does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    // As a shell does beside the system.
    for _ in 0..2 {
        let hangup = Command::new("kill").args(["-HUP", &run.id().to_string()]).status();
        assert!(hangup.unwrap().success());
    }
    assert!(run.wait().unwrap().success());
    let checkpoints = std::fs::read_dir(folder.join("runs/first/checkpoints")).unwrap();
    assert_eq!(checkpoints.count(), 1);
}
