//! A host that is started again in the same folder.

use pbsweb_sim::SimHost;

use crate::host::{TestHost, configuration};

#[tokio::test]
async fn jobs_numbers_key_and_history_survive_a_restart() {
    let TestHost { host, folder } = TestHost::with(|config| config.history = true);
    let test = TestHost { host, folder };
    let held = test.submit("-h -N held", "true");
    let running = test.submit("-N again", "sleep 1000");
    test.wait_for_state(&running, Some('R')).await;
    let key = test.host.host_key_line();
    let TestHost { host, folder } = test;
    host.stop();

    let mut config = configuration(&folder);
    config.history = true;
    let host = SimHost::start(config).unwrap();
    host.add_account("alice", None, "/bin/bash").unwrap();
    let test = TestHost { host, folder };
    assert_eq!(test.host.host_key_line(), key);
    assert_eq!(test.host.job_state(&held), Some('H'));
    // What ran has lost its processes and runs again.
    test.wait_for_state(&running, Some('R')).await;
    test.wait("its second run", |t| t.attribute(&running, "run_count").as_deref() == Some("2")).await;
    assert_eq!(test.submit("-h", "true"), "3.vm");
    assert_eq!(test.host.jobs().len(), 3);
}
