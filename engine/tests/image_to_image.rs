//! Drawings that begin from a picture, from two seeds, at any size, and with edges that meet.

use std::path::Path;

use candle_core::{Device, Tensor};
use engine::CancelToken;
use engine::checkpoint::Checkpoint;
use engine::config::{DownSampleKind, MaskedContent, RunConfig, SAMPLERS, SamplerKind, Sampling};
use engine::grid::Picture;
use engine::model::Model;
use engine::noise::{Stream, gaussian_images};
use engine::sampler::{Init, Mask, SampleRequest, Variation, sample};
use engine::unet::{Border, UNet};

const SIZE: (usize, usize) = (12, 12);
const DDIM: Sampling = Sampling::new(SamplerKind::Ddim, 5);
const FILLS: &[MaskedContent] = MaskedContent::ALL;

fn model() -> Model {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/unet-reference-1");
    let checkpoint =
        Checkpoint::load_reference(&cases.join("ddpm_ckpt.pth"), &cases.join("config.yaml"));
    Model::new(&checkpoint.unwrap(), &Device::Cpu).unwrap()
}

fn draw(request: &SampleRequest) -> Vec<Picture> {
    sample(&model(), request, &CancelToken::new(), &mut |_| Ok(())).unwrap()
}

/// Every byte another.
fn picture((width, height): (usize, usize)) -> Picture {
    let pixels = (0..width * height * 3).map(|at| (at * 97 % 251) as u8).collect();
    Picture { width: width as u32, height: height as u32, channels: 3, pixels }
}

/// Black on the left third, white on the right third, rising between.
fn mask((width, height): (usize, usize)) -> Mask {
    let share = |x: usize| (x * 3 * 255 / width).saturating_sub(255).min(255) as u8;
    let pixels = (0..width * height).map(|at| share(at % width)).collect();
    Mask { width: width as u32, height: height as u32, pixels }
}

fn init(strength: f64) -> Init {
    Init { picture: picture(SIZE), strength, mask: None, fill: MaskedContent::Original }
}

/// The mean distance of two pictures' bytes.
fn distance(a: &Picture, b: &Picture) -> f64 {
    let off = a.pixels.iter().zip(&b.pixels).map(|(a, b)| f64::from(a.abs_diff(*b)));
    off.sum::<f64>() / a.pixels.len() as f64
}

#[test]
fn with_everything_a_picture_is_the_same_alone_and_in_a_batch() {
    let size = (8, 16);
    let seeds = [4, 5, 6];
    let variation = Variation { seeds: vec![7, 8, 9], strengths: vec![0.2, 0.5, 1.0] };
    let init = Init {
        picture: picture(size),
        strength: 0.8,
        mask: Some(mask(size)),
        fill: MaskedContent::Fill,
    };
    for info in SAMPLERS {
        let request = |at: std::ops::Range<usize>| SampleRequest {
            tiling: true,
            variation: Some(Variation {
                seeds: variation.seeds[at.clone()].to_vec(),
                strengths: variation.strengths[at.clone()].to_vec(),
            }),
            inits: vec![init.clone()],
            ..SampleRequest::new(Sampling::new(info.kind, 4), seeds[at].to_vec(), size)
        };
        let batch = draw(&request(0..3));
        assert_eq!((batch[0].width, batch[0].height), (8, 16));
        for (at, picture) in batch.iter().enumerate() {
            assert!(draw(&request(at..at + 1)) == [picture.clone()], "{}, {at}", info.name);
        }
        assert!(batch[0] != batch[1]);
    }
}

#[test]
fn without_strength_the_picture_comes_back_and_no_step_is_taken() {
    for &fill in FILLS {
        let init = Init { mask: Some(mask(SIZE)), fill, ..init(0.0) };
        let request =
            SampleRequest { inits: vec![init], ..SampleRequest::new(DDIM, vec![1, 2], SIZE) };
        assert_eq!(request.steps_taken(), 0);
        let mut told = 0;
        let pictures = sample(&model(), &request, &CancelToken::new(), &mut |_| {
            told += 1;
            Ok(())
        });
        assert_eq!((pictures.unwrap(), told), (vec![picture(SIZE); 2], 0));
    }
}

#[test]
fn pictures_of_one_batch_begin_each_from_its_own() {
    let other =
        Picture { pixels: picture(SIZE).pixels.iter().rev().copied().collect(), ..picture(SIZE) };
    for info in SAMPLERS {
        let inits = [
            Init { mask: Some(mask(SIZE)), fill: MaskedContent::Noise, ..init(0.6) },
            Init { picture: other.clone(), ..init(0.6) },
            Init { picture: other.clone(), mask: Some(mask(SIZE)), ..init(0.6) },
        ];
        let request = |inits: &[Init], seeds: &[u64]| SampleRequest {
            inits: inits.to_vec(),
            ..SampleRequest::new(Sampling::new(info.kind, 4), seeds.to_vec(), SIZE)
        };
        let batch = draw(&request(&inits, &[5, 6, 7]));
        for (at, seed) in [5, 6, 7].into_iter().enumerate() {
            let alone = draw(&request(&inits[at..at + 1], &[seed]));
            assert!(alone[0] == batch[at], "{}, {at}", info.name);
        }
    }
    let still = [init(0.0), Init { picture: other.clone(), ..init(0.0) }];
    let request =
        SampleRequest { inits: still.into(), ..SampleRequest::new(DDIM, vec![1, 2], SIZE) };
    assert!(draw(&request) == [picture(SIZE), other]);
}

