//! `#PBS` lines of a script.

/// The options of a script's directives: one list of words for each line, with the line's text.
pub(super) fn find(script: &[u8], prefix: &str) -> Vec<(String, Vec<String>)> {
    let text = String::from_utf8_lossy(script);
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(prefix)
            && rest.starts_with([' ', '\t'])
        {
            let rest = rest.trim_start();
            found.push((rest.to_owned(), words(rest)));
        } else if !line.trim().is_empty() && !line.starts_with('#') && !line.starts_with(':') {
            // The first command ends the directives.
            break;
        }
    }
    found
}

/// Splits a line into words; quotes hold words together. A word that begins with `#` starts a comment.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (character, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (' ' | '\t', None) => words.extend(word.take()),
            ('#', None) if word.is_none() => return words,
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn directives_end_at_the_first_command() {
        let script = b"#!/bin/bash\n# a comment\n\n#PBS -N 'a name' -l walltime=1 # note\n#PBSX -N no\n#PBS\t-j oe\ntrue\n#PBS -N late\n";
        let found = find(script, "#PBS");
        let words: Vec<_> = found.into_iter().map(|(_, words)| words).collect();
        assert_eq!(words, [vec!["-N", "a name", "-l", "walltime=1"], vec!["-j", "oe"]]);
    }
}
