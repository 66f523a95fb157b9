//! The program as it is called in a terminal.

use std::path::Path;
use std::process::{Command, Output};

use app::api::Studio;

use crate::support::Setup;

fn darkroom(data_dir: &Path, line: &str) -> Output {
    // A command that computes nothing knows no device.
    let idle = ["merge", "export", "import"].iter().any(|command| line.starts_with(command));
    let device: &[&str] = if idle { &[] } else { &["--device", "cpu"] };
    Command::new(env!("CARGO_BIN_EXE_darkroom"))
        .args(line.split_whitespace())
        .args(device)
        .env("DARKROOM_DATA_DIR", data_dir)
        .current_dir(data_dir)
        .output()
        .unwrap()
}

fn succeed(data_dir: &Path, line: &str) -> String {
    let output = darkroom(data_dir, line);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {words}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with a YAML file of a tiny run on a folder of pictures.
fn place(setup: &Setup) -> &Path {
    let folder = setup.folder.path();
    std::fs::write(folder.join("tiny.yaml"), setup.tiny("first", 8).to_yaml()).unwrap();
    folder
}

#[test]
fn the_same_run_writes_the_same_bytes_and_its_model_draws() {
    let setup = Setup::idle();
    let folder = place(&setup);
    let mut runs = Vec::new();
    for place in ["one", "two"] {
        let data_dir = folder.join(place);
        std::fs::create_dir(&data_dir).unwrap();
        let told = succeed(&data_dir, "train --config ../tiny.yaml --steps 6 --seed 3");
        assert!(told.contains("done: step 6"), "{told}");
        runs.push(
            std::fs::read(data_dir.join("runs/first/checkpoints/step-00000006.safetensors"))
                .unwrap(),
        );
    }
    assert!(runs[0] == runs[1], "two runs of the same settings differ");
    let folder = &folder.join("one");
    for (batch, out) in [("5", "a.png"), ("2", "b.png")] {
        let told = succeed(
            folder,
            &format!(
                "generate --model first --count 5 --batch-size {batch} --steps 4 --seed 7 --out {out} --out-dir each"
            ),
        );
        assert!(told.contains("Steps: 4, Sampler: DDPM") && told.contains("Seed: 7"), "{told}");
    }
    let grid = std::fs::read(folder.join("a.png")).unwrap();
    assert_eq!(grid, std::fs::read(folder.join("b.png")).unwrap());
    assert!(folder.join("each/00004-11.png").is_file());
}

#[test]
fn samplers_and_schedules_go_by_the_names_of_a1111() {
    let setup = Setup::idle();
    let folder = place(&setup);
    succeed(folder, "train --config tiny.yaml --steps 2");
    for (options, words) in [
        ("--sampler K_Euler_A --schedule karras", "Sampler: Euler a, Schedule type: Karras"),
        ("--sampler k_dpmpp_2m --schedule SGMUniform", "DPM++ 2M, Schedule type: SGM Uniform"),
        ("--sampler ddim --eta 0.5", "Eta DDIM: 0.5"),
    ] {
        let told = succeed(folder, &format!("generate --model first --steps 4 {options}"));
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn the_negative_prompt_of_settings_counts_in_the_terminal_too() {
    let setup = Setup::idle();
    setup.studio.change_preference("negative_prompt", "1, rain").await.unwrap();
    for (options, words) in [
        ("", "7\nNegative prompt: 1\nSteps"),
        ("--negative-prompt 3", "7\nNegative prompt: 3, 1\nSteps"),
        ("--negative-prompt 3,1", "7\nNegative prompt: 3, 1\nSteps"),
        ("--negative-prompt=", "7\nSteps"),
    ] {
        let line = format!("generate --model digits --prompt 7 --count 1 --steps 2 {options}");
        let told = succeed(&setup.folder.path().join("data"), &line);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_run_goes_on_by_name_to_more_steps() {
    let setup = Setup::idle();
    let folder = place(&setup);
    succeed(folder, "train --config tiny.yaml --steps 4 --name again");
    let told = succeed(folder, "train --resume again --steps 6");
    assert!(told.contains("done: step 6"), "{told}");
    let metrics = std::fs::read_to_string(folder.join("runs/again/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 6);
}

#[test]
fn a_run_goes_on_elsewhere_with_the_bytes_of_one_that_stayed() {
    let setup = Setup::idle();
    let folder = place(&setup);
    let [whole, begun, zipped, copied] = ["whole", "begun", "zipped", "copied"].map(|name| {
        let data_dir = folder.join(name);
        std::fs::create_dir(&data_dir).unwrap();
        data_dir
    });
    let train = "train --config ../tiny.yaml --set lr_schedule=constant";
    succeed(&whole, &format!("{train} --steps 8"));
    succeed(&begun, &format!("{train} --steps 4"));
    succeed(&begun, "export --model first --format zip --out ../run.zip");

    let told = succeed(&zipped, "import ../run.zip --name first");
    assert!(told.contains("darkroom train --resume first"), "{told}");
    // A folder that was copied by hand, which no database knows.
    let mut zip =
        zip::ZipArchive::new(std::fs::File::open(folder.join("run.zip")).unwrap()).unwrap();
    zip.extract(copied.join("runs/first")).unwrap();
    let last = |data_dir: &Path| {
        std::fs::read(data_dir.join("runs/first/checkpoints/step-00000008.safetensors")).unwrap()
    };
    for data_dir in [zipped, copied] {
        let told = succeed(&data_dir, "train --resume first --steps 8");
        assert!(told.contains("done: step 8"), "{told}");
        assert!(last(&data_dir) == last(&whole), "{}", data_dir.display());
        let metrics = std::fs::read_to_string(data_dir.join("runs/first/metrics.jsonl")).unwrap();
        assert_eq!(metrics.lines().count(), 8);
    }
    let told = darkroom(&whole, "train --resume nobody");
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && words.contains("resume"), "{words}");
}

#[test]
fn two_checkpoints_are_merged_into_a_model_that_draws() {
    let setup = Setup::idle();
    let folder = place(&setup);
    succeed(folder, "train --config tiny.yaml --steps 8");
    let told = succeed(folder, "merge first@4 first@8 --multiplier 0.25 --name mixed");
    assert!(told.contains("first@4 * 0.75 + first@8 * 0.25"), "{told}");
    let told = succeed(folder, "merge first@8 first@8 --difference-to first@4 --name moved");
    assert!(told.contains("first@8 + (first@8 - first@4) * 0.5"), "{told}");
    assert!(succeed(folder, "generate --model mixed --steps 4").contains("Model: mixed"));
    for (line, words) in [
        ("merge first textures --name other", "of the same shape can be merged"),
        ("merge first first --name mixed", "already"),
        ("merge first first --multiplier 2 --name other", "0 to 1"),
    ] {
        let told = darkroom(folder, line);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.starts_with("darkroom: ") && told.contains(words), "{line}: {told}");
    }
    assert!(!folder.join("runs/other").exists());
}

#[test]
fn a_run_is_exported_as_weights_or_whole() {
    let setup = Setup::idle();
    let folder = place(&setup);
    succeed(folder, "train --config tiny.yaml --steps 4");
    succeed(folder, "export --model first --out first.safetensors");
    succeed(folder, "import first.safetensors --name again");
    assert!(succeed(folder, "generate --model again --steps 2").contains("Model: again"));

    succeed(folder, "export --model first --format diffusers --out pipeline");
    succeed(folder, "import pipeline --name returned");
    assert!(succeed(folder, "generate --model returned --steps 2").contains("Model: returned"));

    succeed(folder, "export --model first --format zip --out run.zip");
    let file = std::fs::File::open(folder.join("run.zip")).unwrap();
    let zip = zip::ZipArchive::new(file).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    for wanted in ["config.yaml", "metrics.jsonl", "checkpoints/step-00000004.safetensors"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
    }
    for (line, words) in [
        ("export --model digits --format zip --out none.zip", "no run called digits"),
        ("export --model first --format zip --half --out none.zip", "half"),
    ] {
        let told = darkroom(folder, line);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.starts_with("darkroom: ") && told.contains(words), "{line}: {told}");
    }
    assert!(!folder.join("none.zip").exists());
}

#[test]
fn a_pipeline_keeps_its_scheduler_on_its_way_through() {
    let setup = Setup::idle();
    let folder = place(&setup);
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../engine/tests/cases/diffusers-unet-no-mid-attention/pipeline"
    );
    let told = succeed(folder, &format!("import {case} --name theirs"));
    assert!(!told.contains("scheduler"), "{told}");
    succeed(folder, "export --model theirs --format diffusers --out back");
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    for part in ["unet/config.json", "scheduler/scheduler_config.json"] {
        let (before, after) =
            (read(&Path::new(case).join(part)), read(&folder.join("back").join(part)));
        for (key, value) in
            before.as_object().unwrap().iter().filter(|(key, _)| *key != "_diffusers_version")
        {
            let same = match (value.as_f64(), after[key].as_f64()) {
                (Some(before), Some(after)) => before == after,
                _ => *value == after[key],
            };
            assert!(same, "{part}: {key} was {value} and is {}", after[key]);
        }
    }

    // A sampler's own settings are kept, and it is said that they do not count.
    let scheduler = folder.join("back/scheduler/scheduler_config.json");
    let mut euler = read(&scheduler);
    euler["_class_name"] = "EulerDiscreteScheduler".into();
    euler["use_karras_sigmas"] = true.into();
    std::fs::write(&scheduler, euler.to_string()).unwrap();
    let told = succeed(folder, "import back --name euler");
    assert!(told.contains("EulerDiscreteScheduler with `use_karras_sigmas`"), "{told}");
    succeed(folder, "export --model euler --format diffusers --out again");
    assert_eq!(
        read(&folder.join("again/scheduler/scheduler_config.json"))["use_karras_sigmas"],
        true
    );
}

#[test]
fn pictures_are_judged_in_numbers() {
    let setup = Setup::idle();
    let folder = place(&setup);
    succeed(folder, "train --config tiny.yaml --steps 8");
    let line = "evaluate --model first --count 16 --steps 4 --sampler DDIM";
    let figures: serde_json::Value =
        serde_json::from_str(&succeed(folder, &format!("{line} --json"))).unwrap();
    assert_eq!((&figures["pictures"], &figures["judge"]), (&16.into(), &"first".into()));
    for share in ["precision", "recall"] {
        assert!((0.0..=1.0).contains(&figures[share].as_f64().unwrap()), "{figures}");
    }
    assert!(figures["frechet_distance"].as_f64().unwrap() > 0.0, "{figures}");
    assert!(figures["nearest_least"].as_f64() <= figures["nearest_median"].as_f64());
    let words = succeed(folder, &format!("{line} --judge first@4"));
    assert!(words.contains("judged by first@4"), "{words}");
    for (line, words) in [
        ("evaluate --model first --count 2", "count: 2 is out of range; give 8"),
        ("evaluate --model first --dataset nowhere", "there is no `nowhere`"),
        ("evaluate --model first --judge textures --count 8 --steps 2", "channels"),
        ("evaluate --model first --judge @classifier --count 8 --steps 2", "no classes"),
    ] {
        let told = darkroom(folder, line);
        let told = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.contains(words), "{line}: {told}");
    }
}

#[test]
fn bench_prints_one_line_of_json() {
    let setup = Setup::idle();
    let told = succeed(place(&setup), "bench --config tiny.yaml --batch 2 --seconds 0 --json");
    let figures: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((told.lines().count(), &figures["batch"]), (1, &2.into()));
    for key in ["train_images_per_second", "forward_images_per_second", "peak_memory_bytes"] {
        assert!(figures[key].as_f64().unwrap() > 0.0, "{key}: {figures}");
    }
}

#[test]
fn what_cannot_be_done_is_one_sentence_and_exit_code_one() {
    let setup = Setup::idle();
    let folder = place(&setup);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let serve = format!("serve --port {}", taken.local_addr().unwrap().port());
    for (line, words) in [
        ("train", "dataset: give --dataset"),
        ("train --dataset nowhere", "there is no `nowhere`; nearest are"),
        ("train --config tiny.yaml --set num_heads=3", "not divisible by num_heads 3"),
        ("generate --model nobody", "model: there is no `nobody`"),
        ("generate --model x.pth", "--config"),
        (
            "generate --model first --sampler oiler",
            "sampler: there is no `oiler`; nearest are Euler",
        ),
        ("generate --model first --sampler plms --steps 1", "steps: PLMS needs at least 2 steps"),
        (
            "generate --model first --sampler PLMS --schedule beta",
            "schedule: PLMS needs even steps",
        ),
        ("generate --model first --eta 2", "eta: 2 is out of range; give 0 to 1"),
        ("bench --config nowhere.yaml", "there is no such file"),
        (serve.as_str(), "is in use by another program"),
    ] {
        let output = darkroom(folder, line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line}: {told}");
        assert!(told.starts_with("darkroom: ") && told.contains(words), "{line}: {told}");
        assert_eq!(told.trim().lines().count(), 1, "{line}: {told}");
    }
}
