//! From points to lines.

use super::axis::Axis;

/// Side of the board that paths are drawn on; the page stretches it to its place.
pub const BOARD: f64 = 1000.0;

/// The exponential mean of `values`, corrected for its start; `weight` 0 leaves them as they are.
pub fn smooth(values: &[f64], weight: f64) -> Vec<f64> {
    let (mut mean, mut trust) = (0.0, 0.0);
    values
        .iter()
        .map(|value| {
            mean = weight * mean + (1.0 - weight) * value;
            trust = weight * trust + (1.0 - weight);
            mean / trust
        })
        .collect()
}

/// The path through all points, in the syntax of an SVG `d`.
pub fn path(x: &Axis, y: &Axis, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (at, value) in points {
        if !value.is_finite() || (y.logarithmic && value <= 0.0) {
            continue;
        }
        let (left, up) = (x.place(at) * BOARD, y.place(value) * BOARD);
        path.push(if path.is_empty() { 'M' } else { 'L' });
        // A thousandth of the board is less than a pixel.
        path.push_str(&format!("{} {}", left.round() as i32, (BOARD - up).round() as i32));
    }
    if path.matches(['M', 'L']).count() == 1 {
        path.push_str("h0.1");
    }
    path
}

/// The index of the entry of `steps` (which rise) nearest to `step`.
pub fn nearest(steps: &[u64], step: f64) -> Option<usize> {
    let after = steps.partition_point(|known| (*known as f64) < step);
    let before = after.checked_sub(1);
    match (before, steps.get(after)) {
        (Some(before), Some(next)) => {
            let closer = step - steps[before] as f64 <= *next as f64 - step;
            Some(if closer { before } else { after })
        }
        (None, Some(_)) => Some(after),
        (before, None) => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_starts_at_the_first_value_and_keeps_constants() {
        assert_eq!(smooth(&[3.0, 1.0], 0.0), [3.0, 1.0]);
        let kept = smooth(&[2.0; 5], 0.9);
        assert!(kept.iter().all(|value| (value - 2.0).abs() < 1e-12));
        let falling = smooth(&[1.0, 0.0], 0.5);
        assert!((falling[1] - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn paths_run_from_left_to_right_with_up_at_the_top() {
        let x = Axis { low: 0.0, high: 10.0, logarithmic: false };
        let y = Axis { low: 0.0, high: 1.0, logarithmic: false };
        let points = [(0.0, 0.0), (5.0, f64::NAN), (10.0, 1.0)];
        assert_eq!(path(&x, &y, points.into_iter()), "M0 1000L1000 0");
        assert_eq!(path(&x, &y, [(5.0, 0.5)].into_iter()), "M500 500h0.1");
    }

    #[test]
    fn the_nearest_point_is_found() {
        let steps = [1, 10, 20];
        for (step, index) in [(-5.0, 0), (5.0, 0), (6.0, 1), (15.5, 2), (99.0, 2)] {
            assert_eq!(nearest(&steps, step), Some(index), "{step}");
        }
        assert_eq!(nearest(&[], 1.0), None);
    }
}
