//! The main story through Debian's OpenSSH server, with the simulator's commands behind it.

use pbsweb_e2e::{LoginShell, OpenSsh, TestApp};
use pbsweb_shared::api::hosts::Verdict;

use super::main_story::tell;

async fn through(shell: LoginShell, shell_name: &str, banner: &str, zone: &str) {
    let Some(node) = tokio::task::spawn_blocking(move || OpenSsh::start(shell)).await.unwrap() else {
        return;
    };
    let app = TestApp::start().await;
    let host = app.admin.add_host(&node.host_create("node")).await;
    let user = app.sign_up("ada").await.at(host.id);
    user.put_account(host.id, node.login()).await;

    // Before the key is installed the check says so, and what to do.
    let report = user.check(host.id).await;
    let failed: Vec<_> =
        report.findings.iter().filter(|finding| finding.verdict == Verdict::Failed).collect();
    assert_eq!(
        failed.iter().map(|finding| finding.topic.as_str()).collect::<Vec<_>>(),
        ["login"],
        "{report:?}"
    );
    node.install_key(&user.key_line().await);
    let report = user.check_well(host.id).await;
    let said = |topic: &str| {
        let finding = report.findings.iter().find(|finding| finding.topic == topic);
        finding.unwrap_or_else(|| panic!("no {topic} in {report:?}")).message.clone()
    };
    assert!(said("home").contains(&node.home().display().to_string()), "{report:?}");
    assert!(said("shell").contains(shell_name), "{report:?}");
    assert!(said("scheduler").contains(&node.bin_folder().display().to_string()), "{report:?}");

    tell(&app, &user, node.home(), banner).await;

    // qsub runs in the account's time zone: `-a` is read by the clock that the user sees there.
    let job = user.submit_well(&user.job("echo \"zone ${PBS_O_TZ-none}\"")).await;
    user.wait_ended(job.id).await;
    let output = user.stdout_of(job.id).await;
    assert!(output.ends_with(&format!("zone {zone}\n")), "{output}");
    assert!(app.sim.jobs().is_empty(), "nothing went to the other host");
}

#[tokio::test]
async fn with_a_bash_account() {
    through(LoginShell::Bash, "sh", "", "none").await;
}

#[tokio::test]
async fn with_a_tcsh_account_whose_start_up_file_prints_a_banner() {
    let banner = "*** Welcome to the cluster. Maintenance on Monday. ***";
    through(LoginShell::NoisyTcsh, "tcsh", banner, "Asia/Tokyo").await;
}
