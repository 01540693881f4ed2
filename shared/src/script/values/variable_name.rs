//! Names of environment variables.

use super::{ValueError, text_value};

text_value! {
    /// The name of an environment variable: ASCII letters, digits and `_`, not beginning with a digit.
    ///
    /// ```
    /// use pbsweb_shared::script::values::EnvName;
    /// assert!("OMP_NUM_THREADS".parse::<EnvName>().is_ok());
    /// assert!("MY-VAR".parse::<EnvName>().is_err());
    /// ```
    EnvName, |text| {
        let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !begins_well || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') || text.len() > 255 {
            return Err(ValueError::syntax("may hold only ASCII letters, digits and '_', and does not begin with a digit"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn names_as_every_shell_takes_them() {
        check_good::<EnvName>(&["A", "_x", "a1", "PATH"].map(|name| (name, name)));
        check_bad::<EnvName>(&["", "1A", "A B", "A=B", "A-B", "é", "A\n", "A;ls"].map(|t| (t, "syntax")));
    }
}
