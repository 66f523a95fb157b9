//! Patterns and materials. Each class is a function from random numbers to a surface.

use std::f32::consts::{FRAC_PI_2, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::palette::{BOLD, CLAY, Colour, SEA, SKY, STONE, TIMBER, mix, pick, shade};
use super::surface::{Surface, View, render};
use super::value_noise::{cell, floor, fractal, fraction, smooth};
use crate::grid::Picture;

pub const CLASSES: [&str; 10] =
    ["stripes", "checks", "dots", "waves", "bricks", "wood", "marble", "clouds", "weave", "scales"];

type Maker = fn(&mut ChaCha8Rng) -> Surface;

/// How each class is drawn, in the order of [`CLASSES`], and in how many places across and down each
/// pixel is looked at: more where edges are hard.
const SURFACES: [(Maker, u32); 10] = [
    (stripes, 3),
    (checks, 3),
    (dots, 3),
    (waves, 2),
    (bricks, 2),
    (wood, 1),
    (marble, 1),
    (clouds, 1),
    (weave, 2),
    (scales, 2),
];

/// Draws one texture.
pub fn draw(class: usize, random: &mut ChaCha8Rng) -> Picture {
    let (surface, samples) = SURFACES[class];
    render(&surface(random), samples)
}

fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Where `x` lies in its period, from 0 to 1.
fn phase(x: f32, period: f32) -> f32 {
    fraction(x / period)
}

/// Whether a whole number is odd.
fn is_odd(x: f32) -> bool {
    x as i32 & 1 == 1
}

fn stripes(random: &mut ChaCha8Rng) -> Surface {
    let view = View::near_axis(4, random);
    let [dark, middle, light, accent] = pick(&BOLD, random);
    let period = random.random_range(5.0..10.0);
    let share = random.random_range(0.35..0.6);
    let thin = random.random_bool(0.5);
    let (ground, band) = if random.random_bool(0.5) { (light, dark) } else { (light, middle) };
    Box::new(move |at| {
        let across = phase(view.at(at)[0], period);
        match across {
            x if x < share => band,
            x if thin && (x - (1.0 + share) / 2.0).abs() < 0.1 => accent,
            _ => ground,
        }
    })
}

fn checks(random: &mut ChaCha8Rng) -> Surface {
    let view = View::near_axis(2, random);
    let [dark, middle, light, accent] = pick(&BOLD, random);
    let side = random.random_range(3.2..6.5);
    let gingham = random.random_bool(0.4);
    let strong = if random.random_bool(0.5) { dark } else { accent };
    let between = if gingham { mix(light, strong, 0.5) } else { light };
    let strong = if gingham || random.random_bool(0.7) { strong } else { middle };
    Box::new(move |at| {
        let [x, y] = view.at(at).map(|x| phase(x, 2.0 * side) < 0.5);
        match (x, y) {
            (true, true) => strong,
            (false, false) if gingham => light,
            (false, false) => strong,
            _ => between,
        }
    })
}

fn dots(random: &mut ChaCha8Rng) -> Surface {
    let view = View::near_axis(2, random);
    let [dark, middle, light, accent] = pick(&BOLD, random);
    let spacing = random.random_range(6.0..10.0);
    let radius = spacing * random.random_range(0.26..0.38);
    let shifted = random.random_bool(0.6);
    let (ground, dot) = match random.random_range(0..3) {
        0 => (light, accent),
        1 => (dark, light),
        _ => (middle, light),
    };
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let row = floor(y / spacing);
        let shift = if shifted && is_odd(row) { 0.5 } else { 0.0 };
        let (dx, dy) = (phase(x + shift * spacing, spacing) - 0.5, phase(y, spacing) - 0.5);
        if dx * dx + dy * dy < (radius / spacing).powi(2) { dot } else { ground }
    })
}

fn waves(random: &mut ChaCha8Rng) -> Surface {
    let lean = random.random_range(-0.35..0.35);
    let view = View::turned(lean, random);
    let [dark, middle, light, accent] = pick(&SEA, random);
    let period = random.random_range(5.5..8.5);
    let length = random.random_range(9.0..16.0);
    let swell = random.random_range(1.2..2.4);
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let lifted = y + swell * (x * TAU / length).sin();
        let down = phase(lifted, period);
        match down {
            t if t < 0.16 => light,
            t => mix(mix(accent, middle, (t - 0.16) / 0.4), dark, (t - 0.5) / 0.5),
        }
    })
}

fn bricks(random: &mut ChaCha8Rng) -> Surface {
    let off = random.random_range(-0.04..0.04);
    let view = View::turned(off, random);
    let [mortar, brick, lighter, other] = pick(&CLAY, random);
    let (width, height) = (random.random_range(9.0..13.0), random.random_range(4.5..6.5));
    let joint = random.random_range(0.8..1.2);
    let seed = random.random();
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let row = floor(y / height);
        let x = if is_odd(row) { x + width * 0.5 } else { x };
        let column = floor(x / width);
        let (inside_x, inside_y) = (x - column * width, y - row * height);
        if inside_x < joint || inside_y < joint {
            return shade(mortar, 0.94 + 0.1 * smooth(seed, [x, y]));
        }
        let tone = cell(seed, column as i32, row as i32);
        let face = if tone < 0.25 { other } else { mix(brick, lighter, (tone - 0.25) * 1.1) };
        let lit = if inside_y < joint + 0.9 { 1.1 } else { 1.0 };
        shade(face, lit * (0.93 + 0.12 * smooth(seed ^ 1, [x * 0.9, y * 0.9])))
    })
}

