//! Where pictures stand on the wall: which of them are in view, and how high it is.

use std::ops::Range;

/// Pixels between two pictures.
const GAP: f64 = 4.0;

/// Screens above and below the one in view whose pictures are there already.
const MARGIN: f64 = 1.0;

/// Equal squares in rows, measured in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    pub columns: u64,
    /// Side of a square and the gap below it.
    pitch: f64,
    /// How far the wall's upper edge has gone above the screen's; below 0 while it is on the screen.
    scroll: f64,
    screen: f64,
}

impl Lattice {
    /// As many columns as fit in `width`, each `side` wide or wider.
    pub fn new(width: f64, side: f64, scroll: f64, screen: f64) -> Self {
        let columns = ((width + GAP) / (side + GAP)).floor().max(1.0);
        Self { columns: columns as u64, pitch: (width + GAP) / columns, scroll, screen }
    }

    /// Pixels that `count` pictures take.
    pub fn height(&self, count: u64) -> f64 {
        (count.div_ceil(self.columns) as f64 * self.pitch - GAP).max(0.0)
    }

    /// Pixels above the row of the picture at `place`.
    pub fn top(&self, place: u64) -> f64 {
        (place / self.columns) as f64 * self.pitch
    }

    /// Places of whole rows that are in view or near it.
    pub fn near(&self, count: u64) -> Range<u64> {
        self.rows(
            self.scroll - MARGIN * self.screen,
            self.scroll + (1.0 + MARGIN) * self.screen,
            count,
        )
    }

    /// Places of whole rows that are in view.
    pub fn in_view(&self, count: u64) -> Range<u64> {
        self.rows(self.scroll, self.scroll + self.screen, count)
    }

    fn rows(&self, from: f64, to: f64, count: u64) -> Range<u64> {
        let first = (from / self.pitch).floor().max(0.0) as u64;
        let end = (to / self.pitch).ceil().max(0.0) as u64;
        (first * self.columns).min(count)..(end * self.columns).min(count)
    }

    /// Rows of a screen, at least one.
    pub fn screen_rows(&self) -> u64 {
        (self.screen / self.pitch).floor().max(1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_columns_as_fit() {
        for (width, columns) in [(50.0, 1), (204.0, 2), (203.0, 1), (1036.0, 10), (1139.0, 10)] {
            assert_eq!(Lattice::new(width, 100.0, 0.0, 800.0).columns, columns, "{width}");
        }
    }

    #[test]
    fn only_what_is_near_is_drawn() {
        let wall = Lattice::new(1036.0, 100.0, 0.0, 1040.0);
        assert_eq!(wall.in_view(20_000), 0..100);
        assert_eq!(wall.near(20_000), 0..200);
        let far = Lattice { scroll: 104_000.0, ..wall };
        assert_eq!(far.in_view(20_000), 10_000..10_100);
        assert_eq!(far.near(20_000), 9_900..10_200);
        assert_eq!(far.near(50), 50..50);
        assert_eq!(Lattice { scroll: -5000.0, ..wall }.in_view(20_000), 0..0);
    }

    #[test]
    fn places_and_heights_agree() {
        let wall = Lattice::new(1036.0, 100.0, 0.0, 1040.0);
        assert_eq!(wall.height(0), 0.0);
        assert_eq!(wall.height(11), 204.0);
        assert_eq!([wall.top(9), wall.top(10)], [0.0, 104.0]);
        assert_eq!(wall.screen_rows(), 10);
    }
}
