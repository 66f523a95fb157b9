//! Parts of a batch that go through the network apart from each other.
//!
//! On a processor each thread takes one: threads that share every loop wait for each other some thousand
//! times a step. Fewer images at once also take less memory and stay in the caches.

use crate::kernels::threads;

/// A shard has at least as many images: some kernels do sixteen together.
const IMAGES: usize = 16;

/// Images of each shard of a batch; the last may have fewer.
///
/// It follows from the batch alone: so do the order in which gradients are summed, and the weights that
/// a run ends with, whatever the number of threads.
pub(super) fn shard_of(batch: usize) -> usize {
    batch.div_ceil((batch / IMAGES).max(1))
}

/// Shards of a batch that are learned from at once, at most.
pub(super) fn at_once(batch: usize) -> usize {
    batch.div_ceil(shard_of(batch).max(1)).min(threads())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_alike_and_never_small() {
        let sizes = [1, 8, 16, 31, 32, 40, 64, 100].map(|batch| (batch, shard_of(batch)));
        assert_eq!(
            sizes,
            [(1, 1), (8, 8), (16, 16), (31, 31), (32, 16), (40, 20), (64, 16), (100, 17)]
        );
    }
}
