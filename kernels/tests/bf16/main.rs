//! Convolutions and attention in bf16 beside those in f32.

mod attention;
mod winograd;

use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Tensor, Var};
use kernels::{
    ConvShape, HalfPrecision, Pairs, Precision, matrix::MatrixUnit, plain, record, simd::Level,
};
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
    HalfPrecision::Absent.force();
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

/// Processors that are quicker in f32.
#[test]
fn without_pairs_bf16_is_f32() {
    let _alone = in_bf16();
    let all = || {
        // Of the second, results would be whole numbers.
        let convolutions = [CONVOLUTIONS[4], WINOGRADS[4]]
            .map(|case| errors(kernels::conv2d, plain::conv2d, case, false));
        let seen = kernels::attention(&var(1, &[1, 48, 300], false), 1).unwrap();
        (convolutions, seen.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    Pairs::Absent.force();
    let in_bf16 = all();
    Precision::F32.choose();
    assert!(in_bf16 == all());
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
    attention::in_halves(|_| results_depend_on_nothing_else());
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
