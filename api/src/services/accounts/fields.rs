//! The rules for the fields of an account. All that is wrong is said at once.

use pbsweb_shared::api::me::Preferences;
use pbsweb_shared::names::UserName;
use pbsweb_shared::problem::FieldError;
use zeroize::Zeroizing;

use crate::services::sessions::passwords::MOST_BYTES;

/// An account that may be made, unless its name is taken.
pub(crate) struct NewAccount {
    pub(crate) user_name: UserName,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) is_admin: bool,
}

/// What is wrong, as it is found.
#[derive(Default)]
pub(crate) struct Findings(Vec<FieldError>);

impl Findings {
    fn add(&mut self, pointer: &str, code: &str, message: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        });
    }

    fn add_if(&mut self, is_wrong: bool, pointer: &str, code: &str, message: impl Into<String>) {
        if is_wrong {
            self.add(pointer, code, message);
        }
    }

    /// The value, if nothing is wrong.
    pub(crate) fn allow<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    /// A name for people; empty where `or_else` takes its place.
    pub(crate) fn display_name(&mut self, text: &str, or_else: &str) -> String {
        let text = text.trim();
        let is_long = text.chars().count() > 100;
        self.add_if(is_long, "/display_name", "display_name.length", "A name has at most 100 characters.");
        let has_controls = text.chars().any(char::is_control);
        self.add_if(
            has_controls,
            "/display_name",
            "display_name.syntax",
            "A name is one line of plain text.",
        );
        if text.is_empty() { or_else.to_owned() } else { text.to_owned() }
    }

    /// A mail address or nothing. Whether it exists only a mail can tell.
    pub(crate) fn email(&mut self, text: &str) -> String {
        let text = text.trim();
        let looks_right = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && text.len() <= 254
                && !text.chars().any(|c| c.is_whitespace() || c.is_control() || ",;<>\"".contains(c))
        });
        self.add_if(
            !text.is_empty() && !looks_right,
            "/email",
            "email.syntax",
            "An e-mail address looks like ada@example.org; the field may also stay empty.",
        );
        text.to_owned()
    }

    /// A new password.
    pub(crate) fn password(&mut self, pointer: &str, password: &str, user_name: &str, min_length: u32) {
        let n_chars = password.chars().count();
        self.add_if(
            n_chars < min_length as usize,
            pointer,
            "password.too_short",
            format!("A password has at least {min_length} characters."),
        );
        self.add_if(
            password.len() > MOST_BYTES,
            pointer,
            "password.too_long",
            format!("A password has at most {MOST_BYTES} bytes."),
        );
        self.add_if(
            !user_name.is_empty() && password.trim().eq_ignore_ascii_case(user_name.trim()),
            pointer,
            "password.is_user_name",
            "The user name is no password.",
        );
    }

    fn line(&mut self, pointer: &str, text: &str, most: usize) {
        self.add_if(
            text.chars().count() > most || text.chars().any(char::is_control),
            pointer,
            "preference.syntax",
            format!("This is one line of at most {most} characters."),
        );
    }
}

/// Looks at a new account.
pub(crate) fn check_account(
    user_name: &str,
    display_name: &str,
    email: &str,
    password: Zeroizing<String>,
    is_admin: bool,
    min_password_length: u32,
) -> Result<NewAccount, Vec<FieldError>> {
    let mut findings = Findings::default();
    let user_name = user_name.trim();
    let name = user_name.parse::<UserName>();
    if let Err(error) = &name {
        findings.add("/user_name", "user_name.syntax", format!("The user name {error}."));
    }
    let display_name = findings.display_name(display_name, user_name);
    let email = findings.email(email);
    findings.password("/password", &password, user_name, min_password_length);
    match name {
        Ok(user_name) => findings.allow(NewAccount { user_name, display_name, email, password, is_admin }),
        Err(_) => Err(findings.0),
    }
}

/// Looks at preferences; whether the host exists is for the database to tell. A script's check has the last word on what
/// fills its fields.
pub(crate) fn check_preferences(preferences: &Preferences) -> Result<(), Vec<FieldError>> {
    let Preferences { theme, host: _, mail_users, mail_events, account, shell, build_command } = preferences;
    let mut findings = Findings::default();
    findings.add_if(
        !matches!(theme.as_str(), "" | "auto" | "light" | "dark"),
        "/theme",
        "theme.unknown",
        "The theme is auto, light or dark.",
    );
    findings.add_if(
        !(mail_events.is_empty() || mail_events == "n" || mail_events.chars().all(|c| "abej".contains(c)))
            || mail_events.len() > 4,
        "/mail_events",
        "mail_events.unknown",
        "Mail is sent for letters of a, b, e and j, or never: n.",
    );
    findings.add_if(
        !(shell.is_empty() || shell.starts_with('/')),
        "/shell",
        "shell.syntax",
        "The interpreter is an absolute path, such as /bin/bash.",
    );
    findings.line("/mail_users", mail_users, 500);
    findings.line("/account", account, 200);
    findings.line("/shell", shell, 200);
    findings.line("/build_command", build_command, 2000);
    findings.allow(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(user_name: &str, email: &str, password: &str, expected: &[(&str, &str)]) {
        let password = Zeroizing::new(password.to_owned());
        let errors = check_account(user_name, "", email, password, false, 10).err().unwrap_or_default();
        let found: Vec<_> =
            errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        assert_eq!(found, expected, "{user_name:?} {email:?}");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        check("ada", "", "correct horse", &[]);
        check(" ada ", "ada@example.org", "žluťoučký kůň", &[]);
        check("Ada", "", "correct horse", &[("/user_name", "user_name.syntax")]);
        check(
            "",
            "ada",
            "short",
            &[
                ("/user_name", "user_name.syntax"),
                ("/email", "email.syntax"),
                ("/password", "password.too_short"),
            ],
        );
        check("ada.lovelace", "", "ADA.lovelace", &[("/password", "password.is_user_name")]);
        check(
            "ada",
            "a@b@c",
            &"x".repeat(1025),
            &[("/email", "email.syntax"), ("/password", "password.too_long")],
        );
        for email in ["a b@c", "@c", "a@", "a@b,c@d", "a@b\n"] {
            let expected: &[_] = if email.trim() == "a@b" { &[] } else { &[("/email", "email.syntax")] };
            check("ada", email, "correct horse", expected);
        }
    }

    #[test]
    fn the_login_name_stands_in_for_an_empty_name() {
        let made = check_account("ada", " ", "", Zeroizing::new("correct horse".to_owned()), false, 10)
            .ok()
            .unwrap();
        assert_eq!(made.display_name, "ada");
    }

    #[test]
    fn preferences_are_lines_of_the_right_kind() {
        let check = |preferences: Preferences| {
            let errors = check_preferences(&preferences).err().unwrap_or_default();
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(check(Preferences::default()), "");
        let good = Preferences {
            theme: "dark".to_owned(),
            mail_events: "ae".to_owned(),
            shell: "/bin/bash".to_owned(),
            build_command: "make -j 4".to_owned(),
            ..Preferences::default()
        };
        assert_eq!(check(good), "");
        let bad = Preferences {
            theme: "pink".to_owned(),
            mail_events: "an".to_owned(),
            shell: "bash".to_owned(),
            account: "a\n#PBS -q root".to_owned(),
            ..Preferences::default()
        };
        assert_eq!(check(bad), "/theme /mail_events /shell /account");
    }
}
