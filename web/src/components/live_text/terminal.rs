//! What programs print, as a terminal would show it: colours, overwritten lines, and nothing of the sequences that say so.
//!
//! It is a terminal of one line. What is above the last line break does not change any more; sequences that would move the
//! cursor up there are dropped, as are all that mean nothing here.

/// A line that is longer is cut into several.
const MOST_CHARS: usize = 16 << 10;

/// One of the eight colours of terminals, in their order, or grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    Grey,
}

impl Colour {
    const BY_INDEX: [Self; 8] = [
        Self::Black,
        Self::Red,
        Self::Green,
        Self::Yellow,
        Self::Blue,
        Self::Magenta,
        Self::Cyan,
        Self::White,
    ];

    /// The word that the style sheet knows.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::Red => "red",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
            Self::Cyan => "cyan",
            Self::White => "white",
            Self::Grey => "grey",
        }
    }

    /// Of the first sixteen: bright ones look like the others, but for black, which is grey.
    fn of_index(index: u16) -> Option<Self> {
        if index == 8 { Some(Self::Grey) } else { Self::BY_INDEX.get(usize::from(index % 8)).copied() }
    }

    /// The nearest of ours: colours that a program chose for its own ground may be unreadable on ours.
    fn of_rgb(red: u16, green: u16, blue: u16) -> Option<Self> {
        let most = red.max(green).max(blue);
        let least = red.min(green).min(blue);
        if most.saturating_sub(least) < 40 {
            return Some(match most {
                0..48 => Self::Black,
                48..160 => Self::Grey,
                _ => Self::White,
            });
        }
        let middle = most.midpoint(least);
        let bit = |part: u16, bit: u16| if part > middle { bit } else { 0 };
        Self::of_index(bit(red, 1) | bit(green, 2) | bit(blue, 4))
    }

    /// Of the 256.
    fn of_palette(index: u16) -> Option<Self> {
        match index {
            0..16 => Self::of_index(index),
            16..232 => {
                let cube = index.saturating_sub(16);
                let part = |part: u16| (part % 6).saturating_mul(51);
                Self::of_rgb(part(cube / 36), part(cube / 6), part(cube))
            }
            232..256 => {
                let grey = index.saturating_sub(232).saturating_mul(10).saturating_add(8);
                Self::of_rgb(grey, grey, grey)
            }
            _ => None,
        }
    }
}

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub(super) colour: Option<Colour>,
    pub(super) ground: Option<Colour>,
    pub(super) is_bold: bool,
    pub(super) is_italic: bool,
    pub(super) is_underlined: bool,
    pub(super) is_struck: bool,
    pub(super) is_dim: bool,
    is_inverse: bool,
}

impl Style {
    /// As it is drawn: inverse colours are exchanged, and what has no colour of its own then is white on black.
    fn drawn(mut self) -> Self {
        if self.is_inverse {
            let ground = self.colour.unwrap_or(Colour::White);
            self.colour = None;
            self.ground = Some(ground);
            self.is_inverse = false;
        }
        self
    }
}

/// Text that looks the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) style: Style,
    pub(super) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and something that takes one more, such as a character set.
    Charset,
    /// After `ESC [`, until a letter.
    Control,
    /// In a text for the terminal itself, until BEL or `ESC \`.
    Title,
    /// After ESC in such a text.
    TitleEscape,
}

/// Takes a text piece by piece; pieces may end in the middle of a sequence.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    place: Place,
    parameters: String,
    style: Style,
    line: Vec<(char, Style)>,
    column: usize,
}

impl Terminal {
    /// Takes a piece, and gives the lines that will not change any more, each with its break.
    pub(super) fn take(&mut self, piece: &str) -> Vec<Run> {
        let mut finished = Vec::new();
        for c in piece.chars() {
            self.take_one(c, &mut finished);
        }
        finished
    }

    /// The last line, as it is now.
    pub(super) fn last_line(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        runs_of(&self.line, &mut runs);
        runs
    }

    fn take_one(&mut self, c: char, finished: &mut Vec<Run>) {
        self.place = match (self.place, c) {
            (Place::Text, '\u{1b}') => Place::Escape,
            (Place::Text | Place::Escape, '\u{9b}') | (Place::Escape, '[') => {
                self.parameters.clear();
                Place::Control
            }
            (Place::Text, c) => {
                self.print(c, finished);
                Place::Text
            }
            (Place::Escape, ']' | 'P' | 'X' | '^' | '_') => Place::Title,
            (Place::Escape, ' '..='/') => Place::Charset,
            (Place::Escape, '\u{1b}') => Place::Escape,
            (Place::Escape | Place::Charset, _) => Place::Text,
            (Place::Control, '@'..='~') => {
                self.control(c);
                Place::Text
            }
            (Place::Control, '\u{1b}') => Place::Escape,
            // What goes on for so long is no sequence that anybody knows.
            (Place::Control, _) if self.parameters.len() > 64 => Place::Text,
            (Place::Control, c) => {
                self.parameters.push(c);
                Place::Control
            }
            (Place::Title | Place::TitleEscape, '\u{7}') | (Place::TitleEscape, '\\') => Place::Text,
            // Programs that die in the middle of a title must not hide what others print later.
            (Place::Title | Place::TitleEscape, '\n') => {
                self.print(c, finished);
                Place::Text
            }
            (Place::Title, '\u{1b}') => Place::TitleEscape,
            (Place::Title | Place::TitleEscape, _) => Place::Title,
        };
    }

