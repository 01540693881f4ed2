//! `-v` as the recordings show it: no form of it carries a quote or a backslash unchanged.

/// Why a list of variables is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CannotSend;

/// Reads the value of `-v`; variables without a value are looked up.
pub(super) fn parse(
    list: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, CannotSend> {
    let mut variables = Vec::new();
    for part in split(list)? {
        let part = part.trim_end();
        if part.is_empty() {
            continue;
        }
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => {
                let value = lookup(part).ok_or(CannotSend)?;
                (part.to_owned(), by_name(&value)?)
            }
        };
        variables.push((name, value));
    }
    Ok(variables)
}

/// Splits at commas; quotes hold parts together and go away, a backslash keeps a comma and doubles anywhere else.
fn split(list: &str) -> Result<Vec<String>, CannotSend> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(last) = parts.last_mut() else { return Err(CannotSend) };
        match (character, quote) {
            ('\\', None) if characters.peek() == Some(&',') => {
                characters.next();
                last.push(',');
            }
            ('\\', _) => last.push_str("\\\\"),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(character),
            (',', None) => parts.push(String::new()),
            (c, _) => last.push(c),
        }
    }
    if quote.is_some() {
        return Err(CannotSend);
    }
    // A comma in a value that is not quoted leaves a word that is no variable.
    Ok(parts)
}

/// A value taken from the environment: its quotes become backslashes, its backslashes double.
fn by_name(value: &str) -> Result<String, CannotSend> {
    let odd = |quote: char| value.matches(quote).count() % 2 == 1;
    if odd('"') || odd('\'') {
        return Err(CannotSend);
    }
    let escaped: String = value
        .trim_end()
        .chars()
        .map(|c| match c {
            '\\' => "\\\\".to_owned(),
            '"' | '\'' => "\\".to_owned(),
            other => other.to_string(),
        })
        .collect();
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::{CannotSend, parse};

    fn value(list: &str) -> Result<String, CannotSend> {
        parse(list, |_| None).map(|variables| variables.into_iter().map(|(_, value)| value).collect())
    }

    fn by_name(value: &str) -> Result<String, CannotSend> {
        let variables = parse("V", |_| Some(value.to_owned()))?;
        Ok(variables.into_iter().map(|(_, value)| value).collect())
    }

    #[test]
    fn values_arrive_as_recorded() {
        for (given, raw, named) in [
            ("a b", Ok("a b"), Ok("a b")),
            ("trail ", Ok("trail"), Ok("trail")),
            ("\"quoted\"", Ok("quoted"), Ok("\\quoted\\")),
            ("it's", Err(CannotSend), Err(CannotSend)),
            ("\"", Err(CannotSend), Err(CannotSend)),
            ("a\\b", Ok("a\\\\b"), Ok("a\\\\b")),
            ("a\\,b", Ok("a,b"), Ok("a\\\\,b")),
            ("$HOME", Ok("$HOME"), Ok("$HOME")),
        ] {
            assert_eq!(value(&format!("V={given}")), raw.map(str::to_owned), "raw {given}");
            if !given.contains("\\,") {
                assert_eq!(by_name(given), named.map(str::to_owned), "by name {given}");
            }
        }
        assert_eq!(value("V='a,b'"), Ok("a,b".to_owned()));
        // The part after a bare comma is taken for a variable of the environment.
        assert_eq!(value("V=a,b"), Err(CannotSend));
        assert_eq!(parse("NOT_SET", |_| None), Err(CannotSend));
    }
}
