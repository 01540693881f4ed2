//! Recorded answers of real schedulers, and framed outputs made of them.

use std::path::{Path, PathBuf};

use pbsweb::scheduler::Marker;

/// One recorded command.
pub(crate) struct Recording {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) status: i32,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/openpbs")
}

pub(crate) fn recording(name: &str) -> Recording {
    let read = |kind: &str| {
        let path = folder().join(format!("{name}.{kind}"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    Recording {
        stdout: read("out"),
        stderr: read("err"),
        status: String::from_utf8(read("rc")).unwrap().trim().parse().unwrap(),
    }
}

/// Names of the recordings in a folder, without their endings.
pub(crate) fn names(below: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder().join(below))
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".out")?.to_owned()))
        .map(|name| if below.is_empty() { name } else { format!("{below}/{name}") })
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

pub(crate) fn marker() -> Marker {
    Marker::new(42)
}

/// What the program of the listing prints when its commands answer as recorded.
pub(crate) fn framed(parts: &[(&str, &Recording)]) -> Vec<u8> {
    let marker = marker();
    let m = marker.as_str();
    let mut text = b"Message of the day\n".to_vec();
    for (name, recording) in parts {
        text.extend(format!("{m} out {name}\n").bytes());
        text.extend(&recording.stdout);
        text.extend(format!("\n{m} err {name} {}\n", recording.status).bytes());
        text.extend(&recording.stderr);
        text.push(b'\n');
    }
    text.extend(format!("{m} done\n").bytes());
    text
}
