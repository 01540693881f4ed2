//! Permissions of new files.

use super::{ValueError, text_value};

text_value! {
    /// The permissions that are taken from new files (`-W umask=`): one to four octal digits.
    ///
    /// ```
    /// use pbsweb_shared::script::values::Umask;
    /// assert!("027".parse::<Umask>().is_ok_and(|umask| !umask.lets_others_write()));
    /// ```
    Umask, |text| {
        if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
            return Err(ValueError::syntax("must be one to four octal digits, such as 027"));
        }
        Ok(())
    }
}

impl Umask {
    /// Whether it leaves everybody the permission to write.
    #[must_use]
    pub fn lets_others_write(&self) -> bool {
        self.0.bytes().last().is_some_and(|last| (last - b'0') & 2 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn octal_digits() {
        check_good::<Umask>(&["0", "22", "027", "0077"].map(|name| (name, name)));
        check_bad::<Umask>(&["", "8", "00022", "u=rw", "-1", "022\n"].map(|t| (t, "syntax")));
        assert!("0".parse::<Umask>().unwrap().lets_others_write());
        assert!(!"22".parse::<Umask>().unwrap().lets_others_write());
    }
}
