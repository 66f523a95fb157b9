//! Parts of a batch, each on a thread of its own.
//!
//! Where threads share each loop of a step, all of them wait at its end for the last one, some thousand
//! times a step, and read what another has in its cache. Each with images of its own they meet once.

use super::pool;
use super::stop::Wish;

/// Hands on to `take` what `work` gives of each part, in their order.
///
/// As many parts as there are threads are worked on at once, each with all the kernels that it calls on
/// one thread. Where that would leave threads without a part, it is one part after the other, on all
/// threads. Who does what depends on the number of threads, but not what is done.
pub fn fold_parts<T: Send, R: Send, E>(
    parts: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
    take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let (mut parts, wish) =
        (parts.into_iter().collect::<Vec<_>>().into_iter(), Wish::of_this_thread());
    if !keep_busy(parts.len(), pool::threads()) {
        return parts.map(work).try_for_each(take);
    }
    let mut take = take;
    while parts.len() > 0 {
        let round = parts.by_ref().take(pool::threads());
        let results = pool::map(round, |part| wish.within(|| work(part)));
        results.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

/// Whether so many parts leave `threads` idle for at most a tenth of the time.
fn keep_busy(parts: usize, threads: usize) -> bool {
    10 * parts >= 9 * parts.next_multiple_of(threads)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::panic::catch_unwind;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::pool::tests::with_threads;
    use crate::stop::unless;

    #[test]
    fn parts_that_threads_cannot_share_evenly_come_one_after_the_other() {
        for (parts, threads, busy) in
            [(4, 1, true), (4, 2, true), (1, 2, false), (4, 3, false), (19, 2, true), (4, 8, false)]
        {
            assert_eq!(keep_busy(parts, threads), busy, "{parts} by {threads}");
        }
    }

    #[test]
    fn results_keep_their_order_and_the_first_error_ends_it() {
        for threads in [1, 2, 5] {
            with_threads(threads, || {
                let mut squares = Vec::new();
                fold_parts(
                    0..10,
                    |i| i * i,
                    |square| {
                        squares.push(square);
                        Ok::<_, Infallible>(())
                    },
                )
                .unwrap();
                assert!(squares.into_iter().eq((0..10).map(|i| i * i)), "{threads} threads");
                let mut taken = 0;
                let end = fold_parts(
                    0..10,
                    |i| i,
                    |i| {
                        taken += 1;
                        if i < 3 { Ok(()) } else { Err(i) }
                    },
                );
                assert_eq!((end, taken), (Err(3), 4), "{threads} threads");
            });
        }
    }

    #[test]
    fn a_wish_to_stop_is_heard_on_every_thread() {
        for threads in [1, 2, 4] {
            let stop = Arc::new(AtomicBool::new(true));
            let look = |_| Wish::of_this_thread().look();
            let work = || fold_parts(0..4, look, |()| Ok::<_, Infallible>(()));
            let end = with_threads(threads, || catch_unwind(|| unless(&stop, work)));
            assert!(matches!(end, Ok(None)), "{threads} threads");
        }
    }
}
