//! What of a run the chart can show.

use crate::api::LossPoint;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quantity {
    #[default]
    Loss,
    LearningRate,
    /// Of the gradient, before clipping.
    GradNorm,
}

impl Quantity {
    pub const ALL: [Self; 3] = [Self::Loss, Self::LearningRate, Self::GradNorm];

    /// What an address calls it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::LearningRate => "learning-rate",
            Self::GradNorm => "gradient-norm",
        }
    }

    /// The quantity that an address names; the loss if it names none.
    pub fn from_key(key: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|quantity| Some(quantity.key()) == key).unwrap_or_default()
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "Loss",
            Self::LearningRate => "Learning rate",
            Self::GradNorm => "Gradient norm",
        }
    }

    /// Its value at `point`, if it was finite and kept.
    pub fn of(self, point: &LossPoint) -> Option<f64> {
        let value = match self {
            Self::Loss => Some(f64::from(point.loss)),
            Self::LearningRate => point.learning_rate,
            Self::GradNorm => point.grad_norm.map(f64::from),
        };
        value.filter(|value| value.is_finite())
    }

    /// Whether it jumps from step to step, so that a smoothed line says more than the raw one.
    pub fn is_noisy(self) -> bool {
        self != Self::LearningRate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_quantity() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::from_key(Some(quantity.key())), quantity);
        }
        assert_eq!([Quantity::from_key(None), Quantity::from_key(Some("x"))], [Quantity::Loss; 2]);
    }

    #[test]
    fn a_value_that_was_not_kept_is_none() {
        let point = LossPoint { loss: f32::NAN, learning_rate: Some(0.1), ..LossPoint::default() };
        assert_eq!(Quantity::ALL.map(|quantity| quantity.of(&point)), [None, Some(0.1), None]);
    }
}
