//! Images mirrored, scaled, turned, stretched and shifted, with numbers that say how.
//!
//! A network that is told these numbers learns from changed images without drawing changed ones: it
//! draws with all of them 0 (Karras et al. 2022, arXiv 2206.00364, appendix F.2).

use std::f64::consts::{PI, TAU};

use rand::Rng;

use super::Symmetry;

/// Standard deviation of a size, and of a stretch along one axis, in powers of two.
const SCALE_SPREAD: f64 = 0.2;
/// Standard deviation of a shift, as a share of width and height.
const SHIFT_SPREAD: f64 = 0.125;
/// How many points along each side of a pixel are averaged, so that a smaller image does not flicker.
const POINTS: usize = 2;

/// What a network is told of how an image was changed; zeros of one that was not: mirrored in x, in y;
/// size; cosine - 1 and sine of the angle; stretch along x, y; shift in x, y.
pub(crate) type WarpLabel = [f32; WARP_LABEL];
/// How many numbers that are.
pub const WARP_LABEL: usize = 9;

/// One such change.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Warp {
    mirror_x: bool,
    mirror_y: bool,
    /// In spreads of [`SCALE_SPREAD`]; above 0 is larger.
    size: f64,
    /// Radians.
    angle: f64,
    /// In spreads of [`SCALE_SPREAD`], and the angle of its axis.
    stretch: f64,
    axis: f64,
    /// In spreads of [`SHIFT_SPREAD`].
    shift: [f64; 2],
}

impl Warp {
    /// Of six kinds of change, each takes place with `probability`; of two mirrorings, half of those
    /// leave the image as it is.
    pub fn draw(random: &mut impl Rng, probability: f64) -> Self {
        let mut warp = Self::default();
        let happens = |random: &mut _| Rng::random::<f64>(random) < probability;
        if happens(random) {
            warp.mirror_x = random.random();
        }
        if happens(random) {
            warp.mirror_y = random.random();
        }
        if happens(random) {
            warp.size = normal(random);
        }
        if happens(random) {
            warp.angle = any_angle(random);
        }
        if happens(random) {
            warp.stretch = normal(random);
            // Half of the stretches follow the sides of the image.
            warp.axis = if random.random() { any_angle(random) } else { 0.0 };
        }
        if happens(random) {
            warp.shift = [normal(random), normal(random)];
        }
        warp
    }

    pub fn label(&self) -> WarpLabel {
        let flag = |on| if on { 1.0 } else { 0.0 };
        [
            flag(self.mirror_x),
            flag(self.mirror_y),
            self.size,
            self.angle.cos() - 1.0,
            self.angle.sin(),
            self.stretch * self.axis.cos(),
            self.stretch * self.axis.sin(),
            self.shift[0],
            self.shift[1],
        ]
        .map(|number| number as f32)
    }

    /// Whether it leaves every image as it is.
    pub fn changes_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether pixels stay pixels.
    fn is_on_the_grid(&self) -> bool {
        let Self { mirror_x, mirror_y, .. } = *self;
        *self == Self { mirror_x, mirror_y, ..Self::default() }
    }

    /// The planes of an image (plane, row, column), changed; beyond its edges it is mirrored.
    pub fn lay(&self, planes: &[u8], width: usize, height: usize) -> Vec<u8> {
        let mirror =
            Symmetry { mirror_x: self.mirror_x, mirror_y: self.mirror_y, transpose: false };
        let mirrored: Vec<u8> = mirror.lay(planes, width, height).collect();
        if self.is_on_the_grid() {
            return mirrored;
        }
        let points = self.points(width, height);
        let pixel = |plane: &[u8], points: &[Point]| {
            let sum: f32 = points.iter().map(|point| point.of(plane, width)).sum();
            (sum / points.len() as f32).round() as u8
        };
        let plane = |plane| points.chunks_exact(POINTS * POINTS).map(move |at| pixel(plane, at));
        mirrored.chunks_exact(width * height).flat_map(plane).collect()
    }

