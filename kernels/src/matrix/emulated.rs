//! A matrix unit in plain Rust, so that what is built on one is tested on any machine.

use std::cell::RefCell;

use super::unit::{SIDE, Shapes, Unit};

pub(crate) struct Emulated;

/// Words of the eight tiles.
struct State {
    shapes: Shapes,
    tiles: [[[u32; SIDE]; SIDE]; 8],
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(|state| work(state.as_mut().expect("tiles have no shapes yet")))
}

// SAFETY: plain Rust runs everywhere.
unsafe impl Unit for Emulated {
    unsafe fn shape(shapes: &Shapes) {
        STATE.set(Some(State { shapes: *shapes, tiles: [[[0; SIDE]; SIDE]; 8] }));
    }

    unsafe fn release() {
        STATE.set(None);
    }

    unsafe fn zero<const TILE: usize>() {
        with(|state| state.tiles[TILE] = [[0; SIDE]; SIDE]);
    }

    unsafe fn load<const TILE: usize>(from: *const f32, stride: usize) {
        with(|state| {
            let (rows, words) = state.shapes.of(TILE);
            state.tiles[TILE] = [[0; SIDE]; SIDE];
            for (row, tile) in state.tiles[TILE][..rows].iter_mut().enumerate() {
                // Rows may begin between two words.
                let from = from.wrapping_add(row * stride).cast::<u32>();
                for (at, word) in tile[..words].iter_mut().enumerate() {
                    // SAFETY: the caller vouches for all rows.
                    *word = unsafe { from.add(at).read_unaligned() };
                }
            }
        });
    }

    unsafe fn store<const TILE: usize>(to: *mut f32, stride: usize) {
        with(|state| {
            let (rows, words) = state.shapes.of(TILE);
            for (row, tile) in state.tiles[TILE][..rows].iter().enumerate() {
                for (at, word) in tile[..words].iter().enumerate() {
                    // SAFETY: the caller vouches for all rows.
                    unsafe { to.add(row * stride + at).cast::<u32>().write_unaligned(*word) }
                }
            }
        });
    }

    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>() {
        with(|state| {
            let ((rows, words), depth) = (state.shapes.of(SUMS), state.shapes.of(LEFT).1);
            assert_eq!(state.shapes.of(LEFT).0, rows, "rows of the left side");
            assert_eq!(state.shapes.of(RIGHT), (depth, words), "rows and words of the right side");
            for m in 0..rows {
                for n in 0..words {
                    let pairs =
                        (0..depth).map(|k| (state.tiles[LEFT][m][k], state.tiles[RIGHT][k][n]));
                    let sum = pairs.fold([0.0; 2], |[even, odd], (a, b)| {
                        [even + first(a) * first(b), odd + second(a) * second(b)]
                    });
                    let sums = &mut state.tiles[SUMS][m][n];
                    *sums = (f32::from_bits(*sums) + (sum[0] + sum[1])).to_bits();
                }
            }
        });
    }
}

fn first(pair: u32) -> f32 {
    f32::from_bits(pair << 16)
}

fn second(pair: u32) -> f32 {
    f32::from_bits(pair & 0xffff_0000)
}
