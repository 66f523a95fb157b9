//! Days where this machine stands: for the names of folders and for looking through the gallery.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Today, as `2026-11-23`.
pub fn today() -> String {
    Zoned::now().date().to_string()
}

/// This second, as `20261123083011`.
pub fn stamp() -> String {
    Zoned::now().strftime("%Y%m%d%H%M%S").to_string()
}

/// The day of a moment in milliseconds since 1970.
pub fn day_of(moment: i64) -> String {
    let moment = Timestamp::from_millisecond(moment).unwrap_or_default();
    moment.to_zoned(TimeZone::system()).date().to_string()
}

/// The moment, in milliseconds since 1970, at which the day `text` begins, `later` days on.
pub fn start_of(text: &str, later: i32) -> Option<i64> {
    let day: Date = text.parse().ok()?;
    let day = day.checked_add(later.days()).ok()?;
    Some(day.to_zoned(TimeZone::system()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_within_itself() {
        let start = start_of("2026-03-29", 0).unwrap();
        assert_eq!(day_of(start), "2026-03-29");
        assert_eq!(day_of(start - 1), "2026-03-28");
        assert_eq!(day_of(start_of("2026-12-31", 1).unwrap()), "2027-01-01");
        assert_eq!(start_of("29.3.2026", 0), None);
    }
}
