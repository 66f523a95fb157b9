//! Clocks: how fast a job goes, when it will end, and how often news are worth telling.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time over which the speed is averaged.
const WINDOW: Duration = Duration::from_secs(10);

/// Speed as a moving average over the last seconds.
#[derive(Debug, Default)]
pub struct Pace {
    /// When, and how many units were done by then.
    marks: VecDeque<(Instant, f64)>,
}

impl Pace {
    /// Notes that `done` units were done by `now`.
    pub fn mark(&mut self, now: Instant, done: f64) {
        self.marks.push_back((now, done));
        while self.marks.len() > 2 && now.duration_since(self.marks[1].0) > WINDOW {
            self.marks.pop_front();
        }
    }

    /// Time that passed without work on this job does not count.
    pub fn skip(&mut self, pause: Duration) {
        for (at, _) in &mut self.marks {
            *at += pause;
        }
    }

    /// Units a second; nothing before there are two marks.
    pub fn per_second(&self) -> Option<f64> {
        let ((first, from), (last, to)) = (self.marks.front()?, self.marks.back()?);
        let seconds = last.duration_since(*first).as_secs_f64();
        (seconds > 0.0 && to > from).then(|| (to - from) / seconds)
    }

    /// Seconds until `total` units are done.
    pub fn eta_seconds(&self, total: f64) -> Option<f32> {
        let (_, done) = self.marks.back()?;
        Some(((total - done).max(0.0) / self.per_second()?) as f32)
    }
}

/// Lets something through at most once in `every`.
#[derive(Debug)]
pub struct Throttle {
    every: Duration,
    last: Option<Instant>,
}

impl Throttle {
    pub fn new(every: Duration) -> Self {
        Self { every, last: None }
    }

    pub fn ready(&mut self, now: Instant) -> bool {
        let ready = self.last.is_none_or(|last| now.duration_since(last) >= self.every);
        if ready {
            self.last = Some(now);
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        pace.mark(at(0), 0.0);
        assert_eq!(pace.per_second(), None);
        for second in 1..=20 {
            pace.mark(at(second), second as f64);
        }
        for second in 21..=40 {
            pace.mark(at(second), 20.0 + (second - 20) as f64 * 5.0);
        }
        assert_eq!(pace.per_second(), Some(5.0));
        assert_eq!(pace.eta_seconds(220.0), Some(20.0));
    }

    #[test]
    fn a_pause_does_not_slow_the_pace() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        pace.mark(start, 0.0);
        pace.mark(start + Duration::from_secs(1), 10.0);
        pace.skip(Duration::from_secs(60));
        pace.mark(start + Duration::from_secs(62), 20.0);
        assert_eq!(pace.per_second(), Some(10.0));
    }

    #[test]
    fn a_throttle_lets_through_what_is_late_enough() {
        let (start, mut throttle) = (Instant::now(), Throttle::new(Duration::from_millis(100)));
        let ready: Vec<bool> = [0, 50, 100, 150, 250]
            .map(|ms| throttle.ready(start + Duration::from_millis(ms)))
            .into();
        assert_eq!(ready, [true, false, true, false, true]);
    }
}
