//! Threads that share a loop.
//!
//! A step of a U-Net is some thousand short loops with hardly anything between them. A thread that
//! sleeps until the next one wakes too late to be of use: at batch 1 a second core helped nothing
//! while this was rayon's pool. Here threads stay awake for a moment after each loop, and the one
//! that asked for it never waits for one that has not begun.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a thread stays awake with nothing to do. Between two loops of one step pass some
/// microseconds; waking a thread takes fifty.
const AWAKE: Duration = Duration::from_micros(100);

/// Looks at the clock are this many looks at the loop apart.
const LOOKS: usize = 32;

/// Looks for helpers to leave, before the core is offered to them.
const PATIENCE: usize = 10_000;

/// Calls `work` with each of `items`, in any order, on as many threads as rayon's pool has.
///
/// What is called from within `work` itself stays on its thread, as does what is called while
/// another thread has the pool.
pub(super) fn for_each<T: Send>(items: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    if BUSY.get() {
        return items.for_each(work);
    }
    let cells: Vec<Mutex<Option<T>>> = items.map(|item| Mutex::new(Some(item))).collect();
    for_each_number(cells.len(), |at| {
        let item = held(&cells[at]).take();
        item.into_iter().for_each(&work);
    });
}

/// As [`for_each`], with the numbers below `count`.
pub(super) fn for_each_number(count: usize, work: impl Fn(usize) + Sync) {
    let helpers = threads().min(count).saturating_sub(1);
    if helpers == 0 || BUSY.get() {
        return (0..count).for_each(work);
    }
    let pool = TEAM.get().map_or(&POOL, |team| team.pool);
    let _turn = match pool.turn.try_lock() {
        Ok(turn) => turn,
        // A loop that panicked left the pool as it was.
        Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
        Err(TryLockError::WouldBlock) => return (0..count).for_each(work),
    };
    let (next, panic) = (AtomicUsize::new(0), Mutex::new(None));
    pool.run(helpers, &Loop { work: &work, count, next, panic });
}

/// How many threads share a loop.
pub fn threads() -> usize {
    TEAM.get().map_or_else(rayon::current_num_threads, |team| team.threads)
}

/// Teams of several threads there are at most.
pub(super) const MOST_TEAMS: usize = 16;

/// As [`map`], of at most `teams` items, each with its share of the threads: loops that `work` begins are
/// shared by them.
pub(super) fn map_in_teams<T: Send, R: Send>(
    teams: usize,
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let threads = threads() / teams;
    if threads < 2 || BUSY.get() {
        return map(items, work);
    }
    map(items.zip(&TEAMS), |(item, pool)| {
        let (busy, team) = (BUSY.replace(false), TEAM.replace(Some(Team { pool, threads })));
        let _back = OnDrop(|| {
            BUSY.set(busy);
            TEAM.set(team);
        });
        work(item)
    })
}

/// What `work` gives of each item, in their order.
pub(super) fn map<T: Send, R: Send>(
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items: Vec<T> = items.collect();
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    for_each(items.into_iter().zip(&mut results), |(item, result)| *result = Some(work(item)));
    results.into_iter().flatten().collect()
}

thread_local! {
    /// Whether this thread is in the middle of a loop.
    static BUSY: Cell<bool> = const { Cell::new(false) };
    /// Who shares its loops, if not everyone.
    static TEAM: Cell<Option<Team>> = const { Cell::new(None) };
}

/// Some of the threads.
#[derive(Clone, Copy)]
struct Team {
    pool: &'static Pool,
    /// With the one that asks.
    threads: usize,
}

/// A loop whose turns are taken one by one.
struct Loop<'a> {
    work: &'a (dyn Fn(usize) + Sync),
    count: usize,
    next: AtomicUsize,
    /// What a helper's turn panicked with.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Loop<'_> {
    fn run(&self) {
        BUSY.set(true);
        let _free = OnDrop(|| BUSY.set(false));
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.count {
                return;
            }
            (self.work)(at);
        }
    }

    /// As [`Loop::run`]; a panic is kept for the thread that asked for the loop.
    fn help(&self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run())) {
            *held(&self.panic) = Some(panic);
        }
    }
}

/// Done at the end of a scope, also where something panics.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

static POOL: Pool = Pool::new();
static TEAMS: [Pool; MOST_TEAMS] = [const { Pool::new() }; MOST_TEAMS];

struct Pool {
    /// Held by the thread whose loop it is.
    turn: Mutex<()>,
    state: Mutex<State>,
    /// Loops opened so far.
    opened: AtomicUsize,
    /// Helpers in the middle of the loop.
    inside: AtomicUsize,
    wake: Condvar,
}

