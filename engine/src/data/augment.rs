//! Images mirrored and turned, so that few look like more.

use rand::Rng;

use crate::config::Flip;

/// One of the eight ways to lay a square on itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Symmetry {
    /// Left and right change places.
    pub mirror_x: bool,
    /// Top and bottom change places.
    pub mirror_y: bool,
    /// Rows become columns; only for squares.
    pub transpose: bool,
}

impl Symmetry {
    /// One that `flip` and `rotate` (quarter turns) allow, all equally likely.
    pub fn draw(random: &mut impl Rng, flip: Flip, rotate: bool) -> Self {
        let mut symmetry = Self::default();
        if matches!(flip, Flip::Horizontal | Flip::Both) {
            symmetry.mirror_x = random.random();
        }
        if matches!(flip, Flip::Vertical | Flip::Both) {
            symmetry.mirror_y = random.random();
        }
        if rotate {
            for _ in 0..random.random_range(0..4) {
                symmetry = symmetry.turned();
            }
        }
        symmetry
    }

    /// A quarter turn further: transposed, then mirrored.
    fn turned(self) -> Self {
        Self { mirror_x: !self.mirror_y, mirror_y: self.mirror_x, transpose: !self.transpose }
    }

    /// Where the number at `index` of a plane comes from.
    fn source(self, index: usize, width: usize, height: usize) -> usize {
        let (mut x, mut y) = (index % width, index / width);
        if self.mirror_x {
            x = width - 1 - x;
        }
        if self.mirror_y {
            y = height - 1 - y;
        }
        match self.transpose {
            true => x * width + y,
            false => y * width + x,
        }
    }

    /// The planes of an image, laid the other way.
    pub fn lay<'a>(
        self,
        planes: &'a [u8],
        width: usize,
        height: usize,
    ) -> impl Iterator<Item = u8> + 'a {
        debug_assert!(!self.transpose || width == height);
        planes.chunks_exact(width * height).flat_map(move |plane| {
            (0..plane.len()).map(move |index| plane[self.source(index, width, height)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, generator};

    fn laid(symmetry: Symmetry) -> Vec<u8> {
        symmetry.lay(&[1, 2, 3, 4], 2, 2).collect()
    }

    #[test]
    fn a_quarter_turn_turns() {
        let turn = Symmetry::default().turned();
        assert_eq!(laid(turn), [3, 1, 4, 2]);
        assert_eq!(laid(turn.turned()), [4, 3, 2, 1]);
        assert_eq!(laid(turn.turned().turned().turned()), [1, 2, 3, 4]);
        let mirrored = Symmetry { mirror_x: true, ..Default::default() };
        assert_eq!(laid(mirrored), [2, 1, 4, 3]);
    }

    #[test]
    fn sides_may_differ_where_nothing_turns() {
        let mirrored = Symmetry { mirror_y: true, ..Default::default() };
        assert_eq!(mirrored.lay(&[1, 2, 3, 4, 5, 6], 3, 2).collect::<Vec<_>>(), [4, 5, 6, 1, 2, 3]);
    }

    #[test]
    fn only_what_is_allowed_is_drawn_and_all_of_it() {
        let mut random = generator(1, Stream::Augment, 1);
        let mut seen = |flip, rotate| {
            let mut seen: Vec<Vec<u8>> =
                (0..200).map(|_| laid(Symmetry::draw(&mut random, flip, rotate))).collect();
            seen.sort();
            seen.dedup();
            seen.len()
        };
        assert_eq!(seen(Flip::None, false), 1);
        assert_eq!(seen(Flip::Horizontal, false), 2);
        assert_eq!(seen(Flip::Both, false), 4);
        assert_eq!(seen(Flip::None, true), 4);
        assert_eq!(seen(Flip::Vertical, true), 8);
    }
}
