//! Memory that is asked for before it is needed.
//!
//! Rows that lie far apart, of which a kernel reads or writes a line each, are none that the processor
//! foresees.

/// Brings the line of the cache that holds `at` into the first level. Any address will do.
#[inline(always)]
pub(super) fn prefetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint reads nothing.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Numbers in a line of the cache.
const LINE: usize = 16;

/// As [`prefetch`], of all lines that hold `count` numbers.
#[inline(always)]
pub(super) fn prefetch_all(from: *const f32, count: usize) {
    for at in (0..count + LINE - 1).step_by(LINE) {
        prefetch(from.wrapping_add(at));
    }
}
