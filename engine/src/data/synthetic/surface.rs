//! Surfaces: a colour for every place in the plane, and how they become pixels.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::SIDE;
use super::palette::Colour;
use super::stroke::Point;
use crate::grid::Picture;

/// A colour for every place; the unit is a pixel.
pub type Surface = Box<dyn Fn(Point) -> Colour>;

/// Looks at a surface through a turned and shifted window.
pub struct View {
    sin: f32,
    cos: f32,
    origin: Point,
}

impl View {
    pub fn turned(angle: f32, random: &mut ChaCha8Rng) -> Self {
        let (sin, cos) = angle.sin_cos();
        // Far enough from the middle of the plane that no two images share it.
        let origin = [0, 1].map(|_| random.random_range(200.0..2000.0));
        Self { sin, cos, origin }
    }

    /// Turned to a quarter or an eighth of the circle, and a little off it.
    pub fn near_axis(directions: u32, random: &mut ChaCha8Rng) -> Self {
        let step = random.random_range(0..directions) as f32 * std::f32::consts::FRAC_PI_4;
        let off = random.random_range(-0.09..0.09);
        Self::turned(step + off, random)
    }

    pub fn at(&self, [x, y]: Point) -> Point {
        let (x, y) = (x - SIDE as f32 / 2.0, y - SIDE as f32 / 2.0);
        [x * self.cos - y * self.sin + self.origin[0], x * self.sin + y * self.cos + self.origin[1]]
    }
}

/// The picture of a surface, each pixel looked at in `samples` times `samples` places.
pub fn render(surface: &Surface, samples: u32) -> Picture {
    let pixels = (0..SIDE)
        .flat_map(|y| (0..SIDE).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(surface, samples, x, y))
        .collect();
    Picture { width: SIDE, height: SIDE, channels: 3, pixels }
}

fn pixel(surface: &Surface, samples: u32, x: u32, y: u32) -> [u8; 3] {
    let mut sum = [0.0; 3];
    for sample in 0..samples * samples {
        let offset = |step: u32| (step as f32 + 0.5) / samples as f32;
        let at = [x as f32 + offset(sample % samples), y as f32 + offset(sample / samples)];
        let colour = surface(at);
        (0..3).for_each(|channel| sum[channel] += colour[channel]);
    }
    sum.map(|value| (value / (samples * samples) as f32 * 255.0).round() as u8)
}
