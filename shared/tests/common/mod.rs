//! Pages of the documentation that are made of the code.

/// Compares a page in `docs/` with what it is to be; with `WRITE_DOCS` writes it.
pub(crate) fn compare(name: &str, page: &str) {
    let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/{name} is out of date: run with WRITE_DOCS=1");
}
