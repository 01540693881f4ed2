//! Paths on a host, which no program here interprets and no `..` leads astray.

use std::fmt;
use std::str::FromStr;

/// A path on a host: absolute, or relative to the account's home. Text is UTF-8, as the SFTP library needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemotePath(String);

/// Why a text cannot be a path on a host. The text reads after the field's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemotePathError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// `PATH_MAX` of Linux.
    #[error("must not be longer than 4096 bytes")]
    TooLong,
    /// No file name can contain it.
    #[error("must not contain a NUL character")]
    Nul,
    /// The folder a path means should be readable from the path.
    #[error("must not contain '..'")]
    Parent,
    /// Somebody else's home cannot be looked up here.
    #[error("must not begin with '~' unless '~/' is meant")]
    OtherHome,
}

impl RemotePath {
    /// The path as given, without a leading `~/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the path begins at the root, and not in the account's home.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }

    /// The path as an argument of a command: never taken for an option, because it begins with `/` or `./`.
    #[must_use]
    pub fn as_argument(&self) -> String {
        if self.is_absolute() { self.0.clone() } else { format!("./{}", self.0) }
    }

    /// A path below this one.
    pub fn join(&self, below: &str) -> Result<Self, RemotePathError> {
        format!("{}/{}", self.0.trim_end_matches('/'), below.trim_start_matches('/')).parse()
    }

    /// The last part of the path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        let trimmed = self.0.trim_end_matches('/');
        trimmed.rsplit('/').next().unwrap_or(trimmed)
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_absolute() { f.write_str(&self.0) } else { write!(f, "~/{}", self.0) }
    }
}

impl FromStr for RemotePath {
    type Err = RemotePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = match text {
            "" => return Err(RemotePathError::Empty),
            "~" | "~/" => ".",
            text => match text.strip_prefix("~/") {
                Some(below) => below.trim_start_matches('/'),
                None if text.starts_with('~') => return Err(RemotePathError::OtherHome),
                None => text,
            },
        };
        let path = if path.is_empty() { "." } else { path };
        if path.len() > 4096 {
            return Err(RemotePathError::TooLong);
        }
        if path.contains('\0') {
            return Err(RemotePathError::Nul);
        }
        if path.split('/').any(|part| part == "..") {
            return Err(RemotePathError::Parent);
        }
        Ok(Self(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, argument: &str) {
        let path: RemotePath = text.parse().unwrap();
        assert_eq!((path.to_string().as_str(), path.as_argument().as_str()), (shown, argument), "{text:?}");
        assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn paths_read_and_print() {
        check("/scratch/run 1", "/scratch/run 1", "/scratch/run 1");
        check("pbsweb/heat", "~/pbsweb/heat", "./pbsweb/heat");
        check("~/pbsweb/heat", "~/pbsweb/heat", "./pbsweb/heat");
        check("-rf", "~/-rf", "./-rf");
        check("~", "~/.", "./.");
        check("a\nb/..c", "~/a\nb/..c", "./a\nb/..c");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let check = |text: &str, error| assert_eq!(text.parse::<RemotePath>(), Err(error), "{text:?}");
        check("", RemotePathError::Empty);
        check("a/../b", RemotePathError::Parent);
        check("~/..", RemotePathError::Parent);
        check("a\0b", RemotePathError::Nul);
        check("~root/x", RemotePathError::OtherHome);
        check(&"x".repeat(4097), RemotePathError::TooLong);
    }

    #[test]
    fn joining_stays_below() {
        let base: RemotePath = "~/pbsweb/".parse().unwrap();
        assert_eq!(base.join("/a b").unwrap().as_str(), "pbsweb/a b");
        assert_eq!(base.join("x/../..").unwrap_err(), RemotePathError::Parent);
        assert_eq!(base.join("heat").unwrap().file_name(), "heat");
    }
}
