//! Looking for a text in the whole of an output, on the host.

use std::path::PathBuf;

use pbsweb_e2e::{TestApp, User};
use pbsweb_shared::api::jobs::{OutputFound, OutputMatch};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::problem::ProblemCode;

/// A job that has ended, and the file that it wrote.
async fn ended(app: &TestApp) -> (User, JobId, PathBuf) {
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("echo short")).await;
    user.wait_ended(job.id).await;
    let path = app.sim.home("ada").join(format!("pbsweb/.jobs/{}/stdout", job.id));
    assert!(path.exists());
    (user, job.id, path)
}

/// What is asked for, with whatever is in it.
async fn ask(user: &User, job: JobId, text: &str, rest: &str) -> pbsweb_e2e::Answer {
    let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    user.get(&format!("/jobs/{job}/output/stdout/search?text={text}{rest}")).await
}

async fn find(user: &User, job: JobId, text: &str, rest: &str) -> OutputFound {
    ask(user, job, text, rest).await.expect(200).json()
}

fn lines(found: &OutputFound) -> Vec<u64> {
    found.matches.iter().map(|one| one.line).collect()
}

#[tokio::test]
async fn a_text_is_found_anywhere_in_a_long_output() {
    let app = TestApp::start().await;
    let (ada, job, path) = ended(&app).await;
    // Thirty megabytes in lines; bytes that are no text; a line of ten megabytes, as progress bars make them.
    let mut bytes = Vec::new();
    for n in 1..=500_000 {
        bytes.extend_from_slice(
            format!("line {n} of a text that goes on for long, and for longer\n").as_bytes(),
        );
    }
    bytes.extend_from_slice(b"\xff\xfe\0 Needle \xe9\x1b[31m!\n");
    bytes.extend(b"working... 10 %\r".repeat(640_000));
    let far = bytes.len() as u64;
    bytes.extend_from_slice(b"NEEDLE\rneedle\r");
    bytes.extend(b"working... 99 %\r".repeat(1000));
    std::fs::write(&path, &bytes).unwrap();
    let total_bytes = bytes.len() as u64;

    let found = find(&ada, job, "needle", "").await;
    assert_eq!((found.total_bytes, found.is_whole, &found.stopped), (total_bytes, true, &None));
    assert_eq!(lines(&found), [500_001, 500_002, 500_002]);
    let OutputMatch { before, text, after, .. } = &found.matches[0];
    assert_eq!((before.trim_end().len() < 4, text.as_str(), after.contains("[31m!")), (true, "Needle", true));
    assert!(!after.contains('\u{1b}'), "nothing that moves a cursor: {after:?}");
    assert_eq!((found.matches[1].offset, found.matches[1].text.as_str()), (far, "NEEDLE"));
    // What is there is read from there.
    let path = format!("/jobs/{job}/output/stdout?offset={}&limit=6", found.matches[2].offset);
    assert_eq!(ada.get(&path).await.expect(200).text(), "needle");

    // So many at a time, to the end.
    let (mut rest, mut all) = (String::from("&limit=2"), Vec::new());
    loop {
        let part = find(&ada, job, "line 49999", &rest).await;
        all.extend(lines(&part));
        if part.is_whole {
            break;
        }
        let last = part.matches.last().unwrap();
        rest = format!("&limit=2&offset={}&line={}", last.offset + 1, last.line);
    }
    let wanted: Vec<u64> = [49_999].into_iter().chain(499_990..=499_999).collect();
    assert_eq!(all, wanted);
    let some = find(&ada, job, "line", "").await;
    assert_eq!((lines(&some), some.is_whole), ((1..=50).collect(), false));
}

#[tokio::test]
async fn a_text_is_looked_for_as_it_is() {
    let app = TestApp::start().await;
    let (ada, job, path) = ended(&app).await;
    let odd = [
        "$(touch harm)`touch harm`",
        "it's \"quoted\" \\",
        ".*[a-z]\\+^$",
        "-e --help",
        "ünïcode €",
        "a  b\t",
    ];
    std::fs::write(&path, odd.map(|text| format!("<{text}>\n")).concat()).unwrap();
    for (text, line) in odd.iter().zip(1..) {
        let found = find(&ada, job, text, "").await;
        assert_eq!((lines(&found), found.is_whole), (vec![line], true), "{text}");
        assert_eq!(found.matches[0].before, "<", "{text}");
    }
    assert!(!app.sim.home("ada").join("harm").exists());
    for text in ["", "a\nb", "a\0b", &"x".repeat(201)] {
        ask(&ada, job, text, "").await.field(ProblemCode::Invalid, "/text");
    }
    ask(&ada, job, "x", "&order=1").await.problem(ProblemCode::MalformedRequest);
}

#[tokio::test]
async fn an_output_that_is_gone_is_said_to_be() {
    let app = TestApp::start().await;
    let (ada, job, path) = ended(&app).await;
    std::fs::remove_file(&path).unwrap();
    let gone = ask(&ada, job, "short", "").await.problem(ProblemCode::NotFound);
    assert!(gone.detail.unwrap().contains("is not on the host"));
    std::fs::create_dir(&path).unwrap();
    ask(&ada, job, "short", "").await.problem(ProblemCode::NotFound);
    let joined = ada.get(&format!("/jobs/{job}/output/neither/search?text=a")).await;
    joined.problem(ProblemCode::NotFound);
}
