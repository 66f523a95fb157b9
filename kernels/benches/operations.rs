//! How fast each kernel is alone: `cargo bench -p kernels`, and a word to choose by, as in
//! `cargo bench -p kernels -- conv2d/bf16`. One thread, so that figures do not depend on cores.

use std::hint::black_box;

use candle_core::{Device, Result, Tensor, Var};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use kernels::{AdamStep, ConvShape, Precision, record, simd::Level};

/// Images in a batch.
const BATCH: usize = 16;

const SAME: ConvShape = ConvShape { stride: 1, padding: 1 };
const HALVE: ConvShape = ConvShape { stride: 2, padding: 1 };
const POINTWISE: ConvShape = ConvShape { stride: 1, padding: 0 };

/// Inputs, outputs, side of the image, window, and how it moves: what U-Nets here are made of.
const CONVOLUTIONS: [(usize, usize, usize, usize, ConvShape); 7] = [
    (16, 32, 28, 3, SAME),
    (64, 64, 28, 3, SAME),
    (64, 64, 14, 3, SAME),
    (96, 96, 7, 3, SAME),
    (256, 256, 7, 3, SAME),
    (64, 64, 14, 4, HALVE),
    (64, 192, 14, 1, POINTWISE),
];

fn var(dims: &[usize]) -> Var {
    let count: usize = dims.iter().product();
    let numbers: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin()).collect();
    Var::from_tensor(&Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()).unwrap()
}

/// Measures `work` without gradients, and then with its way back.
fn both_ways(group: &mut BenchmarkGroup<WallTime>, name: &str, work: impl Fn() -> Result<Tensor>) {
    group.bench_function(format!("{name}/forward"), |bencher| {
        bencher.iter(|| black_box(work().unwrap()));
    });
    group.bench_function(format!("{name}/forward and back"), |bencher| {
        bencher.iter(|| {
            let (y, tape) = record(|| work().unwrap());
            black_box(tape.backward(&y).unwrap())
        });
    });
}

fn convolutions(criterion: &mut Criterion) {
    for (word, level, precision) in [
        ("f32", Level::detected(), Precision::F32),
        ("bf16", Level::detected(), Precision::Bf16),
        ("avx2", Level::Avx2, Precision::F32),
        ("portable", Level::Portable, Precision::F32),
    ] {
        let mut group = criterion.benchmark_group(format!("conv2d/{word}"));
        Level::force(level);
        precision.choose();
        for (inputs, outputs, side, window, shape) in CONVOLUTIONS {
            let x = var(&[BATCH, inputs, side, side]);
            let (weight, bias) = (var(&[outputs, inputs, window, window]), var(&[outputs]));
            let out = side / shape.stride;
            // Multiplications of the forward pass.
            let products = BATCH * outputs * inputs * window * window * out * out;
            group.throughput(Throughput::Elements(products as u64));
            let name = format!("{inputs} to {outputs}, {side}x{side}, window {window}");
            both_ways(&mut group, &name, || kernels::conv2d(&x, &weight, &bias, shape));
        }
    }
    Level::force(Level::detected());
    Precision::F32.choose();
}

fn attention(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention");
    for (channels, tokens, heads) in [(16, 784, 4), (64, 784, 4), (64, 196, 4), (256, 49, 4)] {
        let qkv = var(&[BATCH, 3 * channels, tokens]);
        group.throughput(Throughput::Elements((BATCH * heads * tokens * tokens) as u64));
        let name = format!("{channels} channels, {tokens} tokens, {heads} heads");
        both_ways(&mut group, &name, || kernels::attention(&qkv, heads));
    }
}

fn passes_over_memory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory");
    let dims = [BATCH, 64, 28, 28];
    let (x, y, gamma, beta) = (var(&dims), var(&dims), var(&[64]), var(&[64]));
    group.throughput(Throughput::Elements(x.elem_count() as u64));
    both_ways(&mut group, "group norm and SiLU", || {
        kernels::group_norm(&x, &gamma, &beta, 8, 1e-5, true)
    });
    both_ways(&mut group, "add", || kernels::add(&x, &y));
    both_ways(&mut group, "join", || kernels::join(&x, &y));
    let (first, second) = (var(&dims), var(&dims));
    let step = AdamStep {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        rate: 1e-4,
        root_correction: 1.0,
        scale: 1.0,
        kept: 1.0,
    };
    second.set(&second.sqr().unwrap()).unwrap();
    group.bench_function("Adam", |bencher| {
        bencher.iter(|| kernels::adam(&x, &first, &second, &y, step).unwrap());
    });
}

fn settings() -> Criterion {
    kernels::keep_memory();
    kernels::use_one_pool();
    // Fails only where a pool is there already, which then is the one that is measured.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    Criterion::default().sample_size(20)
}

criterion_group! {
    name = operations;
    config = settings();
    targets = convolutions, attention, passes_over_memory
}
criterion_main!(operations);
