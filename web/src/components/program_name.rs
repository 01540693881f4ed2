//! What a program is called, by its own words about itself (HTTP's `User-Agent`).

/// Longer words of unknown programs are cut here.
const MOST_LETTERS: usize = 40;

/// In plain words: `Firefox on Linux`, `curl 8.5`. What is not known is shown as it is, or as much of it as fits; the whole belongs
/// into the title of what shows it.
pub(crate) fn program_name(words: &str) -> String {
    // The order matters: browsers claim to be their ancestors, too.
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| words.contains(mark)).map(|(_, name)| *name)
    };
    let words = words.trim();
    let browser = find(&BROWSERS).filter(|_| words.starts_with("Mozilla/"));
    match (browser, find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) if words.is_empty() => "unknown program".to_owned(),
        (None, _) => product(words).unwrap_or_else(|| shortened(words)),
    }
}

/// `curl 8.5` of `curl/8.5.0 (x86_64) libcurl/8.5.0`: programs that are no browsers begin with what they are.
fn product(words: &str) -> Option<String> {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    let (name, version) = first.split_once('/')?;
    let next = rest.split(' ').next().unwrap_or_default();
    let is_followed_well = next.is_empty() || next.starts_with('(') || next.contains('/');
    let is_version = version.starts_with(|letter: char| letter.is_ascii_digit());
    let version: Vec<&str> = version.splitn(3, '.').take(2).collect();
    (name != "Mozilla" && is_followed_well && is_version)
        .then(|| shortened(&format!("{name} {}", version.join("."))))
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or(words)),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_in_words() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let cases = [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/140.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/140.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/140.0 Safari/537.36"), "Chrome on ChromeOS"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0 Safari/537.36 Edg/140.0"), "Edge on Windows"),
            (format!("Mozilla/5.0 (Linux; Android 15) {webkit} Chrome/140.0 Mobile Safari/537.36 EdgA/140.0"), "Edge on Android"),
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/140.0 Mobile Safari/537.36"), "Chrome on Android"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15".to_owned(), "Safari on macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 FxiOS/140.0 Mobile/15E Safari/605.1".to_owned(), "Firefox on iPhone"),
            ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(), "Firefox on Linux"),
            ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0".to_owned(), "Firefox on Windows"),
            ("curl/8.5.0".to_owned(), "curl 8.5"),
            ("curl/8".to_owned(), "curl 8"),
            ("Wget/1.21.3 (linux-gnu)".to_owned(), "Wget 1.21"),
            ("git/2.39.5 curl/8.5.0".to_owned(), "git 2.39"),
            ("python-requests/2.31.0".to_owned(), "python-requests 2.31"),
            ("nightly runs".to_owned(), "nightly runs"),
            ("ci/2 of the Chrome/Linux team".to_owned(), "ci/2 of the Chrome/Linux team"),
            ("group/main".to_owned(), "group/main"),
            ("2026/11 campaign".to_owned(), "2026/11 campaign"),
            ("Mozilla/5.0".to_owned(), "Mozilla/5.0"),
            ("  ".to_owned(), "unknown program"),
            (String::new(), "unknown program"),
        ];
        for (words, name) in &cases {
            assert_eq!(program_name(words), *name, "{words}");
        }
        assert_eq!(program_name(&"ü".repeat(40)), "ü".repeat(40));
        assert_eq!(program_name(&"ü".repeat(41)), format!("{}…", "ü".repeat(40)));
    }
}
