//! Drawing and checkpoints from the outside.

use std::path::Path;

use candle_core::Device;
use engine::checkpoint::{Checkpoint, DatasetFacts, Header};
use engine::config::{MaskedContent, RunConfig, SAMPLERS, SCHEDULES, SamplerKind, Sampling};
use engine::grid::Picture;
use engine::kernels::simd::Level;
use engine::model::Model;
use engine::sampler::{Init, SampleRequest, sample, sample_until_stopped};
use engine::unet::UNet;
use engine::{CancelToken, Error};

/// Through all timesteps of the model.
const DDPM: Sampling = Sampling::new(SamplerKind::Ddpm, 25);

/// Width and height of the pictures that the network of the cases was made for.
const SIZE: (usize, usize) = (12, 12);

fn checkpoint() -> Checkpoint {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/unet-reference-1");
    Checkpoint::load_reference(&cases.join("ddpm_ckpt.pth"), &cases.join("config.yaml")).unwrap()
}

fn draw(seeds: &[u64], sampling: Sampling) -> Vec<Picture> {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    let request = SampleRequest::new(sampling, seeds.to_vec(), SIZE);
    sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap()
}

#[test]
fn an_image_is_the_same_alone_in_a_batch_and_on_any_number_of_threads() {
    let seeds: Vec<u64> = (40..56).collect();
    let samplers = SAMPLERS.iter().map(|info| Sampling::new(info.kind, 4));
    let noisy = Sampling { eta: 0.7, ..Sampling::new(SamplerKind::Ddim, 4) };
    for sampling in samplers.chain([noisy]) {
        let batch = draw(&seeds, sampling);
        for (seed, picture) in seeds.iter().zip(&batch).step_by(5) {
            assert!(draw(&[*seed], sampling) == [picture.clone()], "seed {seed}, {sampling:?}");
        }
        // Four are two teams of two for sixteen pictures.
        for threads in [1, 3, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| draw(&seeds, sampling)) == batch, "{threads}, {sampling:?}");
        }
    }
    assert!(Level::current() >= Level::Portable);
}

#[test]
fn every_sampler_goes_by_every_schedule_that_fits_it() {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    for info in SAMPLERS {
        for (schedule, ..) in SCHEDULES {
            for steps in [1, 2, 25] {
                let sampling = Sampling { schedule: *schedule, ..Sampling::new(info.kind, steps) };
                if sampling.validate().is_err() {
                    continue;
                }
                let request = SampleRequest::new(sampling, vec![3], SIZE);
                let mut told = 0;
                sample(&model, &request, &CancelToken::new(), &mut |step| {
                    let x = step.x.flatten_all()?.to_vec1::<f32>()?;
                    assert!(x.iter().all(|x| x.is_finite()), "{sampling:?}");
                    told += 1;
                    Ok(())
                })
                .unwrap();
                assert_eq!(told, steps, "{sampling:?}");
            }
        }
    }
}

#[test]
fn every_step_tells_of_x_and_of_the_predicted_picture() {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    let request = SampleRequest::new(DDPM, vec![1, 2], SIZE);
    let mut timesteps = Vec::new();
    let pictures = sample(&model, &request, &CancelToken::new(), &mut |step| {
        timesteps.push(step.timestep);
        let x0 = step.x0.flatten_all()?.to_vec1::<f32>()?;
        assert!(x0.iter().all(|x| (-1.0..=1.0).contains(x)));
        assert_eq!(step.x0_pictures()?.len(), 2);
        assert_eq!(step.step, timesteps.len());
        Ok(())
    })
    .unwrap();
    assert_eq!(timesteps, (0..25u8).rev().map(f32::from).collect::<Vec<_>>());
    assert_eq!((pictures[0].width, pictures[0].height, pictures[0].channels), (12, 12, 3));
    assert!(pictures[0] != pictures[1]);
}

#[test]
fn drawing_stops_when_asked_and_refuses_impossible_steps() {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    let cancel = CancelToken::new();
    let request = SampleRequest::new(DDPM, vec![1], SIZE);
    let mut steps = 0;
    let end = sample(&model, &request, &cancel, &mut |_| {
        steps += 1;
        cancel.cancel();
        Ok(())
    });
    assert!(matches!(end, Err(Error::Cancelled)) && steps == 1);
    let request = SampleRequest { sampling: Sampling { steps: 26, ..DDPM }, ..request };
    let error = sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("this model has 25 timesteps: give 1 to 25"), "{error}");
}

