//! The request for resources: `-l` in all its forms, checked and made whole as OpenPBS does it.
//!
//! It does not know queues: their limits and defaults are applied in [`super::queue`].

use std::collections::BTreeMap;

use super::refusal;
use crate::protocol::Refusal;

/// Resources that may stand in `-l`. Those marked may also stand in a chunk.
const KNOWN: &[(&str, Kind, bool)] = &[
    ("accelerator", Kind::Text, true),
    ("arch", Kind::Text, true),
    ("cput", Kind::Time, false),
    ("file", Kind::Size, false),
    ("host", Kind::Text, true),
    ("max_walltime", Kind::Time, false),
    ("mem", Kind::Size, true),
    ("min_walltime", Kind::Time, false),
    ("mpiprocs", Kind::Count, true),
    ("naccelerators", Kind::Count, true),
    ("ncpus", Kind::Count, true),
    ("ngpus", Kind::Count, true),
    ("nice", Kind::Count, false),
    ("nodect", Kind::Count, false),
    ("nodes", Kind::Text, false),
    ("ompthreads", Kind::Count, true),
    ("pcput", Kind::Time, false),
    ("place", Kind::Text, false),
    ("pmem", Kind::Size, false),
    ("pvmem", Kind::Size, false),
    ("select", Kind::Text, false),
    ("software", Kind::Text, false),
    ("soft_walltime", Kind::Time, false),
    ("vmem", Kind::Size, true),
    ("vnode", Kind::Text, true),
    ("walltime", Kind::Time, false),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Size,
    Time,
    Text,
}

fn kind_of(name: &str) -> Option<(Kind, bool)> {
    KNOWN.iter().find(|(known, _, _)| *known == name).map(|(_, kind, chunk)| (*kind, *chunk))
}

/// One kind of chunk of a `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// How many of it.
    pub(crate) count: u32,
    /// What each needs.
    pub(crate) ncpus: u32,
    /// MPI processes in each, when said.
    pub(crate) mpiprocs: Option<u32>,
}

/// Reads `HH:MM:SS`, `MM:SS` or seconds, with an ignored fraction.
#[must_use]
pub(crate) fn parse_duration(text: &str) -> Option<u64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let parts: Vec<&str> = whole.split(':').collect();
    if parts.len() > 3 || parts.iter().any(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    parts.iter().try_fold(0_u64, |seconds, part| seconds.checked_mul(60)?.checked_add(part.parse().ok()?))
}

/// Writes a duration as OpenPBS shows it.
#[must_use]
pub(crate) fn format_duration(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Reads a size such as `100mb` into (number, unit).
fn parse_size(text: &str) -> Option<(u64, String)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.to_ascii_lowercase();
    let known = ["", "b", "w", "kb", "kw", "mb", "mw", "gb", "gw", "tb", "tw", "pb", "pw"];
    let unit = match unit.as_str() {
        "k" | "m" | "g" | "t" | "p" => format!("{unit}b"),
        "" => "b".to_owned(),
        other if known.contains(&other) => unit,
        _ => return None,
    };
    Some((number.parse().ok()?, unit))
}

/// A size in bytes, for comparing.
fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = parse_size(text)?;
    let shift = match unit.as_bytes().first() {
        Some(b'k') => 10,
        Some(b'm') => 20,
        Some(b'g') => 30,
        Some(b't') => 40,
        Some(b'p') => 50,
        _ => 0,
    };
    number.checked_mul(1_u64.checked_shl(shift)?)
}

/// Orders two values of one resource, where both make sense.
#[must_use]
pub(crate) fn compare(name: &str, left: &str, right: &str) -> Option<std::cmp::Ordering> {
    let (kind, _) = kind_of(name)?;
    Some(match kind {
        Kind::Count => left.parse::<i64>().ok()?.cmp(&right.parse::<i64>().ok()?),
        Kind::Time => parse_duration(left)?.cmp(&parse_duration(right)?),
        Kind::Size => size_bytes(left)?.cmp(&size_bytes(right)?),
        Kind::Text => left.cmp(right),
    })
}

