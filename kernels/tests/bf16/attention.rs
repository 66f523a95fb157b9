//! Attention.

use candle_core::{Device, Tensor, Var};
use kernels::{HalfPrecision, Pairs, plain};

use super::{apart, every_way, in_bf16, var};

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

/// Calls `test` with half precision in plain Rust, and with the processor's, where it has some. What does not
/// use it is calculated in f32.
pub(super) fn in_halves(test: impl Fn(&str)) {
    Pairs::Absent.force();
    for way in [HalfPrecision::Emulated, HalfPrecision::Avx512Fp16] {
        if way == HalfPrecision::Emulated || HalfPrecision::detected() == way {
            way.force();
            test(&format!("{way:?}"));
        }
    }
    HalfPrecision::Absent.force();
    Pairs::Bf16.force();
}

/// How far result and gradient are from those in f32, at most.
fn attention_error(qkv: &Tensor, heads: usize, scale: f64) -> f32 {
    let fast = attended(kernels::attention, qkv, heads, scale);
    let slow = attended(plain::attention, qkv, heads, scale);
    fast.iter().zip(&slow).map(|(fast, slow)| apart(fast, slow)).fold(0.0, f32::max)
}

#[test]
fn attention_in_half_precision_is_nearer_than_bf16_is() {
    let _alone = in_bf16();
    in_halves(|way| {
        for (batch, channels, tokens, heads, scale) in [
            (3, 16, 196, 2, 1.0),
            // Widths that fill vectors in groups of eight, four and two tokens, or not quite.
            (1, 4, 70, 1, 1.0),
            (1, 8, 99, 1, 1.0),
            (1, 64, 64, 1, 1.0),
            (1, 41, 83, 1, 1.0),
            (1, 1, 70, 1, 1.0),
            (1, 32, 275, 2, 1.0),
            (1, 24, 512, 1, 1.0),
            // Scores so large that something is taken from them.
            (2, 24, 99, 2, 1.5),
        ] {
            let qkv = var(1, &[batch, 3 * channels, tokens], false);
            let error = attention_error(&qkv, heads, scale);
            assert!(error > 1e-4, "{way} {channels} {tokens}: {error}");
            assert!(error < 8e-3, "{way} {channels} {tokens}: {error}");
        }
    });
}

/// Gradients as small as those of a trained network, of values as small or large: half precision begins at
/// 6e-8 and ends at 65504.
#[test]
fn half_precision_has_the_range_of_any_head() {
    let _alone = in_bf16();
    let part =
        |seed: u64, scale: f64| (var(seed, &[1, 16, 100], false).as_tensor() * scale).unwrap();
    in_halves(|way| {
        for scales @ [queries, keys, values] in [
            [1e-6, 1e-6, 1.0],
            [1e6, 1e-6, 1e-9],
            [1e-9, 1e9, 1e9],
            [0.0, 1.0, 1.0],
            [1.0, 1.0, 0.0],
        ] {
            let qkv = Tensor::cat(&[part(1, queries), part(2, keys), part(3, values)], 1).unwrap();
            let [y, grad] = attended(kernels::attention, &qkv, 2, 1.0);
            let [wanted, wanted_grad] = attended(plain::attention, &qkv, 2, 1.0);
            assert!(apart(&y, &wanted) < 8e-3, "{way} {scales:?}: {}", apart(&y, &wanted));
            // Gradients of queries, keys and values are of sizes of their own.
            for part in 0..3 {
                let [grad, wanted] =
                    [&grad, &wanted_grad].map(|t| t.narrow(1, 16 * part, 16).unwrap());
                let [grad, wanted] = [grad, wanted].map(|t| (t / scales[part].max(1e-12)).unwrap());
                let error = apart(&grad, &wanted);
                assert!(error < 8e-3, "{way} {scales:?}, part {part}: {error}");
            }
        }
    });
}

/// Scores that half precision would round more than bf16 rounds what they are made of; few tokens.
#[test]
fn heads_that_are_not_for_half_precision_stay_f32() {
    let _alone = in_bf16();
    in_halves(|way| {
        for (channels, tokens, scale) in [(16, 300, 6.0), (16, 49, 1.0)] {
            let error = attention_error(&var(1, &[1, 3 * channels, tokens], false), 1, scale);
            assert!(error < 5e-5, "{way} {channels} {tokens} {scale}: {error}");
        }
        let mut odd = vec![1.0f32; 3 * 8 * 100];
        odd[1000] = f32::NAN;
        let odd = Tensor::from_vec(odd, (1, 24, 100), &Device::Cpu).unwrap();
        let seen = kernels::attention(&odd, 2).unwrap().sum_all().unwrap();
        assert!(seen.to_scalar::<f32>().unwrap().is_nan(), "{way}");
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