#[test]
fn a_checkpoint_comes_back_as_it_was_and_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let mut first = checkpoint();
    first.header.step = 42;
    first.header.dataset =
        DatasetFacts { name: "tiles".into(), count: 7, classes: vec!["wall".into()] };
    first.ema = Some(first.weights.clone());
    first.save(&path).unwrap();
    assert_eq!(Header::read(&path).unwrap(), first.header);
    let second = Checkpoint::load(&path).unwrap();
    assert_eq!(second.header, first.header);
    let again = folder.path().join("b.safetensors");
    second.save(&again).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes == std::fs::read(&again).unwrap());

    let compact = folder.path().join("c.safetensors");
    first.compact().unwrap().save(&compact).unwrap();
    let small = std::fs::read(&compact).unwrap();
    assert!(small.len() * 3 < bytes.len(), "{} of {}", small.len(), bytes.len());
    let model = Model::new(&Checkpoint::from_bytes(&small).unwrap(), &Device::Cpu);
    assert!(model.is_ok());
}

#[test]
fn broken_and_foreign_files_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    checkpoint().save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 5, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let message = Checkpoint::load(&path).unwrap_err().to_string();
        assert!(message.contains("x.safetensors"), "{message}");
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let load = |pth: &str, yaml: &str| {
        let error = Checkpoint::load_reference(&cases.join(pth), &cases.join(yaml)).unwrap_err();
        error.to_string()
    };
    let other_net = load("unet-reference-0/ddpm_ckpt.pth", "unet-reference-1/config.yaml");
    assert!(other_net.contains("the checkpoint is of another network"), "{other_net}");
    let no_pickle = load("unet-reference-0/tensors.safetensors", "unet-reference-0/config.yaml");
    assert!(no_pickle.contains("not a PyTorch checkpoint"), "{no_pickle}");
}

#[test]
fn the_networks_have_the_references_weights() {
    let count = |channels| {
        let mut config = RunConfig::default();
        config.model_params.im_channels = channels;
        let shapes = UNet::shapes(&config.model_params).unwrap();
        (shapes.len(), engine::train::weights_of(&config.model_params))
    };
    assert_eq!(count(1), (330, 10_188_081));
    assert_eq!(count(3), (330, 10_188_947));
}

#[test]
fn what_is_stopped_on_its_way_is_as_it_was_foreseen() {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    for info in SAMPLERS {
        let request = SampleRequest::new(Sampling::new(info.kind, 5), vec![3, 4], SIZE);
        let cancel = CancelToken::new();
        let mut foreseen = Vec::new();
        let stopped = sample_until_stopped(&model, &request, &cancel, &mut |step| {
            if step.step == 2 {
                foreseen = step.x0_pictures()?;
                cancel.cancel();
            }
            Ok(())
        });
        let stopped = stopped.unwrap();
        assert_eq!((stopped.step, stopped.steps, stopped.is_finished()), (2, 5, false));
        assert!(stopped.pictures == foreseen && foreseen.len() == 2, "{}", info.name);
        // Before the first step there is nothing.
        let nothing = sample_until_stopped(&model, &request, &cancel, &mut |_| Ok(()));
        assert!(matches!(nothing, Err(Error::Cancelled)), "{nothing:?}");
        // What the callback says is heard.
        let going = CancelToken::new();
        let refused =
            sample_until_stopped(&model, &request, &going, &mut |_| Err(Error::Cancelled));
        assert!(matches!(refused, Err(Error::Cancelled)), "{refused:?}");
    }
}

#[test]
fn what_is_stopped_before_it_begins_has_no_pictures() {
    let model = Model::new(&checkpoint(), &Device::Cpu).unwrap();
    let (width, height) = (SIZE.0 as u32, SIZE.1 as u32);
    let picture = Picture { width, height, channels: 3, pixels: vec![128; 3 * SIZE.0 * SIZE.1] };
    // Nothing is to be drawn, which is done at once.
    let given = Init { picture, strength: 0.0, mask: None, fill: MaskedContent::Original };
    let sampling = Sampling::new(SamplerKind::Ddim, 5);
    let request =
        SampleRequest { inits: vec![given], ..SampleRequest::new(sampling, vec![3], SIZE) };
    let cancel = CancelToken::new();
    let draw = || sample_until_stopped(&model, &request, &cancel, &mut |_| Ok(()));
    assert_eq!(draw().unwrap().pictures.len(), 1);
    cancel.cancel();
    let stopped = draw();
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
}