/// Checks one `name=value` of `-l` and gives the value as OpenPBS keeps it.
///
/// # Errors
/// The server's refusal of an unknown resource or an impossible value.
pub(crate) fn check_value(name: &str, value: &str) -> Result<String, Refusal> {
    let (kind, _) = kind_of(name).ok_or_else(|| refusal::unknown_resource(name))?;
    let illegal = || refusal::illegal_value(&format!("Resource_List.{name}"));
    match (name, kind) {
        ("select", _) => parse_select(value).map(|_| value.to_owned()),
        ("place", _) => {
            let fine = value.split(':').all(|part| {
                ["free", "pack", "scatter", "vscatter", "excl", "exclhost", "shared"].contains(&part)
                    || part.starts_with("group=")
            });
            if fine { Ok(value.to_owned()) } else { Err(illegal()) }
        }
        (_, Kind::Count) => {
            value.parse::<i32>().ok().filter(|n| *n >= 0 || name == "nice").ok_or_else(illegal)?;
            Ok(value.to_owned())
        }
        (_, Kind::Time) => parse_duration(value).map(format_duration).ok_or_else(illegal),
        (_, Kind::Size) => parse_size(value).map(|(n, unit)| format!("{n}{unit}")).ok_or_else(illegal),
        (_, Kind::Text) => Ok(value.to_owned()),
    }
}

/// Reads a `select`.
///
/// # Errors
/// The server's refusal, with the texts of OpenPBS.
pub(crate) fn parse_select(text: &str) -> Result<Vec<Chunk>, Refusal> {
    let illegal = || refusal::illegal_value("Resource_List.select");
    let mut chunks = Vec::new();
    for part in text.split('+') {
        let mut chunk = Chunk { count: 1, ncpus: 1, mpiprocs: None };
        for (position, field) in part.split(':').enumerate() {
            if position == 0 && !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit()) {
                chunk.count = field.parse().map_err(|_| illegal())?;
                if chunk.count == 0 {
                    return Err(refusal::illegal_value(""));
                }
                continue;
            }
            let (name, value) = field.split_once('=').ok_or_else(illegal)?;
            let (kind, in_chunk) = kind_of(name).ok_or_else(|| refusal::unknown_chunk_resource(name))?;
            if !in_chunk {
                return Err(illegal());
            }
            let bad = || refusal::illegal_value(&format!("select.{name}"));
            match kind {
                Kind::Count => {
                    let count: u32 = value.parse().map_err(|_| bad())?;
                    match name {
                        "ncpus" => chunk.ncpus = count,
                        "mpiprocs" => chunk.mpiprocs = Some(count),
                        _ => {}
                    }
                }
                Kind::Size => {
                    parse_size(value).ok_or_else(bad)?;
                }
                Kind::Time | Kind::Text => {}
            }
        }
        chunks.push(chunk);
    }
    Ok(chunks)
}

/// The sums that OpenPBS derives from a `select` for its `Resource_List`.
fn sums_of(select: &str) -> Vec<(String, String)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut sizes: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut nodect = 0_u64;
    let mut ncpus = 0_u64;
    for part in select.split('+') {
        let mut multiple = 1_u64;
        let mut said_ncpus = false;
        for (position, field) in part.split(':').enumerate() {
            if position == 0
                && let Ok(count) = field.parse()
            {
                multiple = count;
                continue;
            }
            let Some((name, value)) = field.split_once('=') else { continue };
            match kind_of(name) {
                Some((Kind::Count, _)) if name == "ncpus" => {
                    said_ncpus = true;
                    ncpus += multiple * value.parse::<u64>().unwrap_or(0);
                }
                Some((Kind::Count, _)) if name != "ompthreads" => {
                    *counts.entry(name.to_owned()).or_default() +=
                        multiple * value.parse::<u64>().unwrap_or(0);
                }
                Some((Kind::Size, _)) => {
                    if let Some((number, unit)) = parse_size(value) {
                        let sum = sizes.entry(name.to_owned()).or_insert_with(|| (0, unit.clone()));
                        if sum.1 == unit {
                            sum.0 += multiple * number;
                        } else {
                            let bytes = size_bytes(value).unwrap_or(0) * multiple
                                + size_bytes(&format!("{}{}", sum.0, sum.1)).unwrap_or(0);
                            *sum = (bytes / 1024, "kb".to_owned());
                        }
                    }
                }
                Some((Kind::Count | Kind::Time | Kind::Text, _)) | None => {}
            }
        }
        if !said_ncpus {
            ncpus += multiple;
        }
        nodect += multiple;
    }
    let mut sums: Vec<(String, String)> = counts.into_iter().map(|(name, n)| (name, n.to_string())).collect();
    sums.extend(sizes.into_iter().map(|(name, (n, unit))| (name, format!("{n}{unit}"))));
    sums.push(("ncpus".to_owned(), ncpus.to_string()));
    sums.push(("nodect".to_owned(), nodect.to_string()));
    sums
}

