//! The few drawings: each a path in a 16 by 16 box, in the colour of the text, hidden from screen readers.

use leptos::prelude::*;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A tick: good, ended well.
    Check,
    /// A cross: failed.
    Cross,
    /// An exclamation mark in a triangle.
    Warning,
    /// A dot: running.
    Dot,
    /// A ring: waiting.
    Ring,
    /// Two bars: held.
    Pause,
    /// Three dots: on the way.
    Dots,
    /// A question mark: not known.
    Question,
    /// A bar: taken away, switched off.
    Bar,
    /// An hourglass: a limit was reached.
    Hourglass,
    /// An arrow up into a tray.
    Upload,
    /// A hammer.
    Build,
    /// A paper plane.
    Submit,
    /// A magnifying glass.
    Search,
    /// Two sheets.
    Copy,
    /// Three lines.
    Menu,
    /// A half-filled disc.
    Theme,
    /// A sun.
    Sun,
    /// A moon.
    Moon,
    /// A plus sign.
    Plus,
    /// A key.
    Key,
    /// A chevron up: the one before.
    Up,
    /// A chevron down: the next.
    Down,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Warning => "M8 2 15 14H1ZM8 6.5v3.5M8 12v.2",
            Self::Dot => "M8 5a3 3 0 1 0 .01 0Z M8 6.5a1.5 1.5 0 1 0 .01 0Z",
            Self::Ring => "M8 3a5 5 0 1 0 .01 0Z",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Dots => "M3 8v.2M8 8v.2M13 8v.2",
            Self::Question => "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.6 8 9 8 10M8 12.6v.2",
            Self::Bar => "M3 8h10",
            Self::Hourglass => "M4 2h8M4 14h8M5 2c0 4 6 8 6 12M11 2c0 4-6 8-6 12",
            Self::Upload => "M8 10.5v-8M4.8 5.5 8 2.3l3.2 3.2M2.5 10v3.5h11V10",
            Self::Build => "M9 3.5 12.5 7M3 13l6-6M7.5 3.2c2-1.4 4-1 5.8.8l-3.6 3.6L7 5Z",
            Self::Submit => "M14 2 1.5 7l4.7 2 2 4.8ZM6.2 9 14 2",
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 .01 0ZM10.3 10.3 14 14",
            Self::Copy => "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
            Self::Menu => "M2 4h12M2 8h12M2 12h12",
            Self::Theme => "M8 2a6 6 0 1 0 .01 0ZM8 2v12M8 5h4M8 8h6M8 11h4",
            Self::Sun => {
                "M8 5a3 3 0 1 0 .01 0ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"
            }
            Self::Moon => "M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Up => "M3.5 10 8 5.5 12.5 10",
            Self::Down => "M3.5 6 8 10.5 12.5 6",
            Self::Key => "M5 7.5a3 3 0 1 0 .01 0ZM7.2 8.3 13.5 2M10.5 5l2 2",
        }
    }
}

/// Draws a shape beside a text that says the same.
#[component]
pub(crate) fn Icon(
    /// What is drawn.
    #[prop(into)]
    shape: Signal<Shape>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=move || shape.get().path()></path>
        </svg>
    }
}
