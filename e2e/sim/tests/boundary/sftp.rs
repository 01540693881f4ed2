//! The SFTP service.

use russh_sftp::client::SftpSession;
use russh_sftp::protocol::OpenFlags;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::host::TestHost;
use crate::ssh::{sign_in, with_key};

#[tokio::test]
async fn files_and_folders_can_be_made_read_changed_and_removed() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let channel = handle.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    let sftp = SftpSession::new(channel.into_stream()).await.unwrap();
    let home = test.host.home("carol");

    assert_eq!(sftp.canonicalize(".").await.unwrap(), home.canonicalize().unwrap().to_string_lossy());
    sftp.create_dir("pbsweb").await.unwrap();
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut file = sftp
        .open_with_flags("pbsweb/data", OpenFlags::CREATE | OpenFlags::WRITE | OpenFlags::TRUNCATE)
        .await
        .unwrap();
    file.write_all(&body).await.unwrap();
    file.shutdown().await.unwrap();
    assert_eq!(std::fs::read(home.join("pbsweb/data")).unwrap(), body);

    let mut file = sftp.open("pbsweb/data").await.unwrap();
    file.seek(std::io::SeekFrom::Start(1_000_000)).await.unwrap();
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, &body[1_000_000..]);

    let metadata = sftp.metadata("pbsweb/data").await.unwrap();
    assert_eq!(metadata.size, Some(3_000_000));
    let mut mode = metadata.clone();
    mode.permissions = Some(0o600);
    mode.size = None;
    sftp.set_metadata("pbsweb/data", mode).await.unwrap();
    assert_eq!(sftp.metadata("pbsweb/data").await.unwrap().permissions.unwrap() & 0o777, 0o600);

    sftp.rename("pbsweb/data", "pbsweb/moved").await.unwrap();
    let names: Vec<String> = sftp.read_dir("pbsweb").await.unwrap().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["moved"]);
    assert!(sftp.open("pbsweb/data").await.is_err());
    assert!(sftp.remove_dir("pbsweb").await.is_err());
    sftp.remove_file("pbsweb/moved").await.unwrap();
    sftp.remove_dir("pbsweb").await.unwrap();
    assert!(!home.join("pbsweb").exists());
}

#[tokio::test]
async fn a_subsystem_that_does_not_exist_is_refused() {
    let test = TestHost::new();
    let key = with_key(&test, "carol", "/bin/sh");
    let handle = sign_in(&test, "carol", &key).await;
    let mut channel = handle.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "nonsense").await.unwrap();
    assert!(matches!(channel.wait().await, Some(russh::ChannelMsg::Failure)));
}
