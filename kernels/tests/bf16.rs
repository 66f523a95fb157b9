//! Convolutions and attention in bf16 beside those in f32.

use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Tensor, Var};
use kernels::{ConvShape, Pairs, Precision, matrix::MatrixUnit, plain, record, simd::Level};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The precision and the level are the program's: one test has them at a time.
static PROGRAM: Mutex<()> = Mutex::new(());

fn in_bf16() -> MutexGuard<'static, ()> {
    // A test that failed left nothing that the next one needs.
    let alone = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
    Precision::Bf16.choose();
    Level::force(Level::detected());
    Pairs::Bf16.force();
    MatrixUnit::Absent.force();
    alone
}

/// Calls `test` with each level, no matrix unit, and such pairs.
fn on_vectors_of(pairs: Pairs, test: impl Fn(&str)) {
    MatrixUnit::Absent.force();
    pairs.force();
    for level in [Level::Portable, Level::Avx2, Level::Avx512] {
        Level::force(level);
        test(&format!("{pairs:?}, {level:?}"));
    }
    Level::force(Level::detected());
    Pairs::Bf16.force();
}

/// Calls `test` with each level, both kinds of pairs and no matrix unit.
fn on_vectors(test: impl Fn(&str)) {
    on_vectors_of(Pairs::Bf16, &test);
    on_vectors_of(Pairs::Whole, &test);
}

/// Calls `test` with the processor's matrix unit, where it has one, and with that in plain Rust on each
/// level.
fn by_tiles(test: impl Fn(&str)) {
    MatrixUnit::Emulated.force();
    for level in [Level::Portable, Level::Avx2, Level::Avx512] {
        Level::force(level);
        test(&format!("emulated, {level:?}"));
    }
    Level::force(Level::detected());
    if MatrixUnit::detected() == MatrixUnit::Amx {
        MatrixUnit::Amx.force();
        test("AMX");
    }
    MatrixUnit::Absent.force();
}

/// All of them.
fn every_way(test: impl Fn(&str)) {
    on_vectors(&test);
    by_tiles(&test);
}

/// Numbers that bf16 holds exactly if `exact`: then every product is exact too.
fn var(seed: u64, shape: &[usize], exact: bool) -> Var {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || match exact {
        true => generator.random_range(-64i32..64) as f32 / 32.0,
        false => generator.random_range(-2.0..2.0),
    };
    let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| number()).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()).unwrap()
}

fn apart(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let most = |t: &Tensor| {
        t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap()
    };
    most(&(a - b).unwrap()) / most(b).max(1e-6)
}

/// A way to convolve.
type Conv = fn(&Tensor, &Tensor, &Tensor, ConvShape) -> candle_core::Result<Tensor>;

/// A convolution's sizes: image, weight, outputs, and how its window moves.
type Case = ([usize; 4], [usize; 4], usize, ConvShape);

/// How far result and gradients of `fast` in bf16 are from those of `slow` in f32, at most.
fn error(fast: Conv, slow: Conv, case: Case, exact: bool) -> f32 {
    errors(fast, slow, case, exact).into_iter().fold(0.0, f32::max)
}

/// That of the result, and of the gradients of image, weight and bias.
fn errors(fast: Conv, slow: Conv, (x, weight, outputs, shape): Case, exact: bool) -> [f32; 4] {
    let (x, weight, bias) = (var(1, &x, exact), var(2, &weight, exact), var(3, &[outputs], exact));
    let (y, wanted) =
        (fast(&x, &weight, &bias, shape).unwrap(), slow(&x, &weight, &bias, shape).unwrap());
    let pull = var(4, wanted.dims(), exact).as_detached_tensor();
    let pulled = |y: &Tensor| (y * &pull).unwrap().sum_all().unwrap();
    let (end, tape) = record(|| pulled(&fast(&x, &weight, &bias, shape).unwrap()));
    let (mut grads, wanted_grads) =
        (tape.backward(&end).unwrap(), pulled(&wanted).backward().unwrap());
    let of = |var: &Var| apart(&grads.remove(var).unwrap(), wanted_grads.get(var).unwrap());
    let [x, weight, bias] = [&x, &weight, &bias].map(of);
    [apart(&y, &wanted), x, weight, bias]
}

