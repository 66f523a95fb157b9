//! Networks that learn the variance of their steps.

use candle_core::Device;
use engine::CancelToken;
use engine::checkpoint::Checkpoint;
use engine::config::{SAMPLERS, SamplerKind, Sampling, VarianceType};
use engine::grid::Picture;
use engine::model::Model;
use engine::sampler::{SampleRequest, sample};
use engine::train::Trainer;

use crate::fixture::{advance, stripes, tiny};

fn draw(checkpoint: &Checkpoint, sampler: SamplerKind) -> Vec<Picture> {
    let model = Model::new(checkpoint, &Device::Cpu).unwrap();
    let request = SampleRequest::new(Sampling::new(sampler, 5), vec![1, 2], (8, 8));
    sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap()
}

/// The same network without what it tells of the variance.
fn without_variance(checkpoint: &Checkpoint) -> Checkpoint {
    let mut plain = checkpoint.clone();
    plain.header.config.diffusion_params.variance_type = VarianceType::FixedSmall;
    for weights in [Some(&mut plain.weights), plain.ema.as_mut()].into_iter().flatten() {
        for name in ["conv_out.weight", "conv_out.bias"] {
            let half = weights[name].narrow(0, 0, 1).unwrap().contiguous().unwrap();
            weights.insert(name.to_owned(), half);
        }
    }
    plain
}

#[test]
fn a_network_that_learns_its_variance_is_trained_saved_and_drawn_with() {
    let config = tiny(&["diffusion_params.variance_type=learned_range"]);
    let data = stripes(8);
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    advance(&mut trainer, 12);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    trainer.checkpoint().save(&path).unwrap();
    let saved = Checkpoint::load(&path).unwrap();
    assert_eq!(saved.header.config.diffusion_params.variance_type, VarianceType::LearnedRange);
    assert_eq!(saved.weights["conv_out.bias"].dims(), [2]);
    let plain = without_variance(&saved);
    for info in SAMPLERS {
        let (own, fixed) = (draw(&saved, info.kind), draw(&plain, info.kind));
        assert_eq!((own.len(), own[0].channels), (2, 1), "{}", info.name);
        // Only DDPM asks for the variance.
        assert_eq!(own == fixed, info.kind != SamplerKind::Ddpm, "{}", info.name);
    }
}

#[test]
fn the_variance_is_learned_from_the_bound() {
    let data = stripes(8);
    let bias = |variance: &str| {
        let config = tiny(&[&format!("diffusion_params.variance_type={variance}")]);
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        let before = trainer.checkpoint().weights["conv_out.bias"].to_vec1::<f32>().unwrap();
        advance(&mut trainer, 3);
        let after = trainer.checkpoint().weights["conv_out.bias"].to_vec1::<f32>().unwrap();
        before.into_iter().zip(after).map(|(before, after)| after - before).collect::<Vec<_>>()
    };
    let moved = bias("learned_range");
    assert!(moved.len() == 2 && moved.iter().all(|by| *by != 0.0), "{moved:?}");
    assert_eq!(bias("fixed_large").len(), 1);
}

#[test]
fn the_bound_of_a_clear_image_is_no_run_that_ran_away() {
    // One image at a time: some steps see nothing but a timestep without noise, where the weighted
    // error of a network that knows nothing is next to zero and the bound is not.
    let config = tiny(&[
        "diffusion_params.variance_type=learned_range",
        "train_params.loss_weighting=min_snr",
        "train_params.batch_size=1",
        "train_params.num_steps=150",
        "train_params.lr=0.000001",
    ]);
    let data = stripes(3);
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    advance(&mut trainer, 150);
}
