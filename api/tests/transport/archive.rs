//! Archives as they come from people, and as they come from attackers.

use std::io::{Read, Write};

use bytes::Bytes;
use futures_util::StreamExt;
use pbsweb::transport::archive::{
    ArchiveError, ArchiveLimits, ArchiveSummary, Compression, clean, upload_channel,
};
use tar::{Builder, EntryType, Header};

async fn pass_with(upload: &[u8], limits: ArchiveLimits) -> (Vec<u8>, Result<ArchiveSummary, ArchiveError>) {
    let (sender, receiver) = upload_channel();
    let upload = upload.to_vec();
    let feeding = tokio::spawn(async move {
        for piece in upload.chunks(10_007) {
            if sender.send(Ok(Bytes::copy_from_slice(piece))).await.is_err() {
                return;
            }
        }
    });
    let mut cleaning = clean(receiver, limits);
    let mut tar = Vec::new();
    let mut failed = false;
    while let Some(chunk) = cleaning.tar.next().await {
        match chunk {
            Ok(chunk) => tar.extend_from_slice(&chunk),
            Err(_) => failed = true,
        }
    }
    feeding.await.unwrap();
    let verdict = cleaning.verdict.wait().await;
    assert_eq!(failed, verdict.is_err(), "the stream and the verdict agree");
    (tar, verdict)
}

async fn pass(upload: &[u8]) -> (Vec<u8>, Result<ArchiveSummary, ArchiveError>) {
    pass_with(upload, ArchiveLimits { max_entries: 1000, max_bytes: 10 << 20 }).await
}

async fn refused(upload: &[u8]) -> ArchiveError {
    pass(upload).await.1.expect_err("the archive was taken")
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o6775);
    header.set_uid(1000);
    header.set_mtime(1_700_000_000);
    header
}

/// One entry with a name that the `tar` crate would not write.
fn raw(builder: &mut Builder<Vec<u8>>, kind: EntryType, name: &str, link: &str, content: &[u8]) {
    let mut header = header(kind, content.len() as u64);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..name.len()].copy_from_slice(name.as_bytes());
    gnu.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

/// Entries as `name`, `name/`, `name -> target` and `name = target`.
fn tar(entries: &[&str]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        if let Some((name, target)) = entry.split_once(" -> ") {
            raw(&mut builder, EntryType::Symlink, name, target, b"");
        } else if let Some((name, target)) = entry.split_once(" = ") {
            raw(&mut builder, EntryType::Link, name, target, b"");
        } else if entry.ends_with('/') {
            raw(&mut builder, EntryType::Directory, entry, "", b"");
        } else {
            raw(&mut builder, EntryType::Regular, entry, "", b"content\n");
        }
    }
    builder.into_inner().unwrap()
}

fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries.map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const TREE: &[&str] = &["heat/", "heat/src/main.c", "heat/run -> src/main.c", "heat/copy = heat/src/main.c"];

#[tokio::test]
async fn a_source_tree_passes_in_each_compression_as_the_same_bytes() {
    let plain = tar(TREE);
    let (clean, summary) = pass(&plain).await;
    let summary = summary.unwrap();
    assert_eq!(names(&clean), ["heat/", "heat/src/main.c", "heat/run", "heat/copy"]);
    assert_eq!((summary.entries, summary.unpacked_bytes, summary.tar_bytes), (4, 8, clean.len() as u64));
    assert_eq!((summary.top.as_deref(), summary.compression), (Some("heat"), Compression::Plain));
    let zstd = zstd::encode_all(&plain[..], 3).unwrap();
    for (upload, compression) in [(gzip(&plain), Compression::Gzip), (zstd, Compression::Zstd)] {
        let (again, other) = pass(&upload).await;
        assert!(again == clean);
        assert_eq!(other.unwrap(), ArchiveSummary { compression, ..summary.clone() });
    }
    // What came out passes unchanged.
    let (again, other) = pass(&clean).await;
    assert!(again == clean && other.unwrap().sha256 == summary.sha256);
}

#[tokio::test]
async fn owners_and_special_modes_are_left_behind() {
    let (clean, _) = pass(&tar(TREE)).await;
    for entry in tar::Archive::new(&clean[..]).entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.mode().unwrap() & 0o7000), (0, 0));
        assert_eq!(header.mtime().unwrap(), 1_700_000_000);
    }
}

