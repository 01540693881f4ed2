//! An address that may be absent.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use url::Url;

pub(super) fn serialize<S: Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_ref().map(Url::as_str).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        Url::parse(&text).map_err(|error| D::Error::custom(format!("{text:?} is not an address: {error}")))
    })
    .transpose()
}
