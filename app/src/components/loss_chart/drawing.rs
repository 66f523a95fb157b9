//! What is drawn on the chart, computed once for all its parts.

use super::axis::Axis;
use super::curve::{nearest, path, smooth};
use super::quantity::Quantity;
use crate::api::{LossPoint, ValidationPoint};
use crate::words;

/// How the points are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    pub quantity: Quantity,
    /// 0 smooths nothing, just below 1 nearly everything away.
    pub smoothing: f64,
    pub logarithmic: bool,
    /// Draws the loss of each quarter of the timesteps too.
    pub quarters: bool,
}

impl Look {
    fn weight(self) -> f64 {
        if self.quantity.is_noisy() { self.smoothing } else { 0.0 }
    }
}

/// Another run, for its line beside this one's.
#[derive(Clone, PartialEq)]
pub struct Other {
    pub name: String,
    pub points: Vec<LossPoint>,
}

impl Other {
    /// Step and smoothed value.
    fn line(&self, look: Look) -> Vec<(f64, f64)> {
        let known = |point: &LossPoint| Some((point.step as f64, look.quantity.of(point)?));
        let (steps, values): (Vec<f64>, Vec<f64>) = self.points.iter().filter_map(known).unzip();
        steps.into_iter().zip(smooth(&values, look.weight())).collect()
    }
}

#[derive(Clone, PartialEq)]
pub struct Drawing {
    pub x: Axis,
    pub y: Axis,
    /// Those that have a value, and at least one.
    pub points: Vec<LossPoint>,
    /// Of each point.
    pub smoothed: Vec<f64>,
    /// Empty unless the loss is shown.
    pub validation: Vec<ValidationPoint>,
    /// Lines of other runs, in the order they were given.
    others: Vec<Vec<(f64, f64)>>,
    look: Look,
}

impl Drawing {
    /// `total` is the step at which the axis ends; `None` if there is nothing to draw.
    pub fn new(
        mut points: Vec<LossPoint>,
        mut validation: Vec<ValidationPoint>,
        others: &[Other],
        total: u64,
        mut look: Look,
    ) -> Option<Self> {
        let of = |point: &LossPoint| look.quantity.of(point);
        points.retain(|point| of(point).is_some());
        let values: Vec<f64> = points.iter().filter_map(of).collect();
        let is_loss = look.quantity == Quantity::Loss;
        look.quarters &= is_loss;
        validation.retain(|_| is_loss);
        let quarters =
            points.iter().filter(|_| look.quarters).flat_map(|p| p.buckets.into_iter().flatten());
        let held_out = validation.iter().flat_map(|p| [Some(p.loss), p.ema_loss]).flatten();
        let lines: Vec<_> = others.iter().map(|other| other.line(look)).collect();
        let beside = quarters.chain(held_out).map(f64::from);
        let beside = beside.chain(lines.iter().flatten().map(|(_, value)| *value));
        let y = Axis::around(values.iter().copied().chain(beside), look.logarithmic)?;
        let ends = lines.iter().flatten().map(|(step, _)| *step);
        let end = ends.fold(total.max(points.last()?.step).max(2) as f64, f64::max);
        Some(Self {
            x: Axis { low: 0.0, high: end, logarithmic: false },
            y,
            smoothed: smooth(&values, look.weight()),
            others: lines,
            points,
            validation,
            look,
        })
    }

    /// The value of the point at `index`.
    pub fn value(&self, index: usize) -> f64 {
        self.look.quantity.of(&self.points[index]).unwrap_or(f64::NAN)
    }

    pub fn raw(&self) -> String {
        let point = |(index, p): (usize, &LossPoint)| (p.step as f64, self.value(index));
        path(&self.x, &self.y, self.points.iter().enumerate().map(point))
    }

    pub fn smooth(&self) -> String {
        let points = self.points.iter().zip(&self.smoothed);
        path(&self.x, &self.y, points.map(|(p, value)| (p.step as f64, *value)))
    }

    /// The lines of the other runs.
    pub fn others(&self) -> Vec<String> {
        self.others.iter().map(|line| path(&self.x, &self.y, line.iter().copied())).collect()
    }

    /// The smoothed loss of one quarter of the timesteps.
    pub fn quarter(&self, quarter: usize) -> String {
        let (steps, losses): (Vec<f64>, Vec<f64>) = self
            .points
            .iter()
            .filter_map(|p| Some((p.step as f64, f64::from(p.buckets[quarter]?))))
            .unzip();
        path(&self.x, &self.y, steps.into_iter().zip(smooth(&losses, self.look.smoothing)))
    }