#[tokio::test]
async fn what_gnu_tar_packs_is_what_it_unpacks() {
    for format in ["gnu", "pax", "ustar"] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let deep = format!("tree/{}", ["a-rather-long-folder-name"; 7].join("/"));
        std::fs::create_dir_all(at(&deep)).unwrap();
        std::fs::write(at(&format!("{deep}/file")), vec![42; 700_000]).unwrap();
        std::fs::write(at("tree/a\nstrange 'name' ü"), "x").unwrap();
        std::fs::write(at("tree/script"), "#!/bin/sh\n").unwrap();
        std::fs::hard_link(at("tree/script"), at("tree/other")).unwrap();
        std::os::unix::fs::symlink("../tree/script", at(&format!("{deep}/up"))).unwrap();
        let tar = |args: &[&str]| {
            let output =
                std::process::Command::new("tar").current_dir(folder.path()).args(args).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let packed = tar(&["-c", "-z", "--format", format, "tree"]);
        let (clean, summary) = pass(&packed).await;
        assert_eq!(summary.unwrap().top.as_deref(), Some("tree"), "{format}");
        std::fs::write(at("clean.tar"), clean).unwrap();
        std::fs::create_dir(at("unpacked")).unwrap();
        tar(&["-x", "-f", "clean.tar", "-C", "unpacked"]);
        let differs = std::process::Command::new("diff")
            .current_dir(folder.path())
            .args(["-r", "--no-dereference", "tree", "unpacked/tree"])
            .output()
            .unwrap();
        assert!(differs.status.success(), "{format}: {}", String::from_utf8_lossy(&differs.stdout));
    }
}

#[tokio::test]
async fn nothing_leaves_the_tree() {
    async fn check(entries: &[&str], message: &str) {
        let error = refused(&tar(entries)).await.to_string();
        assert!(error.contains(message), "{entries:?}: {error}");
    }
    check(&["/etc/passwd"], "'/etc/passwd' has an absolute path").await;
    check(&["a/../../b"], "'..'").await;
    check(&["../b"], "'../b'").await;
    check(&["a -> /etc"], "outside").await;
    check(&["a -> .."], "outside").await;
    check(&["d/a -> ../../x"], "outside").await;
    check(&["d/", "d/l -> ..", "a -> d/l/../x"], "only at its beginning").await;
    check(&["l -> d", "l/x"], "'l/x' lies below a symbolic link").await;
    check(&["d/x", "d -> ."], "'d' is in the archive twice").await;
    check(&["f", "f/x"], "'f/x' lies below something that is not a folder").await;
    check(&["f", "./f"], "twice").await;
    check(&["f", "f/"], "twice").await;
    check(&["a = /etc/passwd"], "outside").await;
    check(&["a = ../x"], "outside").await;
    check(&["a = later", "later"], "no file before it").await;
    check(&["d/", "a = d"], "no file before it").await;
    check(&["l -> x", "a = l"], "no file before it").await;
    check(&["f", "l -> .", "a = l/f"], "no file before it").await;
}

#[tokio::test]
async fn devices_and_the_like_are_refused() {
    for (kind, message) in [
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::new(b'V'), "unknown kind"),
    ] {
        let mut builder = Builder::new(Vec::new());
        raw(&mut builder, kind, "odd", "", b"");
        let error = refused(&builder.into_inner().unwrap()).await.to_string();
        assert!(error.contains("'odd'") && error.contains(message), "{error}");
    }
}

#[tokio::test]
async fn other_formats_are_named() {
    let check = async |upload: &[u8], expected: &str| {
        let error = refused(upload).await.to_string();
        assert!(error.contains(expected), "{upload:?}: {error}");
    };
    check(b"", "empty").await;
    check(b"\xfd7zXZ\0 and so on", "xz").await;
    check(b"BZh91AY", "bzip2").await;
    check(b"PK\x03\x04....", "zip").await;
    check(b"#!/bin/sh\necho hello\n", "not a tar archive").await;
    check(&b"<html>".repeat(200), "not a tar archive").await;
    check(&gzip(b"hello"), "not a tar archive").await;
    check(&[0; 10240], "empty").await;
    check(&tar(&["./"]), "empty").await;
}

