//! Buffers that every call needs and no call keeps, and where threads write.

use std::cell::Cell;
use std::thread::LocalKey;

use super::lines::aligned;

/// A thread's buffer for one purpose.
pub(super) type Buffer = LocalKey<Cell<Vec<f32>>>;

thread_local! {
    /// A strip of an image with its channels last.
    pub(super) static STRIP: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// An image's channels, two in one.
    pub(super) static PAIRS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Transformed tiles.
    pub(super) static TILES: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Transformed tiles of a gradient.
    pub(super) static GRADIENT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Transformed weights.
    pub(super) static WEIGHTS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
    /// Products of tiles.
    pub(super) static PRODUCTS: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Calls `work` with so many numbers, whatever they are, from a line of the cache on. The buffer is taken out while in use: a thread
/// that waits may begin another call.
pub(super) fn with<T>(
    buffer: &'static Buffer,
    count: usize,
    work: impl FnOnce(&mut [f32]) -> T,
) -> T {
    let mut numbers = buffer.take();
    let result = work(aligned(&mut numbers, count));
    buffer.set(numbers);
    result
}

/// Where threads write, each its own numbers.
pub(super) struct To(pub *mut f32);

// SAFETY: whoever writes vouches for writing what nobody else does.
unsafe impl Sync for To {}

impl To {
    pub fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}
