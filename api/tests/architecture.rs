//! Rules of the house, checked: which folder may know which, and that the database, its description and the problem codes'
//! documentation keep step.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::{Path, PathBuf};

use pbsweb_shared::problem::ProblemCode;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The files of a module: its folder, or its one file.
fn module(name: &str) -> Vec<PathBuf> {
    let source = root().join("api/src");
    let file = source.join(format!("{name}.rs"));
    if file.exists() { vec![file] } else { sources(&source.join(name)) }
}

/// Code without comments: they may name anything.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn check_knows_not(name: &str, forbidden: &[&str]) {
    for path in module(name) {
        let code = code(&path);
        for other in forbidden {
            let is_known =
                code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{other};"));
            assert!(!is_known, "{} knows {other}; see ARCHITECTURE.md", path.display());
        }
    }
}

#[test]
fn arrows_point_one_way() {
    // Routes are known by the server that mounts them, and by nobody else.
    for module in
        ["services", "scheduler", "transport", "store", "poller", "events", "config", "secret", "postgres"]
    {
        check_knows_not(module, &["routes"]);
    }
    check_knows_not("scheduler", &["services", "transport", "store", "poller", "events", "app", "config"]);
    check_knows_not("transport", &["services", "scheduler", "store", "poller", "events", "app", "config"]);
    check_knows_not("store", &["services", "transport", "poller", "events", "app", "config"]);
    check_knows_not("routes", &["poller"]);
}

#[test]
fn shared_has_no_clock_no_chance_and_no_outside_world() {
    for path in sources(&root().join("shared/src")) {
        let code = code(&path);
        let production = code.split("#[cfg(test)]").next().unwrap_or_default();
        for forbidden in [
            "Utc::now",
            "SystemTime",
            "Instant::now",
            "new_v4",
            "new_v7",
            "rand::",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
        ] {
            let is_test =
                path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests");
            assert!(is_test || !production.contains(forbidden), "{} uses {forbidden}", path.display());
        }
    }
}

#[test]
fn only_the_store_takes_connections() {
    for path in sources(&root().join("api/src")) {
        if !path.components().any(|part| part.as_os_str() == "store") {
            assert!(!code(&path).contains("r2d2::"), "{} knows the pool", path.display());
        }
    }
}

#[test]
fn every_problem_code_is_documented() {
    let text = fs::read_to_string(root().join("docs/ERRORS.md")).unwrap();
    for code in ProblemCode::ALL {
        let heading = format!("\n## {}\n", code.as_str());
        assert!(text.contains(&heading), "docs/ERRORS.md has no paragraph '## {}'", code.as_str());
    }
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    for heading in headings {
        assert!(
            ProblemCode::ALL.iter().any(|code| code.as_str() == heading),
            "docs/ERRORS.md describes {heading}, which is no problem code"
        );
    }
}

#[test]
fn every_module_says_why_it_exists() {
    for package in ["shared", "api", "web", "e2e", "e2e/sim"] {
        for path in sources(&root().join(package).join("src")) {
            let text = fs::read_to_string(&path).unwrap();
            if path.ends_with("tests.rs") {
                continue;
            }
            assert!(text.starts_with("//!"), "{} does not begin with its reason", path.display());
        }
    }
}

#[test]
fn the_committed_document_is_the_programs() {
    let path = root().join("openapi/openapi.json");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let generated = pbsweb::routes::docs::document().to_pretty_json().unwrap();
    assert!(
        committed.trim_end() == generated.trim_end(),
        "openapi/openapi.json is not what the program describes: look at the difference after `make openapi`"
    );
}
