//! Listings in their full forms: text with folded lines, `dsv`, and the JSON of the recordings.

use crate::protocol::{Attribute, Item};

use super::time::ctime;

/// Attributes that are times.
const TIMES: [&str; 7] = ["ctime", "mtime", "qtime", "etime", "stime", "obittime", "Execution_Time"];

/// The kinds of things with full listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Job,
    Queue,
    Server,
}

impl Subject {
    fn heading(self) -> &'static str {
        match self {
            Self::Job => "Job Id",
            Self::Queue => "Queue",
            Self::Server => "Server",
        }
    }

    fn json_key(self) -> &'static str {
        match self {
            Self::Job => "Jobs",
            Self::Queue => "Queue",
            Self::Server => "Server",
        }
    }
}

/// The value as the command shows it: times become dates.
pub(crate) fn shown(attribute: &Attribute) -> String {
    if attribute.resource.is_none()
        && TIMES.contains(&attribute.name.as_str())
        && let Ok(seconds) = attribute.value.parse()
    {
        return ctime(seconds);
    }
    attribute.value.clone()
}

fn full_name(attribute: &Attribute) -> String {
    match &attribute.resource {
        Some(resource) => format!("{}.{resource}", attribute.name),
        None => attribute.name.clone(),
    }
}

/// `qstat -f`
pub(crate) fn text(subject: Subject, item: &Item, wide: bool) -> String {
    let mut out = format!("{}: {}\n", subject.heading(), item.name);
    for attribute in &item.attributes {
        let name = full_name(attribute);
        let value = shown(attribute);
        if wide {
            out.push_str(&format!("    {name} = {}\n", value.replace('\n', "\\n")));
        } else {
            out.push_str(&fold(&name, &value));
            out.push('\n');
        }
    }
    out.push('\n');
    out
}

/// Folds a long value as OpenPBS does: at commas, and where a part alone is too long, anywhere. Lengths are in bytes.
pub(crate) fn fold(name: &str, value: &str) -> String {
    let mut out = format!("    {name} = ").into_bytes();
    let mut column = name.len() + 7;
    let parts: Vec<&str> = value.split(',').filter(|part| !part.is_empty()).collect();
    for (position, part) in parts.iter().enumerate() {
        if part.len() + column < 78 {
            out.extend_from_slice(part.as_bytes());
            column += part.len();
        } else {
            if position > 0 {
                out.extend_from_slice(b"\n\t");
                column = 9;
            }
            for byte in part.bytes() {
                out.push(byte);
                column += 1;
                if column > 78 {
                    out.extend_from_slice(b"\n\t");
                    column = 8;
                }
            }
        }
        if position + 1 < parts.len() {
            out.push(b',');
        }
    }
    // Folding counts bytes and may cut a character in two, as OpenPBS does.
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// `qstat -f -F dsv`
pub(crate) fn dsv(subject: Subject, item: &Item, delimiter: &str) -> String {
    let mut out = format!("{}: {}", subject.heading(), item.name);
    for attribute in &item.attributes {
        let value = shown(attribute).replace('\\', "\\\\").replace(delimiter, &format!("\\{delimiter}"));
        out.push_str(&format!("{delimiter}{}={value}", full_name(attribute)));
    }
    out.push('\n');
    out
}

/// The JSON document of a listing; without items it has no member for them.
pub(crate) fn document(server: &str, key: &str, items: &[(String, Json)]) -> String {
    let timestamp = chrono::Utc::now().timestamp();
    let mut members = vec![
        ("timestamp".to_owned(), Json::Bare(timestamp.to_string())),
        ("pbs_version".to_owned(), Json::Text(crate::PBS_VERSION.to_owned())),
        ("pbs_server".to_owned(), Json::Text(server.to_owned())),
    ];
    if !items.is_empty() {
        members.push((key.to_owned(), Json::Object(items.to_vec())));
    }
    let mut out = String::new();
    Json::Object(members).write(&mut out, 0);
    out.push('\n');
    out
}

/// `qstat -f -F json` for jobs, queues, the server.
pub(crate) fn json(subject: Subject, server: &str, items: &[Item]) -> String {
    let items: Vec<_> = items.iter().map(|item| (item.name.clone(), json_of(&item.attributes))).collect();
    document(server, subject.json_key(), &items)
}

/// Attributes as an object, resources as objects within it.
pub(crate) fn json_of(attributes: &[Attribute]) -> Json {
    let mut members: Vec<(String, Json)> = Vec::new();
    for attribute in attributes {
        let value = value_of(attribute);
        match &attribute.resource {
            None => members.push((attribute.name.clone(), value)),
            Some(resource) => {
                let inner = members.iter_mut().find(|(name, _)| *name == attribute.name);
                match inner {
                    Some((_, Json::Object(inner))) => inner.push((resource.clone(), value)),
                    Some(_) => {}
                    None => {
                        members.push((attribute.name.clone(), Json::Object(vec![(resource.clone(), value)])));
                    }
                }
            }
        }
    }
    Json::Object(members)
}

fn value_of(attribute: &Attribute) -> Json {
    let always_text = [
        "Job_Name",
        "Job_Owner",
        "Account_Name",
        "project",
        "Output_Path",
        "Error_Path",
        "queue",
        "server",
        "depend",
        "jobdir",
    ];
    match attribute.name.as_str() {
        "Variable_List" => Json::Object(
            split_variables(&attribute.value).into_iter().map(|(n, v)| (n, tried_as_json(&v))).collect(),
        ),
        name if always_text.contains(&name) => Json::Text(shown(attribute)),
        _ => tried_as_json(&shown(attribute)),
    }
}

/// Takes a `Variable_List` apart at the commas that have no backslash.
fn split_variables(list: &str) -> Vec<(String, String)> {
    let mut variables: Vec<String> = vec![String::new()];
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&',') => {
                characters.next();
                if let Some(last) = variables.last_mut() {
                    last.push(',');
                }
            }
            ',' => variables.push(String::new()),
            other => {
                if let Some(last) = variables.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    let pair = |text: String| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (text, String::new()),
    };
    variables.into_iter().filter(|text| !text.is_empty()).map(pair).collect()
}

