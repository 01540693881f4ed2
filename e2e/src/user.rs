//! What a user does, by name.

use std::ops::Deref;

use pbsweb_shared::api::applications::Application;
use pbsweb_shared::api::builds::Build;
use pbsweb_shared::api::hosts::{CheckReport, Host, HostCreate};
use pbsweb_shared::api::jobs::{Job, JobEvent, JobSubmit};
use pbsweb_shared::api::me::{Me, SshKey};
use pbsweb_shared::api::sessions::SignedIn;
use pbsweb_shared::ids::{ApplicationId, BuildId, HostId, JobId};
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::script::{ChunkDraft, JobScriptDraft};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::stream::EventStream;
use crate::wait::PATIENCE;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody who is signed in, and the host that is meant when none is named.
#[derive(Clone)]
pub struct User {
    /// The login name.
    pub name: String,
    /// Who.
    pub me: Me,
    /// The host that is meant when none is named.
    pub host: HostId,
    client: Client,
}

impl Deref for User {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl User {
    /// Signs in.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn sign_in(client: &Client, name: &str, password: &str, host: HostId) -> Self {
        let body = json!({ "user_name": name, "password": password });
        let signed_in: SignedIn = client.post("/sessions", &body).await.expect(201).json();
        let client = client.with_token(Some(&signed_in.token));
        Self { name: name.to_owned(), me: signed_in.user, host, client }
    }

    /// The same session at another server.
    #[must_use]
    pub fn moved_to(&self, client: &Client) -> Self {
        Self { client: client.with_token(self.token()), ..self.clone() }
    }

    /// The same user with another host in mind.
    #[must_use]
    pub fn at(&self, host: HostId) -> Self {
        Self { host, ..self.clone() }
    }

    /// Adds a host, as an administrator.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn add_host(&self, host: &HostCreate) -> Host {
        self.post("/hosts", host).await.expect(201).json()
    }

    /// The line for `authorized_keys`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn key_line(&self) -> String {
        self.read::<SshKey>("/me/ssh-key").await.authorized_keys_line
    }

    /// Says what the user's login name on a host is.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn put_account(&self, host: HostId, login: &str) {
        let _ = self.put(&format!("/hosts/{host}/account"), &json!({ "login": login })).await.expect(200);
    }

    /// Presses Check.
    ///
    /// # Panics
    /// When there is no report.
    pub async fn check(&self, host: HostId) -> CheckReport {
        self.post_empty(&format!("/hosts/{host}/check")).await.expect(200).json()
    }

    /// Presses Check and insists that all is well.
    ///
    /// # Panics
    /// When it is not.
    pub async fn check_well(&self, host: HostId) -> CheckReport {
        let report = self.check(host).await;
        assert!(report.is_ok, "{report:#?}");
        report
    }

    /// Sends an archive.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn try_upload(&self, name: &str, archive: Vec<u8>) -> Answer {
        let form = Form::new()
            .text("name", name.to_owned())
            .text("host", self.host.to_string())
            .part("archive", Part::bytes(archive).file_name("tree.tar"));
        self.send(self.request(Method::POST, "/applications").multipart(form)).await
    }

    /// Uploads an application.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn upload(&self, name: &str, archive: Vec<u8>) -> Application {
        self.try_upload(name, archive).await.expect(201).json()
    }

    /// Starts a build with the default command.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn start_build(&self, application: ApplicationId) -> Build {
        self.start_build_of(application, json!({ "host": self.host })).await
    }

    /// Starts a build as described.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn start_build_of(&self, application: ApplicationId, body: serde_json::Value) -> Build {
        self.post(&format!("/applications/{application}/builds"), &body).await.expect(201).json()
    }

    /// Follows a build to its end; gives what it printed and how it ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn follow_build(&self, build: BuildId) -> (String, Build) {
        let output = self.get(&format!("/builds/{build}/output?follow=true")).await.expect(200).text();
        let build: Build = self.read(&format!("/builds/{build}")).await;
        assert!(build.state.has_ended(), "the output ended before the build: {build:?}");
        (output, build)
    }

    /// A small job on the user's host.
    #[must_use]
    pub fn job(&self, commands: &str) -> JobSubmit {
        let script = JobScriptDraft {
            name: "job".to_owned(),
            walltime: "0:05:00".to_owned(),
            chunks: vec![ChunkDraft { ncpus: "1".to_owned(), ..ChunkDraft::default() }],
            commands: commands.to_owned(),
            ..JobScriptDraft::default()
        };
        JobSubmit { host: self.host, application: None, script, script_name: None, of: None }
    }

    /// Submits under a key, and waits so long for the scheduler's answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn try_submit(&self, key: &str, wait: u32, job: &JobSubmit) -> Answer {
        let request = self.request(Method::POST, &format!("/jobs?wait={wait}"));
        self.send(request.header("Idempotency-Key", key).json(job)).await
    }

    /// Submits and waits for the scheduler's answer.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn submit(&self, job: &JobSubmit) -> Job {
        self.try_submit(&Uuid::new_v4().to_string(), 60, job).await.expect(201).json()
    }

    /// Submits and insists that the scheduler took it.
    ///
    /// # Panics
    /// When it did not.
    pub async fn submit_well(&self, job: &JobSubmit) -> Job {
        let job = self.submit(job).await;
        assert!(job.pbs_id.is_some(), "{job:#?}");
        job
    }

    /// The job as the server knows it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn find_job(&self, job: JobId) -> Job {
        self.read(&format!("/jobs/{job}")).await
    }

    /// Waits until something is true of a job.
    ///
    /// # Panics
    /// When it does not become true in time.
    pub async fn wait_for(&self, what: &str, job: JobId, is_so: impl Fn(&Job) -> bool) -> Job {
        let mut last = None;
        let waiting = async {
            let mut known = self.find_job(job).await;
            while !is_so(&known) {
                last = Some(known);
                known = self.read(&format!("/jobs/{job}?wait=2&until=change")).await;
            }
            known
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(job) => job,
            Err(_) => panic!("the job is not {what} within {PATIENCE:?}: {last:#?}"),
        }
    }

    /// Waits until a job is in a state.
    ///
    /// # Panics
    /// When it does not come to it.
    pub async fn wait_state(&self, job: JobId, state: JobState) -> Job {
        self.wait_for(state.as_str(), job, |job| job.state == state).await
    }

    /// Waits until a job has ended.
    ///
    /// # Panics
    /// When it does not.
    pub async fn wait_ended(&self, job: JobId) -> Job {
        self.wait_for("ended", job, |job| job.state.has_ended()).await
    }

    /// The states that a job went through, without repetitions.
    ///
    /// # Panics
    /// When there is no such job.
    pub async fn states_of(&self, job: JobId) -> Vec<JobState> {
        let events: Page<JobEvent> = self.read(&format!("/jobs/{job}/events")).await;
        let mut states: Vec<JobState> = events.items.into_iter().map(|event| event.state).collect();
        states.dedup();
        states
    }

    /// What a job wrote on standard output.
    ///
    /// # Panics
    /// When there is none.
    pub async fn stdout_of(&self, job: JobId) -> String {
        self.get(&format!("/jobs/{job}/output/stdout")).await.expect(200).text()
    }

    /// Opens the stream of events, from now on.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn events(&self) -> EventStream {
        EventStream::open(self, None).await
    }

    /// Opens the stream of events after one that was seen.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn events_after(&self, id: i64) -> EventStream {
        EventStream::open(self, Some(id)).await
    }
}
