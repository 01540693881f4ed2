//! Files copied before and after a job.

use super::{ValueError, text_value};

text_value! {
    /// What is copied (`-W stagein=`, `-W stageout=`): `here@host:there`, joined by commas.
    ///
    /// ```
    /// use pbsweb_shared::script::values::StageList;
    /// assert!("in.dat@fs:/data/in.dat,lib@fs:lib".parse::<StageList>().is_ok());
    /// assert!("in.dat".parse::<StageList>().is_err());
    /// ```
    StageList, |text| {
        let is_good = |copy: &str| {
            let parts = copy.split_once('@').and_then(|(here, rest)| Some((here, rest.split_once(':')?)));
            parts.is_some_and(|(here, (host, there))| !here.is_empty() && !host.is_empty() && !there.is_empty())
        };
        if text.chars().any(|c| c.is_control() || "\"'".contains(c)) || !text.split(',').all(is_good) {
            return Err(ValueError::syntax("must be here@host:there, joined by commas, without quotes"));
        }
        if text.len() > 4000 {
            return Err(ValueError::range("is longer than 4000 bytes"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn copies() {
        check_good::<StageList>(&["a@h:/b", "a b@h:c d,x@h:y"].map(|name| (name, name)));
        check_bad::<StageList>(
            &["", "a", "a@h", "@h:/b", "a@:/b", "a@h:", "a@h:b,", "a@h:'b'", "a@h:b\n"]
                .map(|t| (t, "syntax")),
        );
        check_bad::<StageList>(&[(&format!("a@h:{}", "x".repeat(4000)), "range")]);
    }
}
