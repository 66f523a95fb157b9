//! diffusers' `UNet2DModel` against its own output, and a pipeline's way through this program.

use candle_core::{Device, Tensor};
use engine::checkpoint::Checkpoint;
use engine::diffusers::{UNet2D, UNet2DConfig};
use engine::model::Model;

use crate::Findings;
use crate::case::{Case, difference};

const ALLOWED: f64 = 1e-4;

pub fn check(case: &Case) -> Option<Findings> {
    let pipeline = case.folder.join("pipeline");
    let text = std::fs::read_to_string(pipeline.join("unet/config.json")).unwrap();
    let config: UNet2DConfig = serde_json::from_str(&text).unwrap();
    let file = pipeline.join("unet/diffusion_pytorch_model.safetensors");
    let weights = candle_core::safetensors::load(file, &Device::Cpu).unwrap().into_iter().collect();
    let unet = UNet2D::from_weights(&config, &weights).unwrap();
    let x = case.tensor("x");
    let timesteps: Vec<f32> = case.timesteps("t").into_iter().map(|t| t as f32).collect();
    let classes = config.num_class_embeds.map(|count| {
        let labels = case.timesteps("class_labels");
        let rows =
            labels.iter().flat_map(|&label| (0..count).map(move |at| f32::from(at == label)));
        Tensor::from_vec(rows.collect(), (labels.len(), count), &Device::Cpu).unwrap()
    });
    let eps = unet.forward(x, &timesteps, classes.as_ref()).unwrap();
    let wanted = case.tensor("eps");
    let mut findings = vec![("eps", difference(&eps, wanted), ALLOWED)];
    // Into our file and out again, then as a pipeline of its own.
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("model.safetensors");
    Checkpoint::load_diffusers(&pipeline).unwrap().save(&ours).unwrap();
    let again = folder.path().join("again");
    Checkpoint::load(&ours).unwrap().save_diffusers(&again).unwrap();
    let checkpoint = Checkpoint::load_diffusers(&again).unwrap();
    let model = Model::new(&checkpoint, &Device::Cpu).unwrap();
    let first_class = classes.as_ref().map(|rows| rows.narrow(0, 0, 1).unwrap());
    let first =
        model.predict(&x.narrow(0, 0, 1).unwrap(), timesteps[0], first_class.as_ref()).unwrap();
    let error = difference(&first, &wanted.narrow(0, 0, 1).unwrap());
    findings.push(("eps after import, export", error, ALLOWED));
    Some(findings)
}
