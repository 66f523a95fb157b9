//! A value of everything that is sent, for the description of the API, and what others look like.

use app::api::{
    ClassInfo, DatasetInfo, DeletedImage, DeletedPage, Deletion, EvaluateForm, EvaluationView,
    Figures, GalleryImage, GalleryPage, GalleryQuery, GenerateView, ImageInfo, InputImage, JobKind,
    JobState, JobSummary, LossPoint, ModelInfo, SampleGrid, Status, TrainFigures, TrainView,
    ValidationPoint,
};
use engine::config::{GenerateSettings, PRESETS, RunConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::fault::{FaultBody, FieldFault};

/// A value with nothing left out, and the type it is of.
pub struct Example {
    pub value: Value,
    /// Whether a value is of that type.
    is_of_type: fn(&Value) -> bool,
}

fn example<T: Serialize + DeserializeOwned>(example: T) -> Example {
    let value = serde_json::to_value(example).expect("examples are plain data");
    Example { value, is_of_type: |value| T::deserialize(value).is_ok() }
}

/// What has no type of its own; nothing in it is ever null.
fn plain(value: Value) -> Example {
    Example { value, is_of_type: |_| false }
}

impl Example {
    /// What values like this one look like. What may be null is found by trying: it still reads.
    pub fn schema(&self) -> Value {
        self.schema_at("", &self.value)
    }

    /// Of the `part` at `place`, a JSON pointer.
    fn schema_at(&self, place: &str, part: &Value) -> Value {
        let mut schema = match part {
            Value::Null => json!({}),
            Value::Bool(_) => json!({ "type": "boolean" }),
            Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
            Value::Number(_) => json!({ "type": "integer" }),
            Value::String(_) => json!({ "type": "string" }),
            Value::Array(items) => {
                let first = items.first();
                let item = first.map(|item| self.schema_at(&format!("{place}/0"), item));
                json!({ "type": "array", "items": item.unwrap_or_else(|| json!({})) })
            }
            Value::Object(fields) => {
                let field = |(name, field): (&String, &Value)| {
                    (name.clone(), self.schema_at(&format!("{place}/{name}"), field))
                };
                let fields: Map<String, Value> = fields.iter().map(field).collect();
                json!({ "type": "object", "properties": fields })
            }
        };
        // Of what has no type, nothing can be said.
        if !part.is_null() && self.may_be_null(place) {
            schema["type"] = json!([schema["type"], "null"]);
        }
        schema
    }

    fn may_be_null(&self, place: &str) -> bool {
        let mut other = self.value.clone();
        other.pointer_mut(place).map(Value::take).is_some() && (self.is_of_type)(&other)
    }
}

pub fn fault() -> Example {
    let message = "0 is out of range; give 1 to the model's timesteps".to_owned();
    let error = format!("steps: {message}");
    example(FaultBody { error, fields: vec![FieldFault { field: "steps".into(), message }] })
}

pub fn accepted() -> Example {
    plain(json!({ "job": 7 }))
}

pub fn generation() -> Example {
    example(GenerateSettings { model: "digits".into(), ..Default::default() })
}

/// The preset's name beside the sections of the YAML file.
pub fn training() -> Example {
    let mut config = example(RunConfig::preset(PRESETS[0].name).unwrap_or_default());
    config.value["preset"] = PRESETS[0].name.into();
    config
}

fn job(kind: JobKind) -> JobSummary {
    JobSummary {
        id: 7,
        kind,
        title: "digits, 16 images".into(),
        state: JobState::Running,
        paused: false,
        progress: 0.5,
        eta_seconds: Some(2.5),
        message: Some("loading the model".into()),
    }
}

pub fn jobs() -> Example {
    example(vec![job(JobKind::Train)])
}

pub fn status() -> Example {
    example(Status {
        device: "cpu · 8 threads".into(),
        device_note: Some("why not on a graphics card".into()),
        data_dir: "/home/me/.local/share/darkroom".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        library: 7,
        jobs: vec![job(JobKind::Generate)],
        newest_training: Some(5),
        shared_at: Some("http://192.168.1.7:7860".into()),
    })
}

pub fn models() -> Example {
    example(vec![ModelInfo {
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

pub fn datasets() -> Example {
    example(vec![DatasetInfo {
        name: "digits".into(),
        built_in: true,
        source: String::new(),
        count: 10_000,
        min_size: (28, 28),
        max_size: (28, 28),
        channels: 1,
        classes: vec![ClassInfo { name: "7".into(), count: 1000 }],
        skipped: Vec::new(),
        note: Some("3 images are the same as others".into()),
        editable: false,
        undo: Some("took out 3 images".into()),
        revised: false,
        takes_images: false,
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

pub fn gallery_query() -> Example {
    example(GalleryQuery::default())
}

pub fn gallery() -> Example {
    let shown = GalleryImage { image: image(), job: 7, date: "2026-11-24".into() };
    example(GalleryPage {
        total: 1,
        offset: 0,
        images: vec![shown],
        models: vec!["digits".into()],
        last_deletion: Some(Deletion { moment: 1_795_500_000_000, images: 12, ago: 300 }),
    })
}

pub fn deleted() -> Example {
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
    example(DeletedPage { total: 1, images: vec![deleted] })
}

pub fn generate_view() -> Example {
    example(GenerateView {
        job: job(JobKind::Generate),
        settings: GenerateSettings { model: "digits".into(), seed: 42, ..Default::default() },
        step: 25,
        steps: 50,
        batch: 0,
        follow: 1,
        preview_url: Some("/files/previews/7.png?v=3".into()),
        images_before: 0,
        images: vec![image()],
        grid_url: Some("/files/grids/7.png".into()),
        sheet_urls: vec!["/files/sheets/7/0.png".into()],
        zip_url: Some("/files/zips/7.zip".into()),
    })
}

pub fn train_view() -> Example {
    example(TrainView {
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
        samples: vec![SampleGrid {
            step: 500,
            url: "/files/samples/7/500.png".into(),
            raw_url: Some("/files/samples/7/500-raw.png".into()),
        }],
        checkpoints: vec![500],
        best: Some(500),
        rate_factor: 1.0,
        sample_every: 500,
    })
}

pub fn evaluation() -> Example {
    plain(json!({ "model": "digits", "count": 200, "steps": 50, "features": "" }))
}

pub fn evaluations_query() -> Example {
    plain(json!({ "model": "digits" }))
}

pub fn evaluations() -> Example {
    example(vec![measured()])
}

pub fn evaluation_view() -> Example {
    example(measured())
}

fn measured() -> EvaluationView {
    let figures =
        Figures { model: "digits".into(), judge: "Inception".into(), ..Figures::default() };
    EvaluationView {
        job: job(JobKind::Evaluate),
        form: EvaluateForm { model: "digits".into(), ..EvaluateForm::default() },
        figures: Some(figures),
        neighbours_url: Some("/files/grids/7.png".into()),
    }
}

pub fn input() -> Example {
    example(InputImage {
        name: "0".repeat(32),
        url: format!("/files/inputs/{}.png", "0".repeat(32)),
        width: 28,
        height: 28,
        written_by: "Darkroom".into(),
        parameters: image().parameters,
        settings: vec![("Steps".into(), "50".into())],
        texts: vec![("parameters".into(), image().parameters)],
        form: vec![("steps".into(), "50".into())],
        left_out: vec!["Model: there is no sdxl here".into()],
    })
}
