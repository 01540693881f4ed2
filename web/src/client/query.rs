//! Query strings from the same types that the server reads.

use serde::Serialize;
use serde_json::Value;

/// `?a=b&c=d` of a flat struct, or nothing when all of it is absent.
pub(super) fn to_query<T: Serialize>(query: &T) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else { return String::new() };
    let mut text = String::new();
    for (name, value) in fields {
        let value = match value {
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
            Value::String(value) => value,
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
        };
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&percent_encode(&name));
        text.push('=');
        text.push_str(&percent_encode(&value));
    }
    text
}

/// Percent-encodes all but what RFC 3986 calls unreserved.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::api::jobs::JobsQuery;

    use super::*;

    #[test]
    fn what_is_absent_is_left_out() {
        assert_eq!(to_query(&JobsQuery::default()), "");
    }

    #[test]
    fn what_is_given_is_encoded() {
        let query = JobsQuery { text: Some("a&b é".to_owned()), limit: Some(20), ..JobsQuery::default() };
        assert_eq!(to_query(&query), "?limit=20&text=a%26b%20%C3%A9");
    }
}
