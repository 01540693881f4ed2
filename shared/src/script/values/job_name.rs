//! A job's name.

use super::{ValueError, text_value};

text_value! {
    /// A job's name (`-N`): 1 to 230 ASCII letters, digits, `_`, `-`, `.`, `+`. That is what OpenPBS was seen to take; it
    /// refuses blanks, quotes, slashes and letters outside ASCII with status 2.
    ///
    /// ```
    /// use pbsweb_shared::script::values::JobName;
    /// assert_eq!("heat-2d.run+1".parse::<JobName>().unwrap().as_str(), "heat-2d.run+1");
    /// assert!("my job".parse::<JobName>().is_err());
    /// ```
    JobName, |text| {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.+".contains(&b)) {
            return Err(ValueError::syntax("may hold only ASCII letters, digits, '_', '-', '.' and '+'"));
        }
        if text.len() > 230 {
            return Err(ValueError::range("is longer than 230 characters, which PBS refuses"));
        }
        Ok(())
    }
}

impl Default for JobName {
    fn default() -> Self {
        Self("job".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn names_as_openpbs_takes_them() {
        let longest = "x".repeat(230);
        check_good::<JobName>(
            &["1abc", "123", "-5", "+1", ".5", "_x", "nan", &longest].map(|name| (name, name)),
        );
        check_bad::<JobName>(
            &["", "a b", "a\tb", "a\n", "a,b", "a\"", "a\\", "a/b", "a:b", "é", "a#"].map(|t| (t, "syntax")),
        );
        check_bad::<JobName>(&[(&"x".repeat(231), "range")]);
    }
}
