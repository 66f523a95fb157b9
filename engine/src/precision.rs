//! A network's passes in the precision that was asked for: steps of a run in the run's, those of a drawing
//! in its own. Whatever comes between them is f32, so that a seed gives the same picture whatever is trained
//! meanwhile.

use crate::config::Precision;
use crate::kernels;

/// Back to f32 when it goes, also where the work panics.
struct UntilDone;

impl Drop for UntilDone {
    fn drop(&mut self) {
        kernels::Precision::F32.choose();
    }
}

/// What `work` gives, its convolutions multiplied in `precision`.
pub(crate) fn within<T>(precision: Precision, work: impl FnOnce() -> T) -> T {
    let _back = UntilDone;
    match precision {
        Precision::F32 => kernels::Precision::F32.choose(),
        Precision::Bf16 => kernels::Precision::Bf16.choose(),
    }
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_ends_with_the_work() {
        let inside = within(Precision::Bf16, kernels::Precision::current);
        assert_eq!(inside, kernels::Precision::Bf16);
        assert_eq!(kernels::Precision::current(), kernels::Precision::F32);
    }
}
