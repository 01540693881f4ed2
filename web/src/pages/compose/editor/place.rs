//! Places in a text, as browsers count them (UTF-16 units), as Rust does (bytes), and as people do (lines and columns).

/// The place in bytes of one in units.
pub(super) fn bytes_at(text: &str, units: u32) -> usize {
    let mut passed = 0;
    for (at, c) in text.char_indices() {
        if passed >= units {
            return at;
        }
        passed += if c.len_utf16() == 2 { 2 } else { 1 };
    }
    text.len()
}

/// The place in units of one in bytes.
pub(super) fn units_at(text: &str, bytes: usize) -> u32 {
    text.get(..bytes).map_or(0, |before| u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX))
}

/// The place in bytes of a line and a column, both from 1.
pub(super) fn place_of(text: &str, line: u32, column: u32) -> usize {
    let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(skipped).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let most = rest.find('\n').unwrap_or(rest.len());
    let columns = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
    start + rest.char_indices().nth(columns).map_or(most, |(at, _)| at.min(most))
}

/// The line of a place, from 0, and the characters before it on that line.
pub(super) fn line_of(text: &str, bytes: usize) -> (usize, usize) {
    let before = text.get(..bytes).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count(), before.get(start..).unwrap_or_default().chars().count())
}

/// How many of the first ones, and then of the last ones, are the same in both.
pub(super) fn same_ends<T: PartialEq>(old: &[T], new: &[T]) -> (usize, usize) {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    (before, after)
}

/// Where a place (in units) of the old text is in the new one: it stays with the characters around it; within what was changed it
/// comes behind the change.
pub(super) fn moved(old: &str, new: &str, units: u32) -> u32 {
    let place = bytes_at(old, units);
    let (before, mut after) = same_ends(old.as_bytes(), new.as_bytes());
    if place <= before && new.is_char_boundary(place) {
        return units;
    }
    // Half a character may be the same.
    while !new.is_char_boundary(new.len() - after) {
        after -= 1;
    }
    units_at(new, new.len() - after.min(old.len() - place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_browsers_do() {
        let text = "é🔥x";
        for (units, bytes) in [(0, 0), (1, 2), (3, 6), (4, 7), (9, 7)] {
            assert_eq!(bytes_at(text, units), bytes, "{units}");
        }
        assert_eq!([0, 2, 6, 7].map(|bytes| units_at(text, bytes)), [0, 1, 3, 4]);
    }

    #[test]
    fn lines_and_columns_lead_to_places() {
        let text = "ab\nécd\n";
        assert_eq!(place_of(text, 1, 1), 0);
        assert_eq!(place_of(text, 2, 2), 5);
        assert_eq!(place_of(text, 2, 99), 7);
        assert_eq!(place_of(text, 9, 9), text.len());
        assert_eq!([0, 2, 5, text.len()].map(|place| line_of(text, place)), [(0, 0), (0, 2), (1, 1), (2, 0)]);
    }

    #[test]
    fn the_cursor_stays_with_what_is_around_it() {
        let check = |old: &str, new: &str, expected: &str| {
            let place = u32::try_from(old.find('|').unwrap()).unwrap();
            let place = moved(&old.replace('|', ""), new, place);
            let mut shown = new.to_owned();
            shown.insert(usize::try_from(place).unwrap(), '|');
            assert_eq!(shown, expected);
        };
        check("a|bc", "abXc", "a|bXc");
        check("abc|d", "aXbcd", "aXbc|d");
        check("#PBS -q lo|ng\nx", "#PBS -q short\nx", "#PBS -q short|\nx");
        check("abc|", "ab", "ab|");
        check("|", "abc", "|abc");
        check("one tw|o three", "one three", "one t|hree");
    }

    #[test]
    fn characters_are_not_cut_in_two() {
        for (old, new) in [("é", "è"), ("aéb", "aèb"), ("é", "\u{129}"), ("🔥", "🔦"), ("xéé", "é")]
        {
            for units in 0..=4 {
                assert!(moved(old, new, units) <= units_at(new, new.len()), "{old} {new}");
            }
        }
    }
}
