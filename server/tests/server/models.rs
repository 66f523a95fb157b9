//! Models on their way out and in.

use std::io::Write;
use std::path::Path;

use app::api::{JobState, ModelInfo, Studio};
use axum::http::{StatusCode, header};
use engine::checkpoint::Checkpoint;
use server::studio::Runner;

use crate::support::{Answer, Setup, Site};
use crate::uploads::zip_of;

pub fn case(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/cases").join(path)
}

/// A diffusers pipeline as one file.
fn pipeline_zip() -> Vec<u8> {
    let folder = case("diffusers-unet-uncond/pipeline");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for file in [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    ] {
        zip.start_file(file, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(folder.join(file)).unwrap()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A form with the model's name and its files, each a field, a file name and bytes.
async fn give(site: &Site, accept: &str, name: &str, files: &[(&str, &str, Vec<u8>)]) -> Answer {
    let head = "--edge\r\nContent-Disposition: form-data; name=";
    let mut body = format!("{head}\"name\"\r\n\r\n{name}\r\n").into_bytes();
    for (field, file, bytes) in files {
        body.extend(format!("{head}\"{field}\"; filename=\"{file}\"\r\n\r\n").bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    site.upload("/upload/model", accept, body).await
}

#[tokio::test]
async fn models_from_elsewhere_are_among_the_own_ones() {
    let setup = Setup::idle();
    let site = setup.site();
    let read = |file: &str| std::fs::read(case("unet-reference-0").join(file)).unwrap();
    let pth = [
        ("file", "ddpm_ckpt.pth", read("ddpm_ckpt.pth")),
        ("config", "config.yaml", read("config.yaml")),
    ];
    let zip = [("file", "butterflies.zip", pipeline_zip())];
    for (name, files) in [("reference", &pth[..]), ("butterflies", &zip)] {
        let answer = give(&site, "application/json", name, files).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let info: ModelInfo = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(info.name, name);
    }
    let again = give(&site, "text/html", "butterflies", &zip).await;
    let back = again.header(header::LOCATION);
    assert!(back.starts_with("/models?error=there%20is%20already"), "{back}");
    assert!(back.ends_with("&field=name&name=butterflies"), "{back}");
    assert_eq!(std::fs::read_dir(setup.studio.0.folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn of_models_under_one_name_at_once_one_is_taken_in() {
    let setup = Setup::idle();
    let site = setup.site();
    let zip = [("file", "butterflies.zip", pipeline_zip())];
    let uploads = (0..4).map(|_| give(&site, "application/json", "butterflies", &zip));
    let answers = futures::future::join_all(uploads).await;
    let good = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(good, 1, "{answers:?}");
    assert!(setup.studio.0.models.info("butterflies").is_ok());
}

#[tokio::test]
async fn what_is_no_model_is_refused_in_words_and_leaves_nothing() {
    let setup = Setup::idle();
    let site = setup.site();
    let pth = std::fs::read(case("unet-reference-0/ddpm_ckpt.pth")).unwrap();
    for (name, file, bytes, words) in [
        ("mine", "a.safetensors", b"nonsense".to_vec(), "file"),
        ("mine", "a.pth", pth, "YAML"),
        ("mine", "../../a.zip", b"PK nonsense".to_vec(), "file"),
        ("../mine", "a.safetensors", b"x".to_vec(), "name"),
        ("digits", "a.safetensors", b"x".to_vec(), "already"),
        ("mine", "a.safetensors", Vec::new(), "choose"),
    ] {
        let answer = give(&site, "application/json", name, &[("file", file, bytes)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
        assert!(!answer.text().contains("uploads"), "our own folder: {}", answer.text());
    }
    assert!(!setup.studio.0.folders.run("mine").exists());
    assert_eq!(std::fs::read_dir(setup.studio.0.folders.uploads()).unwrap().count(), 0);
}

/// Takes in the zip of a run of eight steps and lets it go on.
async fn goes_on_elsewhere(zip: Vec<u8>) {
    let setup = Setup::working();
    setup.images(16);
    let site = setup.site();
    let given = [("file", "painter.zip", zip)];
    let answer = give(&site, "application/json", "moved", &given).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let view = setup.studio.training(None).await.unwrap().unwrap();
    assert_eq!((view.job.title.as_str(), view.figures.step), ("moved", 8));
    assert_eq!(view.job.state, JobState::Done, "all that was asked for was done elsewhere");
    assert_eq!(view.config.train_params.task_name, "moved");
    // Sixteen images, four at a time.
    assert_eq!(view.figures.epoch, 2);
    assert!(view.figures.learning_rate > 0.0);
    let message = view.job.message.unwrap();
    assert!(message.contains("can go on from step 8"), "{message}");
    let steps: Vec<u64> = view.curve.iter().map(|point| point.step).collect();
    assert_eq!(steps, (1..=8).collect::<Vec<_>>());
    assert_eq!(view.samples.iter().map(|grid| grid.step).collect::<Vec<_>>(), [4, 8]);
    let shown = site.get(view.samples[0].raw_url.as_ref().unwrap()).await;
    assert_eq!(shown.status, StatusCode::OK);

    // The folder that it learned from there is not here.
    let mut config = view.config;
    config.dataset_params.im_path = setup.images(16).to_string_lossy().into_owned();
    config.train_params.num_steps = 12;
    setup.studio.0.resume_training(view.job.id, config, Runner::Queue).unwrap();
    let view = setup.training_over(view.job.id).await;
    assert_eq!((view.job.state, view.figures.step), (JobState::Done, 12), "{:?}", view.job.message);
    assert_eq!(view.curve.len(), 12);
}

#[tokio::test]
async fn a_zip_of_a_run_that_cannot_go_on_is_refused_and_leaves_nothing() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let folder = setup.studio.0.folders.run("painter");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let checkpoint = "checkpoints/step-00000008.safetensors";
    let zipped = |state: Option<Vec<u8>>, config: Vec<u8>| {
        let mut files = vec![("config.yaml", config), (checkpoint, read(checkpoint))];
        files.extend(state.map(|state| ("state.safetensors", state)));
        files.push(("../../escaped.yaml", b"x".to_vec()));
        zip_of(&files)
    };
    let (state, config) = (read("state.safetensors"), read("config.yaml"));
    let mut damaged = state.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let site = setup.site();
    for (zip, words) in [
        (zipped(None, config.clone()), "has no state.safetensors"),
        (zipped(Some(damaged), config.clone()), "it is damaged"),
        (zipped(Some(state.clone()), b"model_params: 3".to_vec()), "cannot go on"),
    ] {
        let given = [("file", "run.zip", zip)];
        let answer = give(&site, "application/json", "moved", &given).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
    assert!(!setup.studio.0.folders.run("moved").exists());
    let given = [("file", "run.zip", zipped(Some(state), config))];
    assert_eq!(give(&site, "application/json", "moved", &given).await.status, StatusCode::OK);
    let root = setup.studio.0.folders.root();
    let left = std::fs::read_dir(root).unwrap().flatten().map(|entry| entry.file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".tmp")));
    for up in [root.join("escaped.yaml"), setup.folder.path().join("escaped.yaml")] {
        assert!(!up.exists());
    }
}

#[tokio::test]
async fn weights_and_runs_can_be_taken_elsewhere() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let whole = site.get("/files/models/painter.safetensors").await;
    let half = site.get("/files/models/painter.safetensors?half=true").await;
    assert!(whole.header(header::CONTENT_DISPOSITION).contains("painter.safetensors"));
    assert!(half.bytes.len() * 2 < whole.bytes.len());
    for answer in [&whole, &half] {
        assert_eq!(Checkpoint::from_bytes(&answer.bytes).unwrap().header.step, 8);
    }
    let given = [("file", "painter.safetensors", whole.bytes)];
    assert_eq!(give(&site, "application/json", "again", &given).await.status, StatusCode::OK);

    let zip = site.get("/files/runs/painter.zip").await;
    let run = zip.bytes.clone();
    let zip = zip::ZipArchive::new(std::io::Cursor::new(zip.bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let state = "state.safetensors";
    for wanted in ["config.yaml", "metrics.jsonl", "checkpoints/step-00000008.safetensors", state] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
    }
    goes_on_elsewhere(run).await;
    for path in ["/files/runs/nobody.zip", "/files/runs/..%2Fdata.zip"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let pipeline = site.get("/files/diffusers/painter.zip").await;
    let given = [("file", "painter.zip", pipeline.bytes)];
    assert_eq!(give(&site, "application/json", "returned", &given).await.status, StatusCode::OK);
    assert_eq!(setup.studio.0.models.info("returned").unwrap().width, 8);

    let unknown = site.get("/files/models/nobody.safetensors").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}
