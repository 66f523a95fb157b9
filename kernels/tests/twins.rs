//! Each kernel against its plain twin, forward and backward, on sizes that do not fit the tiles.

use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor, Var};
use kernels::{ConvShape, plain, record, simd::Level};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn var(seed: u64, shape: &[usize]) -> Var {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let count = shape.iter().product();
    let numbers: Vec<f32> = (0..count).map(|_| generator.random_range(-2.0..2.0)).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()).unwrap()
}

type Op<'a> = &'a dyn Fn(&[Tensor]) -> candle_core::Result<Tensor>;

/// Runs `test` at each level. The level is the program's: one test after the other has it.
fn at_every_level(test: impl Fn(Level)) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for level in [Level::Portable, Level::Avx2, Level::Avx512] {
        Level::force(level);
        test(level);
    }
    Level::force(Level::detected());
}

/// Compares result and gradients of both ways, each relative to its largest number.
fn check(name: &str, shapes: &[&[usize]], fast: Op, slow: Op) {
    at_every_level(|level| {
        let vars: Vec<Var> = shapes.iter().enumerate().map(|(i, s)| var(i as u64, s)).collect();
        let inputs: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
        let (y, wanted) = (fast(&inputs).unwrap(), slow(&inputs).unwrap());
        assert!(apart(&y, &wanted) < 2e-5, "{name} {level:?}: forward {}", apart(&y, &wanted));
        // A gradient that differs from number to number.
        let pull = var(99, y.dims()).as_tensor().clone();
        let pulled = |y: &Tensor| (y * &pull).unwrap().sum_all().unwrap();
        let (grads, wanted) = (pulled(&y).backward().unwrap(), pulled(&wanted).backward().unwrap());
        let (taped, tape) = record(|| pulled(&fast(&inputs).unwrap()));
        let mut taped = tape.backward(&taped).unwrap();
        for (i, v) in vars.iter().enumerate() {
            let (grad, wanted) = (grads.get(v).unwrap(), wanted.get(v).unwrap());
            let error = apart(grad, wanted);
            assert!(error < 5e-5, "{name} {level:?}: gradient {i} is off by {error}");
            let error = apart(&taped.remove(v).unwrap(), grad);
            assert!(error == 0.0, "{name} {level:?}: gradient {i} on the tape is off by {error}");
        }
    });
}

fn apart(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let most = |t: &Tensor| {
        t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap()
    };
    most(&(a - b).unwrap()) / most(b).max(1e-6)
}

#[test]
fn conv2d() {
    let cases: [(&[usize], &[usize], usize, usize); 18] = [
        // Enough small images for each to have a lane, and some more.
        (&[19, 5, 7, 7], &[13, 5, 3, 3], 1, 1),
        (&[16, 6, 8, 6], &[7, 6, 4, 4], 2, 1),
        (&[33, 4, 7, 5], &[9, 4, 1, 1], 1, 0),
        (&[2, 3, 9, 7], &[5, 3, 3, 3], 1, 1),
        (&[1, 1, 28, 28], &[16, 1, 3, 3], 1, 1),
        (&[3, 8, 5, 5], &[1, 8, 3, 3], 1, 1),
        (&[3, 6, 5, 11], &[13, 6, 1, 1], 1, 0),
        (&[2, 4, 8, 12], &[7, 4, 4, 4], 2, 1),
        (&[3, 2, 2, 2], &[3, 2, 4, 4], 2, 1),
        (&[9, 17, 14, 14], &[30, 17, 3, 3], 1, 1),
        // More channels than a product may read beyond its end.
        (&[2, 70, 5, 5], &[4, 70, 3, 3], 1, 1),
        (&[2, 70, 6, 5], &[4, 70, 5, 5], 1, 2),
        // Enough channels for Winograd's way, in tiles that reach beyond every edge.
        (&[1, 16, 28, 28], &[16, 16, 3, 3], 1, 1),
        (&[3, 17, 7, 11], &[50, 17, 3, 3], 1, 1),
        (&[1, 33, 9, 8], &[16, 33, 3, 3], 1, 0),
        (&[2, 16, 6, 5], &[19, 16, 3, 3], 1, 2),
        (&[17, 20, 7, 7], &[35, 20, 3, 3], 1, 1),
        (&[1, 150, 6, 7], &[70, 150, 3, 3], 1, 1),
    ];
    for (x, weight, stride, padding) in cases {
        for bias in [&[weight[0]][..], &[1, weight[0]], &[x[0], weight[0]]] {
            let shape = ConvShape { stride, padding };
            check(
                &format!("conv2d {x:?} {weight:?}"),
                &[x, weight, bias],
                &|t| kernels::conv2d(&t[0], &t[1], &t[2], shape),
                &|t| plain::conv2d(&t[0], &t[1], &t[2], shape),
            );
        }
    }
}

