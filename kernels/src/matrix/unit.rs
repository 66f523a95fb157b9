//! What a matrix unit does, and who does it.

#[cfg(target_arch = "x86_64")]
use std::arch::asm;

/// Rows of a tile, and 32-bit words of a row: sixteen sums, or sixteen pairs of bf16.
pub(crate) const SIDE: usize = 16;

/// Tiles there are.
const TILES: usize = 8;

/// Rows and bytes of a row of each tile, as the processor reads them.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Shapes {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

impl Shapes {
    /// Of each tile, rows and words of a row.
    pub fn new(tiles: [(usize, usize); TILES]) -> Self {
        let mut shapes =
            Self { palette: 1, start: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
        for (at, (rows, words)) in tiles.into_iter().enumerate() {
            assert!((1..=SIDE).contains(&rows) && (1..=SIDE).contains(&words));
            (shapes.rows[at], shapes.bytes[at]) = (rows as u8, 4 * words as u16);
        }
        shapes
    }

    /// Rows and words of a row of one tile.
    pub fn of(&self, tile: usize) -> (usize, usize) {
        (self.rows[tile].into(), (self.bytes[tile] / 4).into())
    }
}

/// Eight tiles and the products of three of them.
///
/// # Safety
/// The unit must be there and have been given shapes on this thread, tiles that are used together must
/// have shapes that fit, and pointers be good for all rows of a tile.
pub(crate) unsafe trait Unit {
    unsafe fn shape(shapes: &Shapes);
    /// The tiles are no longer used.
    unsafe fn release();
    unsafe fn zero<const TILE: usize>();
    /// Rows that begin `stride` words apart.
    unsafe fn load<const TILE: usize>(from: *const f32, stride: usize);
    unsafe fn store<const TILE: usize>(to: *mut f32, stride: usize);
    /// sums[m][n] += both products of the pairs left[m][k] and right[k][n], for all k.
    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>();
}

/// Intel's Advanced Matrix Extensions. Their intrinsics are not stable yet; the instructions are.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Amx;

/// An instruction for the tile that a constant names.
#[cfg(target_arch = "x86_64")]
macro_rules! of_tile {
    ($tile:expr, $before:literal, $after:literal $(, $argument:tt)*) => {
        match $tile {
            0 => of_tile!(@ $before, "tmm0", $after $(, $argument)*),
            1 => of_tile!(@ $before, "tmm1", $after $(, $argument)*),
            2 => of_tile!(@ $before, "tmm2", $after $(, $argument)*),
            3 => of_tile!(@ $before, "tmm3", $after $(, $argument)*),
            4 => of_tile!(@ $before, "tmm4", $after $(, $argument)*),
            5 => of_tile!(@ $before, "tmm5", $after $(, $argument)*),
            6 => of_tile!(@ $before, "tmm6", $after $(, $argument)*),
            _ => of_tile!(@ $before, "tmm7", $after $(, $argument)*),
        }
    };
    (@ $before:literal, $tile:literal, $after:literal, [$at:expr, $stride:expr]) => {
        asm!(concat!($before, $tile, $after), at = in(reg) $at, stride = in(reg) 4 * $stride, options(nostack))
    };
    (@ $before:literal, $tile:literal, $after:literal) => {
        asm!(concat!($before, $tile, $after), options(nostack, nomem))
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! dots {
    ($sums:expr, $left:expr, $right:expr; $(($c:literal $a:literal $b:literal))*) => {
        match ($sums, $left, $right) {
            $(($c, $a, $b) => asm!(
                concat!("tdpbf16ps tmm", $c, ", tmm", $a, ", tmm", $b),
                options(nostack, nomem)
            ),)*
            _ => unreachable!("no kernel multiplies these tiles"),
        }
    };
}

// SAFETY: every function is one instruction of a unit that the caller vouches for.
#[cfg(target_arch = "x86_64")]
unsafe impl Unit for Amx {
    #[inline(always)]
    unsafe fn shape(shapes: &Shapes) {
        // SAFETY: reads the shapes only.
        unsafe { asm!("ldtilecfg [{}]", in(reg) shapes, options(nostack, readonly)) }
    }
    #[inline(always)]
    unsafe fn release() {
        // SAFETY: the caller's promise.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }
    #[inline(always)]
    unsafe fn zero<const TILE: usize>() {
        // SAFETY: the caller's promise.
        unsafe { of_tile!(TILE, "tilezero ", "") }
    }
    #[inline(always)]
    unsafe fn load<const TILE: usize>(from: *const f32, stride: usize) {
        // SAFETY: the caller vouches for all rows.
        unsafe { of_tile!(TILE, "tileloadd ", ", [{at} + {stride}]", [from, stride]) }
    }
    #[inline(always)]
    unsafe fn store<const TILE: usize>(to: *mut f32, stride: usize) {
        // SAFETY: the caller vouches for all rows.
        unsafe { of_tile!(TILE, "tilestored [{at} + {stride}], ", "", [to, stride]) }
    }
    #[inline(always)]
    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>() {
        // SAFETY: the caller's promise.
        unsafe {
            dots!(
                SUMS, LEFT, RIGHT;
                (0 4 6) (1 4 7) (2 5 6) (3 5 7)
                (2 4 6) (3 4 7)
                (0 3 4) (1 3 5) (2 3 6) (0 3 7)
            );
        }
    }
}
