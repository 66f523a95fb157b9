//! Parts of a batch, each on a thread of its own.
//!
//! Where threads share each loop of a step, all of them wait at its end for the last one, some thousand
//! times a step, and read what another has in its cache. Each with images of its own they meet once. Of more
//! threads than parts, a few share each part.

use super::pool;
use super::stop::Wish;

/// Hands on to `take` what `work` gives of each part, in their order.
///
/// As many parts as there are threads are worked on at once, each with all the kernels that it calls on
/// one thread. Where that would leave threads without a part, it is fewer parts at once, each with a team of
/// threads, down to one after the other, on all threads. Who does what depends on the number of threads, but
/// not what is done.
pub fn fold_parts<T: Send, R: Send, E>(
    parts: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
    take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let (mut parts, wish) =
        (parts.into_iter().collect::<Vec<_>>().into_iter(), Wish::of_this_thread());
    let at_once = at_once(parts.len(), pool::threads());
    if at_once == 1 {
        return parts.map(work).try_for_each(take);
    }
    let mut take = take;
    while parts.len() > 0 {
        let round = parts.by_ref().take(at_once);
        let results = pool::map_in_teams(at_once, round, |part| wish.within(|| work(part)));
        results.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

/// The most parts that can be worked on at once, by as many threads each, so that `threads` are idle for at
/// most a tenth of the time.
fn at_once(parts: usize, threads: usize) -> usize {
    let keep_busy = |at_once: &usize| {
        let (team, rounds) = (threads / at_once, parts.div_ceil(*at_once));
        (team == 1 || *at_once <= pool::MOST_TEAMS) && 10 * parts * team >= 9 * rounds * threads
    };
    (1..=threads.min(parts)).rev().find(keep_busy).unwrap_or(1)
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
    fn as_many_parts_are_worked_on_at_once_as_keep_all_threads_busy() {
        for (parts, threads, wanted) in [
            (4, 1, 1),
            (4, 2, 2),
            (19, 2, 2),
            (1, 2, 1),
            (4, 3, 1),
            (4, 4, 4),
            (4, 6, 2),
            (4, 8, 4),
            (4, 12, 4),
            (2, 16, 2),
            (100, 64, 10),
            (64, 64, 64),
            (32, 64, 16),
        ] {
            assert_eq!(at_once(parts, threads), wanted, "{parts} by {threads}");
        }
    }

    /// More threads than parts, so that some share each, and loops within loops within parts.
    #[test]
    fn a_part_has_its_loops_done_by_a_team() {
        for (threads, team) in [(4, 2), (6, 3), (8, 4)] {
            with_threads(threads, || {
                let mut sums = Vec::new();
                let sum = |part: usize| {
                    let of_row = |i| pool::map(0..50, |j| part * i * j).into_iter().sum::<usize>();
                    (pool::threads(), pool::map(0..50, of_row).into_iter().sum::<usize>())
                };
                let take = |sum| {
                    sums.push(sum);
                    Ok::<_, Infallible>(())
                };
                fold_parts(0..2, sum, take).unwrap();
                assert_eq!(sums, [(team, 0), (team, 1225 * 1225)], "{threads} threads");
                assert_eq!(pool::threads(), threads);
            });
        }
    }

    #[test]
    fn a_panic_in_a_team_reaches_whoever_asked_and_the_pool_goes_on() {
        for _ in 0..50 {
            let end = catch_unwind(|| {
                let work = |_| pool::for_each_number(20, |at| assert_ne!(at, 7, "the seventh"));
                with_threads(4, || fold_parts(0..2, work, |()| Ok::<_, Infallible>(())))
            });
            assert!(end.is_err());
            assert_eq!(with_threads(4, || pool::map(0..20usize, |i| i)).len(), 20);
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