    /// For each pixel of the result the points of the image that are averaged in it.
    fn points(&self, width: usize, height: usize) -> Vec<Point> {
        let within = |at: usize| (at as f64 + 0.5) / POINTS as f64 - 0.5;
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let places = cells.flat_map(|(x, y)| {
            let part = move |at: usize| (within(at % POINTS), within(at / POINTS));
            (0..POINTS * POINTS).map(part).map(move |(dx, dy)| (x as f64 + dx, y as f64 + dy))
        });
        let sides = (width, height);
        places.map(|place| Point::at(self.source(place, sides), sides)).collect()
    }

    /// Where what is seen at a place of the result lies in the mirrored image.
    fn source(&self, (x, y): (f64, f64), (width, height): (usize, usize)) -> (f64, f64) {
        let (width, height) = (width as f64, height as f64);
        let middle = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
        let shift = self.shift.map(|spreads| spreads * SHIFT_SPREAD);
        let (x, y) = (x - middle.0 - shift[0] * width, y - middle.1 - shift[1] * height);
        let stretch = (self.stretch * SCALE_SPREAD).exp2();
        let (along, across) = turned((x, y), -self.axis);
        let (x, y) = turned((along / stretch, across * stretch), self.axis);
        let size = (self.size * SCALE_SPREAD).exp2();
        let (x, y) = turned((x / size, y / size), -self.angle);
        (x + middle.0, y + middle.1)
    }
}

fn turned((x, y): (f64, f64), angle: f64) -> (f64, f64) {
    let (sin, cos) = angle.sin_cos();
    (x * cos - y * sin, x * sin + y * cos)
}

fn any_angle(random: &mut impl Rng) -> f64 {
    PI * (2.0 * random.random::<f64>() - 1.0)
}

/// A number of a unit Gaussian.
fn normal(random: &mut impl Rng) -> f64 {
    // 1 - u is in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (TAU * random.random::<f64>()).cos()
}

/// A point between pixels: the four columns and rows around it, and what each counts.
#[derive(Clone, Copy, Debug)]
struct Point {
    columns: [(usize, f32); 4],
    rows: [(usize, f32); 4],
}

impl Point {
    fn at((x, y): (f64, f64), (width, height): (usize, usize)) -> Self {
        Self { columns: around(x, width), rows: around(y, height) }
    }

    fn of(&self, plane: &[u8], width: usize) -> f32 {
        let row = |&(row, share): &(usize, f32)| {
            let line = &plane[row * width..][..width];
            share * self.columns.iter().map(|&(at, share)| share * f32::from(line[at])).sum::<f32>()
        };
        self.rows.iter().map(row).sum::<f32>().clamp(0.0, 255.0)
    }
}

/// The four pixels of a line around `place`, by the cubic of Catmull and Rom.
fn around(place: f64, count: usize) -> [(usize, f32); 4] {
    let (first, t) = (place.floor(), (place - place.floor()) as f32);
    let shares = [
        ((2.0 - t) * t - 1.0) * t,
        (3.0 * t - 5.0) * t * t + 2.0,
        ((4.0 - 3.0 * t) * t + 1.0) * t,
        (t - 1.0) * t * t,
    ];
    std::array::from_fn(|at| (mirrored(first as i64 + at as i64 - 1, count), shares[at] / 2.0))
}