#[tokio::test]
async fn a_cut_archive_is_never_a_whole_one() {
    let plain = tar(&["heat/", "heat/a", "heat/b"]);
    let zstd = zstd::encode_all(&plain[..], 3).unwrap();
    // The last blocks of a tar file are padding; without all of it there is still a whole block of zeros.
    for (whole, end) in [(&plain, plain.len() - 1023), (&gzip(&plain), usize::MAX), (&zstd, usize::MAX)] {
        for length in (1..whole.len().min(end)).step_by(7) {
            let error = refused(&whole[..length]).await;
            assert!(
                matches!(
                    error,
                    ArchiveError::Truncated | ArchiveError::NotAnArchive | ArchiveError::Damaged(_)
                ),
                "{length} of {}: {error:?}",
                whole.len()
            );
        }
    }
}

#[tokio::test]
async fn damage_is_found() {
    let mut damaged = tar(&["a", "b"]);
    damaged[1024] ^= 1;
    assert!(matches!(refused(&damaged).await, ArchiveError::Damaged(_)));
    let mut damaged = gzip(&tar(&["a", "b"]));
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    assert!(matches!(refused(&damaged).await, ArchiveError::Damaged(_)));
}

#[tokio::test]
async fn too_much_is_refused_before_it_is_unpacked() {
    let limits = ArchiveLimits { max_entries: 3, max_bytes: 1000 };
    let error = pass_with(&tar(&["a", "b", "c", "d"]), limits).await.1.unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyEntries { limit: 3 }), "{error}");
    // Few entries, many folders.
    let error = pass_with(&tar(&["1/2/3/4/5/6/7/8"]), limits).await.1.unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyEntries { limit: 3 }), "{error}");
    // A header that promises more than there is.
    let mut lying = Builder::new(Vec::new());
    let mut promise = header(EntryType::Regular, 1 << 40);
    promise.set_path("lie").unwrap();
    promise.set_cksum();
    lying.append(&promise, &b""[..]).unwrap();
    let error = pass_with(&lying.into_inner().unwrap(), limits).await.1.unwrap_err();
    assert!(matches!(error, ArchiveError::TooLarge { limit: 1000 }), "{error}");
    // A bomb: a gigabyte of zeros in a megabyte, after the end of the archive.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&tar(&["a"])).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(64 << 20), &mut bomb).unwrap();
    let error = pass_with(&bomb.finish().unwrap(), limits).await.1.unwrap_err();
    assert!(matches!(error, ArchiveError::TooLarge { limit: 1000 }), "{error}");
    // A name that would fill the memory.
    let mut long = Builder::new(Vec::new());
    raw(&mut long, EntryType::GNULongName, "././@LongLink", "", &vec![b'x'; 1 << 20]);
    assert!(matches!(refused(&long.into_inner().unwrap()).await, ArchiveError::BadHeader { .. }));
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_not_a_bad_archive() {
    let (sender, receiver) = upload_channel();
    sender.send(Ok(Bytes::copy_from_slice(&tar(&["a"])[..600]))).await.unwrap();
    sender.send(Err(std::io::Error::other("connection reset"))).await.unwrap();
    let mut cleaning = clean(receiver, ArchiveLimits::default());
    while cleaning.tar.next().await.is_some() {}
    let error = cleaning.verdict.wait().await.unwrap_err();
    assert!(matches!(error, ArchiveError::Upload(_)), "{error:?}");
}

#[tokio::test]
async fn an_archive_nobody_wants_any_more_ends() {
    let (sender, receiver) = upload_channel();
    let cleaning = clean(receiver, ArchiveLimits::default());
    drop(cleaning.tar);
    let mut builder = Builder::new(Vec::new());
    raw(&mut builder, EntryType::Regular, "large", "", &vec![1; 4 << 20]);
    let bytes = Bytes::from(builder.into_inner().unwrap());
    // The channel closes when the work ends.
    while sender.send(Ok(bytes.clone())).await.is_ok() {}
    assert!(matches!(cleaning.verdict.wait().await, Err(ArchiveError::Abandoned)));
}
