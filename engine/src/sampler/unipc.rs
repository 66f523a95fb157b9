//! UniPC of order 2 with B(h) = exp(h) - 1, Zhao et al. 2023 (arXiv 2302.04867), on predictions of
//! the picture.

use candle_core::Tensor;

use super::history::History;
use super::{Denoiser, Leg, Path, Sampler};
use crate::Result;

/// Each step first corrects the x it is given by the estimate just made there, which costs no
/// evaluation, and then predicts the next.
#[derive(Clone, Debug)]
pub struct UniPc {
    /// The estimated pictures of the last steps.
    pictures: History,
    /// What the step before did.
    before: Option<Before>,
}

#[derive(Clone, Debug)]
struct Before {
    leg: Leg,
    /// x at the leg's beginning, corrected.
    x: Tensor,
    order: usize,
}

impl Default for UniPc {
    fn default() -> Self {
        Self { pictures: History::new(2), before: None }
    }
}

impl Sampler for UniPc {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let x0 = denoiser.estimate(x, leg.from)?.x0;
        let x = match &self.before {
            Some(before) => self.corrected(before, &x0)?,
            None => x.clone(),
        };
        self.pictures.push(leg.from, x0.clone());
        let order = if leg.to.is_clean() { 1 } else { self.pictures.levels().len() };
        let next = self.advance(&leg, &x, order, &Rhos { older: 0.5, newest: None })?;
        self.before = Some(Before { leg, x, order });
        Ok((next, x0))
    }
}

/// What the differences to the newest known picture are weighted with.
struct Rhos<'a> {
    /// Of the picture one step older, whose difference is divided by its distance in lambda.
    older: f64,
    /// Of the picture at the leg's end.
    newest: Option<(f64, &'a Tensor)>,
}

impl UniPc {
    /// x at the end of the step before, now that the picture there has been estimated.
    fn corrected(&self, before: &Before, x0: &Tensor) -> Result<Tensor> {
        let rhos = match before.order {
            1 => Rhos { older: 0.0, newest: Some((0.5, x0)) },
            _ => {
                let (older, newest) = corrector_rhos(&before.leg, self.distance(&before.leg));
                Rhos { older, newest: Some((newest, x0)) }
            }
        };
        self.advance(&before.leg, &before.x, before.order, &rhos)
    }

    /// Equation 3 of the paper (UniP), and with a newest picture equation 5 (UniC).
    fn advance(&self, leg: &Leg, x: &Tensor, order: usize, rhos: &Rhos) -> Result<Tensor> {
        let kept = leg.kept(); // exp(-h), h the growth of lambda
        let mut base = 1.0;
        let mut terms: Vec<(f64, &Tensor)> = Vec::new();
        if let (Some((_, older)), true) = (self.pictures.get(1), order > 1) {
            let share = rhos.older / self.distance(leg);
            base -= share;
            terms.push((share * (1.0 - kept), older));
        }
        if let Some((rho, newest)) = rhos.newest {
            base -= rho;
            terms.push((rho * (1.0 - kept), newest));
        }
        terms.extend(self.pictures.get(0).map(|(_, newest)| (base * (1.0 - kept), newest)));
        leg.carry(kept, x, &terms)
    }

    /// How far the older picture lies from the newer one in lambda, in units of the leg; negative.
    fn distance(&self, leg: &Leg) -> f64 {
        let lambda = |back| self.pictures.get(back).map_or(0.0, |(level, _)| level.lambda());
        (lambda(1) - lambda(0)) / leg.lambda_gain()
    }
}

/// Weights of the older and the newest difference that make UniC of order 2 exact on polynomials:
/// they solve older + newest = b1, distance · older + newest = b2.
fn corrector_rhos(leg: &Leg, distance: f64) -> (f64, f64) {
    let h = -leg.lambda_gain();
    let whole = h.exp_m1();
    let phi_2 = whole / h - 1.0;
    let phi_3 = phi_2 / h - 0.5;
    let (b1, b2) = (phi_2 / whole, 2.0 * phi_3 / whole);
    let older = (b1 - b2) / (1.0 - distance);
    (older, b1 - older)
}
