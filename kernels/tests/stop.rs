//! Work that is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use candle_core::{DType, Device, Tensor};

fn ones(shape: &[usize]) -> Tensor {
    Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap()
}

#[test]
fn attention_is_given_up_on_its_way_and_the_next_is_not() {
    // Minutes of work.
    let large = ones(&[1, 3 * 16, 500_000]);
    let stop = Arc::new(AtomicBool::new(false));
    let wish = stop.clone();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        wish.store(true, Ordering::Relaxed);
    });
    assert!(kernels::unless(&stop, || kernels::attention(&large, 4).unwrap()).is_none());
    other.join().unwrap();
    let small = ones(&[2, 3 * 8, 49]);
    let wanted = kernels::attention(&small, 2).unwrap();
    let going = Arc::new(AtomicBool::new(false));
    let made = kernels::unless(&going, || kernels::attention(&small, 2).unwrap()).unwrap();
    let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(numbers(&made), numbers(&wanted));
}

#[test]
fn no_operation_begins_once_the_wish_is_there() {
    let stop = Arc::new(AtomicBool::new(true));
    let x = ones(&[1, 2, 4, 4]);
    assert!(kernels::unless(&stop, || kernels::add(&x, &x).unwrap()).is_none());
    // Without a wish it does.
    assert_eq!(kernels::add(&x, &x).unwrap().dims(), x.dims());
}

#[test]
fn other_panics_go_on() {
    let going = Arc::new(AtomicBool::new(false));
    let end = std::panic::catch_unwind(|| kernels::unless(&going, || panic!("of another kind")));
    assert!(end.is_err());
}