/// So many tiles that their gradients are summed in several shares, each in several blocks.
#[test]
fn the_gradient_of_a_weight_over_many_tiles() {
    let shape = ConvShape { stride: 1, padding: 1 };
    let (x, weight, bias) = (var(1, &[21, 17, 28, 28]), var(2, &[115, 17, 3, 3]), var(3, &[115]));
    let pull = var(4, &[21, 115, 28, 28]).as_tensor().clone();
    let gradient = |y: Tensor| -> Tensor {
        let pulled = (y * &pull).unwrap().sum_all().unwrap();
        pulled.backward().unwrap().remove(weight.as_tensor()).unwrap()
    };
    let wanted = gradient(plain::conv2d(&x, &weight, &bias, shape).unwrap());
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gradient(kernels::conv2d(&x, &weight, &bias, shape).unwrap()))
    };
    let one = on(1);
    assert!(apart(&one, &wanted) < 5e-5, "{}", apart(&one, &wanted));
    for threads in [2, 3, 9] {
        assert_eq!(apart(&on(threads), &one), 0.0, "{threads} threads");
    }
}

/// Transforms that magnified what they read, as those of the usual points do, would be five times worse.
#[test]
fn winograds_way_is_as_exact_as_the_direct_one() {
    let exact = |t: &Var| t.to_dtype(DType::F64).unwrap();
    let (x, weight, bias) = (var(1, &[1, 256, 8, 8]), var(2, &[32, 256, 3, 3]), var(3, &[32]));
    let shape = ConvShape { stride: 1, padding: 1 };
    let wanted = plain::conv2d(&exact(&x), &exact(&weight), &exact(&bias), shape).unwrap();
    let wanted = wanted.to_dtype(DType::F32).unwrap();
    at_every_level(|level| {
        let error = apart(&kernels::conv2d(&x, &weight, &bias, shape).unwrap(), &wanted);
        assert!(error < 4e-6, "{level:?}: {error}");
    });
}

#[test]
fn conv_transpose2d() {
    for (x, weight) in [
        ([2, 3, 7, 7], [3, 5, 4, 4]),
        ([3, 8, 4, 6], [8, 8, 4, 4]),
        ([1, 2, 1, 1], [2, 2, 4, 4]),
        ([18, 3, 3, 7], [3, 5, 4, 4]),
    ] {
        let shape = ConvShape { stride: 2, padding: 1 };
        check(
            &format!("conv-transpose2d {x:?} {weight:?}"),
            &[&x, &weight, &[1, weight[1]]],
            &|t| kernels::conv_transpose2d(&t[0], &t[1], &t[2], shape),
            &|t| plain::conv_transpose2d(&t[0], &t[1], &t[2], shape),
        );
    }
}

#[test]
fn group_norm() {
    for (x, groups) in [([2, 8, 5, 7], 4), ([3, 16, 4, 4], 8), ([1, 8, 28, 28], 8)] {
        for silu in [false, true] {
            check(
                &format!("group norm {x:?} silu {silu}"),
                &[&x, &[x[1]], &[x[1]]],
                &|t| kernels::group_norm(&t[0], &t[1], &t[2], groups, 1e-5, silu),
                &|t| plain::group_norm(&t[0], &t[1], &t[2], groups, 1e-5, silu),
            );
        }
    }
}

/// Small images are done sixteen at a time, those that are left over alone; an image has the same bits
/// in either way.
#[test]
fn an_image_is_the_same_alone_and_among_others() {
    at_every_level(|level| {
        for (inputs, outputs, side, window, stride, padding) in [
            (5, 13, 7, 3, 1, 1),
            (12, 3, 6, 4, 2, 1),
            (30, 17, 7, 1, 1, 0),
            (6, 13, 12, 1, 1, 0),
            (1, 2, 14, 3, 1, 1),
            (3, 4, 5, 5, 1, 0),
            (17, 40, 7, 3, 1, 1),
            (40, 17, 14, 3, 1, 1),
            (16, 16, 29, 3, 1, 0),
            // So many channels that the weights for one image are made ready in parts.
            (150, 180, 9, 3, 1, 1),
        ] {
            let shape = ConvShape { stride, padding };
            let x = var(1, &[19, inputs, side, side]);
            let (weight, bias) = (var(2, &[outputs, inputs, window, window]), var(3, &[outputs]));
            let back = var(4, &[outputs, inputs, window, window]);
            let there_and_back = |x: &Var| {
                let y = kernels::conv2d(x, &weight, &bias, shape).unwrap();
                let pulled = (&y * y.detach()).unwrap().sum_all().unwrap();
                let grad = pulled.backward().unwrap().remove(x.as_tensor());
                let grown = kernels::conv_transpose2d(
                    &y,
                    &back,
                    &Tensor::zeros(inputs, y.dtype(), y.device()).unwrap(),
                    shape,
                );
                [y, grad.unwrap(), grown.unwrap()]
            };
            let all = there_and_back(&x);
            for image in [0, 7, 18] {
                let one = Var::from_tensor(&x.narrow(0, image, 1).unwrap()).unwrap();
                for (all, one) in all.iter().zip(there_and_back(&one)) {
                    let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                    let among = numbers(&all.narrow(0, image, 1).unwrap());
                    assert!(among == numbers(&one), "{level:?} {side} {window} image {image}");
                }
            }
        }
    });
}

