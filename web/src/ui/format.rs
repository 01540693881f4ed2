//! How quantities are written: sizes, durations, ages.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// `1.5 MiB`; units are powers of 1024, as in PBS.
pub(crate) fn bytes(n_bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = 1_u64;
    let mut unit = "B";
    for larger in UNITS {
        if n_bytes / size < 1024 {
            break;
        }
        size = size.saturating_mul(1024);
        unit = larger;
    }
    if size == 1 {
        return format!("{n_bytes} B");
    }
    let tenths = n_bytes.saturating_mul(10).saturating_add(size / 2) / size;
    if tenths < 1000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths.saturating_add(5) / 10)
    }
}

/// `1:02:03`, as PBS writes walltimes; hours may exceed 24.
pub(crate) fn walltime(seconds: i64) -> String {
    let seconds = seconds.max(0);
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `850 ms`, `4.2 s`, `3 min 5 s`, `2 h 5 min`: how long something took, for people.
pub(crate) fn duration_ms(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..=9 => format!("{seconds}.{} s", ms % 1000 / 100),
        10..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long ago, in one unit: `just now`, `40 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; `in 5 min` for what is to come.
pub(crate) fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = now.signed_duration_since(then).num_seconds();
    let amount = match seconds.abs() {
        0..=4 => return "just now".to_owned(),
        n @ 5..=59 => format!("{n} s"),
        n @ 60..=3599 => format!("{} min", n / 60),
        n @ 3600..=86_399 => format!("{} h", n / 3600),
        n @ 86_400..=172_799 => format!("{} day", n / 86_400),
        n => format!("{} days", n / 86_400),
    };
    if seconds < 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

/// `2026-11-23 09:42:55`, at the given distance from UTC.
pub(crate) fn absolute(time: DateTime<Utc>, offset_minutes: i32) -> String {
    let there = TimeDelta::try_minutes(offset_minutes.into())
        .filter(|offset| offset.num_hours().abs() < 24)
        .and_then(|offset| time.checked_add_signed(offset));
    let (shown, zone) = there.map_or((time, " UTC"), |there| (there, ""));
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02}{zone}",
        shown.year(),
        shown.month(),
        shown.day(),
        shown.hour(),
        shown.minute(),
        shown.second(),
    )
}

/// Whether an age says too little: things older than a month are better named by their date.
pub(crate) fn is_long_ago(then: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(then) > TimeDelta::days(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (n_bytes, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (200 << 20, "200 MiB")] {
            assert_eq!(bytes(n_bytes), text);
        }
    }

    #[test]
    fn durations() {
        assert_eq!(walltime(100 * 3600 + 62), "100:01:02");
        assert_eq!(walltime(-1), "0:00:00");
        for (ms, text) in [(850, "850 ms"), (4210, "4.2 s"), (185_000, "3 min 5 s"), (7_500_000, "2 h 5 min")]
        {
            assert_eq!(duration_ms(ms), text);
        }
    }

    #[test]
    fn ages() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let ago = |seconds| age(now - TimeDelta::seconds(seconds), now);
        assert_eq!(ago(0), "just now");
        assert_eq!(ago(40), "40 s ago");
        assert_eq!(ago(7200), "2 h ago");
        assert_eq!(ago(100_000), "1 day ago");
        assert_eq!(ago(-300), "in 5 min");
    }

    #[test]
    fn times_are_shown_where_the_reader_is() {
        let time = DateTime::from_timestamp(0, 0).unwrap();
        assert_eq!(absolute(time, 120), "1970-01-01 02:00:00");
        assert_eq!(absolute(time, i32::MAX), "1970-01-01 00:00:00 UTC");
    }
}
