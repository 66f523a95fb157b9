//! Every weight learns, and in the right direction.

use candle_core::{DType, Device, Tensor};
use engine::config::{DownSampleKind, RunConfig};
use engine::noise::{Stream, gaussian_images};
use engine::unet::UNet;

use crate::fixture::tiny;

#[test]
fn every_weight_receives_a_gradient_in_every_preset() {
    for (name, classes, kind) in [
        ("small", 0, "conv"),
        ("small", 4, "conv"),
        ("small", 0, "pool"),
        ("reference", 0, "conv"),
        ("rgb", 0, "conv"),
    ] {
        let mut config = RunConfig::preset(name).unwrap();
        config.model_params.num_classes = classes;
        config.set("model_params.down_sample_kind", kind).unwrap();
        config.set("model_params.im_size", "8").unwrap();
        let model = &config.model_params;
        let (unet, vars) = UNet::fresh(model, 1, &Device::Cpu).unwrap();
        let shape = (model.im_channels, 8, 8);
        let x = gaussian_images(&[1, 2], Stream::Start, 0, shape, &Device::Cpu).unwrap();
        let rows = Tensor::ones((2, classes.max(1)), DType::F32, &Device::Cpu).unwrap();
        let answer = unet.forward(&x, &[3.0, 700.0], Some(&rows)).unwrap();
        let loss = answer.sqr().unwrap().mean_all().unwrap();
        let grads = loss.backward().unwrap();
        for (weight, var) in &vars {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{name}: {weight} has no gradient"));
            let sum = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(sum.is_finite() && sum > 0.0, "{name}: {weight} has the gradient {sum}");
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for kind in DownSampleKind::NAMES {
        agree_with_finite_differences(kind);
    }
}

/// Batches of three, because a gradient may be right for one image alone.
fn agree_with_finite_differences(kind: &str) {
    let kind_of_halving = format!("model_params.down_sample_kind={kind}");
    let config = tiny(&["model_params.norm_groups=4", &kind_of_halving]);
    let (unet, vars) = UNet::fresh(&config.model_params, 3, &Device::Cpu).unwrap();
    let x = gaussian_images(&[1, 2, 3], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
    let loss = || {
        let eps = unet.forward(&x, &[0.0, 20.0, 49.0], None).unwrap();
        eps.sqr().unwrap().mean_all().unwrap()
    };
    let grads = loss().backward().unwrap();
    for name in [
        "conv_in.weight",
        "downs.0.down_sample_conv.weight",
        "downs.0.resnet_conv_second.0.2.weight",
        "ups.0.up_sample_conv.weight",
        "mids.0.attentions.0.in_proj_weight",
        "norm_out.weight",
        "t_proj.0.weight",
    ] {
        // What takes the mean has no weight of its own; those before it show its gradient.
        let Some(var) = vars.get(name) else {
            assert_eq!((kind, name), ("pool", "downs.0.down_sample_conv.weight"));
            continue;
        };
        let grad = grads.get(var).unwrap();
        // Along the gradient itself, where the difference is largest against rounding.
        let norm = grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let width = 0.005f64 / f64::from(norm).max(1e-3);
        let begin = var.as_tensor().copy().unwrap();
        let at = |side: f64| -> f64 {
            let moved: Tensor = (&begin + (grad * (side * width)).unwrap()).unwrap();
            var.set(&moved).unwrap();
            let value = f64::from(loss().to_scalar::<f32>().unwrap());
            var.set(&begin).unwrap();
            value
        };
        let measured = (at(1.0) - at(-1.0)) / (2.0 * width);
        let wanted = f64::from(norm).powi(2);
        assert!(
            (measured - wanted).abs() < 0.02 * wanted,
            "{kind}, {name}: {measured} for {wanted}"
        );
    }
}