fn wood(random: &mut ChaCha8Rng) -> Surface {
    let lean = random.random_range(-0.08..0.08);
    let upright = random.random_bool(0.5);
    let view = View::turned(if upright { lean } else { lean + FRAC_PI_2 }, random);
    let [grain, middle, light, heart] = pick(&TIMBER, random);
    let period = random.random_range(4.5..8.0);
    let bend = random.random_range(1.0..2.2);
    let seed = random.random();
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let ring = x / period + bend * fractal(seed, [x * 0.07, y * 0.045], 2);
        let t = fraction(ring);
        // Early wood darkens slowly, then the year ends in a sharp line.
        let year = mix(mix(light, middle, t * 1.3), grain, smoothstep(0.72, 0.97, t) * 0.85);
        let fibre = smooth(seed ^ 7, [x * 1.4, y * 0.16]);
        mix(year, heart, 0.45 * smoothstep(0.55, 0.95, fibre))
    })
}

fn marble(random: &mut ChaCha8Rng) -> Surface {
    let angle = random.random_range(0.0..TAU);
    let view = View::turned(angle, random);
    let [vein, shadow, ground, second] = pick(&STONE, random);
    let period = random.random_range(11.0..18.0);
    let turbulence = random.random_range(1.1..1.9);
    let seed = random.random();
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let drift = |seed, scale: f32| fractal(seed, [x * scale, y * scale], 3) - 0.5;
        let line = |t: f32, width: f32| 1.0 - smoothstep(0.0, width, (fraction(t) - 0.5).abs());
        let body = mix(ground, shadow, 0.75 * smoothstep(0.35, 0.75, drift(seed, 0.08) + 0.5));
        let fine = line(y / period * 1.3 + x / 40.0 + turbulence * drift(seed ^ 3, 0.1), 0.1);
        let broad = line(x / period + turbulence * drift(seed ^ 5, 0.1), 0.13);
        mix(mix(body, second, 0.5 * fine), vein, 0.85 * broad)
    })
}

fn clouds(random: &mut ChaCha8Rng) -> Surface {
    let view = View::turned(0.0, random);
    let [high, low, cloud, shadow] = pick(&SKY, random);
    let scale = random.random_range(0.065..0.11);
    let cover = random.random_range(0.41..0.51);
    let seed = random.random();
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let sky = mix(high, low, at[1] / super::SIDE as f32);
        let density = |dy: f32| fractal(seed, [x * scale, (y + dy) * scale * 1.5], 4);
        let here = density(0.0);
        let body = smoothstep(cover, cover + 0.14, here);
        // A cloud is in its own shade where more of it lies above.
        let shaded = smoothstep(-0.02, 0.14, density(-3.0) - here + 0.02);
        mix(sky, mix(cloud, shadow, shaded), body)
    })
}

fn weave(random: &mut ChaCha8Rng) -> Surface {
    let view = View::near_axis(2, random);
    let [dark, middle, light, accent] = pick(&BOLD, random);
    let side = random.random_range(4.2..6.8);
    let (warp, weft) = match random.random_range(0..3) {
        0 => (middle, light),
        1 => (accent, light),
        _ => (accent, middle),
    };
    let gap = random.random_range(0.06..0.12);
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let over = is_odd(floor(x / side) + floor(y / side));
        let (across, along) = match over {
            true => (phase(x, side), phase(y, side)),
            false => (phase(y, side), phase(x, side)),
        };
        if across < gap || across > 1.0 - gap {
            return shade(dark, 0.8);
        }
        // The strand is round across and dives under its neighbours along.
        let round = 1.0 - 0.9 * (across - 0.5) * (across - 0.5) * 2.0;
        let dive = 1.0 - 0.35 * smoothstep(0.3, 0.5, (along - 0.5).abs());
        shade(if over { warp } else { weft }, round * dive)
    })
}

fn scales(random: &mut ChaCha8Rng) -> Surface {
    let off = random.random_range(-0.06..0.06);
    let view = View::turned(off, random);
    let [dark, middle, light, accent] =
        if random.random_bool(0.6) { pick(&SEA, random) } else { pick(&BOLD, random) };
    let radius: f32 = random.random_range(4.6..7.0);
    let (width, height) = (radius * 1.8, radius * 0.82);
    let seed = random.random();
    let rings = random.random_bool(0.45);
    Box::new(move |at| {
        let [x, y] = view.at(at);
        let (column, row, distance) = covering_scale([x, y], radius, width, height);
        let tone = cell(seed, column, row);
        let inner: Colour = mix(middle, accent, 0.25 + 0.5 * tone);
        match distance {
            d if d > 0.86 => dark,
            d if rings && fraction(d * 3.2) < 0.35 => light,
            d => mix(mix(light, inner, 0.35 + d * 0.8), dark, (d - 0.5) * 0.4),
        }
    })
}

/// The scale that is seen at a place, the lowest of those that reach it, and how far out on it the
/// place lies, from 0 to 1.
fn covering_scale([x, y]: [f32; 2], radius: f32, width: f32, height: f32) -> (i32, i32, f32) {
    let lowest = floor((y + radius) / height) as i32;
    let highest = floor((y - radius) / height) as i32;
    for row in (highest..=lowest).rev() {
        let shift = if row & 1 == 1 { width / 2.0 } else { 0.0 };
        let column = floor((x - shift) / width + 0.5);
        let centre = [column * width + shift, row as f32 * height];
        let distance = ((x - centre[0]).powi(2) + (y - centre[1]).powi(2)).sqrt() / radius;
        if distance < 1.0 {
            return (column as i32, row, distance);
        }
    }
    (0, highest, 0.9)
}