    fn print(&mut self, c: char, finished: &mut Vec<Run>) {
        match c {
            '\n' => {
                runs_of(&self.line, finished);
                match finished.last_mut() {
                    Some(last) if last.style == Style::default() => last.text.push('\n'),
                    Some(_) | None => {
                        finished.push(Run { style: Style::default(), text: "\n".to_owned() });
                    }
                }
                self.line.clear();
                self.column = 0;
            }
            '\r' => self.column = 0,
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.put('\t', finished),
            c if c.is_control() => {}
            c => self.put(c, finished),
        }
    }

    fn put(&mut self, c: char, finished: &mut Vec<Run>) {
        if self.column >= MOST_CHARS {
            runs_of(&self.line, finished);
            self.line.clear();
            self.column = 0;
        }
        let cell = (c, self.style.drawn());
        match self.line.get_mut(self.column) {
            Some(place) => *place = cell,
            None => {
                self.line.resize(self.column, (' ', Style::default()));
                self.line.push(cell);
            }
        }
        self.column = self.column.saturating_add(1);
    }

    fn control(&mut self, letter: char) {
        let mut numbers = self.parameters.split([';', ':']).map(|part| part.parse::<u16>().unwrap_or(0));
        let first = numbers.next().unwrap_or(0);
        let steps = usize::from(first.max(1));
        let most = MOST_CHARS.saturating_sub(1);
        match letter {
            // `ESC [ > …m` and the like are not about looks.
            'm' if !self.parameters.starts_with(['<', '=', '>', '?']) => {
                let numbers: Vec<u16> = std::iter::once(first).chain(numbers).collect();
                self.style = looks(self.style, &numbers);
            }
            // Erases in the line: from here, up to here, all.
            'K' => match first {
                0 => self.line.truncate(self.column),
                1 => {
                    let end = self.column.saturating_add(1).min(self.line.len());
                    self.line.iter_mut().take(end).for_each(|cell| *cell = (' ', Style::default()));
                }
                _ => self.line.clear(),
            },
            'G' => self.column = steps.saturating_sub(1).min(most),
            'C' => self.column = self.column.saturating_add(steps).min(most),
            'D' => self.column = self.column.saturating_sub(steps),
            _ => {}
        }
    }
}

/// What `ESC [ …m` makes of a style.
fn looks(mut style: Style, numbers: &[u16]) -> Style {
    let mut rest = numbers.iter().copied();
    while let Some(number) = rest.next() {
        match number {
            0 => style = Style::default(),
            1 => style.is_bold = true,
            2 => style.is_dim = true,
            3 => style.is_italic = true,
            4 | 21 => style.is_underlined = true,
            7 => style.is_inverse = true,
            9 => style.is_struck = true,
            22 => (style.is_bold, style.is_dim) = (false, false),
            23 => style.is_italic = false,
            24 => style.is_underlined = false,
            27 => style.is_inverse = false,
            29 => style.is_struck = false,
            30..=37 => style.colour = Colour::of_index(number.saturating_sub(30)),
            90..=97 => style.colour = Colour::of_index(number.saturating_sub(82)),
            38 => style.colour = chosen(&mut rest),
            39 => style.colour = None,
            40..=47 => style.ground = Colour::of_index(number.saturating_sub(40)),
            100..=107 => style.ground = Colour::of_index(number.saturating_sub(92)),
            48 => style.ground = chosen(&mut rest),
            49 => style.ground = None,
            _ => {}
        }
    }
    style
}

/// A colour of the 256, or by its parts.
fn chosen(rest: &mut impl Iterator<Item = u16>) -> Option<Colour> {
    match rest.next() {
        Some(5) => Colour::of_palette(rest.next()?),
        Some(2) => Colour::of_rgb(rest.next()?, rest.next()?, rest.next()?),
        Some(_) | None => None,
    }
}

