//! Files over SFTP.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use pbsweb::transport::{
    Download, FileKind, FileRange, FileSize, Program, RemotePath, SftpFailure, TransferLimits, TransportError,
};

use crate::sshd::{Host, settings};

fn limits() -> TransferLimits {
    TransferLimits { stall: Duration::from_secs(20), ..TransferLimits::default() }
}

fn remote(host: &Host, name: &str) -> RemotePath {
    host.path(name).to_str().unwrap().parse().unwrap()
}

async fn upload(host: &Host, name: &str, content: &[u8]) -> Result<u64, TransportError> {
    // Pieces as a browser sends them: neither equal nor multiples of anything.
    let pieces: Vec<_> = content.chunks(40_961).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let path = remote(host, name);
    host.transport.upload(&host.endpoint(), &host.identity, &path, stream::iter(pieces), limits()).await
}

async fn download(host: &Host, name: &str, range: FileRange) -> Result<(FileSize, Vec<u8>), TransportError> {
    let path = remote(host, name);
    let (size, chunks) =
        host.transport.download(&host.endpoint(), &host.identity, &path, range, limits()).await?;
    Ok((size, collect(chunks).await?))
}

async fn collect(mut chunks: Download) -> Result<Vec<u8>, TransportError> {
    let mut content = Vec::new();
    while let Some(chunk) = chunks.next().await {
        content.extend_from_slice(&chunk?);
    }
    Ok(content)
}

fn failure(error: TransportError) -> SftpFailure {
    let TransportError::Sftp { failure, .. } = error else { panic!("{error:?}") };
    failure
}

#[tokio::test]
async fn a_large_file_comes_back_as_it_was_sent() {
    let host = Host::start();
    let content: Vec<u8> = (0..20_000_003_u64).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let begun = Instant::now();
    assert_eq!(upload(&host, "large", &content).await.unwrap(), content.len() as u64);
    let sent = begun.elapsed();
    assert!(std::fs::read(host.path("large")).unwrap() == content);
    let mode = std::fs::metadata(host.path("large")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let begun = Instant::now();
    let (size, got) = download(&host, "large", FileRange::Whole).await.unwrap();
    println!("20 MB: sent in {sent:?}, fetched in {:?}", begun.elapsed());
    assert_eq!(size.length, content.len() as u64);
    assert!(got == content);
    assert_eq!(host.transport.health(host.id).logins, 1);
}

#[tokio::test]
async fn parts_of_a_file_can_be_read() {
    let host = Host::start();
    std::fs::write(host.path("file"), "0123456789").unwrap();
    for (range, expected) in [
        (FileRange::Whole, "0123456789"),
        (FileRange::From(7), "789"),
        (FileRange::From(70), ""),
        (FileRange::Span { offset: 2, length: 3 }, "234"),
        (FileRange::Last(2), "89"),
    ] {
        let (size, got) = download(&host, "file", range).await.unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), expected, "{range:?}");
        assert_eq!((size.total, size.length), (10, expected.len() as u64));
    }
}

#[tokio::test]
async fn empty_and_oddly_named_files_are_files() {
    let host = Host::start();
    for name in ["empty", "it's a\nname ü"] {
        assert_eq!(upload(&host, name, b"").await.unwrap(), 0);
        assert_eq!(download(&host, name, FileRange::Whole).await.unwrap().1, b"");
    }
    upload(&host, "empty", b"no longer").await.unwrap();
    upload(&host, "empty", b"short").await.unwrap();
    assert_eq!(std::fs::read(host.path("empty")).unwrap(), b"short");
}

