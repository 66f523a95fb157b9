//! Rows to columns.

use std::mem::MaybeUninit;

use super::simd::Level;

/// `to[column][row] = from[row][column]` for `rows` rows of `columns` numbers; the pitches are the
/// distances between rows on either side.
pub(super) fn transpose(
    from: &[f32],
    (rows, columns): (usize, usize),
    from_pitch: usize,
    to: &mut [f32],
    to_pitch: usize,
) {
    // SAFETY: numbers are written there and nothing else.
    let to = unsafe { &mut *(std::ptr::from_mut(to) as *mut [MaybeUninit<f32>]) };
    transpose_into(from, (rows, columns), from_pitch, to, to_pitch);
}

/// As [`transpose`], where no numbers need be yet.
pub(super) fn transpose_into(
    from: &[f32],
    (rows, columns): (usize, usize),
    from_pitch: usize,
    to: &mut [MaybeUninit<f32>],
    to_pitch: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!((rows - 1) * from_pitch + columns <= from.len());
    assert!((columns - 1) * to_pitch + rows <= to.len());
    let sides = Sides { from: from.as_ptr(), from_pitch, to: to.as_mut_ptr().cast(), to_pitch };
    // SAFETY: all rows and columns lie within both sides, as asserted above.
    unsafe { turn(sides, (rows, columns)) }
}

/// As [`transpose`], where threads write between each other's rows.
///
/// # Safety
/// Both sides must be good for all rows and columns.
pub(super) unsafe fn turn(sides: Sides, (rows, columns): (usize, usize)) {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        let (large_rows, large_columns) = sides.large(rows, columns);
        let (whole_rows, whole_columns) = (rows / 4 * 4, columns / 4 * 4);
        for row in (0..whole_rows).step_by(4) {
            let done = if row < large_rows { large_columns } else { 0 };
            for column in (done..whole_columns).step_by(4) {
                sides.four(row, column);
            }
        }
        // Few rows or columns are left: the long side runs inside.
        for column in whole_columns..columns {
            for row in 0..whole_rows {
                sides.one(row, column);
            }
        }
        for row in whole_rows..rows {
            for column in 0..columns {
                sides.one(row, column);
            }
        }
    }
}

/// Where rows lie and where columns go. Squares of numbers are turned in registers.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub from: *const f32,
    pub from_pitch: usize,
    pub to: *mut f32,
    pub to_pitch: usize,
}

impl Sides {
    #[inline(always)]
    unsafe fn one(&self, row: usize, column: usize) {
        // SAFETY: the caller vouches for this number on both sides.
        unsafe {
            let number = *self.from.add(row * self.from_pitch + column);
            self.to.add(column * self.to_pitch + row).write(number);
        }
    }

    /// Four by four numbers. The compiler makes shuffles of it.
    #[inline(always)]
    unsafe fn four(&self, row: usize, column: usize) {
        // SAFETY: the caller vouches for four numbers in each of four rows on both sides.
        unsafe {
            let from = self.from.add(row * self.from_pitch + column);
            let to = self.to.add(column * self.to_pitch + row);
            let row = |i: usize| from.add(i * self.from_pitch).cast::<[f32; 4]>().read_unaligned();
            let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
            for i in 0..4 {
                let column = [a[i], b[i], c[i], d[i]];
                to.add(i * self.to_pitch).cast::<[f32; 4]>().write_unaligned(column);
            }
        }
    }

    /// All squares of eight by eight, and those of four columns left beside them, where the processor has
    /// vectors of eight; how many rows and columns they reach.
    unsafe fn large(&self, rows: usize, columns: usize) -> (usize, usize) {
        #[cfg(target_arch = "x86_64")]
        if Level::current() != Level::Portable {
            let whole = (rows / 8 * 8, columns / 4 * 4);
            // SAFETY: the caller vouches for all rows and columns; the processor was asked.
            unsafe { self.eights(whole.0, whole.1) };
            return whole;
        }
        let _ = (rows, columns);
        (0, 0)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn eights(&self, rows: usize, columns: usize) {
        for row in (0..rows).step_by(8) {
            for column in (0..columns).step_by(8) {
                // SAFETY: the caller vouches for all of it.
                unsafe {
                    let from = self.from.add(row * self.from_pitch + column);
                    let to = self.to.add(column * self.to_pitch + row);
                    for half in (0..8.min(columns - column)).step_by(4) {
                        self.four_columns(from.add(half), to.add(half * self.to_pitch));
                    }
                }
            }
        }
    }

    /// Four columns of eight rows.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn four_columns(&self, from: *const f32, to: *mut f32) {
        use std::arch::x86_64::*;
        // SAFETY: the caller vouches for four numbers in each of eight rows, and for eight in each of
        // four rows of the other side.
        unsafe {
            // Rows i and i + 4, one in each half of a vector.
            let rows = |i: usize| {
                let row = |i: usize| _mm_loadu_ps(from.add(i * self.from_pitch));
                _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(row(i)), row(i + 4))
            };
            let [a, b, c, d] = [rows(0), rows(1), rows(2), rows(3)];
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (low_2, high_2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let columns = [
                _mm256_shuffle_ps::<0x44>(low, low_2),
                _mm256_shuffle_ps::<0xee>(low, low_2),
                _mm256_shuffle_ps::<0x44>(high, high_2),
                _mm256_shuffle_ps::<0xee>(high, high_2),
            ];
            for (i, column) in columns.into_iter().enumerate() {
                _mm256_storeu_ps(to.add(i * self.to_pitch), column);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_place() {
        for (rows, columns) in
            [(1, 1), (4, 4), (12, 49), (7, 9), (3, 20), (13, 2), (32, 32), (21, 31)]
        {
            let (from_pitch, to_pitch) = (columns + 3, rows + 2);
            let from: Vec<f32> = (0..rows * from_pitch).map(|i| i as f32).collect();
            let mut to = vec![-1.0; columns * to_pitch];
            transpose(&from, (rows, columns), from_pitch, &mut to, to_pitch);
            for (i, number) in to.iter().enumerate() {
                let (column, row) = (i / to_pitch, i % to_pitch);
                let wanted = if row < rows { from[row * from_pitch + column] } else { -1.0 };
                assert_eq!(*number, wanted, "{rows}x{columns} at {row}, {column}");
            }
        }
    }
}