/// A weight of two dimensions is a linear layer on every pixel.
#[test]
fn conv2d_of_single_pixels() {
    let shape = ConvShape { stride: 1, padding: 0 };
    // The second is large enough to be done where it lies.
    for x in [[3, 6, 5, 11], [3, 6, 11, 13]] {
        for bias in [&[13][..], &[3, 13]] {
            check(
                &format!("pointwise {x:?}"),
                &[&x, &[13, 6], bias],
                &|t| kernels::conv2d(&t[0], &t[1], &t[2], shape),
                &|t| plain::conv2d(&t[0], &t[1], &t[2], shape),
            );
        }
    }
}

#[test]
fn attention() {
    for (batch, channels, tokens, heads) in [
        (2, 8, 49, 4),
        (1, 16, 196, 1),
        (3, 12, 5, 3),
        (2, 32, 100, 4),
        (1, 48, 35, 2),
        (3, 7, 31, 7),
        (1, 10, 66, 2),
        (1, 3, 1, 1),
    ] {
        check(
            &format!("attention {batch} {channels} {tokens} {heads}"),
            &[&[batch, 3 * channels, tokens]],
            &|t| kernels::attention(&t[0], heads),
            &|t| plain::attention(&t[0], heads),
        );
    }
}

/// Scores whose exponentials would leave f32 if nothing were taken from them first.
#[test]
fn attention_with_large_scores() {
    check(
        "attention with large scores",
        &[&[2, 24, 49]],
        &|t| kernels::attention(&(&t[0] * 6.0)?, 2),
        &|t| plain::attention(&(&t[0] * 6.0)?, 2),
    );
}

#[test]
fn linear() {
    for rows in [1, 3, 5] {
        check(
            "linear",
            &[&[rows, 12], &[7, 12], &[7]],
            &|t| kernels::linear(&t[0], &t[1], &t[2]),
            &|t| plain::linear(&t[0], &t[1], &t[2]),
        );
    }
}

#[test]
fn join() {
    check("join", &[&[3, 2, 5, 7], &[3, 1, 5, 7]], &|t| kernels::join(&t[0], &t[1]), &|t| {
        Tensor::cat(t, 1)
    });
}

#[test]
fn squares() {
    for x in [[2, 3, 6, 10], [1, 1, 2, 2], [3, 5, 28, 14], [1, 40, 64, 34]] {
        check("halve", &[&x], &|t| kernels::halve(&t[0]), &|t| plain::halve(&t[0]));
        check("double", &[&x], &|t| kernels::double(&t[0]), &|t| plain::double(&t[0]));
    }
    let [wide, single] = [[2, 1, 3, 7], [1, 1, 1, 1]];
    for x in [wide, single] {
        check("double", &[&x], &|t| kernels::double(&t[0]), &|t| plain::double(&t[0]));
        for halve in [kernels::halve, plain::halve] {
            let error = halve(&var(1, &x)).unwrap_err().to_string();
            assert!(error.contains("an even width and height would do"), "{error}");
        }
    }
    let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 6.0]]]], &Device::Cpu).unwrap();
    let numbers = |t: Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(numbers(kernels::halve(&x).unwrap()), [3.0]);
    let doubled = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 6.0, 6.0, 3.0, 3.0, 6.0, 6.0];
    assert_eq!(numbers(kernels::double(&x).unwrap()), doubled);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    // The second takes Winograd's way, in some blocks.
    for [batch, inputs, outputs, side] in [[5, 8, 12, 9], [7, 24, 48, 14]] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (x, weight) =
                    (var(1, &[batch, inputs, side, side]), var(2, &[outputs, inputs, 3, 3]));
                let bias = var(3, &[1, outputs]);
                let shape = ConvShape { stride: 1, padding: 1 };
                let y = kernels::conv2d(&x, &weight, &bias, shape).unwrap();
                let qkv = y.flatten_from(2).unwrap();
                let out = kernels::attention(&qkv, 2).unwrap();
                let grads = out.sqr().unwrap().sum_all().unwrap().backward().unwrap();
                let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let grad = |v: &Var| numbers(grads.get(v).unwrap());
                (numbers(&out), grad(&x), grad(&weight), grad(&bias))
            })
        };
        assert!(run(1) == run(2) && run(1) == run(3), "{batch} images");
    }
}

#[test]
fn sizes_that_do_not_divide_are_errors() {
    let x = var(1, &[2, 6, 3, 3]);
    let (gamma, beta) = (var(2, &[6]), var(3, &[6]));
    let error = kernels::group_norm(&x, &gamma, &beta, 4, 1e-5, true).unwrap_err().to_string();
    assert!(error.contains("6 channels do not make 4 equal groups"), "{error}");
    let error = kernels::attention(&x, 4).unwrap_err().to_string();
    assert!(error.contains("6 channels do not make three times 4 equal heads"), "{error}");
}
