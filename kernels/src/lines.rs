//! Numbers that begin with a line of the cache, where vectors and tiles need one access instead of two.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Numbers of a line.
const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// So many numbers, in memory that its thread uses again.
pub(super) struct Lines {
    lines: Vec<Line>,
    count: usize,
}

/// What a thread keeps: as many buffers as a head's sides need, and none that are larger than the weight of a convolution.
const KEPT: usize = 16;
const MOST_LINES: usize = 1 << 16;

thread_local! {
    static FREE: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

impl Lines {
    /// Whatever numbers.
    pub fn any(count: usize) -> Self {
        let needed = count.div_ceil(LINE);
        let kept = FREE.with_borrow_mut(|free| {
            let fits = (0..free.len()).filter(|at| free[*at].len() >= needed);
            let best = fits.min_by_key(|at| free[*at].len())?;
            Some(free.swap_remove(best))
        });
        Self { lines: kept.unwrap_or_else(|| vec![Line([0.0; LINE]); needed]), count }
    }

    pub fn zeros(count: usize) -> Self {
        let mut lines = Self::any(count);
        lines.fill(0.0);
        lines
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        // A thread that ends keeps nothing.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT && lines.len() <= MOST_LINES {
                free.push(lines);
            }
        });
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of numbers, one after the other, and hold so many.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.count) }
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and nobody else sees them.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.count) }
    }
}

/// So many numbers of a buffer, which grows if it must, from the beginning of a line on.
pub(super) fn aligned(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if buffer.len() < count + LINE {
        buffer.resize(count + LINE, 0.0);
    }
    let first = buffer.as_ptr().align_offset(align_of::<Line>());
    &mut buffer[first..][..count]
}
