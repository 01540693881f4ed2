//! Values with their rules and units. `FromStr` and `Display` are inverse on what is printed, and serde goes through them,
//! so that a value that exists is good.

mod array_range;
mod attributes;
mod checkpoint;
mod chunk;
mod dependency;
mod job_name;
mod lists;
mod mail_events;
mod memory_size;
mod output_files;
mod place;
mod priority;
mod queue_name;
mod staging;
mod start_time;
mod streams;
mod umask;
mod unix_path;
mod variable_name;
mod walltime;
mod words;

pub use array_range::ArrayRange;
pub use attributes::{Count, NodeFailures, Sandbox, Truth};
pub use checkpoint::Checkpoint;
pub(crate) use chunk::read_count;
pub use chunk::{OtherResources, ResourceChunk, Select};
pub use dependency::{Dependency, DependencyKind, DependsOn};
pub use job_name::JobName;
pub use lists::{NameList, PathList};
pub use mail_events::{MailEvents, MailUsers};
pub use memory_size::MemorySize;
pub use output_files::{KeepFiles, RemoveFiles};
pub use place::{Arrangement, Place, Sharing};
pub use priority::Priority;
pub use queue_name::QueueName;
pub use staging::StageList;
pub use start_time::StartTime;
pub use streams::{Join, OutputPath, Rerunnable};
pub use umask::Umask;
pub use unix_path::UnixPath;
pub(crate) use unix_path::join_path;
pub use variable_name::EnvName;
pub use walltime::Walltime;
pub use words::{AccountName, ProjectName};

use std::borrow::Cow;

/// Why a text is not the value it was meant to be. It reads after the field's label: "Walltime must be …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    kind: &'static str,
    message: Cow<'static, str>,
}

impl ValueError {
    /// The text has not the form.
    pub(crate) fn syntax(message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: "syntax", message: message.into() }
    }

    /// The form is right, the value is out of bounds.
    pub(crate) fn range(message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: "range", message: message.into() }
    }

    /// The last part of a diagnostic's code: `syntax` or `range`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Serde through the text, and the schema of a string.
macro_rules! through_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = $crate::script::values::ValueError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

/// A text with a rule: a newtype with one way in.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// The value as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::script::values::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let accepts: fn(&str) -> Result<(), $crate::script::values::ValueError> = $accepts;
                accepts(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::script::values::through_text!($name);
    };
}

/// A closed set of words. A word is `tt`, not `literal`: what derives the schema does not see it through the latter.
macro_rules! word_value {
    ($(#[$doc:meta])* $name:ident, $rule:literal { $($(#[$vdoc:meta])* $variant:ident = $word:tt,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word PBS knows.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::script::values::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::script::values::ValueError::syntax($rule)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use {text_value, through_text, word_value};

/// Digits only: Rust's own integers also take a leading `+`.
pub(crate) fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) { None } else { text.parse().ok() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::ValueError;
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    /// Each good text, with what it prints as; each printed text reads back as the same value, also through JSON.
    pub(crate) fn check_good<T>(cases: &[(&str, &str)])
    where
        T: FromStr<Err = ValueError>
            + Display
            + Debug
            + PartialEq
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        for (text, printed) in cases {
            let value: T = text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(value.to_string(), *printed, "{text:?}");
            assert_eq!(printed.parse::<T>().as_ref(), Ok(&value), "{text:?}");
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
        }
    }

    pub(crate) fn check_bad<T: FromStr<Err = ValueError> + Debug>(cases: &[(&str, &str)]) {
        for (text, kind) in cases {
            match text.parse::<T>() {
                Ok(value) => panic!("{text:?} was taken as {value:?}"),
                Err(error) => assert_eq!(error.kind(), *kind, "{text:?}: {error}"),
            }
        }
    }
}