struct State {
    /// The loop that helpers may enter.
    open: Option<Open>,
    /// How many more may.
    places: usize,
    /// Threads there are, and those of them that sleep.
    helpers: usize,
    asleep: usize,
}

/// A loop of a thread that waits until all helpers have left it.
#[derive(Clone, Copy)]
struct Open(*const Loop<'static>);

// SAFETY: a loop is made of things that threads may share.
unsafe impl Send for Open {}

impl Pool {
    const fn new() -> Self {
        Self {
            turn: Mutex::new(()),
            state: Mutex::new(State { open: None, places: 0, helpers: 0, asleep: 0 }),
            opened: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
            wake: Condvar::new(),
        }
    }

    /// Takes the turns of `work` together with so many helpers.
    fn run(&'static self, helpers: usize, work: &Loop) {
        self.open(helpers, work);
        let closed = OnDrop(|| self.close());
        work.run();
        drop(closed);
        if let Some(panic) = held(&work.panic).take() {
            resume_unwind(panic);
        }
    }

    fn open(&'static self, helpers: usize, work: &Loop) {
        let mut state = held(&self.state);
        while state.helpers < helpers && self.hire() {
            state.helpers += 1;
        }
        // The lifetime goes: `close` leaves nobody who would use it.
        state.open = Some(Open(std::ptr::from_ref(work).cast()));
        state.places = helpers;
        self.opened.fetch_add(1, Ordering::Release);
        if state.asleep > 0 {
            self.wake.notify_all();
        }
    }

    /// Waits for those helpers alone that have begun.
    fn close(&self) {
        held(&self.state).open = None;
        let mut looks = 0;
        while self.inside.load(Ordering::Acquire) > 0 {
            // One that is long in coming may wait for this very core.
            if looks < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
            looks += 1;
        }
    }

    /// Whether there is one more helper.
    fn hire(&'static self) -> bool {
        let thread = std::thread::Builder::new().name("kernels".into());
        thread.spawn(|| self.help()).is_ok()
    }

    fn help(&self) {
        let mut seen = 0;
        loop {
            seen = self.wait(seen);
            if let Some(Open(work)) = self.enter() {
                // SAFETY: whoever opened the loop waits until `inside` tells that all have left it.
                unsafe { (*work).help() }
                self.inside.fetch_sub(1, Ordering::Release);
            }
        }
    }

    fn enter(&self) -> Option<Open> {
        let mut state = held(&self.state);
        state.places = state.places.checked_sub(1)?;
        let open = state.open?;
        self.inside.fetch_add(1, Ordering::Relaxed);
        Some(open)
    }

    /// Until more than `seen` loops were opened; how many it were then.
    fn wait(&self, seen: usize) -> usize {
        let began = Instant::now();
        while began.elapsed() < AWAKE {
            for _ in 0..LOOKS {
                let opened = self.opened.load(Ordering::Acquire);
                if opened != seen {
                    return opened;
                }
                std::hint::spin_loop();
            }
        }
        let mut state = held(&self.state);
        state.asleep += 1;
        while self.opened.load(Ordering::Acquire) == seen {
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.asleep -= 1;
        self.opened.load(Ordering::Acquire)
    }
}

/// The lock; its holders never leave anything half done.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn with_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap().install(work)
    }

    #[test]
    fn every_turn_is_taken_once_and_results_keep_their_order() {
        for threads in [1, 2, 5] {
            let squares = with_threads(threads, || map(0..1000usize, |i| i * i));
            assert!(squares.into_iter().eq((0..1000).map(|i| i * i)), "{threads} threads");
        }
    }

    #[test]
    fn loops_within_loops_and_beside_each_other_are_run() {
        let sum = || map(0..9usize, |i| map(0..9, |j| i * j).into_iter().sum::<usize>());
        let beside: Vec<_> =
            (0..4).map(|_| std::thread::spawn(move || with_threads(3, sum))).collect();
        for thread in beside {
            assert_eq!(thread.join().unwrap().into_iter().sum::<usize>(), 36 * 36);
        }
    }

    #[test]
    fn a_panic_reaches_whoever_asked_and_the_pool_goes_on() {
        for _ in 0..50 {
            let end = catch_unwind(|| {
                with_threads(3, || for_each_number(20, |at| assert_ne!(at, 7, "the seventh")));
            });
            assert!(end.is_err());
            assert_eq!(with_threads(3, || map(0..20usize, |i| i)).len(), 20);
        }
    }
}
