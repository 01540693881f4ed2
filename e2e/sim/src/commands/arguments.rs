//! Arguments as `getopt` reads them.

/// What was given.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Options in their order, with their values.
    pub(crate) given: Vec<(char, String)>,
    /// What is no option.
    pub(crate) operands: Vec<String>,
    /// What stood after `--`.
    pub(crate) after_dashes: Option<Vec<String>>,
    /// Letters that are no options, or lack their value.
    pub(crate) wrong: Vec<String>,
}

impl Options {
    pub(crate) fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(given, _)| *given == letter)
    }

    pub(crate) fn value(&self, letter: char) -> Option<&str> {
        self.given.iter().rev().find(|(given, _)| *given == letter).map(|(_, value)| value.as_str())
    }
}

/// Reads arguments by an option string such as `fF:w`, where a colon means that a value follows.
pub(crate) fn parse(arguments: &[String], known: &str) -> Options {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            options.after_dashes = Some(rest.cloned().collect());
            break;
        }
        let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            options.operands.push(argument.clone());
            continue;
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            let position = known.find(letter).filter(|_| letter != ':');
            let takes_value = position.is_some_and(|at| known.get(at + 1..at + 2) == Some(":"));
            match (position, takes_value) {
                (None, _) => options.wrong.push(format!("invalid option -- '{letter}'")),
                (Some(_), false) => options.given.push((letter, String::new())),
                (Some(_), true) => {
                    let inside = letters.as_str().to_owned();
                    letters = "".chars();
                    if !inside.is_empty() {
                        options.given.push((letter, inside));
                    } else if let Some(value) = rest.next() {
                        options.given.push((letter, value.clone()));
                    } else {
                        options.wrong.push(format!("option requires an argument -- '{letter}'"));
                    }
                }
            }
        }
    }
    options
}
