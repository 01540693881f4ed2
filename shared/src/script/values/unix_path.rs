//! Paths on a host.

use super::{ValueError, text_value};

text_value! {
    /// A path on a host, absolute or relative: one line, at most 4096 bytes.
    ///
    /// ```
    /// use pbsweb_shared::script::values::UnixPath;
    /// let path: UnixPath = "runs/./a//b".parse().unwrap();
    /// assert_eq!(path.below("/home/ada"), "/home/ada/runs/./a//b");
    /// ```
    UnixPath, |text| {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(ValueError::syntax("must be a path in one line, without control characters"));
        }
        if text.len() > 4096 {
            return Err(ValueError::range("is longer than 4096 bytes"));
        }
        Ok(())
    }
}

impl UnixPath {
    /// Whether it begins at the root.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }

    /// The path as seen from a folder.
    #[must_use]
    pub fn below(&self, folder: &str) -> String {
        join_path(folder, &self.0)
    }
}

/// `path` if it is absolute, else `folder/path`.
pub(crate) fn join_path(folder: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", folder.trim_end_matches('/')) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn paths() {
        check_good::<UnixPath>(&["/", "a b", "é/ü", "..", "~/x", "$SCRATCH/y"].map(|name| (name, name)));
        check_bad::<UnixPath>(&[
            ("", "syntax"),
            ("a\nb", "syntax"),
            ("a\0", "syntax"),
            (&"x".repeat(4097), "range"),
        ]);
        assert_eq!("/x".parse::<UnixPath>().unwrap().below("/a"), "/x");
        assert_eq!("x".parse::<UnixPath>().unwrap().below("/"), "/x");
    }
}