/// Turns what the user asked for into the whole `Resource_List`.
///
/// # Errors
/// The server's refusal of an old-style `nodes` that cannot be read.
pub(crate) fn complete(asked: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut list = asked.clone();
    if let Some(nodes) = asked.get("nodes") {
        let select = select_of_nodes(nodes).ok_or_else(|| refusal::illegal_value("Resource_List.nodes"))?;
        list.insert("select".to_owned(), select);
        list.entry("place".to_owned()).or_insert_with(|| "scatter".to_owned());
    } else if !asked.contains_key("select") {
        let mut select = format!("1:ncpus={}", asked.get("ncpus").map_or("1", String::as_str));
        for name in ["mem", "vmem", "mpiprocs", "ompthreads", "ngpus", "host", "arch", "vnode"] {
            if let Some(value) = asked.get(name) {
                select.push_str(&format!(":{name}={value}"));
            }
        }
        list.insert("select".to_owned(), select);
        list.entry("place".to_owned()).or_insert_with(|| "pack".to_owned());
    } else {
        list.entry("place".to_owned()).or_insert_with(|| "free".to_owned());
    }
    let select = list.get("select").cloned().unwrap_or_default();
    list.extend(sums_of(&select));
    Ok(list)
}

/// `nodes=2:ppn=4+1` as a `select`.
fn select_of_nodes(nodes: &str) -> Option<String> {
    let mut chunks = Vec::new();
    for part in nodes.split('+') {
        let mut count = 1_u32;
        let mut ppn = 1_u32;
        for (position, field) in part.split(':').enumerate() {
            if let Some(value) = field.strip_prefix("ppn=") {
                ppn = value.parse().ok()?;
            } else if position == 0 {
                count = field.parse().ok().filter(|n| *n > 0)?;
            } else {
                return None;
            }
        }
        chunks.push(format!("{count}:ncpus={ppn}:mpiprocs={ppn}"));
    }
    Some(chunks.join("+"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{complete, format_duration, parse_duration};

    fn completed(asked: &[(&str, &str)]) -> String {
        let asked: BTreeMap<_, _> = asked.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let list = complete(&asked).unwrap();
        list.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn requests_are_completed_as_recorded() {
        assert_eq!(completed(&[]), "ncpus=1 nodect=1 place=pack select=1:ncpus=1");
        assert_eq!(
            completed(&[("select", "2:ncpus=2:mpiprocs=2:mem=100mb"), ("place", "scatter")]),
            "mem=200mb mpiprocs=4 ncpus=4 nodect=2 place=scatter select=2:ncpus=2:mpiprocs=2:mem=100mb"
        );
        assert_eq!(
            completed(&[("nodes", "1:ppn=2")]),
            "mpiprocs=2 ncpus=2 nodect=1 nodes=1:ppn=2 place=scatter select=1:ncpus=2:mpiprocs=2"
        );
    }

    #[test]
    fn durations_are_read_and_written() {
        for (given, shown) in [("00:90:00", "01:30:00"), ("20:00", "00:20:00"), ("5400", "01:30:00")] {
            assert_eq!(parse_duration(given).map(format_duration).as_deref(), Some(shown));
        }
        for wrong in ["abc", "-5", "1:2:3:4", "", "1::2"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