#[tokio::test]
async fn a_folder_can_be_looked_at() {
    let host = Host::start();
    std::fs::create_dir(host.path("folder")).unwrap();
    std::fs::write(host.path("folder/b"), "12345").unwrap();
    std::fs::create_dir(host.path("folder/a")).unwrap();
    std::os::unix::fs::symlink("b", host.path("folder/c")).unwrap();
    let (endpoint, path) = (host.endpoint(), remote(&host, "folder"));
    let list = |max| host.transport.read_dir(&endpoint, &host.identity, &path, max, limits());
    let entries = list(10).await.unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.stat.kind)).collect();
    assert_eq!(seen, [("a", FileKind::Folder), ("b", FileKind::File), ("c", FileKind::Link)]);
    assert_eq!(entries[1].stat.size, 5);
    assert!(matches!(list(2).await, Err(TransportError::TooLarge { limit: 2, .. })));
    let stat =
        host.transport.stat(&endpoint, &host.identity, &path.join("c").unwrap(), limits()).await.unwrap();
    assert_eq!((stat.kind, stat.size), (FileKind::File, 5));
    assert!(stat.modified.is_some_and(|modified| modified > 1_600_000_000));
}

#[tokio::test]
async fn what_cannot_be_read_or_written_says_why() {
    let host = Host::start();
    std::fs::create_dir(host.path("folder")).unwrap();
    assert_eq!(failure(download(&host, "none", FileRange::Whole).await.unwrap_err()), SftpFailure::NotFound);
    assert_eq!(
        failure(download(&host, "folder", FileRange::Whole).await.unwrap_err()),
        SftpFailure::NotAFile
    );
    assert_eq!(failure(upload(&host, "none/file", b"x").await.unwrap_err()), SftpFailure::NotFound);
    assert!(matches!(failure(upload(&host, "folder", b"x").await.unwrap_err()), SftpFailure::Other(_)));
    let refused =
        host.transport.stat(&host.endpoint(), &host.identity, &remote(&host, "none"), limits()).await;
    let error = refused.unwrap_err();
    assert!(error.to_string().contains("/none"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_host_without_file_transfer_says_so() {
    let host = Host::with("ForceCommand exec /bin/sh", settings());
    let error = upload(&host, "file", b"x").await.unwrap_err();
    assert!(matches!(failure(error), SftpFailure::NotOffered | SftpFailure::Protocol(_)));
    assert!(host.run(Program::new(":")).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_removed() {
    let host = Host::start();
    let path = remote(&host, "half");
    let broken = stream::iter([Ok(Bytes::from(vec![1; 100_000])), Err(std::io::Error::other("gone"))]);
    let (endpoint, identity) = (host.endpoint(), &host.identity);
    let error = host.transport.upload(&endpoint, identity, &path, broken, limits()).await.unwrap_err();
    assert!(matches!(error, TransportError::Source(_)), "{error:?}");
    assert!(!host.path("half").exists());
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![1; 10_000])));
    let limits = TransferLimits { max_bytes: 1_000_000, ..limits() };
    let error = host.transport.upload(&endpoint, identity, &path, endless, limits).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { limit: 1_000_000, .. }), "{error:?}");
    assert!(!host.path("half").exists());
}

#[tokio::test]
async fn a_transfer_that_stalls_is_given_up() {
    let host = Host::start();
    let limits = TransferLimits { stall: Duration::from_secs(1), ..limits() };
    let never = stream::iter([Ok(Bytes::from_static(b"x"))]).chain(stream::pending());
    let path = remote(&host, "stalled");
    let error =
        host.transport.upload(&host.endpoint(), &host.identity, &path, never, limits).await.unwrap_err();
    assert!(matches!(error, TransportError::TimedOut { .. }), "{error:?}");
    assert!(!host.path("stalled").exists());
}

#[tokio::test]
async fn downloads_nobody_reads_give_their_channel_back() {
    let host = Host::start();
    std::fs::write(host.path("file"), vec![7; 5_000_000]).unwrap();
    let (endpoint, path) = (host.endpoint(), remote(&host, "file"));
    for _ in 0..30 {
        let (_, mut chunks) = host
            .transport
            .download(&endpoint, &host.identity, &path, FileRange::Whole, limits())
            .await
            .unwrap();
        chunks.next().await.unwrap().unwrap();
    }
    assert_eq!(download(&host, "file", FileRange::Whole).await.unwrap().1.len(), 5_000_000);
}
