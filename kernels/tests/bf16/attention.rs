//! Attention.

use candle_core::{Device, Tensor, Var};
use kernels::plain;

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
