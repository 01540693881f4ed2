//! Compares a value with a schema: JSON Schema 2020-12, as far as the document speaks it. A word that is not known here is a
//! mistake of ours, so that nothing passes unseen.

use std::fmt;

use chrono::DateTime;
use serde_json::{Map, Value};
use uuid::Uuid;

/// So many items of a list are looked at, spread over all of it: the same code writes them all, and tests of forty thousand
/// jobs measure time.
const MOST_ITEMS: usize = 200;

/// Something that is wrong, and where: a JSON pointer.
pub(super) struct Mistake {
    pub(super) place: String,
    pub(super) words: String,
}

/// Where in a body. Told only of what is wrong: bodies have a million places.
enum Place<'p> {
    Top,
    Field(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Field(around, name) => write!(f, "{around}/{name}"),
            Self::Item(around, index) => write!(f, "{around}/{index}"),
        }
    }
}

/// How a value fits one schema, which may be a part of another.
#[derive(Default)]
struct Fit<'a> {
    mistakes: Vec<Mistake>,
    /// The fields that the schema and its parts know; none of them does where any may be there.
    known: Vec<&'a Map<String, Value>>,
    /// Whether it says what other fields are like.
    is_open: bool,
}

impl<'a> Fit<'a> {
    fn wrong(&mut self, place: &Place<'_>, words: impl Into<String>) {
        self.mistakes.push(Mistake { place: place.to_string(), words: words.into() });
    }

    fn add(&mut self, part: Fit<'a>) {
        self.mistakes.extend(part.mistakes);
        self.known.extend(part.known);
        self.is_open |= part.is_open;
    }
}

/// The schemas that others refer to.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a>(&'a Map<String, Value>);

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        Self(document.pointer("/components/schemas").and_then(Value::as_object).unwrap())
    }

    /// What is wrong with a body.
    pub(super) fn mistakes(self, schema: &'a Value, value: &Value) -> Vec<Mistake> {
        self.whole(schema, value, &Place::Top)
    }

    /// What is wrong with a value that stands by itself. What the schema does not know may not be there, even if it lets
    /// others add to it: who reads an answer must be able to know all of it.
    fn whole(self, schema: &'a Value, value: &Value, place: &Place<'_>) -> Vec<Mistake> {
        let mut fit = self.fit(schema, value, place);
        if let (Value::Object(fields), false, false) = (value, fit.known.is_empty(), fit.is_open) {
            for name in fields.keys() {
                if !fit.known.iter().any(|known| known.contains_key(name)) {
                    fit.wrong(place, format!("the field {name} is not described"));
                }
            }
        }
        fit.mistakes
    }

    fn fit(self, schema: &'a Value, value: &Value, place: &Place<'_>) -> Fit<'a> {
        let words = schema.as_object().unwrap_or_else(|| panic!("no schema: {schema}"));
        let fields = value.as_object();
        let mut fit = Fit::default();
        for (word, rule) in words {
            match word.as_str() {
                "$ref" => {
                    let name = rule.as_str().and_then(|rule| rule.strip_prefix("#/components/schemas/"));
                    let meant = name.and_then(|name| self.0.get(name));
                    let meant = meant.unwrap_or_else(|| panic!("{rule} leads nowhere"));
                    fit.add(self.fit(meant, value, place));
                }
                "allOf" => list(rule).iter().for_each(|part| fit.add(self.fit(part, value, place))),
                "oneOf" => {
                    let fits = list(rule).iter().map(|one| self.fit(one, value, place)).collect();
                    fit.add(the_one(fits, place));
                }
                "properties" => {
                    let known = rule.as_object().unwrap();
                    fit.known.push(known);
                    for (name, field) in fields.into_iter().flatten() {
                        if let Some(described) = known.get(name) {
                            fit.mistakes.extend(self.whole(described, field, &Place::Field(place, name)));
                        }
                    }
                }
                "additionalProperties" => {
                    fit.is_open |= *rule != false;
                    let own = words.get("properties").and_then(Value::as_object);
                    for (name, field) in fields.into_iter().flatten() {
                        if own.is_some_and(|own| own.contains_key(name)) {
                            continue;
                        }
                        if *rule == false {
                            fit.wrong(place, format!("the field {name} may not be there"));
                        } else if rule.is_object() {
                            fit.mistakes.extend(self.whole(rule, field, &Place::Field(place, name)));
                        }
                    }
                }
                "propertyNames" => {
                    for name in fields.into_iter().flat_map(Map::keys) {
                        fit.mistakes.extend(self.whole(rule, &Value::from(name.as_str()), place));
                    }
                }
                "required" => {
                    for name in list(rule).iter().filter_map(Value::as_str) {
                        if fields.is_some_and(|fields| !fields.contains_key(name)) {
                            fit.wrong(place, format!("the field {name} is missing"));
                        }
                    }
                }
                "items" => {
                    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    for (index, item) in items.iter().enumerate().step_by(items.len() / MOST_ITEMS + 1) {
                        fit.mistakes.extend(self.whole(rule, item, &Place::Item(place, index)));
                    }
                }
                _ if !allows(word, rule, value) => {
                    fit.wrong(place, format!("{value} is not of {word} {rule}"));
                }
                _ => {}
            }
        }
        fit
    }
}

fn list(rule: &Value) -> &[Value] {
    rule.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Exactly one of several must fit. Where none does, the one is meant that fits furthest.
fn the_one<'a>(fits: Vec<Fit<'a>>, place: &Place<'_>) -> Fit<'a> {
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
