//! Work that is given up on its way.
//!
//! Attention over a large picture takes minutes. Were a wish to stop heard between operations alone,
//! everybody would wait for its end.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static WISH: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// What unwinds the stack of work that is given up.
struct GivenUp;

/// What `work` gives; none if it was given up because `stop` became true, which the kernels that it
/// calls look at on their way.
pub fn unless<T>(stop: &Arc<AtomicBool>, work: impl FnOnce() -> T) -> Option<T> {
    let outer = Outer(WISH.replace(Some(stop.clone())));
    let end = catch_unwind(AssertUnwindSafe(work));
    drop(outer);
    match end {
        Ok(value) => Some(value),
        Err(panic) if panic.is::<GivenUp>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Puts the wish back as it was.
struct Outer(Option<Arc<AtomicBool>>);

impl Drop for Outer {
    fn drop(&mut self) {
        WISH.set(self.0.take());
    }
}

/// The wish of the thread that called a kernel, for all that share its work.
pub(super) struct Wish(Option<Arc<AtomicBool>>);

impl Wish {
    pub fn of_this_thread() -> Self {
        Self(WISH.with_borrow(Clone::clone))
    }

    /// What `work` gives, whose kernels look at this wish, whatever thread it runs on.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let _outer = Outer(WISH.replace(self.0.clone()));
        work()
    }

    /// Does not come back if the work is to be given up.
    pub fn look(&self) {
        if self.0.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            // Without the message of a panic.
            resume_unwind(Box::new(GivenUp));
        }
    }
}
