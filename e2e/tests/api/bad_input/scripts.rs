//! Scripts that PBS would refuse: said at the field, before anything leaves.

use pbsweb_e2e::TestApp;
use pbsweb_shared::api::jobs::JobSubmit;
use pbsweb_shared::api::scripts::ScriptChecked;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::{JobScriptDraft, VariableDraft};
use serde_json::json;

use super::still_serves;

type Change = fn(&mut JobScriptDraft);

const CASES: &[(&str, &str, &str, Change)] = &[
    ("a name that begins with a digit and has a blank", "/script/name", "name.syntax", |s| {
        s.name = "7 dwarfs".into()
    }),
    ("a name that is too long", "/script/name", "name.range", |s| s.name = "x".repeat(300)),
    ("a walltime that is none", "/script/walltime", "walltime.syntax", |s| s.walltime = "two hours".into()),
    ("a negative walltime", "/script/walltime", "walltime.syntax", |s| s.walltime = "-1".into()),
    ("a queue that does not exist", "/script/queue", "queue.unknown", |s| s.queue = "nowhere".into()),
    ("a queue that is no name", "/script/queue", "queue.syntax", |s| s.queue = "a b".into()),
    ("NUL in the commands", "/script/commands", "text.nul", |s| s.commands = "echo \0".into()),
    ("CRLF in the commands", "/script/commands", "text.crlf", |s| {
        s.commands = "echo one\r\necho two\r\n".into()
    }),
    ("no commands", "/script/commands", "commands.missing", |s| s.commands = " \n".into()),
    ("NUL in a variable", "/script/variables/0/value", "text.nul", |s| {
        s.variables = vec![VariableDraft { name: "A".into(), value: "\0".into() }];
    }),
    ("a variable that is no name", "/script/variables/0/name", "variable_name.syntax", |s| {
        s.variables = vec![VariableDraft { name: "A-B".into(), value: "x".into() }];
    }),
    ("memory that is no size", "/script/chunks/0/mem", "mem.syntax", |s| s.chunks[0].mem = "much".into()),
];

#[tokio::test]
async fn what_pbs_would_refuse_is_said_at_the_field() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    // The queues are known from the first snapshot on.
    pbsweb_e2e::eventually("the queues are known", || async {
        let queues: pbsweb_shared::host::HostQueues =
            user.read(&format!("/hosts/{}/queues", user.host)).await;
        (!queues.queues.is_empty()).then_some(())
    })
    .await;
    let kept = user.submit_well(&user.job("true")).await;
    let mut wrong = Vec::new();
    for (what, pointer, code, change) in CASES {
        let mut request = user.job("true");
        change(&mut request.script);
        let answer = user.try_submit(&uuid::Uuid::new_v4().to_string(), 0, &request).await;
        let problem = answer.problem(ProblemCode::InvalidScript);
        if !problem.errors.iter().any(|error| error.pointer == *pointer && error.code == *code) {
            wrong.push(format!("{what}: {:?}", problem.errors));
        }
        // The same, without submitting.
        let body = json!({ "script": request.script, "host": user.host });
        let checked: ScriptChecked = user.post("/scripts/check", &body).await.expect(200).json();
        let place = pointer.strip_prefix("/script").unwrap();
        if !checked.diagnostics.iter().any(|finding| finding.pointer == place && finding.code == *code) {
            wrong.push(format!("{what} by check: {:?}", checked.diagnostics));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(app.sim.command_count("qsub"), 1, "nothing else left for the host");
    user.wait_ended(kept.id).await;
    still_serves(&user, 0, 1).await;
}

#[tokio::test]
async fn a_key_is_free_again_when_the_first_try_was_refused() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("true");
    request.script.walltime = "soon".to_owned();
    user.try_submit("key", 0, &request).await.problem(ProblemCode::InvalidScript);
    let _ = user.try_submit("key", 60, &user.job("true")).await.expect(201);
}

#[tokio::test]
async fn fields_beside_the_script() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let request = JobSubmit { script_name: Some("two\nlines".to_owned()), ..user.job("true") };
    user.try_submit("one", 0, &request).await.field(ProblemCode::Invalid, "/script_name");
    let application = Some(pbsweb_shared::ids::ApplicationId::from_uuid(uuid::Uuid::new_v4()));
    let request = JobSubmit { application, ..user.job("true") };
    user.try_submit("two", 0, &request).await.field(ProblemCode::Invalid, "/application");
    still_serves(&user, 0, 0).await;
}

/// A script that somebody pastes: what is not understood is kept and pointed at, whatever it is.
#[tokio::test]
async fn any_text_can_be_parsed() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    for text in [
        "",
        "\0",
        "#PBS\r\n#PBS -l\r\n",
        "#PBS -l walltime=never -q",
        "#!/bin/sh\n#PBS -Z 1\n\u{202e}",
        &"#PBS -N x\n".repeat(2000),
    ] {
        let _ = user.post("/scripts/parse", &json!({ "text": text })).await.expect(200);
    }
}
