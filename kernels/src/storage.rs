//! Between candle's tensors and the slices the kernels work on.

use std::cell::Cell;
use std::mem::MaybeUninit;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Shape, Storage, Tensor, bail};

use super::pool;
/// The numbers of a contiguous f32 storage.
pub(super) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a kernel takes contiguous tensors")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `work` with the numbers of contiguous f32 tensors on the CPU.
pub(super) fn with_numbers<const N: usize, T>(
    tensors: &[&Tensor; N],
    work: impl FnOnce([&[f32]; N]) -> T,
) -> Result<T> {
    let guards = tensors.map(Tensor::storage_and_layout);
    let mut slices: [&[f32]; N] = [&[]; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&guards) {
        let Storage::Cpu(storage) = &**storage else { bail!("a kernel takes tensors on the CPU") };
        *slice = numbers(storage, layout)?;
    }
    Ok(work(slices))
}

/// Calls `work` with the numbers of a contiguous f32 tensor on the CPU, to be changed in place.
pub(super) fn with_numbers_mut(
    tensor: &Tensor,
    work: impl FnOnce(&mut [f32]) -> Result<()>,
) -> Result<()> {
    tensor.inplace_op1(&InPlace(Cell::new(Some(work))))
}

/// Work that candle asks for once.
struct InPlace<F>(Cell<Option<F>>);

impl<F: FnOnce(&mut [f32]) -> Result<()>> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "in-place"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(all), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            bail!("a kernel changes contiguous f32 tensors")
        };
        self.0.take().map_or(Ok(()), |work| work(&mut all[start..end]))
    }
}

/// A tensor on the CPU.
pub(super) fn tensor(numbers: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(numbers, shape.into(), &Device::Cpu)
}

/// `count` chunks of `chunk` numbers, each made from zeros by `work(at, chunk)` on any thread.
///
/// A chunk is zeroed by the thread that goes on with it, while it is in that thread's cache.
pub(super) fn chunks(
    chunk: usize,
    count: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    // SAFETY: every number of a chunk is written at once.
    unsafe { written_chunks(chunk, count, |at, chunk| work(at, zeroed(chunk))) }
}

/// `count` chunks of `chunk` numbers, each written by `work(at, chunk)` on any thread.
///
/// # Safety
/// `work` must write every number of its chunk.
pub(super) unsafe fn written_chunks(
    chunk: usize,
    count: usize,
    work: impl Fn(usize, &mut [MaybeUninit<f32>]) + Sync,
) -> Vec<f32> {
    // SAFETY: the caller vouches for the work.
    unsafe {
        written(chunk * count, |numbers| {
            let parts = numbers.chunks_mut(chunk.max(1)).enumerate();
            pool::for_each(parts, |(at, chunk)| work(at, chunk));
        })
    }
}

/// So many numbers, written by `work`.
///
/// # Safety
/// `work` must write every one of them.
pub(super) unsafe fn written(count: usize, work: impl FnOnce(&mut [MaybeUninit<f32>])) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(count);
    work(&mut numbers.spare_capacity_mut()[..count]);
    // SAFETY: the caller vouches for all of them.
    unsafe { numbers.set_len(count) }
    numbers
}

/// The same numbers, now zeros.
pub(super) fn zeroed(numbers: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    numbers.fill(MaybeUninit::new(0.0));
    // SAFETY: every number has just been written.
    unsafe { &mut *(std::ptr::from_mut(numbers) as *mut [f32]) }
}
