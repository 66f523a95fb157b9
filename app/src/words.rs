//! Numbers, durations and states as a person reads them.

use crate::api::{JobKind, JobState, JobSummary};

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1` gives `1 image`, `2` gives `2 images`.
pub fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

/// How long something takes: `8 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f32) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, 1..10) if rest > 0 => format!("{minutes} min {rest} s"),
        (0, _) => format!("{minutes} min"),
        (1..48, _) => format!("{hours} h {minutes} min"),
        _ => format!("{} days", hours / 24),
    }
}

/// How long ago something was, within a day or two: `just now`, `5 minutes ago`, `3 hours ago`.
pub fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => "just now".into(),
        60..3600 => format!("{} ago", plural(seconds / 60, "minute")),
        _ => format!("{} ago", plural(seconds / 3600, "hour")),
    }
}

/// `10214400` weights as `10.2 million`.
pub fn large(number: u64) -> String {
    match number {
        0..100_000 => count(number),
        100_000..1_000_000 => format!("{} thousand", number / 1000),
        _ => format!("{:.1} million", number as f64 / 1e6),
    }
}

/// A size in memory: `512 MB`, `1.4 GB`.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000_000 => format!("{} kB", number.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", number / 1_000_000),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

/// Three or four figures that mean something, for losses and rates.
pub fn figure(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        x if x < 0.001 => format!("{number:.1e}"),
        x if x < 10.0 => format!("{number:.4}"),
        x if x < 100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// How many a second: `6.74`, `412`.
pub fn rate(number: f32) -> String {
    match number {
        x if x < 10.0 => format!("{number:.2}"),
        x if x < 100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// A round value beside an axis: `0.05`, `2`, `1e-4`.
pub fn tick(number: f64) -> String {
    let digits = (6.0 - number.abs().max(1e-12).log10().floor()).clamp(1.0, 12.0) as usize;
    match number.abs() {
        0.0 => "0".into(),
        x if x < 0.001 => format!("{number:.0e}"),
        _ => format!("{number:.digits$}").trim_end_matches('0').trim_end_matches('.').into(),
    }
}

/// `28×28`, or `64×48 to 512×512` where the images differ.
pub fn sizes(min: (u32, u32), max: (u32, u32)) -> String {
    if min == max {
        format!("{}×{}", min.0, min.1)
    } else {
        format!("{}×{} to {}×{}", min.0, min.1, max.0, max.1)
    }
}

/// The day `2026-11-24` as `24 Nov 2026`; what is no such day stays as it is.
pub fn day(date: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return date.into() };
    let month = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    match month {
        Some(month) => format!("{} {month} {year}", day.trim_start_matches('0')),
        None => date.into(),
    }
}

/// What the channels show.
pub fn channels(channels: u32) -> &'static str {
    if channels == 1 { "gray" } else { "colour" }
}

/// How a job stands.
pub fn state(job: &JobSummary) -> &'static str {
    match job.state {
        JobState::Queued => "waiting",
        JobState::Running if job.paused => "paused",
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Stopped => "stopped",
        JobState::Failed => "failed",
        JobState::Interrupted => "interrupted",
    }
}

/// The page that shows the job.
pub fn address(job: &JobSummary) -> String {
    match job.kind {
        JobKind::Generate => format!("/?job={}", job.id),
        JobKind::Train => format!("/train?job={}", job.id),
        JobKind::Evaluate => "/models".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(plural(1, "image"), "1 image");
        assert_eq!(plural(2000, "image"), "2,000 images");
        assert_eq!(large(10_214_400), "10.2 million");
        assert_eq!(large(148_000), "148 thousand");
        assert_eq!(bytes(1), "1 kB");
        assert_eq!(bytes(1_400_000_000), "1.4 GB");
    }

    #[test]
    fn durations_round_to_what_matters() {
        let cases = [
            (-1.0, "0 s"),
            (8.4, "8 s"),
            (59.6, "1 min"),
            (200.0, "3 min 20 s"),
            (1500.0, "25 min"),
            (7500.0, "2 h 5 min"),
            (200_000.0, "2 days"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn what_is_over_is_told_in_whole_minutes_or_hours() {
        for (seconds, text) in [
            (0, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }

    #[test]
    fn days_are_told_in_words() {
        assert_eq!(day("2026-11-04"), "4 Nov 2026");
        assert_eq!([day("2026-13-04"), day("soon")], ["2026-13-04", "soon"]);
    }

    #[test]
    fn figures_keep_what_means_something() {
        assert_eq!([rate(6.7351), rate(41.26), rate(812.4)], ["6.74", "41.3", "812"]);
        for (number, text) in
            [(0.0, "0"), (0.0001, "1.0e-4"), (0.0312, "0.0312"), (41.26, "41.3"), (812.4, "812")]
        {
            assert_eq!(figure(number), text);
        }
        for (number, text) in
            [(0.0, "0"), (0.05, "0.05"), (0.1 + 0.2, "0.3"), (20.0, "20"), (1e-4, "1e-4")]
        {
            assert_eq!(tick(number), text);
        }
    }
}
