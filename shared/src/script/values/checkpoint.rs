//! When a job is checkpointed.

use super::{ValueError, digits, text_value};

text_value! {
    /// When a job is checkpointed (`-c`): `n`, `s`, `c`, `w`, `c=minutes` or `w=minutes`.
    ///
    /// ```
    /// use pbsweb_shared::script::values::Checkpoint;
    /// assert!("w=60".parse::<Checkpoint>().is_ok());
    /// assert!("u".parse::<Checkpoint>().is_err(), "qsub refuses what its manual calls the default");
    /// ```
    Checkpoint, |text| {
        let minutes = text.strip_prefix(['c', 'w']).and_then(|rest| rest.strip_prefix('='));
        let is_good = matches!(text, "n" | "s" | "c" | "w")
            || minutes.and_then(digits::<u32>).is_some_and(|minutes| minutes > 0);
        if is_good { Ok(()) } else { Err(ValueError::syntax("must be n, s, c, w, or c= or w= and minutes")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn checkpoints() {
        check_good::<Checkpoint>(&["n", "s", "c", "w", "c=1", "w=120"].map(|name| (name, name)));
        check_bad::<Checkpoint>(&["", "u", "c=", "c=0", "n=1", "x", "w=1h", "c=-1"].map(|t| (t, "syntax")));
    }
}
