//! A whole Darkroom in a temporary folder, and ways to ask it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::{GenerateView, JobId, JobState, Studio, TrainView};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::config::{GenerateSettings, RunConfig};
use engine::device::DeviceChoice;
use engine::grid::Picture;
use server::studio::{Darkroom, DeviceThread, StudioHandle};
use server::web::{self, Web};
use tempfile::TempDir;
use tower::ServiceExt;

pub struct Setup {
    pub folder: TempDir,
    pub studio: StudioHandle,
}

impl Setup {
    /// Everything but the worker: what is queued stays queued.
    pub fn idle() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let studio = open(folder.path());
        Self { folder, studio }
    }

    /// With a worker on the processor.
    pub fn working() -> Self {
        let setup = Self::idle();
        setup.studio.0.serve_queue(DeviceThread::open(DeviceChoice::Cpu).unwrap()).unwrap();
        setup
    }

    pub fn site(&self) -> Site {
        self.site_with(|_| {})
    }

    pub fn site_with(&self, change: impl FnOnce(&mut Web)) -> Site {
        let mut web = self.web();
        change(&mut web);
        Site::of(web)
    }

    pub fn web(&self) -> Web {
        Web::local(self.studio.clone())
    }

    /// A configuration that trains in no time on the images that [`Setup::images`] makes.
    pub fn tiny(&self, name: &str, steps: usize) -> RunConfig {
        let mut config = RunConfig::preset("small").unwrap();
        config.dataset_params.im_path = self.images(16).to_string_lossy().into_owned();
        config.diffusion_params.num_timesteps = 20;
        config.train_params.task_name = name.into();
        for (key, value) in [
            ("model_params.im_size", "8"),
            ("model_params.down_channels", "8, 16"),
            ("model_params.mid_channels", "16, 16, 8"),
            ("model_params.down_sample", "true"),
            ("model_params.attn_down", "true"),
            ("model_params.num_heads", "2"),
            ("model_params.norm_groups", "4"),
            ("model_params.conv_out_channels", "8"),
            ("model_params.time_emb_dim", "16"),
            ("train_params.batch_size", "4"),
            ("train_params.warmup_steps", "0"),
            ("train_params.checkpoint_every", "4"),
            ("train_params.sample_every", "4"),
            ("train_params.num_samples", "2"),
            ("train_params.num_grid_rows", "2"),
            ("train_params.sample_steps", "3"),
        ] {
            config.set(key, value).unwrap();
        }
        config.set("train_params.num_steps", &steps.to_string()).unwrap();
        config
    }

    /// A folder of `count` small gray pictures.
    pub fn images(&self, count: u8) -> std::path::PathBuf {
        let folder = self.folder.path().join("pictures");
        std::fs::create_dir_all(&folder).unwrap();
        for at in 0..count {
            std::fs::write(folder.join(format!("{at:02}.png")), png(at)).unwrap();
        }
        folder
    }

    /// Trains a tiny model to its end.
    pub async fn trained(&self, name: &str) -> TrainView {
        let job = self.studio.train(self.tiny(name, 8)).await.unwrap();
        let view = self.training_over(job).await;
        assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
        view
    }

    /// Trains a tiny model of two classes, which draws without them if some were dropped.
    pub async fn trained_on_classes(&self, name: &str, classes: [&str; 2], class_dropout: f64) {
        let folder = self.folder.path().join(name);
        for (class, value) in classes.into_iter().zip([1u8, 2]) {
            std::fs::create_dir_all(folder.join(class)).unwrap();
            for at in 0..8 {
                let path = folder.join(class).join(format!("{at}.png"));
                std::fs::write(path, png(10 * value + at)).unwrap();
            }
        }
        let mut config = self.tiny(name, 4);
        config.dataset_params.im_path = folder.to_string_lossy().into_owned();
        config.model_params.num_classes = 2;
        config.train_params.class_dropout = class_dropout;
        let job = self.studio.train(config).await.unwrap();
        let view = self.training_over(job).await;
        assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    }

    pub async fn training_over(&self, job: JobId) -> TrainView {
        wait(async || self.training(job).await.job.state.is_over()).await;
        self.training(job).await
    }

    pub async fn training(&self, job: JobId) -> TrainView {
        self.studio.training(Some(job)).await.unwrap().unwrap()
    }

    pub async fn generation_over(&self, job: JobId) -> GenerateView {
        wait(async || self.generation(job).await.job.state.is_over()).await;
        self.generation(job).await
    }

    pub async fn generation(&self, job: JobId) -> GenerateView {
        self.studio.generation(Some(job)).await.unwrap().unwrap()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.studio.0.close();
    }
}

pub fn open(folder: &Path) -> StudioHandle {
    let device = server::studio::DeviceLabel { label: "cpu".into(), note: None };
    StudioHandle(Darkroom::open(&folder.join("data"), device).unwrap())
}

/// Two pictures of the tiny model that `settings` names, in one batch.
pub fn two_of(model: &str) -> GenerateSettings {
    GenerateSettings { model: model.into(), steps: 4, batch_size: 2, seed: 7, ..Default::default() }
}

/// An 8×8 gray picture that differs with `at`.
pub fn png(at: u8) -> Vec<u8> {
    let pixels = (0..64u8).map(|pixel| pixel.wrapping_mul(at.wrapping_add(3))).collect();
    Picture { width: 8, height: 8, channels: 1, pixels }.to_png(&[])
}

/// Waits until `done`; a minute is far more than any of it takes.
pub async fn wait(mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub struct Site(Router);

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    pub fn of(web: Web) -> Self {
        Self(web::app(web))
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.0.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(get(path).body(Body::empty()).unwrap()).await
    }

    /// Posts a form that [`multipart`] made.
    pub async fn upload(&self, path: &str, accept: &str, body: Vec<u8>) -> Answer {
        let request = post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .header(header::ACCEPT, accept);
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    /// Calls a server function the way the page does.
    pub async fn call(&self, function: &str, form: &str) -> Answer {
        let request = post(&format!("/fn/{function}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Body::from(form.to_owned()));
        self.ask(request.unwrap()).await
    }
}

/// A form of `fields` and of a file with its name, as a browser posts it.
pub fn multipart(fields: &[(&str, &str)], file: (&str, &[u8])) -> Vec<u8> {
    multipart_of(fields, &[file])
}

/// The same with several files of one field.
pub fn multipart_of(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let head = |name: &str| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"");
    let mut body = Vec::new();
    for (field, value) in fields {
        body.extend(format!("{}\r\n\r\n{value}\r\n", head(field)).bytes());
    }
    for (name, file) in files {
        body.extend(format!("{}; filename=\"{name}\"\r\n\r\n", head("file")).bytes());
        body.extend(*file);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    body
}

pub fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header(header::HOST, "localhost:7860")
}

pub fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header(header::HOST, "localhost:7860")
}

pub fn darkroom(setup: &Setup) -> &Arc<Darkroom> {
    &setup.studio.0
}
