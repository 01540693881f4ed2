//! What several pages share: who is signed in, the hosts, live jobs and builds, the theme, the clock, announcements.
//!
//! Each is a small `Copy` handle given as a context of its own type by `provide`. Nothing here draws anything.

pub(crate) mod clock;
pub(crate) mod hosts;
pub(crate) mod live;
pub(crate) mod notices;
pub(crate) mod preferences;
pub(crate) mod session;
pub(crate) mod theme;

pub(crate) use clock::{Clock, every};
pub(crate) use hosts::Hosts;
pub(crate) use live::{Live, LiveState};
pub(crate) use notices::Notices;
pub(crate) use preferences::OwnPreferences;
pub(crate) use session::{CurrentUser, SessionState};
pub(crate) use theme::{Theme, ThemeChoice};

/// Makes all of it, once, for the whole page.
pub(crate) fn provide() {
    Clock::provide();
    Theme::provide();
    let notices = Notices::provide();
    let user = CurrentUser::provide(notices);
    OwnPreferences::provide(user);
    let hosts = Hosts::provide(user);
    Live::provide(user, hosts, notices);
}