const SAME: ConvShape = ConvShape { stride: 1, padding: 1 };
const HALVE: ConvShape = ConvShape { stride: 2, padding: 1 };

const CONVOLUTIONS: [Case; 7] = [
    ([2, 4, 9, 7], [6, 4, 3, 3], 6, SAME),
    ([1, 1, 8, 8], [16, 1, 3, 3], 16, SAME),
    ([3, 8, 5, 5], [1, 8, 3, 3], 1, SAME),
    ([3, 6, 5, 11], [13, 6, 1, 1], 13, ConvShape { stride: 1, padding: 0 }),
    ([2, 4, 8, 12], [7, 4, 4, 4], 7, HALVE),
    // More channels than a product may read beyond its end.
    ([2, 70, 5, 5], [4, 70, 3, 3], 4, SAME),
    ([2, 70, 6, 5], [4, 70, 5, 5], 4, ConvShape { stride: 1, padding: 2 }),
];

/// Those that go Winograd's way: with an odd number of strips and of tiles in a strip, with channels that
/// fill no vector, with an image alone.
const WINOGRADS: [Case; 6] = [
    ([3, 17, 28, 28], [32, 17, 3, 3], 32, SAME),
    ([9, 40, 14, 14], [64, 40, 3, 3], 64, SAME),
    ([17, 32, 7, 7], [96, 32, 3, 3], 96, SAME),
    ([1, 64, 7, 11], [32, 64, 3, 3], 32, SAME),
    ([3, 96, 9, 14], [64, 96, 3, 3], 64, SAME),
    ([2, 192, 7, 7], [64, 192, 3, 3], 64, SAME),
];

const TRANSPOSED: [Case; 2] =
    [([2, 6, 7, 7], [6, 5, 4, 4], 5, HALVE), ([3, 8, 4, 6], [8, 8, 4, 4], 8, HALVE)];

/// The largest error over all cases.
fn largest(exact: bool) -> f32 {
    let plain = CONVOLUTIONS.map(|case| error(kernels::conv2d, plain::conv2d, case, exact));
    let transposed = TRANSPOSED
        .map(|case| error(kernels::conv_transpose2d, plain::conv_transpose2d, case, exact));
    plain.into_iter().chain(transposed).fold(0.0, f32::max)
}

#[test]
fn numbers_that_bf16_holds_are_multiplied_as_in_f32() {
    let _alone = in_bf16();
    let test = |way: &str| assert!(largest(true) < 2e-5, "{way}: {}", largest(true));
    on_vectors_of(Pairs::Bf16, test);
    by_tiles(test);
}

/// Twice as near as bf16 would be, for sums of few and of many products.
#[test]
fn whole_numbers_are_nearer_than_bf16() {
    let _alone = in_bf16();
    let deep: Case = ([3, 256, 6, 6], [24, 256, 4, 4], 24, HALVE);
    let together: Case = ([19, 64, 7, 7], [24, 64, 1, 1], 24, ConvShape { stride: 1, padding: 0 });
    for case in CONVOLUTIONS.into_iter().chain([deep, together]) {
        let of = |pairs: Pairs| {
            pairs.force();
            errors(kernels::conv2d, plain::conv2d, case, false)
        };
        let (whole, bf16) = (of(Pairs::Whole), of(Pairs::Bf16));
        for (whole, bf16) in whole.iter().zip(bf16) {
            assert!(*whole < 2e-5 || 2.0 * whole < bf16, "{case:?}: {whole} and {bf16}");
        }
    }
}

