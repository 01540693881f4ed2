//! Which part of a long list is drawn: its first rows, then those around what is looked at. Rows differ in height, so where a row
//! that is not drawn would stand is an estimate; where a drawn one stands is not.

/// How many rows are drawn at once.
pub(super) const ROWS: u32 = 120;

/// Others are fetched when the view comes so close to the end of what is drawn.
const MARGIN: u32 = 20;

/// The part that is drawn, and of how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// Rows before it.
    pub(super) offset: u32,
    /// Rows in it.
    pub(super) n_rows: u32,
    /// Rows in all.
    pub(super) n_all: u32,
}

impl Part {
    /// The first row after it.
    const fn end(self) -> u32 {
        self.offset.saturating_add(self.n_rows)
    }

    /// There is more than is drawn.
    pub(super) const fn is_part(self) -> bool {
        self.n_rows < self.n_all
    }

    /// How much room is left for the rows before it and for those after it, when one is so high.
    pub(super) fn space(self, row_height: f64) -> (f64, f64) {
        let after = self.n_all.saturating_sub(self.end());
        (f64::from(self.offset) * row_height, f64::from(after) * row_height)
    }

    /// The row at a place of the list; what is drawn is `drawn_height` high.
    pub(super) fn row_at(self, y: f64, row_height: f64, drawn_height: f64) -> u32 {
        let (before, _) = self.space(row_height);
        let row_height = row_height.max(1.0);
        let row = if y < before {
            y / row_height
        } else if y < before + drawn_height {
            f64::from(self.offset) + (y - before) / drawn_height * f64::from(self.n_rows)
        } else {
            f64::from(self.end()) + (y - before - drawn_height) / row_height
        };
        (row.max(0.0) as u32).min(self.n_all.saturating_sub(1))
    }

    /// Where the part should begin to show these rows, if they stand too close to an end of this one.
    pub(super) fn wanted(self, first: u32, last: u32) -> Option<u32> {
        let lacks_before = self.offset > 0 && first < self.offset.saturating_add(MARGIN);
        let lacks_after = self.end() < self.n_all && last.saturating_add(MARGIN) >= self.end();
        if !lacks_before && !lacks_after {
            return None;
        }
        let n_seen = last.saturating_sub(first).saturating_add(1).min(ROWS);
        let offset = first.saturating_sub(ROWS.saturating_sub(n_seen) / 2);
        let offset = offset.min(self.n_all.saturating_sub(ROWS));
        (offset != self.offset).then_some(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Part = Part { offset: 1000, n_rows: ROWS, n_all: 40_000 };

    #[test]
    fn a_place_is_a_row_whether_it_is_drawn_or_not() {
        // Drawn rows are higher than the estimate.
        let row_at = |y| MIDDLE.row_at(y, 50.0, 12_000.0);
        assert_eq!(row_at(-5.0), 0);
        assert_eq!(row_at(25_000.0), 500);
        assert_eq!(row_at(50_000.0), 1000);
        assert_eq!(row_at(50_000.0 + 6_000.0), 1060);
        assert_eq!(row_at(50_000.0 + 12_000.0 + 500.0), 1130);
        assert_eq!(row_at(1e12), 39_999);
        assert_eq!(Part::default().row_at(10.0, 0.0, 0.0), 0);
    }

    #[test]
    fn another_part_is_wanted_when_the_view_comes_to_an_end_of_this_one() {
        for (first, last, wanted) in [
            (1040, 1050, None),
            (1019, 1029, Some(965)),
            (1090, 1100, Some(1036)),
            (20_000, 20_009, Some(19_945)),
            (3, 13, Some(0)),
            (39_990, 39_999, Some(39_880)),
            // More in sight than is ever drawn: it cannot be helped, and is not tried for ever.
            (1000, 1500, None),
        ] {
            assert_eq!(MIDDLE.wanted(first, last), wanted, "{first} {last}");
        }
        let first = Part { offset: 0, n_rows: ROWS, n_all: 40_000 };
        assert_eq!((first.wanted(0, 10), first.wanted(95, 105)), (None, Some(41)));
        let end = Part { offset: 39_880, n_rows: ROWS, n_all: 40_000 };
        assert_eq!(end.wanted(39_990, 39_999), None);
        let whole = Part { offset: 0, n_rows: 7, n_all: 7 };
        assert_eq!((whole.wanted(0, 6), whole.is_part()), (None, false));
    }
}
