//! Strokes of a pen: smooth curves through points, and the ink they leave.

/// A place in the plane; y grows downwards.
pub type Point = [f32; 2];

/// A point that a stroke goes through.
#[derive(Clone, Copy)]
pub struct Knot {
    pub at: Point,
    /// Whether the pen turns here instead of rounding.
    pub corner: bool,
}

/// A point the stroke rounds.
pub const fn curve(x: f32, y: f32) -> Knot {
    Knot { at: [x, y], corner: false }
}

/// A point the stroke turns at.
pub const fn corner(x: f32, y: f32) -> Knot {
    Knot { at: [x, y], corner: true }
}

/// Straight pieces between two knots.
const PIECES: usize = 6;

/// The line through all knots: a Catmull-Rom spline between any two corners.
pub fn flatten(knots: &[Knot]) -> Vec<Point> {
    let mut line = Vec::with_capacity(knots.len() * PIECES + 1);
    line.extend(knots.first().map(|knot| knot.at));
    for index in 1..knots.len() {
        let (from, to) = (knots[index - 1], knots[index]);
        let before =
            if index < 2 || from.corner { mirrored(from, to) } else { knots[index - 2].at };
        let after = match knots.get(index + 1) {
            Some(next) if !to.corner => next.at,
            _ => mirrored(to, from),
        };
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            line.push(
                [0, 1].map(|axis| spline(before[axis], from.at[axis], to.at[axis], after[axis], t)),
            );
        }
    }
    line
}

/// Where a spline that begins at `end` would have come from.
fn mirrored(end: Knot, next: Knot) -> Point {
    [0, 1].map(|axis| 2.0 * end.at[axis] - next.at[axis])
}

fn spline(before: f32, from: f32, to: f32, after: f32, t: f32) -> f32 {
    let slope_from = (to - before) / 2.0;
    let slope_to = (after - from) / 2.0;
    let (t2, t3) = (t * t, t * t * t);
    (2.0 * t3 - 3.0 * t2 + 1.0) * from
        + (t3 - 2.0 * t2 + t) * slope_from
        + (3.0 * t2 - 2.0 * t3) * to
        + (t3 - t2) * slope_to
}

/// A square sheet on which ink gathers, 0 to 1 for each pixel.
pub struct Sheet {
    side: usize,
    ink: Vec<f32>,
}

impl Sheet {
    pub fn new(side: u32) -> Self {
        let side = side as usize;
        Self { side, ink: vec![0.0; side * side] }
    }

    /// Inks a piece of stroke with round ends: `radii` are half its width at either end, `softness`
    /// is how many pixels its edge takes.
    pub fn ink(&mut self, from: Point, to: Point, radii: [f32; 2], softness: f32) {
        let reach = radii[0].max(radii[1]) + softness;
        let [columns, rows] = [0, 1].map(|axis| {
            let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
            low.max(0.0) as usize..(high.max(0.0) as usize + 1).min(self.side)
        });
        for row in rows {
            for column in columns.clone() {
                let centre = [column as f32 + 0.5, row as f32 + 0.5];
                let (distance, along) = distance_to_segment(centre, from, to);
                let radius = radii[0] + (radii[1] - radii[0]) * along;
                let covered = ((radius - distance) / softness + 0.5).clamp(0.0, 1.0);
                let ink = &mut self.ink[row * self.side + column];
                *ink = ink.max(covered);
            }
        }
    }

    /// White ink on black, `strength` at its fullest.
    pub fn into_pixels(self, strength: f32) -> Vec<u8> {
        self.ink.into_iter().map(|ink| (ink * strength * 255.0 + 0.5) as u8).collect()
    }
}

/// The distance, and how far along the segment its nearest point is.
fn distance_to_segment(point: Point, from: Point, to: Point) -> (f32, f32) {
    let span = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let length_squared = span[0] * span[0] + span[1] * span[1];
    let along = (offset[0] * span[0] + offset[1] * span[1]) / length_squared.max(1e-12);
    let along = along.clamp(0.0, 1.0);
    let (dx, dy) = (offset[0] - along * span[0], offset[1] - along * span[1]);
    ((dx * dx + dy * dy).sqrt(), along)
}
