//! Lists in which each host may have an entry of its own: `name[@host][,name@host …]`.

use super::{ValueError, text_value};

/// Each entry is good, and only one of them has no host.
fn check_list(text: &str, is_good: impl Fn(&str) -> bool) -> Result<(), &'static str> {
    let mut n_without_host = 0;
    for entry in text.split(',') {
        let (name, host) = entry.split_once('@').map_or((entry, None), |(name, host)| (name, Some(host)));
        let is_host = |host: &str| {
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        };
        if !is_good(name) || !host.is_none_or(is_host) {
            return Err("form");
        }
        n_without_host += usize::from(host.is_none());
    }
    if n_without_host > 1 { Err("several") } else { Ok(()) }
}

text_value! {
    /// Users or groups (`-u`, `-W group_list=`), at most one of them without a host.
    ///
    /// ```
    /// use pbsweb_shared::script::values::NameList;
    /// assert!("physics,guests@n1".parse::<NameList>().is_ok());
    /// ```
    NameList, |text| {
        let is_name = |name: &str| {
            !name.is_empty() && !name.starts_with('-') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-$".contains(&b))
        };
        check_list(text, is_name).map_err(|wrong| {
            ValueError::syntax(if wrong == "form" {
                "must be a name, or name@host, joined by commas"
            } else {
                "names several without a host; PBS takes one"
            })
        })
    }
}

text_value! {
    /// Absolute paths (`-S`), at most one of them without a host.
    PathList, |text| {
        let is_path = |path: &str| path.starts_with('/') && path.len() < 1024 && path.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        check_list(text, is_path).map_err(|wrong| {
            ValueError::syntax(if wrong == "form" {
                "must be an absolute path, or path@host, joined by commas"
            } else {
                "gives several paths without a host; PBS takes one"
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::values::tests::{check_bad, check_good};

    #[test]
    fn names_and_paths() {
        check_good::<NameList>(&["ada", "a,b@h", "a@x,b@y.z"].map(|name| (name, name)));
        check_bad::<NameList>(&["", "a,b", "a b", "a@", "@h", "-x", "a,,b@h", "a\n"].map(|t| (t, "syntax")));
        check_good::<PathList>(&["/bin/sh", "/bin/sh@a,/bin/bash"].map(|name| (name, name)));
        check_bad::<PathList>(&["", "sh", "/bin/a,/bin/b", "/a b", "/a@"].map(|t| (t, "syntax")));
    }
}