#[test]
fn a_mask_over_everything_is_no_mask() {
    let all = Mask { width: 12, height: 12, pixels: vec![255; 144] };
    for info in SAMPLERS {
        let drawn = |mask| {
            let inits = vec![Init { mask, ..init(1.0) }];
            draw(&SampleRequest {
                inits,
                ..SampleRequest::new(Sampling::new(info.kind, 4), vec![3], SIZE)
            })
        };
        assert!(drawn(Some(all.clone())) == drawn(None), "{}", info.name);
    }
}

#[test]
fn what_is_kept_is_kept_to_the_byte_and_the_rest_is_not() {
    let (given, mask) = (picture(SIZE), mask(SIZE));
    for info in SAMPLERS {
        for &fill in FILLS {
            for strength in [0.1, 0.6, 1.0] {
                let inits = vec![Init { mask: Some(mask.clone()), fill, ..init(strength) }];
                let sampling = Sampling::new(info.kind, 4);
                let request =
                    SampleRequest { inits, ..SampleRequest::new(sampling, vec![3], SIZE) };
                let drawn = &draw(&request)[0];
                let mut changed = 0;
                for (at, share) in mask.pixels.iter().enumerate() {
                    let same = drawn.pixels[3 * at..][..3] == given.pixels[3 * at..][..3];
                    assert!(*share > 0 || same, "{}, {fill:?}, {strength}, {at}", info.name);
                    changed += usize::from(!same);
                }
                assert!(changed > 30, "{}, {fill:?}, {strength}: {changed}", info.name);
            }
        }
    }
}

#[test]
fn nothing_under_a_mask_begins_as_middle_gray_does() {
    let half = |x: usize| if x < 6 { 0 } else { 255 };
    let mask = Mask { width: 12, height: 12, pixels: (0..144).map(|at| half(at % 12)).collect() };
    let drawn = |picture: Picture, fill| {
        let inits = vec![Init { picture, mask: Some(mask.clone()), fill, ..init(0.6) }];
        draw(&SampleRequest { inits, ..SampleRequest::new(DDIM, vec![3], SIZE) }).remove(0)
    };
    let mut gray = picture(SIZE);
    for (at, pixel) in gray.pixels.chunks_mut(3).enumerate().filter(|(at, _)| at % 12 >= 6) {
        // Between 127 and 128 lies the 0 of the network, so one goes up and the next down.
        pixel.fill(127 + (at % 2) as u8);
    }
    let nothing = drawn(picture(SIZE), MaskedContent::Nothing);
    assert!(distance(&nothing, &drawn(gray, MaskedContent::Original)) < 1.0);
    assert!(distance(&nothing, &drawn(picture(SIZE), MaskedContent::Original)) > 2.0);
}

#[test]
fn every_sampler_stays_the_nearer_to_the_picture_the_less_noise_it_gets() {
    for info in SAMPLERS {
        let mut distances = Vec::new();
        for strength in [0.05, 0.3, 0.7] {
            let sampling = Sampling::new(info.kind, 20);
            let request = SampleRequest {
                inits: vec![init(strength)],
                ..SampleRequest::new(sampling, vec![3], SIZE)
            };
            let mut steps = Vec::new();
            let pictures = sample(&model(), &request, &CancelToken::new(), &mut |step| {
                let x = step.x.flatten_all()?.to_vec1::<f32>()?;
                assert!(x.iter().all(|x| x.is_finite()), "{sampling:?}");
                steps.push((step.step, step.steps));
                Ok(())
            });
            let taken = (20.0 * strength).round() as usize;
            assert_eq!(steps, (1..=taken).map(|step| (step, taken)).collect::<Vec<_>>());
            distances.push(distance(&pictures.unwrap()[0], &picture(SIZE)));
        }
        assert!(distances.is_sorted() && distances[0] < 12.0, "{}: {distances:?}", info.name);
    }
}

#[test]
fn the_ends_of_a_variation_are_its_two_seeds() {
    let drawn = |seed, strength| {
        let variation = Some(Variation { seeds: vec![9], strengths: vec![strength] });
        draw(&SampleRequest { variation, ..SampleRequest::new(DDIM, vec![seed], SIZE) })
    };
    let alone = |seed| draw(&SampleRequest::new(DDIM, vec![seed], SIZE));
    assert!(drawn(2, 0.0) == alone(2));
    assert!(drawn(2, 1.0) == alone(9));
    let near = drawn(2, 0.1);
    assert!(near != alone(2));
    assert!(distance(&near[0], &alone(2)[0]) < distance(&near[0], &alone(9)[0]));
}

