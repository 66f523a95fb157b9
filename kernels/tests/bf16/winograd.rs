//! Windows that go Winograd's way.

use candle_core::{DType, Device, Tensor, Var};
use kernels::{Pairs, plain};

use super::{SAME, WINOGRADS, apart, errors, in_bf16, on_vectors, var};

/// Pictures and losses are made of results, which are nearer than bf16 would bring them: in f32, or, where
/// there are many channels, in whole numbers of 16 bits. Gradients are as near as a step needs.
#[test]
fn winograds_way_has_exact_results_and_gradients_as_near_as_a_step_needs() {
    let _alone = in_bf16();
    on_vectors(|way| {
        for case in WINOGRADS {
            let [result, x, weight, bias] = errors(kernels::conv2d, plain::conv2d, case, false);
            let (whole, most) = if case.0[1] < 64 { (0.0, 2e-5) } else { (1e-5, 2.5e-3) };
            assert!(whole <= result && result < most, "{way} {case:?}: {result}");
            assert!(bias < 2e-5, "{way} {case:?}: {bias}");
            if way.contains("Whole") {
                // Sums over few outputs stay f32 on the way to the image.
                let least = if case.1[0] < 64 { 0.0 } else { 1e-5 };
                assert!(x >= least && x < 2.5e-3, "{way} {case:?}: {x}");
                // So do sums over few tiles.
                let least = if case.0[0] < 3 { 0.0 } else { 1e-5 };
                assert!(weight >= least && weight < 2.5e-3, "{way} {case:?}: {weight}");
                continue;
            }
            for gradient in [x, weight] {
                assert!(gradient > 1e-3 && gradient < 2.5e-2, "{way} {case:?}: {gradient}");
            }
        }
    });
}

/// So many tiles that their gradients are summed in several shares; the last one has half a pair. So many
/// outputs that one image's weights are made ready in parts.
#[test]
fn winograds_gradients_do_not_depend_on_threads_nor_an_images_on_the_batch() {
    let _alone = in_bf16();
    for (pairs, errors) in [(Pairs::Bf16, 1e-3..2.5e-2), (Pairs::Whole, 1e-5..2.5e-3)] {
        pairs.force();
        gradients_depend_on_neither(&errors);
    }
}

/// Gradients are so far from those in f32.
fn gradients_depend_on_neither(errors: &std::ops::Range<f32>) {
    let (x, weight, bias) =
        (var(1, &[21, 40, 28, 28], false), var(2, &[160, 40, 3, 3], false), var(3, &[160], false));
    let pull = var(4, &[21, 160, 28, 28], false).as_detached_tensor();
    let gradients = |x: &Var, pull: &Tensor, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let y = kernels::conv2d(x, &weight, &bias, SAME).unwrap();
            let grads = (y * pull).unwrap().sum_all().unwrap().backward().unwrap();
            [x, &weight].map(|var| grads.get(var).unwrap().clone())
        })
    };
    let [of_x, of_weight] = gradients(&x, &pull, 1);
    for threads in [2, 3, 9] {
        let [x_too, weight_too] = gradients(&x, &pull, threads);
        assert_eq!((apart(&x_too, &of_x), apart(&weight_too, &of_weight)), (0.0, 0.0), "{threads}");
    }
    for image in [0, 20] {
        let alone = Var::from_tensor(&x.narrow(0, image, 1).unwrap()).unwrap();
        let [of_alone, _] = gradients(&alone, &pull.narrow(0, image, 1).unwrap(), 2);
        assert_eq!(apart(&of_alone, &of_x.narrow(0, image, 1).unwrap()), 0.0, "image {image}");
    }
    let y = plain::conv2d(&x, &weight, &bias, SAME).unwrap();
    let wanted = (y * &pull).unwrap().sum_all().unwrap().backward().unwrap();
    for (gradient, var) in [(of_x, &x), (of_weight, &weight)] {
        let error = apart(&gradient, wanted.get(var).unwrap());
        assert!(errors.contains(&error), "{error} is not in {errors:?}");
    }
}

/// So many channels that one image's weights are made ready in parts, of which the last is no whole run.
#[test]
fn winograds_whole_numbers_do_not_depend_on_threads_nor_an_image_on_its_batch() {
    let _alone = in_bf16();
    let (weight, bias) = (var(2, &[72, 224, 3, 3], false), var(3, &[72], false));
    let x = var(1, &[19, 224, 14, 10], false);
    let convolve = |x: &Tensor, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| kernels::conv2d(x, &weight, &bias, SAME).unwrap())
    };
    on_vectors(|way| {
        let y = convolve(&x, 1);
        for threads in [2, 3, 9] {
            assert_eq!(apart(&convolve(&x, threads), &y), 0.0, "{way}: {threads}");
        }
        for image in [0, 18] {
            let alone = convolve(&x.narrow(0, image, 1).unwrap(), 2);
            assert_eq!(apart(&alone, &y.narrow(0, image, 1).unwrap()), 0.0, "{way}: {image}");
        }
    });
}

/// Scales go with the numbers, and what is none, or infinite, is not taken for one.
#[test]
fn whole_numbers_stand_for_large_and_small_ones_and_for_none() {
    let _alone = in_bf16();
    let (x, weight) = (var(1, &[1, 64, 8, 8], false), var(2, &[32, 64, 3, 3], false));
    let bias = Tensor::zeros(32, DType::F32, &Device::Cpu).unwrap();
    let convolve = |x: &Tensor| kernels::conv2d(x, &weight, &bias, SAME).unwrap();
    on_vectors(|way| {
        let y = convolve(&x);
        for scale in [1e-12, 1e-3, 1e3, 1e12] {
            let scaled = (convolve(&(x.as_tensor() * scale).unwrap()) / scale).unwrap();
            assert!(apart(&scaled, &y) < 1e-3, "{way}: {scale}");
        }
        let largest = |scale: f64| {
            let y = convolve(&(x.as_tensor() * scale).unwrap());
            y.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        assert_eq!(largest(0.0), 0.0, "{way}");
        // Squares of such numbers are none.
        for scale in [1e-20, 1e-24, 1e-28] {
            let most = 2.0 * scale as f32 * largest(1.0) + 1e-19;
            assert!(largest(scale) < most, "{way}: {scale}");
        }
        for odd in [f32::NAN, f32::INFINITY, 1e30] {
            // One number of the first tile, which the second one sees too.
            let mut numbers = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            numbers[3 * 64 + 4] = odd;
            let x = Tensor::from_vec(numbers, x.shape(), &Device::Cpu).unwrap();
            let y =
                convolve(&x).flatten_from(2).unwrap().squeeze(0).unwrap().to_vec2::<f32>().unwrap();
            assert!(
                y.iter().all(|plane| plane[4].is_nan() || plane[4].abs() > 1e29),
                "{way}: {odd}"
            );
        }
    });
}

/// Where the channels of the sum have no others sixteen apart, it stays f32.
#[test]
fn winograds_way_back_to_an_image_from_few_channels_is_that_in_f32() {
    let _alone = in_bf16();
    let case = ([2, 32, 14, 14], [48, 32, 3, 3], 48, SAME);
    let [_, x, ..] = errors(kernels::conv2d, plain::conv2d, case, false);
    assert!(x < 2e-5, "{x}");
}
