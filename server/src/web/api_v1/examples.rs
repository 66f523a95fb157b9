//! A value of everything that is sent, for the description of the API.

use app::api::{
    ClassInfo, DatasetInfo, DeletedImage, DeletedPage, Deletion, EvaluateForm, EvaluationView,
    Figures, GalleryImage, GalleryPage, GalleryQuery, GenerateView, ImageInfo, InputImage, JobKind,
    JobState, JobSummary, LossPoint, ModelInfo, SampleGrid, Status, TrainFigures, TrainView,
    ValidationPoint,
};
use engine::config::{GenerateSettings, PRESETS, RunConfig};
use serde::Serialize;
use serde_json::{Value, json};

use super::fault::{FaultBody, FieldFault};

fn value(example: impl Serialize) -> Value {
    serde_json::to_value(example).expect("examples are plain data")
}

pub fn fault() -> Value {
    let message = "0 is out of range; give 1 to 10000".to_owned();
    let error = format!("steps: {message}");
    value(FaultBody { error, fields: vec![FieldFault { field: "steps".into(), message }] })
}

pub fn accepted() -> Value {
    json!({ "job": 7 })
}

pub fn generation() -> Value {
    value(GenerateSettings { model: "digits".into(), ..Default::default() })
}

/// The preset's name beside the sections of the YAML file.
pub fn training() -> Value {
    let mut config = value(RunConfig::preset(PRESETS[0].name).unwrap_or_default());
    config["preset"] = PRESETS[0].name.into();
    config
}

fn job(kind: JobKind) -> JobSummary {
    JobSummary {
        id: 7,
        kind,
        title: "digits, 16 images".into(),
        state: JobState::Running,
        progress: 0.5,
        eta_seconds: Some(2.5),
        message: Some("loading the model".into()),
    }
}

pub fn jobs() -> Value {
    value([job(JobKind::Train)])
}

pub fn status() -> Value {
    value(Status {
        device: "cpu · 8 threads".into(),
        device_note: Some("why not on a graphics card".into()),
        data_dir: "/home/me/.local/share/darkroom".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        library: 7,
        jobs: vec![job(JobKind::Generate)],
        shared_at: Some("http://192.168.1.7:7860".into()),
    })
}

pub fn models() -> Value {
    value([ModelInfo {
        name: "digits".into(),
        built_in: true,
        step: 3000,
        weights: 1_142_000,
        width: 28,
        height: 28,
        channels: 1,
        size_divisor: 4,
        timesteps: 1000,
        classes: vec!["0".into(), "1".into()],
        needs_class: false,
        dataset: "digits".into(),
        is_autoencoder: false,
        latents: String::new(),
    }])
}

pub fn datasets() -> Value {
    value([DatasetInfo {
        name: "digits".into(),
        built_in: true,
        source: String::new(),
        count: 10_000,
        min_size: (28, 28),
        max_size: (28, 28),
        channels: 1,
        classes: vec![ClassInfo { name: "7".into(), count: 1000 }],
        skipped: Vec::new(),
        note: None,
        editable: false,
        undo: None,
        revised: false,
    }])
}

fn image() -> ImageInfo {
    ImageInfo {
        id: 3,
        url: "/files/images/3.png".into(),
        width: 28,
        height: 28,
        seed: 42,
        parameters: "Steps: 50, Sampler: DDPM, Seed: 42".into(),
        strip_url: "/files/strips/3.png".into(),
        strip_frames: 16,
        noisy_strip_url: Some("/files/noisy-strips/3.png".into()),
        starred: true,
    }
}

pub fn gallery_query() -> Value {
    value(GalleryQuery::default())
}

pub fn gallery() -> Value {
    let shown = GalleryImage { image: image(), job: 7, date: "2026-11-24".into() };
    value(GalleryPage {
        total: 1,
        offset: 0,
        images: vec![shown],
        models: vec!["digits".into()],
        last_deletion: Some(Deletion { moment: 1_795_500_000_000, images: 12, ago: 300 }),
    })
}

pub fn deleted() -> Value {
    let image = image();
    let deleted = DeletedImage {
        id: image.id,
        url: image.url,
        width: image.width,
        height: image.height,
        seed: image.seed,
        moment: 1_795_500_000_000,
        ago: 300,
    };
    value(DeletedPage { total: 1, images: vec![deleted] })
}

pub fn generate_view() -> Value {
    value(GenerateView {
        job: job(JobKind::Generate),
        settings: GenerateSettings { model: "digits".into(), seed: 42, ..Default::default() },
        step: 25,
        steps: 50,
        batch: 0,
        preview_url: Some("/files/previews/7.png?v=3".into()),
        images_before: 0,
        images: vec![image()],
        grid_url: Some("/files/grids/7.png".into()),
        sheet_urls: vec!["/files/sheets/7/0.png".into()],
        zip_url: Some("/files/zips/7.zip".into()),
    })
}

pub fn train_view() -> Value {
    value(TrainView {
        job: job(JobKind::Train),
        config: RunConfig::preset(PRESETS[0].name).unwrap_or_default(),
        figures: TrainFigures {
            loss: Some(0.05),
            images_per_second: Some(140.0),
            eta_seconds: Some(600.0),
            notice: Some("went back to step 400, with half the rate".into()),
            ..Default::default()
        },
        curve: vec![LossPoint {
            step: 1,
            loss: 0.9,
            buckets: [Some(0.9); 4],
            learning_rate: Some(1e-4),
            grad_norm: Some(1.5),
        }],
        validation: vec![ValidationPoint { step: 500, loss: 0.06, ema_loss: Some(0.05) }],
        samples: vec![SampleGrid { step: 500, url: "/files/samples/7/500.png".into() }],
        checkpoints: vec![500],
        best: Some(500),
        rate_factor: 1.0,
    })
}

pub fn evaluation() -> Value {
    json!({ "model": "digits", "count": 200, "steps": 50, "features": "" })
}

pub fn evaluations_query() -> Value {
    json!({ "model": "digits" })
}

pub fn evaluations() -> Value {
    json!([evaluation_view()])
}

pub fn evaluation_view() -> Value {
    let figures =
        Figures { model: "digits".into(), judge: "Inception".into(), ..Figures::default() };
    value(EvaluationView {
        job: job(JobKind::Evaluate),
        form: EvaluateForm { model: "digits".into(), ..EvaluateForm::default() },
        figures: Some(figures),
    })
}

pub fn input() -> Value {
    value(InputImage {
        name: "0".repeat(32),
        url: format!("/files/inputs/{}.png", "0".repeat(32)),
        width: 28,
        height: 28,
        written_by: "Darkroom".into(),
        parameters: image().parameters,
        settings: vec![("Steps".into(), "50".into())],
        texts: vec![("parameters".into(), image().parameters)],
        form: vec![("steps".into(), "50".into())],
    })
}
