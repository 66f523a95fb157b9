//! Parts of a batch that go through the network apart from each other.
//!
//! On a processor each thread takes one: threads that share every loop wait for each other some thousand
//! times a step. Fewer images at once also take less memory and stay in the caches.

use candle_core::Device;

use crate::Result;
use crate::kernels::{fold_parts, threads};

/// Images of a shard, at least: some kernels do sixteen together.
const IMAGES: usize = 16;

/// As few are still worth it, so that a second thread has some of a small batch.
const FEWEST: usize = 8;

/// Images of each shard of a batch; the last may have fewer.
///
/// It follows from the batch alone: so do the order in which gradients are summed, and the weights that
/// a run ends with, whatever the number of threads.
pub(super) fn shard_of(batch: usize) -> usize {
    let shards = (batch / IMAGES).max((batch / FEWEST).min(2));
    batch.div_ceil(shards.max(1))
}

/// Images of each part of a batch that `device` learns from apart: a graphics card takes all at once.
pub(super) fn shard_on(device: &Device, batch: usize) -> usize {
    if device.is_cpu() { shard_of(batch) } else { batch }
}

/// Shards of a batch that are learned from at once, at most.
pub(super) fn at_once(batch: usize) -> usize {
    batch.div_ceil(shard_of(batch).max(1)).min(threads())
}

/// Hands on to `take` what `work` gives of each part, in their order: on a processor as
/// [`fold_parts`] does, on a graphics card, which has but one memory, one after the other.
pub(super) fn fold_shards<T: Send, R: Send>(
    device: &Device,
    parts: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> Result<R> + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    match device.is_cpu() {
        true => fold_parts(parts, work, |result| take(result?)),
        false => parts.into_iter().map(work).try_for_each(|result| take(result?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_alike_and_never_small() {
        for (batch, shard) in
            [(1, 1), (8, 8), (15, 15), (16, 8), (31, 16), (32, 16), (40, 20), (64, 16), (100, 17)]
        {
            assert_eq!(shard_of(batch), shard, "of {batch}");
        }
    }
}
