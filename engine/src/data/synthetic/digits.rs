//! Digits as by many hands: a few ways of writing each, bent, slanted and placed at random.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::SIDE;
use super::digit_forms::forms;
use super::stroke::{Knot, Point, Sheet, flatten};
use crate::grid::Picture;

pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The writer: everything that differs from hand to hand.
struct Hand {
    /// How far knots stray, in boxes.
    unsteady: f32,
    /// How far the top leans to the right, in heights.
    slant: f32,
    /// Turn in radians.
    turn: f32,
    /// Width of the box over its height.
    aspect: f32,
    /// Height and largest width in pixels, strokes not counted.
    height: f32,
    /// Half the width of the stroke in pixels.
    radius: f32,
    /// How much lighter the pen gets towards the end of a stroke.
    lift: f32,
    softness: f32,
    strength: f32,
    /// Where the middle of the digit comes to lie, off the middle of the image, in pixels.
    offset: Point,
}

impl Hand {
    fn random(random: &mut ChaCha8Rng) -> Self {
        // The sum of two draws keeps most hands near the middle.
        let mut around = |middle: f32, spread: f32| {
            middle + spread * (random.random::<f32>() + random.random::<f32>() - 1.0)
        };
        Self {
            unsteady: around(0.018, 0.018).max(0.0),
            slant: around(0.14, 0.34),
            turn: around(0.0, 0.16),
            aspect: around(0.74, 0.2),
            height: around(17.8, 2.4),
            radius: around(1.25, 0.6),
            lift: around(0.12, 0.2),
            softness: around(1.3, 0.3),
            strength: around(0.95, 0.05),
            offset: [around(0.0, 1.8), around(0.0, 1.6)],
        }
    }

    /// A knot as this hand sets it.
    fn stray(&self, knot: &Knot, random: &mut ChaCha8Rng) -> Knot {
        let at = knot.at.map(|x| x + self.unsteady * random.random_range(-1.8..1.8));
        Knot { at, ..*knot }
    }

    /// From the box to the plane: narrowed, leaning, turned.
    fn bend(&self, [x, y]: Point) -> Point {
        let (x, y) = ((x - 0.5) * self.aspect + self.slant * (0.5 - y), y - 0.5);
        let (sin, cos) = self.turn.sin_cos();
        [x * cos - y * sin, x * sin + y * cos]
    }
}

/// Draws one digit, white on black.
pub fn draw(digit: usize, random: &mut ChaCha8Rng) -> Picture {
    let hand = Hand::random(random);
    let forms = forms(digit);
    let form = forms[random.random_range(0..forms.len())];
    let mut strokes: Vec<Vec<Point>> = form
        .iter()
        .map(|stroke| {
            let knots: Vec<Knot> = stroke.iter().map(|knot| hand.stray(knot, random)).collect();
            flatten(&knots).into_iter().map(|point| hand.bend(point)).collect()
        })
        .collect();
    fit(&mut strokes, &hand);
    let mut sheet = Sheet::new(SIDE);
    for line in &strokes {
        write_line(&mut sheet, line, &hand);
    }
    let pixels = sheet.into_pixels(hand.strength);
    Picture { width: SIDE, height: SIDE, channels: 1, pixels }
}

/// Brings the strokes to their height, keeps them within the sheet and puts them in place.
fn fit(strokes: &mut [Vec<Point>], hand: &Hand) {
    let points = || strokes.iter().flatten();
    let [(left, right), (top, bottom)] = [0, 1].map(|axis| {
        points().fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p[axis]), high.max(p[axis])))
    });
    let room = SIDE as f32 - 2.0 * (hand.radius + 1.5);
    let scale = (hand.height / (bottom - top).max(0.1)).min(room / (right - left).max(0.1));
    let middle = [(left + right) / 2.0, (top + bottom) / 2.0];
    let slack =
        [(right - left), (bottom - top)].map(|extent| (room - extent * scale).max(0.0) / 2.0);
    for point in strokes.iter_mut().flatten() {
        for axis in 0..2 {
            let offset = hand.offset[axis].clamp(-slack[axis], slack[axis]);
            point[axis] = (point[axis] - middle[axis]) * scale + SIDE as f32 / 2.0 + offset;
        }
    }
}

fn write_line(sheet: &mut Sheet, line: &[Point], hand: &Hand) {
    let last = line.len().saturating_sub(1).max(1) as f32;
    let radius = |index: usize| hand.radius * (1.0 - hand.lift * index as f32 / last);
    for (index, pair) in line.windows(2).enumerate() {
        sheet.ink(pair[0], pair[1], [radius(index), radius(index + 1)], hand.softness);
    }
}
