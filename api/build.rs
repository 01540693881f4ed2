//! Puts the built page (`web/dist`, or the folder that `PBSWEB_WEB_DIST` names) into the binary: every file as it is and,
//! where that is smaller, as brotli and gzip. Without a built page the table is empty, and the server says so.
//!
//! What was compressed once is kept by content in cargo's output folder, so that a change of one file costs that file.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PBSWEB_WEB_DIST");
    println!("cargo::rerun-if-changed=../migrations");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gives OUT_DIR")?);
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo gives CARGO_MANIFEST_DIR")?);
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let named = env::var_os("PBSWEB_WEB_DIST").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let dist = named.unwrap_or_else(|| manifest.join("../web/dist"));
    // Cargo takes a path that is missing for changed, every time, and would never see the page come: so the folder exists.
    if !dist.exists() && dist.parent().is_some_and(Path::exists) {
        fs::create_dir(&dist)?;
    }
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut files = Vec::new();
    // A half-built page (Trunk's stage) has no index.html and is no page.
    if dist.join("index.html").is_file() {
        list(&dist, &dist, &mut files)?;
    }
    files.sort();
    let kept = out.join("page");
    fs::create_dir_all(&kept)?;
    let entries = std::thread::scope(|scope| {
        let threads: Vec<_> =
            files.iter().map(|(path, file)| scope.spawn(|| entry(path, file, &kept, is_release))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "compressing failed")?)
            .collect::<Outcome<Vec<_>>>()
    })?;
    let table =
        format!("/// The page's files, by path.\nstatic FILES: &[File] = &[\n{}];\n", entries.concat());
    // What an earlier page left would only grow.
    for old in fs::read_dir(&kept)? {
        let old = old?.path();
        if !old.file_name().and_then(|name| name.to_str()).is_some_and(|name| table.contains(name)) {
            fs::remove_file(&old)?;
        }
    }
    Ok(write_if_changed(&out.join("page.rs"), table.as_bytes())?)
}

/// Every file below `folder`, with its path as the browser asks for it.
fn list(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name =
            file.strip_prefix(root)?.to_str().ok_or("a file of the page has a name that is not UTF-8")?;
        if file.is_dir() {
            // Trunk builds here before it puts the result in place.
            if name != ".stage" {
                list(root, &file, files)?;
            }
        } else {
            files.push((format!("/{name}"), file.clone()));
        }
    }
    Ok(())
}

/// One line of the table.
fn entry(path: &str, file: &Path, kept: &Path, is_release: bool) -> Outcome<String> {
    let bytes = fs::read(file)?;
    let digest = digest(&bytes);
    // Gzip's level 9 gave a larger file than 6 when it was measured with the page's WASM.
    let (quality, level) = if is_release { (11, 6) } else { (4, 6) };
    let original = keep(&kept.join(&digest), || Ok(bytes.clone()))?;
    let mut brotli = None;
    let mut gzip = None;
    if is_compressible(path) {
        brotli = Some(keep(&kept.join(format!("{digest}.{quality}.br")), || {
            let mut output = Vec::new();
            let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
            brotli::BrotliCompress(&mut bytes.as_slice(), &mut output, &params)?;
            Ok(output)
        })?);
        gzip = Some(keep(&kept.join(format!("{digest}.{level}.gz")), || {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(&bytes)?;
            encoder.finish()
        })?);
    }
    let smaller = |copy: Option<(PathBuf, u64)>| match copy {
        Some((copy, length)) if length < bytes.len() as u64 => format!("Some(include_bytes!({copy:?}))"),
        _ => "None".to_owned(),
    };
    let mut line = String::new();
    writeln!(
        line,
        "    File {{ path: {path:?}, content_type: {:?}, digest: {digest:?}, is_hashed: {}, \
         identity: include_bytes!({:?}), brotli: {}, gzip: {} }},",
        content_type(path),
        is_hashed(path),
        original.0,
        smaller(brotli),
        smaller(gzip),
    )?;
    Ok(line)
}

/// The file with these bytes, made only when it is not there; and its length.
fn keep(path: &Path, make: impl FnOnce() -> io::Result<Vec<u8>>) -> io::Result<(PathBuf, u64)> {
    if let Ok(metadata) = fs::metadata(path) {
        return Ok((path.to_owned(), metadata.len()));
    }
    let bytes = make()?;
    // Renamed into place, so that a build that is cut short does not leave half a file under a good name.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, &bytes)?;
    fs::rename(&beside, path)?;
    Ok((path.to_owned(), bytes.len() as u64))
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|before| before == bytes) { Ok(()) } else { fs::write(path, bytes) }
}

/// 128 bits that change with the content; nobody tries to forge them.
fn digest(bytes: &[u8]) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(bytes);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

/// Whether some part of the path carries a hash of the content, as Trunk writes them: `web-0123456789abcdef_bg.wasm`.
fn is_hashed(path: &str) -> bool {
    path.split(['/', '.', '-', '_']).any(|part| {
        (8..=64).contains(&part.len())
            && part.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
            && part.chars().any(|c| c.is_ascii_digit())
    })
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn content_type(path: &str) -> &'static str {
    match extension(path) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn is_compressible(path: &str) -> bool {
    !matches!(extension(path), "png" | "webp" | "woff2" | "jpg" | "jpeg" | "gz" | "br" | "zst")
}