/// Also of gradients, where the ends of rows have no neighbour, and of what is small beside its image's
/// largest number.
#[test]
fn whole_numbers_stand_for_an_image_whose_largest_is_far_from_the_others() {
    let _alone = in_bf16();
    on_vectors_of(Pairs::Whole, |way| {
        for case in [CONVOLUTIONS[3], CONVOLUTIONS[4]] {
            let (x, weight, outputs, shape) = case;
            let (x, weight, bias) =
                (var(1, &x, false), var(2, &weight, false), var(3, &[outputs], false));
            let mut numbers = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            numbers[5] = 60.0;
            let x = Tensor::from_vec(numbers, x.shape(), &Device::Cpu).unwrap();
            let convolve = |conv: Conv| conv(&x, &weight, &bias, shape).unwrap();
            let (y, wanted) = (convolve(kernels::conv2d), convolve(plain::conv2d));
            let squares =
                |t: &Tensor| t.sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
            let error = (squares(&(y - &wanted).unwrap()) / squares(&wanted)).sqrt();
            assert!(error < 4e-3, "{way} {case:?}: {error}");
        }
    });
}

/// A result that whole numbers cannot hold is none, not another one.
#[test]
fn what_is_no_number_stays_none() {
    let _alone = in_bf16();
    on_vectors(|way| {
        for case in [CONVOLUTIONS[3], CONVOLUTIONS[4]] {
            let (x, weight, outputs, shape) = case;
            let (weight, bias) = (var(2, &weight, false), var(3, &[outputs], false));
            for odd in [f32::NAN, f32::INFINITY] {
                let mut numbers = vec![1.0; x.iter().product()];
                numbers[0] = odd;
                let x = Tensor::from_vec(numbers, &x, &Device::Cpu).unwrap();
                let y = kernels::conv2d(&x, &weight, &bias, shape).unwrap();
                let first = y.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
                assert!(!first.is_finite(), "{way} {case:?}: {odd} became {first}");
            }
        }
        for part in [0, 24, 40] {
            let mut numbers = vec![0.5f32; 48 * 300];
            numbers[part * 300 + 7] = f32::NAN;
            let qkv = Tensor::from_vec(numbers, (1, 48, 300), &Device::Cpu).unwrap();
            let y = kernels::attention(&qkv, 1).unwrap().flatten_all().unwrap();
            let y = y.to_vec1::<f32>().unwrap();
            // A query's own result, or that of all that see the key or the value.
            let seen = if part < 40 { y[7] } else { y[8 * 300] };
            assert!(seen.is_nan(), "{way}, part {part}: {seen}");
        }
    });
}

#[test]
fn other_numbers_are_as_near_as_bf16_is() {
    let _alone = in_bf16();
    every_way(|way| {
        let error = largest(false);
        // Were nothing rounded, the first test's limit would hold.
        let least = if way.contains("Whole") { 5e-5 } else { 1e-4 };
        assert!(error > least && error < 1e-2, "{way}: {error}");
    });
}

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

/// Parts of sixteen channels that are not full, windows that move by two, more images than are laid out at a
/// time, and the whole of Winograd's share.
#[test]
fn tiles_multiply_as_near_as_bf16_is() {
    let _alone = in_bf16();
    let bare = ConvShape { stride: 1, padding: 0 };
    let more: [Case; 6] = [
        ([20, 24, 28, 28], [40, 24, 3, 3], 40, SAME),
        ([5, 34, 14, 14], [33, 34, 4, 4], 33, HALVE),
        ([2, 48, 7, 7], [17, 48, 1, 1], 17, bare),
        ([3, 1, 28, 28], [32, 1, 3, 3], 32, SAME),
        ([2, 96, 28, 30], [20, 96, 1, 1], 20, bare),
        ([70, 18, 1, 1], [50, 18, 1, 1], 50, bare),
    ];
    by_tiles(|way| {
        for case in WINOGRADS.into_iter().chain(more) {
            let errors = errors(kernels::conv2d, plain::conv2d, case, false);
            assert!(errors.iter().all(|error| *error < 1e-2), "{way} {case:?}: {errors:?}");
            assert!(errors[2] > 1e-4, "{way} {case:?}: {errors:?}");
        }
    });
}