fn runs_of(line: &[(char, Style)], runs: &mut Vec<Run>) {
    for (c, style) in line {
        match runs.last_mut() {
            Some(last) if last.style == *style => last.text.push(*c),
            Some(_) | None => runs.push(Run { style: *style, text: c.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of pieces: `{red b:…}` for what has a style.
    fn shown(pieces: &[&str]) -> String {
        let mut terminal = Terminal::default();
        let mut runs: Vec<Run> = pieces.iter().flat_map(|piece| terminal.take(piece)).collect();
        runs.extend(terminal.last_line());
        let mut shown = String::new();
        for run in runs {
            let mut words: Vec<String> = Vec::new();
            words.extend(run.style.colour.map(|colour| colour.as_str().to_owned()));
            words.extend(run.style.ground.map(|ground| format!("on-{}", ground.as_str())));
            for (is, word) in [
                (run.style.is_bold, "bold"),
                (run.style.is_dim, "dim"),
                (run.style.is_italic, "italic"),
                (run.style.is_underlined, "under"),
                (run.style.is_struck, "struck"),
            ] {
                words.extend(is.then(|| word.to_owned()));
            }
            if words.is_empty() {
                shown.push_str(&run.text);
            } else {
                shown.push_str(&format!("{{{}:{}}}", words.join(" "), run.text));
            }
        }
        shown
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(&[text]), expected, "{text:?}");
        // Wherever the pieces end.
        let pieces: Vec<String> = text.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(shown(&pieces), expected, "{text:?}, char by char");
    }

    #[test]
    fn looks_are_read() {
        check("\u{1b}[1;31merror:\u{1b}[0m x\n", "{red bold:error:} x\n");
        check("\u{1b}[32mok\u{1b}[m.", "{green:ok}.");
        check(
            "\u{1b}[2;3;4;9;35mx\u{1b}[22;23;24;29my\u{1b}[39mz",
            "{magenta dim italic under struck:x}{magenta:y}z",
        );
        check("\u{1b}[90mx\u{1b}[97my", "{grey:x}{white:y}");
        check("\u{1b}[41;33mx\u{1b}[49my", "{yellow on-red:x}{yellow:y}");
        check("\u{1b}[7mx\u{1b}[31my\u{1b}[27mz", "{on-white:x}{on-red:y}{red:z}");
        check("\u{1b}[38;5;196mx\u{1b}[38;5;240my\u{1b}[38;5;4mz", "{red:x}{grey:y}{blue:z}");
        check("\u{1b}[38;2;10;200;30mx\u{1b}[48;2;0;0;0my", "{green:x}{green on-black:y}");
        check("\u{1b}[38:2:250:250:10mx", "{yellow:x}");
        check("\u{1b}[38;9mx\u{1b}[38mx\u{1b}[999mx", "xxx");
    }

    #[test]
    fn a_line_is_overwritten_from_its_beginning() {
        check("10 %\r50 %\r100 %\ndone", "100 %\ndone");
        check("long line\rshort", "shortline");
        check("long line\r\u{1b}[Kshort", "short");
        check("abc\u{8}\u{8}X", "aXc");
        check("abc\u{1b}[2Kx", "   x");
        check("abcdef\u{1b}[3G|\u{1b}[2C|\u{1b}[5D\u{1b}[1K", "  |de|");
        check("1\r\n2\r\n", "1\n2\n");
        check("\u{1b}[31mbar\r\u{1b}[32mB", "{green:B}{red:ar}");
        check("a\tb", "a\tb");
    }

    #[test]
    fn other_sequences_are_never_shown() {
        check("\u{1b}]0;title\u{7}text", "text");
        check("\u{1b}]8;;https://x\u{1b}\\link\u{1b}]8;;\u{1b}\\.", "link.");
        check("\u{1b}(Btext\u{1b}[?25l\u{1b}[2J\u{1b}[10;5H.", "text.");
        check("\u{1b}P1$r0m\u{1b}\\x\u{1b}=y\u{1b}cz", "xyz");
        check("\u{9b}31mx\u{7}\0\u{85}", "{red:x}");
        check("\u{1b}[>4;2mx", "x");
        // A title without an end ends with its line.
        check("\u{1b}]0;title\nx", "\nx");
        check("\u{1b}\u{1b}[31mx\u{1b}[3\u{1b}[32my", "{red:x}{green:y}");
        check("\u{fffd}é漢", "\u{fffd}é漢");
    }

    #[test]
    fn what_does_not_end_stays_small() {
        let mut terminal = Terminal::default();
        let finished = terminal.take(&"x".repeat(MOST_CHARS * 3));
        let n_finished: usize = finished.iter().map(|run| run.text.len()).sum();
        assert_eq!(n_finished, MOST_CHARS * 2);
        terminal.take("\u{1b}[65535C");
        terminal.take(&format!("\u{1b}[{}", "1;".repeat(1000)));
        terminal.take("x");
        assert!(terminal.line.len() <= MOST_CHARS && terminal.parameters.len() <= 65);
        // Millions of steps in one line are one line.
        for n in 0..100_000 {
            assert_eq!(terminal.take(&format!("\r{n} %")), [], "{n}");
        }
    }

    #[test]
    fn colours_are_the_nearest_of_ours() {
        for (parts, expected) in [
            ((255, 0, 0), Colour::Red),
            ((255, 165, 0), Colour::Yellow),
            ((30, 30, 200), Colour::Blue),
            ((0, 0, 0), Colour::Black),
            ((128, 128, 128), Colour::Grey),
            ((250, 250, 250), Colour::White),
            ((200, 60, 200), Colour::Magenta),
        ] {
            assert_eq!(Colour::of_rgb(parts.0, parts.1, parts.2), Some(expected), "{parts:?}");
        }
        assert!((0..256).all(|index| Colour::of_palette(index).is_some()));
        assert_eq!(Colour::of_palette(256), None);
    }
}