/// The pixel of a line of `count` that is seen at `place` if the line goes on mirrored at its ends.
fn mirrored(place: i64, count: usize) -> usize {
    let last = count as i64 - 1;
    let along = place.rem_euclid((2 * last).max(1));
    along.min(2 * last - along).max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, generator};

    /// A slope to the right, and one down.
    fn slopes(side: usize) -> Vec<u8> {
        let right = (0..side * side).map(|at| (at % side * 10) as u8);
        let down = (0..side * side).map(|at| (at / side * 10) as u8);
        right.chain(down).collect()
    }

    /// The value at the column and row of a plane of 16x16.
    fn at(planes: &[u8], plane: usize, x: usize, y: usize) -> i32 {
        planes[(plane * 16 + y) * 16 + x].into()
    }

    #[test]
    fn each_change_does_what_its_name_says() {
        let planes = slopes(16);
        let lay = |warp: Warp| warp.lay(&planes, 16, 16);
        assert_eq!(lay(Warp::default()), planes);
        let mirror = lay(Warp { mirror_x: true, ..Warp::default() });
        assert_eq!((at(&mirror, 0, 0, 3), at(&mirror, 1, 0, 3)), (150, 30));
        // Half a side of 16 to the right: the left half shows what lies mirrored beyond the edge.
        let shifted = lay(Warp { shift: [4.0, 0.0], ..Warp::default() });
        assert_eq!((at(&shifted, 0, 12, 5), at(&shifted, 0, 4, 5)), (40, 40));
        assert_eq!(at(&shifted, 1, 12, 5), 50);
        // A quarter turn brings the slope to the right downwards.
        let turned = lay(Warp { angle: PI / 2.0, ..Warp::default() });
        assert!((at(&turned, 0, 5, 12) - 120).abs() <= 2, "{}", at(&turned, 0, 5, 12));
        // Twice as large: half as steep; the middle stays.
        let larger = lay(Warp { size: 5.0, ..Warp::default() });
        assert!((at(&larger, 0, 11, 8) - at(&larger, 0, 4, 8) - 35).abs() <= 2);
        // Twice as wide and half as high.
        let wide = lay(Warp { stretch: 5.0, ..Warp::default() });
        assert!((at(&wide, 0, 11, 8) - at(&wide, 0, 4, 8) - 35).abs() <= 2);
        assert!((at(&wide, 1, 8, 9) - at(&wide, 1, 8, 6) - 60).abs() <= 2);
    }

    #[test]
    fn what_is_told_is_what_was_done_and_zeros_of_nothing() {
        assert_eq!(Warp::default().label(), [0.0; WARP_LABEL]);
        let warp = Warp {
            mirror_y: true,
            size: -1.5,
            angle: PI / 2.0,
            stretch: 2.0,
            axis: PI,
            shift: [0.5, -0.25],
            ..Warp::default()
        };
        let wanted = [0.0, 1.0, -1.5, -1.0, 1.0, -2.0, 0.0, 0.5, -0.25];
        for (told, wanted) in warp.label().into_iter().zip(wanted) {
            assert!((told - wanted).abs() < 1e-6, "{:?}", warp.label());
        }
    }

    #[test]
    fn each_change_takes_place_as_often_as_asked() {
        let mut random = generator(1, Stream::Augment, 1);
        let warps: Vec<Warp> = (0..4000).map(|_| Warp::draw(&mut random, 0.2)).collect();
        let share = |told: &dyn Fn(&Warp) -> bool| {
            warps.iter().filter(|warp| told(warp)).count() as f64 / warps.len() as f64
        };
        for (what, share, wanted) in [
            ("mirrored", share(&|warp| warp.mirror_x), 0.1),
            ("upside down", share(&|warp| warp.mirror_y), 0.1),
            ("scaled", share(&|warp| warp.size != 0.0), 0.2),
            ("turned", share(&|warp| warp.angle != 0.0), 0.2),
            ("stretched", share(&|warp| warp.stretch != 0.0), 0.2),
            ("along no side", share(&|warp| warp.axis != 0.0), 0.1),
            ("shifted", share(&|warp| warp.shift != [0.0; 2]), 0.2),
            ("nothing", share(&Warp::changes_nothing), 0.9f64.powi(2) * 0.8f64.powi(4)),
        ] {
            assert!((share - wanted).abs() < 0.025, "{what}: {share} for {wanted}");
        }
        assert!(Warp::draw(&mut random, 0.0).changes_nothing());
    }

    #[test]
    fn one_pixel_and_one_line_stay_within_themselves() {
        let warp = Warp { size: -9.0, angle: 1.0, shift: [40.0, -40.0], ..Warp::default() };
        assert_eq!(warp.lay(&[7], 1, 1), [7]);
        assert!(warp.lay(&[9; 5], 5, 1).iter().all(|&byte| byte == 9));
    }
}
