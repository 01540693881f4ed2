//! Times as the commands print and read them: in the time zone of the calling process.

use chrono::{Datelike, Local, NaiveDate, TimeZone};

/// `Sun Nov 22 20:44:19 2026`
pub(crate) fn ctime(seconds: i64) -> String {
    match Local.timestamp_opt(seconds, 0).earliest() {
        Some(time) => time.format("%a %b %e %H:%M:%S %Y").to_string(),
        None => seconds.to_string(),
    }
}

/// Reads `[[[[CC]YY]MM]DD]hhmm[.SS]` of `-a`.
pub(crate) fn parse_date_time(text: &str) -> Option<i64> {
    let (digits, seconds) = match text.split_once('.') {
        Some((digits, seconds)) => (digits, seconds.parse::<u32>().ok().filter(|s| *s < 60)?),
        None => (text, 0),
    };
    if !digits.is_ascii() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let now = Local::now();
    let two = |from: usize| digits.get(from..from + 2)?.parse::<u32>().ok();
    let start = digits.len().checked_sub(4)?;
    let (hour, minute) = (two(start)?, two(start + 2)?);
    let day_at = start.checked_sub(2);
    let month_at = start.checked_sub(4);
    let year_at = start.checked_sub(6);
    let century_at = start.checked_sub(8);
    if ![4, 6, 8, 10, 12].contains(&digits.len()) {
        return None;
    }
    let day = day_at.map_or(Some(now.day()), two)?;
    let month = month_at.map_or(Some(now.month()), two)?;
    let year = match (century_at, year_at) {
        (Some(century), Some(year)) => i32::try_from(two(century)? * 100 + two(year)?).ok()?,
        (None, Some(year)) => i32::try_from(2000 + two(year)?).ok()?,
        (_, None) => now.year(),
    };
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let resolve = |date: NaiveDate| {
        Local.from_local_datetime(&date.and_hms_opt(hour, minute, seconds)?).earliest().map(|t| t.timestamp())
    };
    let time = resolve(date)?;
    if time >= now.timestamp() {
        return Some(time);
    }
    // What was left out is chosen so that the time is in the future.
    match (day_at, month_at, year_at) {
        (None, _, _) => resolve(date.succ_opt()?),
        (Some(_), None, _) => resolve(date.checked_add_months(chrono::Months::new(1))?),
        (_, Some(_), None) => resolve(date.checked_add_months(chrono::Months::new(12))?),
        (_, _, Some(_)) => Some(time),
    }
}