/// Every value is first tried as JSON, as the recorded writer does; the original text of a number is lost.
fn tried_as_json(text: &str) -> Json {
    if let Some(number) = loose_number(text) {
        return Json::Bare(number);
    }
    if matches!(text, "true" | "false" | "null") {
        return Json::Bare(text.to_owned());
    }
    let looks_structured = text.starts_with(['[', '{', '"']);
    if looks_structured && let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        return Json::Bare(value.to_string());
    }
    Json::Text(text.to_owned())
}

/// A number as the recorded writer reads it (by `strtod`, from a digit or a minus) and writes it again.
fn loose_number(text: &str) -> Option<String> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || first == b'-') || !text.bytes().all(|b| b"0123456789+-eE.".contains(&b)) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() {
        return Some("null".to_owned());
    }
    if number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) {
        return Some(format!("{number:.0}"));
    }
    // 15 digits when they are near enough, else 17.
    let short = general(number, 15)?;
    let again: f64 = short.parse().ok()?;
    let near = (again - number).abs() <= again.abs().max(number.abs()) * f64::EPSILON;
    if near { Some(short) } else { general(number, 17) }
}

/// A number as `%.{digits}g` prints it.
fn general(number: f64, digits: usize) -> Option<String> {
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let precision = i32::try_from(digits).ok()?;
    if (-4..precision).contains(&exponent) {
        let decimals = usize::try_from(precision - 1 - exponent).ok()?;
        return Some(trimmed(&format!("{number:.decimals$}")));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs()))
}

/// JSON as it is printed: tabs, a tab after each colon.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// A string.
    Text(String),
    /// A number or word, or a value already written.
    Bare(String),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Bare(text) => out.push_str(text),
            Self::Object(members) => {
                out.push_str("{\n");
                for (position, (name, value)) in members.iter().enumerate() {
                    out.push_str(&"\t".repeat(depth + 1));
                    out.push_str(&quoted(name));
                    out.push_str(":\t");
                    value.write(out, depth + 1);
                    out.push_str(if position + 1 < members.len() { ",\n" } else { "\n" });
                }
                out.push_str(&"\t".repeat(depth));
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{fold, loose_number};

    /// The recording has the same listing twice: whole lines by `-w`, and folded.
    #[test]
    fn long_values_are_folded_as_recorded() {
        let wide = include_str!("../../tests/recordings/qstat-fw.out");
        let folded = include_str!("../../tests/recordings/qstat-f.out");
        let mut found = String::new();
        for line in wide.lines() {
            match line.strip_prefix("    ").and_then(|line| line.split_once(" = ")) {
                Some((name, value)) => found.push_str(&fold(name, &value.replace("line1\\n", "line1\n"))),
                None => found.push_str(line),
            }
            found.push('\n');
        }
        assert_eq!(found, folded);
    }

    #[test]
    fn numbers_are_written_as_recorded() {
        for (given, written) in [
            ("007", Some("7")),
            ("-05", Some("-5")),
            ("1.10", Some("1.1")),
            ("5.", Some("5")),
            ("1e5", Some("100000")),
            ("1E400", Some("null")),
            ("12345678901234567890", Some("1.2345678901234567e+19")),
            ("9007199254740993", Some("9.00719925474099e+15")),
            ("+1", None),
            ("0x10", None),
            ("1-2", None),
            ("x", None),
        ] {
            assert_eq!(loose_number(given).as_deref(), written, "{given}");
        }
    }
}
