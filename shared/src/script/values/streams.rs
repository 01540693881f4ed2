//! What becomes of a job's output streams, and whether it may run again.

use super::unix_path::join_path;
use super::{ValueError, text_value, word_value};

word_value! {
    /// Which streams are joined (`-j`).
    Join, "must be oe (errors into the output file), eo (output into the error file) or n" {
        /// Standard error goes to the output file.
        IntoOutput = "oe",
        /// Standard output goes to the error file.
        IntoError = "eo",
        /// Two files.
        Apart = "n",
    }
}

word_value! {
    /// Whether the scheduler may run the job again (`-r`).
    Rerunnable, "must be y or n" {
        /// It may.
        Yes = "y",
        /// It must not.
        No = "n",
    }
}

text_value! {
    /// Where a stream goes (`-o`, `-e`): a path, perhaps behind a host and a colon. PBS refuses letters outside ASCII and expands
    /// nothing but `^array_index^`.
    ///
    /// ```
    /// use pbsweb_shared::script::values::OutputPath;
    /// let path: OutputPath = "logs/run.txt".parse().unwrap();
    /// assert_eq!(path.below("/home/ada/heat"), "/home/ada/heat/logs/run.txt");
    /// ```
    OutputPath, |text| {
        if text.is_empty() || !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(ValueError::syntax("may hold only printable ASCII characters; PBS refuses others"));
        }
        if text.len() > 1023 {
            return Err(ValueError::range("is longer than 1023 characters"));
        }
        Ok(())
    }
}

impl OutputPath {
    /// The host and the path, if a host is named.
    #[must_use]
    pub fn host(&self) -> Option<(&str, &str)> {
        self.0.split_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'))
    }

    /// Whether each subjob of an array gets a file of its own.
    #[must_use]
    pub fn is_per_subjob(&self) -> bool {
        self.0.contains("^array_index^")
    }

    /// The path as `qsub` is to be given it: absolute, seen from a folder. A path on a named host stays as it is.
    #[must_use]
    pub fn below(&self, folder: &str) -> String {
        if self.host().is_some() { self.0.clone() } else { join_path(folder, &self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn streams_and_reruns() {
        check_good::<Join>(&[("oe", "oe"), ("eo", "eo"), ("n", "n")]);
        check_bad::<Join>(&[("", "syntax"), ("xx", "syntax"), ("OE", "syntax")]);
        check_good::<Rerunnable>(&[("y", "y"), ("n", "n")]);
        check_bad::<Rerunnable>(&[("", "syntax"), ("yes", "syntax")]);
    }

    #[test]
    fn output_paths() {
        check_good::<OutputPath>(
            &["my out.txt", "a,b.txt", "/dev/null", "vm:/x", "a.^array_index^"].map(|name| (name, name)),
        );
        check_bad::<OutputPath>(&[
            ("", "syntax"),
            ("sortie-é.txt", "syntax"),
            ("a\nb", "syntax"),
            (&"x".repeat(1024), "range"),
        ]);
        let below = |path: &str| path.parse::<OutputPath>().unwrap().below("/w/");
        assert_eq!(["/x", "x", "h:x", "d/a:b"].map(below), ["/x", "/w/x", "h:x", "/w/d/a:b"]);
    }
}