#[test]
fn gradients_by_tiles_do_not_depend_on_threads() {
    let _alone = in_bf16();
    let (x, weight, bias) =
        (var(1, &[9, 18, 28, 28], false), var(2, &[48, 18, 3, 3], false), var(3, &[48], false));
    by_tiles(|way| {
        let gradients = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let y = kernels::conv2d(&x, &weight, &bias, SAME).unwrap();
                let few = y.narrow(2, 0, 5).unwrap();
                let seen = kernels::attention(&few.contiguous().unwrap(), 2).unwrap();
                let seen = (seen.sqr().unwrap().sum_all().unwrap() * 100.0).unwrap();
                let sum = (y.sqr().unwrap().sum_all().unwrap() + seen).unwrap();
                let grads = sum.backward().unwrap();
                [&x, &weight].map(|var| grads.get(var).unwrap().clone())
            })
        };
        let alone = gradients(1);
        for threads in [2, 3] {
            for (one, other) in alone.iter().zip(gradients(threads)) {
                assert_eq!(apart(&other, one), 0.0, "{way}, {threads} threads");
            }
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

/// Result of attention over (batch, 3 x channels, tokens) times `scale`, and gradient of its input.
fn attended(
    attention: fn(&Tensor, usize) -> candle_core::Result<Tensor>,
    qkv: &Tensor,
    heads: usize,
    scale: f64,
) -> [Tensor; 2] {
    let qkv = Var::from_tensor(qkv).unwrap();
    let y = attention(&(qkv.as_tensor() * scale).unwrap(), heads).unwrap();
    let pull = var(4, y.dims(), false).as_detached_tensor();
    let mut grads = (&y * pull).unwrap().sum_all().unwrap().backward().unwrap();
    let grad = grads.remove(&qkv).unwrap();
    [y, grad]
}

#[test]
fn attention_is_as_near_as_bf16_is() {
    let _alone = in_bf16();
    every_way(|way| {
        for (batch, channels, tokens, heads, scale) in [
            (1, 8, 49, 2, 1.0),
            (3, 16, 196, 2, 1.0),
            (1, 32, 35, 1, 1.0),
            (1, 64, 50, 1, 1.0),
            (1, 40, 33, 1, 1.0),
            (1, 32, 275, 2, 1.0),
            (2, 4, 1, 2, 1.0),
            // Scores whose exponentials would leave f32 if nothing were taken from them first.
            (2, 24, 99, 2, 3.0),
            (1, 16, 300, 1, 3.0),
        ] {
            let qkv = var(1, &[batch, 3 * channels, tokens], false);
            let fast = attended(kernels::attention, &qkv, heads, scale);
            let slow = attended(plain::attention, &qkv, heads, scale);
            for (fast, slow) in fast.iter().zip(&slow) {
                let error = apart(fast, slow);
                // Scores are as large as their error then.
                let limit = 2e-2 * scale as f32;
                // Narrow heads are worth neither tiles nor whole numbers and stay f32 where there are any; so do
                // few tokens beside whole numbers.
                let few = tokens < 256 && way.contains("Whole");
                let narrow = few || channels / heads < 8 && !way.contains("Bf16");
                // Whole numbers round off little more than powers of two do.
                let whole = way.contains("Whole");
                let (least, most) = if whole { (1e-6, limit / 20.0) } else { (1e-4, limit) };
                assert!(error > least || narrow, "{way} {channels} {tokens}: {error}");
                assert!(error < most, "{way} {channels} {tokens}: {error}");
            }
        }
    });
}

/// The weight of a key that only fills a tile must not leave f32 where all scores are far below zero.
#[test]
fn scores_far_below_zero_have_weights() {
    let _alone = in_bf16();
    let one = |sign: f32| Tensor::full(sign, (1, 24, 35), &Device::Cpu).unwrap();
    let qkv = Tensor::cat(&[one(25.0), one(-25.0), var(1, &[1, 24, 35], false).into_inner()], 1);
    let qkv = qkv.unwrap();
    every_way(|way| {
        let fast = attended(kernels::attention, &qkv, 2, 1.0);
        let slow = attended(plain::attention, &qkv, 2, 1.0);
        assert!(apart(&fast[0], &slow[0]) < 2e-2, "{way}: {}", apart(&fast[0], &slow[0]));
        let sum = fast[1].sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(sum.is_finite(), "{way}: {sum}");
    });
}

/// Heads of an odd width have no pairs of channels.
#[test]
fn attention_of_an_odd_width_is_that_in_f32() {
    let _alone = in_bf16();
    let qkv = var(1, &[2, 18, 50], false);
    let fast = attended(kernels::attention, &qkv, 2, 1.0);
    let slow = attended(plain::attention, &qkv, 2, 1.0);
    for (fast, slow) in fast.iter().zip(&slow) {
        assert!(apart(fast, slow) < 5e-5, "{}", apart(fast, slow));
    }
}

/// The batch of a linear layer is what a convolution's image is, whose numbers may share a scale.
#[test]
fn a_linear_layer_sees_a_row_alone_as_among_others() {
    let _alone = in_bf16();
    let (x, weight, bias) =
        (var(1, &[19, 32], false), var(2, &[24, 32], false), var(3, &[24], false));
    let layer = |x: &Tensor| kernels::linear(x, &weight, &bias).unwrap();
    every_way(|way| {
        let (all, wanted) = (layer(&x), plain::linear(&x, &weight, &bias).unwrap());
        assert!(apart(&all, &wanted) < 1e-2, "{way}");
        for row in [0, 18] {
            let alone = layer(&x.narrow(0, row, 1).unwrap());
            assert_eq!(apart(&alone, &all.narrow(0, row, 1).unwrap()), 0.0, "{way}: row {row}");
        }
    });
}

/// Small images are done several at a time, those that are left over alone.
#[test]
fn windows_of_one_pixel_see_an_image_alone_as_among_others() {
    let _alone = in_bf16();
    let shape = ConvShape { stride: 1, padding: 0 };
    every_way(|way| {
        for (side, inputs, outputs) in [(7, 32, 49), (3, 6, 13), (1, 4, 2), (12, 8, 24)] {
            let x = var(1, &[19, inputs, side, side], false);
            let weight = var(2, &[outputs, inputs, 1, 1], false);
            for bias in [&[outputs][..], &[19, outputs]] {
                let bias = var(3, bias, false);
                let all = kernels::conv2d(&x, &weight, &bias, shape).unwrap();
                let wanted = plain::conv2d(&x, &weight, &bias, shape).unwrap();
                assert!(apart(&all, &wanted) < 1e-2, "{way} {side}");
                for image in [0, 8, 18] {
                    let bias = match bias.rank() {
                        1 => bias.as_tensor().clone(),
                        _ => bias.narrow(0, image, 1).unwrap(),
                    };
                    let one = x.narrow(0, image, 1).unwrap();
                    let one = kernels::conv2d(&one, &weight, &bias, shape).unwrap();
                    let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                    let among = numbers(&all.narrow(0, image, 1).unwrap());
                    assert!(among == numbers(&one), "{way} {side} image {image}");
                }
            }
        }
    });
}

#[test]
fn results_do_not_depend_on_threads_nor_on_the_batch() {
    let _alone = in_bf16();
    every_way(|_| results_depend_on_nothing_else());
}

fn results_depend_on_nothing_else() {
    let (x, weight, bias) =
        (var(1, &[5, 8, 9, 9], false), var(2, &[48, 8, 3, 3], false), var(3, &[48], false));
    let run = |x: &Tensor, threads: usize| -> Vec<f32> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let convolved = || kernels::conv2d(x, &weight, &bias, SAME);
        pool.install(|| kernels::attention(&convolved().unwrap(), 2).unwrap())
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap()
    };
    let all = run(&x, 1);
    assert!(all == run(&x, 2));
    let third = x.narrow(0, 3, 1).unwrap();
    assert_eq!(run(&third, 2), all[3 * 16 * 81..4 * 16 * 81]);
}
