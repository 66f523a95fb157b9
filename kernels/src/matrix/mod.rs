//! Products of whole tiles of bf16, where the processor has a unit for them (Intel AMX: sixteen times
//! the multiplications of its vectors).
//!
//! A tile of sums is sixteen rows of sixteen f32. The left side of its product comes as rows of pairs
//! along the depth, the right side as a row for each pair; both are read from rows that lie anywhere,
//! evenly apart: a window reads its image in place. [`Tiles`] is a convolution's weight made ready,
//! [`gradient`] that weight's gradient.

mod emulated;
mod gradient;
mod tiles;
mod unit;

use std::sync::atomic::{AtomicU8, Ordering};

use super::precision::Precision;
use super::simd::Level;

pub(super) use emulated::Emulated;
pub(super) use gradient::gradients;
pub(super) use tiles::{Split, Tiles};
#[cfg(target_arch = "x86_64")]
pub(super) use unit::Amx;
pub(super) use unit::{SIDE, Shapes, Unit};

/// Who multiplies tiles of bf16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixUnit {
    /// Nobody: vectors multiply pairs.
    Absent,
    Amx,
    /// Plain Rust in the place of a unit, for tests.
    Emulated,
}

/// 0 until looked up, then the unit plus one.
static UNIT: AtomicU8 = AtomicU8::new(0);

impl MatrixUnit {
    /// What this processor has, or what [`MatrixUnit::force`] said.
    pub fn current() -> Self {
        match UNIT.load(Ordering::Relaxed) {
            0 => {
                let unit = Self::detected();
                UNIT.store(unit as u8 + 1, Ordering::Relaxed);
                unit
            }
            1 => Self::Absent,
            2 => Self::Amx,
            _ => Self::Emulated,
        }
    }

    /// Makes all kernels use `self`, or what there is if the processor lacks it.
    pub fn force(self) {
        let unit = if self == Self::Amx { Self::detected() } else { self };
        UNIT.store(unit as u8 + 1, Ordering::Relaxed);
    }

    /// What this processor has and its system lets programs use.
    pub fn detected() -> Self {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if amx::is_there() {
            return Self::Amx;
        }
        Self::Absent
    }
}

/// Whether bf16 is multiplied by tiles. Lower levels than the processor's are there to see how others
/// fare, which have no tiles.
pub(super) fn is_on() -> bool {
    Precision::current() == Precision::Bf16
        && match MatrixUnit::current() {
            MatrixUnit::Absent => false,
            MatrixUnit::Amx => Level::current() == Level::Avx512,
            MatrixUnit::Emulated => true,
        }
}

/// Calls `$work::<U, …>($args)` with the unit that is chosen.
macro_rules! with_unit {
    ($work:ident $(::<$($generic:tt),*>)? ($($arg:expr),* $(,)?)) => {
        match crate::matrix::MatrixUnit::current() {
            #[cfg(target_arch = "x86_64")]
            crate::matrix::MatrixUnit::Amx => {
                $work::<crate::matrix::Amx $($(, $generic)*)?>($($arg),*)
            }
            _ => $work::<crate::matrix::Emulated $($(, $generic)*)?>($($arg),*),
        }
    };
}
pub(super) use with_unit;

/// As [`pairs_kernel`](super::simd::pairs_kernel), of a body over vectors and the unit that is chosen.
macro_rules! unit_kernel {
    ($(#[$doc:meta])* fn $name:ident($arg:ident: $type:ty) = $body:ident) => {
        $(#[$doc])*
        unsafe fn $name($arg: $type) {
            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            unsafe fn amx_of<V: crate::simd::Simd>($arg: $type) {
                // SAFETY: the caller's promise; the unit is there.
                unsafe { $body::<V, crate::matrix::Amx>($arg) }
            }
            #[inline(always)]
            unsafe fn emulated_of<V: crate::simd::Simd>($arg: $type) {
                // SAFETY: the caller's promise; plain Rust runs everywhere.
                unsafe { $body::<V, crate::matrix::Emulated>($arg) }
            }
            #[cfg(target_arch = "x86_64")]
            crate::simd::pairs_kernel! { fn amx($arg: $type) = amx_of }
            crate::simd::pairs_kernel! { fn emulated($arg: $type) = emulated_of }
            match crate::matrix::MatrixUnit::current() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the caller's promise; no unit is chosen that is not there.
                crate::matrix::MatrixUnit::Amx => unsafe { amx($arg) },
                // SAFETY: the caller's promise.
                _ => unsafe { emulated($arg) },
            }
        }
    };
}
pub(super) use unit_kernel;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx {
    use std::arch::x86_64::{__cpuid_count, _xgetbv};

    /// Bits of what the processor says of itself, in register D of leaf 7: tiles, and bf16 in them.
    const TILE: u32 = 1 << 24;
    const BF16: u32 = 1 << 22;
    /// State that the system saves for tiles, in XCR0, and the number of the larger part of it.
    const TILE_STATE: u64 = 0b11 << 17;
    const TILE_DATA: usize = 18;
    /// Asks the system for the right to that state, which is large and given to those who ask.
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;

    pub fn is_there() -> bool {
        let vectors = is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("xsave");
        vectors && {
            let features = __cpuid_count(7, 0).edx;
            // SAFETY: the processor was asked whether it has the instruction.
            features & TILE != 0 && features & BF16 != 0 && unsafe { saved() } && permitted()
        }
    }

    #[target_feature(enable = "xsave")]
    unsafe fn saved() -> bool {
        // SAFETY: register 0 is there wherever the instruction is.
        unsafe { _xgetbv(0) & TILE_STATE == TILE_STATE }
    }

    fn permitted() -> bool {
        // SAFETY: asks for a right and touches no memory.
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0 }
    }
}
