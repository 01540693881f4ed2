//! Names that the site gives a meaning: accounts and projects.

use super::{ValueError, text_value};

text_value! {
    /// The account a job is charged to (`-A`): any printable text in one line.
    AccountName, |text| {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(ValueError::syntax("must be one line without control characters"));
        }
        if text.len() > 255 {
            return Err(ValueError::range("is longer than 255 bytes"));
        }
        Ok(())
    }
}

text_value! {
    /// The project a job belongs to (`-P`): no blanks and none of `/ [ ] " ; : | < > + , ? *`, which PBS refuses (status 166).
    ProjectName, |text| {
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace() || "/[]\";:|<>+,?*".contains(c)) {
            return Err(ValueError::syntax("may not hold blanks or any of / [ ] \" ; : | < > + , ? *"));
        }
        if text.len() > 255 {
            return Err(ValueError::range("is longer than 255 bytes"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn accounts_and_projects() {
        check_good::<AccountName>(&["acct-7", "two words", "+1", "a\"b"].map(|name| (name, name)));
        check_bad::<AccountName>(&[("", "syntax"), ("a\nb", "syntax"), (&"x".repeat(256), "range")]);
        check_good::<ProjectName>(&["projX", "007", "a-b_c"].map(|name| (name, name)));
        check_bad::<ProjectName>(&[
            ("", "syntax"),
            ("a b+1", "syntax"),
            ("a,b", "syntax"),
            (&"x".repeat(256), "range"),
        ]);
    }
}