#[test]
fn a_seed_resized_from_another_size_keeps_its_noise_in_the_middle() {
    // One step of DDIM from the noise alone: where noise is the same, pictures come out alike.
    let drawn = |size, seed_size| {
        draw(&SampleRequest { seed_size, ..SampleRequest::new(DDIM, vec![3], size) }).remove(0)
    };
    let plain = drawn(SIZE, None);
    assert!(drawn(SIZE, Some(SIZE)) == plain, "the same size changes nothing");
    let wide = (24, 12);
    let (own, resized) = (drawn(wide, None), drawn(wide, Some(SIZE)));
    let middle = |picture: &Picture| Picture {
        pixels: picture.pixels.chunks_exact(3 * 24).flat_map(|row| row[18..54].to_vec()).collect(),
        ..plain.clone()
    };
    let (far, near) = (distance(&middle(&own), &plain), distance(&middle(&resized), &plain));
    assert!(near * 2.0 < far, "{near} is not well below {far}");
    let two = SampleRequest {
        seed_size: Some(SIZE),
        variation: Some(Variation { seeds: vec![9, 9], strengths: vec![1.0, 0.3] }),
        ..SampleRequest::new(DDIM, vec![3, 3], (8, 16))
    };
    assert!(draw(&two)[0] != draw(&two)[1]);
}

#[test]
fn what_cannot_be_drawn_is_told_by_field() {
    let told = |request: SampleRequest| {
        sample(&model(), &request, &CancelToken::new(), &mut |_| Ok(())).unwrap_err().to_string()
    };
    let good = SampleRequest::new(DDIM, vec![1], SIZE);
    let odd = told(SampleRequest { size: (13, 12), ..good.clone() });
    assert_eq!(odd, "width: 13 is not a multiple of 2; 12 or 14 would do");
    let large = Init { picture: picture((14, 12)), ..init(0.5) };
    let large = told(SampleRequest { inits: vec![large], ..good.clone() });
    assert_eq!(large, "init_image: 14x12 is not 12x12; resize it");
    let few = SampleRequest { inits: vec![init(0.5); 2], seeds: vec![1, 2, 3], ..good.clone() };
    assert_eq!(told(few), "init_image: 2 pictures to begin 3 from; give 1 or 3");
    let uneven = vec![init(0.5), init(0.6)];
    let uneven = told(SampleRequest { inits: uneven, seeds: vec![1, 2], ..good.clone() });
    assert!(uneven.starts_with("denoising_strength: "), "{uneven}");
    let wild = told(SampleRequest { inits: vec![init(f64::NAN)], ..good.clone() });
    assert!(wild.starts_with("denoising_strength: NaN is out of range"), "{wild}");
    let few = Variation { seeds: vec![], strengths: vec![] };
    let few = told(SampleRequest { variation: Some(few), ..good });
    assert!(few.starts_with("subseed: 0 do not go with 1"), "{few}");
}

/// A fresh network that halves by taking means.
fn pooled() -> Model {
    let mut config = RunConfig::preset("small").unwrap();
    config.model_params.down_sample_kind = DownSampleKind::Pool;
    let (_, vars) = UNet::fresh(&config.network(), 1, &Device::Cpu).unwrap();
    let weights = vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
    Model::from_weights(config, &weights.collect(), &Device::Cpu).unwrap()
}

/// How far the network's answer to a picture that was turned around its edges is from its answer
/// turned around as far.
fn turning_error(model: &Model, shift: usize) -> f32 {
    let channels = model.config().model_params.im_channels;
    let (height, width) = (8 * shift, 6 * shift);
    let shape = (channels, height, width);
    let x = gaussian_images(&[1, 2], Stream::Start, 0, shape, &Device::Cpu).unwrap();
    let turned = |x: &Tensor| x.roll(shift as i32, 2).unwrap().roll(3 * shift as i32, 3).unwrap();
    let answer = |x: &Tensor| model.predict(x, 10.0, None).unwrap();
    let off = (turned(&answer(&x)) - answer(&turned(&x).contiguous().unwrap())).unwrap();
    off.abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

#[test]
fn a_tiled_network_has_no_edges() {
    let pipeline = |name: &str| {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let checkpoint = Checkpoint::load_diffusers(&cases.join(name).join("pipeline"));
        Model::new(&checkpoint.unwrap(), &Device::Cpu).unwrap()
    };
    let models = [
        model(),
        pooled(),
        pipeline("diffusers-unet-uncond"),
        pipeline("diffusers-unet-cifar-shape"),
    ];
    for model in models {
        let divisor = model.size_divisor();
        let error = turning_error(&model.with_border(Border::Opposite), divisor);
        assert!(error < 1e-4, "{error}");
        let error = turning_error(&model, divisor);
        assert!(error > 1e-3, "edges change nothing: {error}");
    }
}
