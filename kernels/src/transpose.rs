//! Rows to columns.

/// `to[column][row] = from[row][column]` for `rows` rows of `columns` numbers; the pitches are the
/// distances between rows on either side.
pub(super) fn transpose(
    from: &[f32],
    (rows, columns): (usize, usize),
    from_pitch: usize,
    to: &mut [f32],
    to_pitch: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!((rows - 1) * from_pitch + columns <= from.len());
    assert!((columns - 1) * to_pitch + rows <= to.len());
    let (whole_rows, whole_columns) = (rows / 4 * 4, columns / 4 * 4);
    for row in (0..whole_rows).step_by(4) {
        for column in (0..whole_columns).step_by(4) {
            // SAFETY: the square lies within both sides, as asserted above.
            unsafe {
                let from = from.as_ptr().add(row * from_pitch + column);
                square(from, from_pitch, to.as_mut_ptr().add(column * to_pitch + row), to_pitch);
            }
        }
    }
    for row in 0..rows {
        let rest = if row < whole_rows { whole_columns } else { 0 };
        for column in rest..columns {
            to[column * to_pitch + row] = from[row * from_pitch + column];
        }
    }
}

/// Four by four numbers. The compiler makes shuffles of it.
#[inline(always)]
unsafe fn square(from: *const f32, from_pitch: usize, to: *mut f32, to_pitch: usize) {
    // SAFETY: the caller vouches for four numbers in each of four rows on both sides.
    unsafe {
        let row = |i: usize| from.add(i * from_pitch).cast::<[f32; 4]>().read_unaligned();
        let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
        for i in 0..4 {
            to.add(i * to_pitch).cast::<[f32; 4]>().write_unaligned([a[i], b[i], c[i], d[i]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_place() {
        for (rows, columns) in [(1, 1), (4, 4), (12, 49), (7, 9), (3, 20), (13, 2)] {
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
