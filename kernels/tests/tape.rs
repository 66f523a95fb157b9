//! What a tape remembers.

use candle_core::{Device, Result, Tensor, Var};
use kernels::{ConvShape, record};

const POINTWISE: ConvShape = ConvShape { stride: 1, padding: 0 };

fn var(from: f32, count: usize, shape: &[usize]) -> Var {
    let numbers: Vec<f32> = (0..count).map(|i| (from + i as f32).sin()).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// A small network with operations of candle's between ours: one that is used twice, one that goes
/// around another, one on a weight.
fn network(x: &Tensor, weight: &Var, bias: &Var) -> Result<Tensor> {
    let weight = (weight.as_tensor() * 0.5)?;
    let h = kernels::conv2d(x, &weight, bias, POINTWISE)?;
    let g = kernels::conv2d(&h.silu()?, &weight, &(bias.as_tensor() + 1.0)?, POINTWISE)?;
    let joined = kernels::join(&kernels::add(&h, &g)?, &h.transpose(2, 3)?)?;
    joined.sqr()?.mean_all()
}

#[test]
fn gradients_are_those_of_candles_graph() {
    let (x, weight, bias) = (var(0.0, 72, &[2, 4, 3, 3]), var(9.0, 16, &[4, 4]), var(5.0, 4, &[4]));
    let (loss, tape) = record(|| network(&x, &weight, &bias));
    let loss = loss.unwrap();
    let wanted = network(&x, &weight, &bias).unwrap();
    assert_eq!(numbers(&loss), numbers(&wanted));
    let mut grads = tape.backward(&loss).unwrap();
    let wanted = wanted.backward().unwrap();
    for var in [&x, &weight, &bias] {
        let (grad, wanted) =
            (numbers(&grads.remove(var).unwrap()), numbers(wanted.get(var).unwrap()));
        for (grad, wanted) in grad.iter().zip(&wanted) {
            assert!((grad - wanted).abs() < 1e-6, "{grad} for {wanted}");
        }
    }
}

#[test]
fn what_did_not_enter_the_result_has_no_gradient() {
    let (x, other) = (var(0.0, 8, &[1, 2, 2, 2]), var(3.0, 8, &[1, 2, 2, 2]));
    let ((used, _), tape) = record(|| {
        let unused = kernels::add(&other, &other).unwrap();
        (kernels::add(&x, &x).unwrap(), unused)
    });
    let mut grads = tape.backward(&used).unwrap();
    assert_eq!(numbers(&grads.remove(&x).unwrap()), [2.0; 8]);
    assert!(grads.remove(&other).is_none());
}

#[test]
fn constants_are_not_recorded() {
    let x = var(0.0, 8, &[1, 2, 2, 2]).as_detached_tensor();
    let (sum, _) = record(|| kernels::add(&x, &x).unwrap());
    assert!(!sum.track_op());
}

#[test]
fn recording_ends_with_its_work() {
    let x = var(0.0, 8, &[1, 2, 2, 2]);
    let ((), outer) = record(|| {
        let (inner, tape) = record(|| kernels::add(&x, &x).unwrap());
        assert_eq!(numbers(&tape.backward(&inner).unwrap().remove(&x).unwrap()), [2.0; 8]);
    });
    assert!(outer.is_empty());
    let sum = kernels::add(&x, &x).unwrap();
    assert!(!sum.is_variable() && sum.track_op());
}
