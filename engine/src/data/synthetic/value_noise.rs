//! Random numbers spread over the plane: the same place has the same number.

use super::stroke::Point;

/// The next whole number below. Unlike `f32::floor` it is no call into a library on plain x86-64,
/// where that call is what takes most of the time.
pub fn floor(x: f32) -> f32 {
    let truncated = x as i32 as f32;
    if truncated > x { truncated - 1.0 } else { truncated }
}

/// What is left of a number above [`floor`], from 0 to 1.
pub fn fraction(x: f32) -> f32 {
    x - floor(x)
}

/// A number from 0 to 1 for a cell of the integer grid.
pub fn cell(seed: u32, x: i32, y: i32) -> f32 {
    let mut hash =
        seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
    hash ^= hash >> 15;
    (hash >> 8) as f32 / (1 << 24) as f32
}

/// Hills of about one by one, from 0 to 1.
pub fn smooth(seed: u32, [x, y]: Point) -> f32 {
    let (left, top) = (floor(x), floor(y));
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - left), ease(y - top));
    let corner = |dx: i32, dy: i32| cell(seed, left as i32 + dx, top as i32 + dy);
    let upper = corner(0, 0) + u * (corner(1, 0) - corner(0, 0));
    let lower = corner(0, 1) + u * (corner(1, 1) - corner(0, 1));
    upper + v * (lower - upper)
}

/// Hills with smaller hills on them, from 0 to 1.
pub fn fractal(seed: u32, [x, y]: Point, octaves: u32) -> f32 {
    let (mut sum, mut weights, mut weight, mut scale) = (0.0, 0.0, 1.0, 1.0);
    for octave in 0..octaves {
        sum += weight * smooth(seed.wrapping_add(octave), [x * scale, y * scale]);
        weights += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / weights
}
