//! What runs a script's commands, and how values are quoted for it.

/// The family of the interpreter in a script's first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpreter {
    /// sh, bash, dash, ksh, zsh and their like.
    Posix,
    /// csh and tcsh.
    Csh,
    /// Anything else: python, perl, R, a program.
    Other,
}

impl Interpreter {
    /// The family of what stands after `#!`, such as `/bin/bash -l` or `/usr/bin/env python3`.
    ///
    /// ```
    /// use pbsweb_shared::script::Interpreter;
    /// assert_eq!(Interpreter::of("/usr/bin/env -S bash -e"), Interpreter::Posix);
    /// assert_eq!(Interpreter::of("/bin/tcsh"), Interpreter::Csh);
    /// assert_eq!(Interpreter::of("/usr/bin/python3"), Interpreter::Other);
    /// ```
    #[must_use]
    pub fn of(shebang: &str) -> Self {
        let file_name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut words = shebang.split_ascii_whitespace();
        let mut program = file_name(words.next().unwrap_or("bash"));
        if program == "env" {
            program = words
                .find(|word| !word.starts_with('-') && !word.contains('='))
                .map(file_name)
                .unwrap_or_default();
        }
        match program.as_str() {
            "sh" | "bash" | "rbash" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "lksh" | "pdksh"
            | "zsh" | "posh" | "yash" => Self::Posix,
            "csh" | "tcsh" => Self::Csh,
            _ => Self::Other,
        }
    }

    /// A text as one literal word.
    pub(crate) fn quote(self, text: &str) -> String {
        match self {
            Self::Posix | Self::Other => format!("'{}'", text.replace('\'', "'\\''")),
            // Even between quotes csh replaces `!`, and a line end needs a backslash.
            Self::Csh => {
                format!("'{}'", text.replace('\'', "'\\''").replace('!', "\\!").replace('\n', "\\\n"))
            }
        }
    }

    /// The line (or lines, if the value has several) that sets a variable; `None` where we do not know how.
    pub(crate) fn export(self, name: &str, value: &str) -> Option<String> {
        match self {
            Self::Posix => Some(format!("export {name}={}", self.quote(value))),
            Self::Csh => Some(format!("setenv {name} {}", self.quote(value))),
            Self::Other => None,
        }
    }
}

/// A path in double quotes, in which `$NAME` and `${NAME}` still mean a variable, and nothing else means anything.
pub(crate) fn quote_path(path: &str) -> String {
    let mut quoted = String::from("\"");
    for (index, c) in path.char_indices() {
        let is_plain_dollar = c == '$' && !begins_variable(path.get(index + 1..).unwrap_or_default());
        if is_plain_dollar || "\"\\`".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Whether what follows a `$` is a variable's name, bare or in braces.
pub(crate) fn begins_variable(rest: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    match rest.strip_prefix('{') {
        None => rest.starts_with(is_first),
        Some(rest) => rest.split_once('}').is_some_and(|(name, _)| {
            name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit())
        }),
    }
}

/// The inverse of [`quote_path`] for what stands between the quotes; `None` if it holds what `quote_path` never writes.
pub(crate) fn unquote_path(quoted: &str) -> Option<String> {
    let mut path = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => {
                let (index, next) = chars.next().filter(|(_, next)| "\"\\`$".contains(*next))?;
                // A protected variable would be replaced when it is written again.
                if next == '$' && begins_variable(quoted.get(index + 1..).unwrap_or_default()) {
                    return None;
                }
                path.push(next);
            }
            '"' | '`' => return None,
            '$' if !begins_variable(quoted.get(index + 1..).unwrap_or_default()) => return None,
            plain => path.push(plain),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn interpreters_by_their_file_name() {
        let check = |shebang: &str, family| assert_eq!(Interpreter::of(shebang), family, "{shebang:?}");
        for posix in [
            "",
            "/bin/sh",
            "/bin/bash -l",
            "/usr/bin/env bash",
            "/opt/zsh/bin/zsh",
            "/bin/ksh",
            "/usr/bin/env FOO=1 dash",
        ] {
            check(posix, Interpreter::Posix);
        }
        check("/bin/csh -f", Interpreter::Csh);
        for other in ["/usr/bin/env python3", "/usr/bin/perl", "/usr/bin/env", "/bin/true", "/home/bash/x"] {
            check(other, Interpreter::Other);
        }
    }

    #[test]
    fn only_variables_mean_something_in_a_path() {
        let check = |path: &str, quoted: &str| {
            assert_eq!(quote_path(path), quoted);
            assert_eq!(unquote_path(&quoted[1..quoted.len() - 1]).as_deref(), Some(path));
        };
        check("/scratch/$USER/a b", "\"/scratch/$USER/a b\"");
        check("${TMP}/x", "\"${TMP}/x\"");
        check("$(id)`id`${x:-$(id)}", "\"\\$(id)\\`id\\`\\${x:-\\$(id)}\"");
        check("a\"b\\c$", "\"a\\\"b\\\\c\\$\"");
        assert_eq!(unquote_path("$(id)"), None);
        assert_eq!(unquote_path("a\\"), None);
    }

    proptest! {
        #[test]
        fn a_quoted_path_reads_back(path in "[ -~é]{0,30}") {
            let quoted = quote_path(&path);
            prop_assert_eq!(unquote_path(&quoted[1..quoted.len() - 1]), Some(path));
        }
    }
}