    /// The loss on held-out images, of the weights as they were trained.
    pub fn held_out(&self) -> String {
        let point = |p: &ValidationPoint| (p.step as f64, p.loss.into());
        path(&self.x, &self.y, self.validation.iter().map(point))
    }

    /// The same of the moving average of the weights.
    pub fn held_out_ema(&self) -> String {
        let point = |p: &ValidationPoint| Some((p.step as f64, p.ema_loss?.into()));
        path(&self.x, &self.y, self.validation.iter().filter_map(point))
    }

    /// The look at held-out images nearest to `step`.
    pub fn validation_at(&self, step: u64) -> Option<ValidationPoint> {
        let steps: Vec<u64> = self.validation.iter().map(|point| point.step).collect();
        nearest(&steps, step as f64).map(|index| self.validation[index])
    }

    pub fn words(&self) -> String {
        let last = self.points.len() - 1;
        let mut words = format!(
            "{} {} at step {}, now {} at step {}",
            self.look.quantity.name(),
            words::figure(self.value(0)),
            words::count(self.points[0].step),
            words::figure(self.value(last)),
            words::count(self.points[last].step),
        );
        if self.look.quantity.is_noisy() {
            words += &format!(", smoothed {}", words::figure(self.smoothed[last]));
        }
        if let Some(point) = self.validation.last() {
            words += &format!(", on held-out images {}", words::figure(point.loss.into()));
        }
        words + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look =
        Look { quantity: Quantity::Loss, smoothing: 0.0, logarithmic: false, quarters: false };

    fn point(step: u64, loss: f32) -> LossPoint {
        let buckets = [Some(loss / 2.0), None, None, Some(loss * 2.0)];
        let (learning_rate, grad_norm) = (Some(0.001), (step > 1).then_some(7.0));
        LossPoint { step, loss, buckets, learning_rate, grad_norm }
    }

    fn points() -> Vec<LossPoint> {
        vec![point(1, 1.0), point(50, 0.1)]
    }

    fn drawing(look: Look) -> Drawing {
        let held_out = ValidationPoint { step: 40, loss: 0.3, ema_loss: Some(5.0) };
        Drawing::new(points(), vec![held_out], &[], 200, look).unwrap()
    }

    #[test]
    fn nothing_is_drawn_without_points() {
        assert!(Drawing::new(Vec::new(), Vec::new(), &[], 100, LOOK).is_none());
        assert!(Drawing::new(vec![point(1, f32::NAN)], Vec::new(), &[], 100, LOOK).is_none());
    }

    #[test]
    fn the_axis_reaches_to_the_end_of_the_run_and_holds_the_quarters() {
        let plain = Drawing::new(points(), Vec::new(), &[], 200, LOOK).unwrap();
        assert_eq!(plain.x.high, 200.0);
        assert!(plain.y.high < 1.1);
        assert!(plain.quarter(1).is_empty());
        let look = Look { quarters: true, ..LOOK };
        assert!(Drawing::new(points(), Vec::new(), &[], 200, look).unwrap().y.high > 2.0);
    }

    #[test]
    fn held_out_losses_stand_beside_the_loss_alone() {
        let loss = drawing(LOOK);
        assert!(loss.y.high > 5.0);
        assert_eq!(loss.validation_at(1).map(|point| point.step), Some(40));
        assert!(!loss.held_out().is_empty() && !loss.held_out_ema().is_empty());
        let norm = drawing(Look { quantity: Quantity::GradNorm, quarters: true, ..LOOK });
        assert!(norm.validation.is_empty() && norm.y.low > 6.0 && norm.y.high < 8.0);
        assert_eq!(norm.points.len(), 1);
    }

    #[test]
    fn another_run_stretches_both_axes() {
        let other = Other { name: "longer".into(), points: vec![point(1, 9.0), point(400, 3.0)] };
        let drawing = Drawing::new(points(), Vec::new(), &[other], 200, LOOK).unwrap();
        assert_eq!(drawing.x.high, 400.0);
        assert!(drawing.y.high > 9.0);
        assert_eq!(drawing.others().len(), 1);
        assert!(drawing.others()[0].starts_with('M') && drawing.others()[0].contains("L1000"));
    }

    #[test]
    fn the_curve_is_told_in_words() {
        assert_eq!(
            Drawing::new(points(), Vec::new(), &[], 200, LOOK).unwrap().words(),
            "Loss 1.0000 at step 1, now 0.1000 at step 50, smoothed 0.1000."
        );
        assert!(drawing(LOOK).words().ends_with("on held-out images 0.3000."));
        assert_eq!(
            drawing(Look { quantity: Quantity::LearningRate, ..LOOK }).words(),
            "Learning rate 0.0010 at step 1, now 0.0010 at step 50."
        );
    }
}
