//! Compares a value with a schema: JSON Schema 2020-12, as far as the document speaks it. A word that is not known here is a
//! mistake of ours, so that nothing passes unseen.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Something that is wrong, and where: a JSON pointer.
pub(super) struct Mistake {
    pub(super) place: String,
    pub(super) words: String,
}

/// How a value fits one schema, which may be a part of another.
#[derive(Default)]
struct Fit<'a> {
    mistakes: Vec<Mistake>,
    /// The fields that the schema knows.
    known: BTreeSet<&'a str>,
    /// Whether it says which fields there are, and no others.
    is_closed: bool,
    /// Whether it says what other fields are like.
    is_open: bool,
}

impl Fit<'_> {
    fn wrong(&mut self, place: &str, words: impl Into<String>) {
        self.mistakes.push(Mistake { place: place.to_owned(), words: words.into() });
    }
}

impl<'a> Fit<'a> {
    fn add(&mut self, part: Fit<'a>) {
        self.mistakes.extend(part.mistakes);
        self.known.extend(part.known);
        self.is_closed |= part.is_closed;
        self.is_open |= part.is_open;
    }
}

/// What is wrong with a value. What the schema does not know may not be there, even if it lets others add to it: who reads
/// an answer must be able to know all of it.
pub(super) fn mistakes(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<Mistake> {
    let mut fit = fit(document, schema, value, place);
    if let (Value::Object(fields), true, false) = (value, fit.is_closed, fit.is_open) {
        for name in fields.keys().filter(|name| !fit.known.contains(name.as_str())).collect::<Vec<_>>() {
            fit.wrong(place, format!("the field {name} is not described"));
        }
    }
    fit.mistakes
}

fn fit<'a>(document: &'a Value, schema: &'a Value, value: &Value, place: &str) -> Fit<'a> {
    let words = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
    let none = Map::new();
    let fields = value.as_object().unwrap_or(&none);
    let mut fit = Fit::default();
    for (word, rule) in words {
        match word.as_str() {
            "$ref" => {
                let pointer = rule.as_str().and_then(|rule| rule.strip_prefix('#')).unwrap_or_default();
                let meant = document.pointer(pointer).unwrap_or_else(|| panic!("{rule} leads nowhere"));
                fit.add(self::fit(document, meant, value, place));
            }
            "allOf" => {
                list(rule).iter().for_each(|part| fit.add(self::fit(document, part, value, place)));
            }
            "oneOf" => {
                let fits = list(rule).iter().map(|one| self::fit(document, one, value, place)).collect();
                fit.add(the_one(fits, place));
            }
            "properties" => {
                fit.is_closed = true;
                for (name, described) in rule.as_object().unwrap() {
                    fit.known.insert(name);
                    if let Some(field) = fields.get(name) {
                        fit.mistakes.extend(mistakes(document, described, field, &format!("{place}/{name}")));
                    }
                }
            }
            "additionalProperties" => {
                fit.is_open |= *rule != false;
                let own = words.get("properties").and_then(Value::as_object).unwrap_or(&none);
                let others = fields.iter().filter(|(name, _)| !own.contains_key(*name));
                for (name, field) in others {
                    if *rule == false {
                        fit.wrong(place, format!("the field {name} may not be there"));
                    } else if rule.is_object() {
                        fit.mistakes.extend(mistakes(document, rule, field, &format!("{place}/{name}")));
                    }
                }
            }
            "propertyNames" => {
                for name in fields.keys() {
                    fit.mistakes.extend(mistakes(document, rule, &Value::from(name.as_str()), place));
                }
            }
            "required" => {
                for name in list(rule).iter().filter_map(Value::as_str) {
                    if value.is_object() && !fields.contains_key(name) {
                        fit.wrong(place, format!("the field {name} is missing"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fit.mistakes.extend(mistakes(document, rule, item, &format!("{place}/{index}")));
                }
            }
            _ if !allows(word, rule, value) => fit.wrong(place, format!("{value} is not of {word} {rule}")),
            _ => {}
        }
    }
    fit
}

fn list(rule: &Value) -> &[Value] {
    rule.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Exactly one of several must fit. Where none does, the one is meant that fits furthest.
fn the_one<'a>(fits: Vec<Fit<'a>>, place: &str) -> Fit<'a> {
    let (mut good, bad): (Vec<_>, Vec<_>) = fits.into_iter().partition(|fit| fit.mistakes.is_empty());
    if good.len() > 1 {
        let mut fit = Fit::default();
        fit.wrong(place, "it is several of the alternatives at once");
        return fit;
    }
    let depth = |fit: &Fit<'_>| fit.mistakes.iter().map(|mistake| mistake.place.len()).max();
    good.pop().or_else(|| bad.into_iter().max_by_key(depth)).unwrap_or_default()
}

/// A rule about the value alone.
fn allows(word: &str, rule: &Value, value: &Value) -> bool {
    match word {
        "type" if rule.is_array() => list(rule).iter().any(|one| is_of_type(one, value)),
        "type" => is_of_type(rule, value),
        "enum" => list(rule).contains(value),
        "minimum" => value.as_f64() >= rule.as_f64() || !value.is_number(),
        "maximum" => value.as_f64() <= rule.as_f64() || !value.is_number(),
        "format" => has_format(rule, value),
        "contentMediaType" | "default" | "description" | "example" => true,
        _ => panic!("the checker does not know the word {word}"),
    }
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap_or_default() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker does not know the type {other}"),
    }
}

/// What has another type has no format.
fn has_format(name: &Value, value: &Value) -> bool {
    match (name.as_str().unwrap_or_default(), value) {
        ("date-time", Value::String(text)) => DateTime::parse_from_rfc3339(text).is_ok(),
        ("uuid", Value::String(text)) => Uuid::try_parse(text).is_ok(),
        ("int32", Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        ("int64", Value::Number(number)) => number.is_i64(),
        ("date-time" | "uuid" | "int32" | "int64" | "double" | "binary", _) => true,
        (other, _) => panic!("the checker does not know the format {other}"),
    }
}
