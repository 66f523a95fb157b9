//! How digits are written: for each a few forms.

use super::stroke::{Knot, corner, curve};

/// One way of writing a digit: strokes in a box of one by one.
pub type Form = &'static [&'static [Knot]];

const ZERO: [Form; 2] = [
    &[&[
        curve(0.56, 0.02), curve(0.28, 0.14), curve(0.12, 0.5), curve(0.24, 0.87), curve(0.48, 0.98),
        curve(0.74, 0.84), curve(0.87, 0.48), curve(0.76, 0.13), curve(0.54, 0.02), curve(0.42, 0.06),
    ]],
    &[&[
        curve(0.66, 0.06), curve(0.34, 0.03), curve(0.08, 0.32), curve(0.07, 0.68), curve(0.34, 0.97),
        curve(0.68, 0.94), curve(0.93, 0.62), curve(0.91, 0.28), curve(0.64, 0.05),
    ]],
];
const ONE: [Form; 3] = [
    &[&[corner(0.52, 0.0), curve(0.5, 0.5), corner(0.48, 1.0)]],
    &[&[corner(0.28, 0.24), corner(0.52, 0.0), curve(0.52, 0.5), corner(0.52, 1.0)]],
    &[
        &[corner(0.3, 0.2), corner(0.52, 0.0), corner(0.52, 0.97)],
        &[corner(0.24, 0.98), corner(0.8, 0.98)],
    ],
];
const TWO: [Form; 2] = [
    &[&[
        curve(0.12, 0.26), curve(0.26, 0.06), curve(0.52, 0.0), curve(0.79, 0.11), curve(0.82, 0.32),
        curve(0.6, 0.62), corner(0.1, 0.97), curve(0.5, 0.95), corner(0.93, 0.97),
    ]],
    &[&[
        curve(0.14, 0.18), curve(0.36, 0.02), curve(0.66, 0.04), curve(0.78, 0.24), curve(0.66, 0.54),
        curve(0.36, 0.86), curve(0.12, 0.97), curve(0.06, 0.86), curve(0.24, 0.79), curve(0.5, 0.9),
        curve(0.76, 0.98), curve(0.96, 0.88),
    ]],
];
const THREE: [Form; 2] = [
    &[&[
        curve(0.16, 0.13), curve(0.44, 0.0), curve(0.76, 0.1), curve(0.77, 0.3), curve(0.6, 0.43),
        corner(0.36, 0.48), curve(0.68, 0.52), curve(0.86, 0.72), curve(0.72, 0.93), curve(0.4, 1.0),
        curve(0.1, 0.88),
    ]],
    &[&[
        corner(0.14, 0.03), corner(0.82, 0.02), corner(0.42, 0.4), curve(0.74, 0.48),
        curve(0.86, 0.71), curve(0.7, 0.93), curve(0.38, 1.0), curve(0.1, 0.9),
    ]],
];
const FOUR: [Form; 3] = [
    &[
        &[corner(0.24, 0.0), curve(0.17, 0.3), corner(0.1, 0.58), curve(0.5, 0.57), corner(0.95, 0.53)],
        &[corner(0.74, 0.04), curve(0.71, 0.5), corner(0.67, 1.0)],
    ],
    &[
        &[corner(0.66, 0.0), corner(0.06, 0.66), corner(0.97, 0.64)],
        &[corner(0.67, 0.0), corner(0.66, 1.0)],
    ],
    &[&[
        corner(0.2, 0.02), curve(0.12, 0.28), curve(0.2, 0.5), curve(0.5, 0.52), curve(0.78, 0.36),
        corner(0.84, 0.02), curve(0.78, 0.5), corner(0.7, 1.0),
    ]],
];
const FIVE: [Form; 2] = [
    &[&[
        corner(0.86, 0.02), corner(0.27, 0.04), corner(0.2, 0.45), curve(0.48, 0.37), curve(0.78, 0.46),
        curve(0.87, 0.69), curve(0.72, 0.92), curve(0.4, 1.0), curve(0.1, 0.9),
    ]],
    &[
        &[
            corner(0.28, 0.05), corner(0.24, 0.42), curve(0.52, 0.4), curve(0.78, 0.54),
            curve(0.78, 0.8), curve(0.5, 0.98), curve(0.12, 0.96),
        ],
        &[corner(0.27, 0.05), corner(0.88, 0.0)],
    ],
];
const SIX: [Form; 2] = [
    &[&[
        curve(0.74, 0.02), curve(0.42, 0.18), curve(0.2, 0.48), curve(0.15, 0.78), curve(0.36, 0.99),
        curve(0.66, 0.97), curve(0.83, 0.76), curve(0.68, 0.57), curve(0.42, 0.57), curve(0.19, 0.74),
    ]],
    &[&[
        curve(0.42, 0.0), curve(0.22, 0.34), curve(0.17, 0.7), curve(0.32, 0.97), curve(0.62, 0.97),
        curve(0.78, 0.76), curve(0.64, 0.58), curve(0.4, 0.64), curve(0.22, 0.82),
    ]],
];
const SEVEN: [Form; 3] = [
    &[&[corner(0.1, 0.06), curve(0.5, 0.04), corner(0.88, 0.04), curve(0.62, 0.46), corner(0.4, 1.0)]],
    &[
        &[corner(0.1, 0.08), curve(0.5, 0.04), corner(0.88, 0.04), curve(0.6, 0.48), corner(0.42, 1.0)],
        &[corner(0.3, 0.53), corner(0.82, 0.5)],
    ],
    &[&[corner(0.12, 0.22), corner(0.14, 0.03), corner(0.86, 0.03), corner(0.46, 1.0)]],
];
const EIGHT: [Form; 2] = [
    &[&[
        curve(0.78, 0.16), curve(0.5, 0.0), curve(0.22, 0.13), curve(0.26, 0.34), curve(0.53, 0.49),
        curve(0.8, 0.7), curve(0.74, 0.93), curve(0.47, 1.0), curve(0.18, 0.9), curve(0.19, 0.69),
        curve(0.48, 0.49), curve(0.75, 0.33), curve(0.78, 0.15),
    ]],
    &[
        &[
            curve(0.5, 0.0), curve(0.24, 0.1), curve(0.25, 0.35), curve(0.5, 0.46), curve(0.75, 0.35),
            curve(0.76, 0.1), curve(0.5, 0.0),
        ],
        &[
            curve(0.5, 0.46), curve(0.18, 0.6), curve(0.16, 0.88), curve(0.5, 1.0), curve(0.84, 0.88),
            curve(0.82, 0.6), curve(0.5, 0.46),
        ],
    ],
];
const NINE: [Form; 2] = [
    &[&[
        curve(0.8, 0.2), curve(0.54, 0.02), curve(0.23, 0.12), curve(0.15, 0.36), curve(0.34, 0.52),
        curve(0.62, 0.44), corner(0.8, 0.18), curve(0.79, 0.55), corner(0.72, 1.0),
    ]],
    &[&[
        curve(0.82, 0.24), curve(0.6, 0.03), curve(0.28, 0.08), curve(0.15, 0.32), curve(0.34, 0.51),
        curve(0.66, 0.44), corner(0.83, 0.2), curve(0.82, 0.62), curve(0.64, 0.93), curve(0.3, 0.98),
    ]],
];

/// The ways of writing `digit`.
pub fn forms(digit: usize) -> &'static [Form] {
    match digit {
        0 => &ZERO,
        1 => &ONE,
        2 => &TWO,
        3 => &THREE,
        4 => &FOUR,
        5 => &FIVE,
        6 => &SIX,
        7 => &SEVEN,
        8 => &EIGHT,
        _ => &NINE,
    }
}
