//! Recorded listings, read.

use pbsweb::poller::snapshot::{HostSnapshot, SchedulerStatus};
use pbsweb::scheduler::openpbs::read_jobs;
use pbsweb::scheduler::records::find;
use pbsweb::scheduler::{JobRecord, Listing, ListingReply, Scheduler, openpbs::OpenPbs};
use pbsweb_shared::job::{EndCause, JobState};

use crate::recording::{Recording, framed, marker, recording};

fn listing(name: &str) -> Listing {
    let answer = framed(&[
        ("jobs", &recording(name)),
        ("queues", &recording("qstat-Qf")),
        ("server", &recording("qstat-Bf")),
    ]);
    match OpenPbs.read_listing(&marker(), &answer) {
        ListingReply::Listed(listing) => *listing,
        ListingReply::Unavailable(unavailable) => panic!("{name}: {unavailable:?}"),
    }
}

fn job<'a>(jobs: &'a [JobRecord], name: &str) -> &'a JobRecord {
    jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no job {name}"))
}

#[test]
fn the_mixed_population_is_read_into_fields() {
    let listing = listing("qstat-f");
    assert_eq!(listing.problems, Vec::<String>::new());
    let running = job(&listing.jobs, "run_simple");
    insta::assert_debug_snapshot!("run_simple", running);
    insta::assert_debug_snapshot!("array", job(&listing.jobs, "sweep"));
    let states: Vec<(&str, Option<JobState>)> =
        listing.jobs.iter().map(|job| (job.name.as_str(), job.state)).collect();
    insta::assert_debug_snapshot!("states", states);
}

#[test]
fn unfolded_and_folded_listings_say_the_same() {
    let (folded, wide) = (listing("qstat-f").jobs, listing("qstat-fw").jobs);
    assert_eq!(folded.len(), wide.len());
    for (folded, wide) in folded.iter().zip(&wide) {
        // The two were recorded one after the other.
        let mut folded = folded.clone();
        folded.used.clone_from(&wide.used);
        folded.modified_at = wide.modified_at;
        assert_eq!(&folded, wide);
    }
}

#[test]
fn a_value_with_line_breaks_hides_nothing() {
    for name in ["qstat-f-vars", "qstat-f-V-function"] {
        let listing = listing(name);
        let [job] = listing.jobs.as_slice() else { panic!("{name}") };
        assert_eq!((job.state, job.hold_types.as_deref()), (Some(JobState::Held), Some("u")), "{name}");
    }
}

#[test]
fn ends_are_told_apart() {
    use JobState::{Completed, Deleted, Expired, Failed};
    for name in ["qstat-x-f", "release-23.06.06/qstat-x-f"] {
        let jobs = read_jobs(&recording(name).stdout).jobs;
        for (job_name, state, cause, exit_status, signal) in [
            ("hello", Completed, EndCause::Exit, Some(0), None),
            ("f_exit0", Completed, EndCause::Exit, Some(0), None),
            ("f_exit3", Failed, EndCause::Exit, Some(3), None),
            ("f_exit255", Failed, EndCause::Exit, Some(255), None),
            ("f_kill9", Failed, EndCause::Signal, Some(137), Some(9)),
            ("f_segv", Failed, EndCause::Signal, Some(139), Some(11)),
            ("f_badshell", Failed, EndCause::Exit, Some(127), None),
            ("f_wall", Expired, EndCause::Walltime, Some(-29), None),
            ("f_delqueued", Deleted, EndCause::Deleted, None, None),
            ("f_dependok", Deleted, EndCause::Dependency, None, None),
            ("f_array", Failed, EndCause::Subjobs, Some(0), None),
            ("after_ok", Deleted, EndCause::Dependency, None, None),
        ] {
            let Some(job) = jobs.iter().find(|job| job.name == job_name) else {
                assert!(name.starts_with("release"), "{name} has no {job_name}");
                continue;
            };
            let Some(end) = &job.end else {
                assert!(name.starts_with("release"), "{name}: {job_name} has not ended");
                continue;
            };
            // When the release was recorded, somebody deleted it before its dependency failed.
            let is_deleted = job_name == "after_ok" && name.starts_with("release");
            let cause = if is_deleted { EndCause::Deleted } else { cause };
            assert_eq!(
                (end.state, end.cause, end.exit_status, end.signal),
                (state, cause, exit_status, signal),
                "{name}: {job_name}"
            );
        }
    }
    let jobs = read_jobs(&recording("qstat-x-f").stdout).jobs;
    let deleted = job(&jobs, "run_simple").end.clone().unwrap();
    assert_eq!((deleted.state, deleted.exit_status, deleted.signal), (Deleted, Some(271), Some(15)));
    let reason =
        |name: &str| job(&jobs, name).end.as_ref().and_then(|end| end.reason.clone()).unwrap_or_default();
    assert!(
        reason("after_ok").contains("dependency afterok:1.vm@vm can no longer be met"),
        "{}",
        reason("after_ok")
    );
    assert!(reason("f_wall").contains("more walltime"), "{}", reason("f_wall"));
    assert!(reason("run_simple").contains("terminated by alice@vm"), "{}", reason("run_simple"));
    let undelivered = read_jobs(&recording("qstat-x-f-undelivered").stdout).jobs;
    let end = undelivered[0].end.clone().unwrap();
    assert_eq!(end.state, JobState::Completed);
    assert!(end.reason.unwrap().contains("could not be delivered"));
}

#[test]
fn nothing_without_an_exit_status_is_a_success() {
    for name in ["qstat-x-f", "release-23.06.06/qstat-x-f", "qstat-x-f-depend-notok"] {
        for job in read_jobs(&recording(name).stdout).jobs {
            if let Some(end) = &job.end {
                assert_eq!(
                    end.state == JobState::Completed,
                    job.exit_status == Some(0) && job.substate == Some(92),
                    "{name}: {job:?}"
                );
            }
        }
    }
}

#[test]
fn a_stopped_server_is_no_empty_listing() {
    for name in ["down-qstat", "down-qstat-Q", "release-23.06.06/down-qstat"] {
        let answer = framed(&[("jobs", &recording(name))]);
        let reply = OpenPbs.read_listing(&marker(), &answer);
        let ListingReply::Unavailable(unavailable) = &reply else { panic!("{name}: {reply:?}") };
        assert_eq!(unavailable.status, Some(255));
        assert!(unavailable.words.contains("cannot connect to server"), "{unavailable:?}");
        let snapshot = HostSnapshot::new(chrono::DateTime::UNIX_EPOCH, reply);
        assert!(matches!(snapshot.scheduler_status, SchedulerStatus::Down { .. }));
    }
    let none = listing("qstat-f-empty");
    assert_eq!((none.jobs.len(), none.problems.len()), (0, 0));
}

#[test]
fn a_listing_cut_anywhere_is_unavailable() {
    let whole = framed(&[("jobs", &recording("qstat-f"))]);
    // All lengths but the last bytes: the line break behind the last word is not needed.
    for length in (0..whole.len() - 1).step_by(97).chain(whole.len() - 60..whole.len() - 1) {
        let reply = OpenPbs.read_listing(&marker(), &whole[..length]);
        assert!(matches!(reply, ListingReply::Unavailable(_)), "{length} of {}", whole.len());
    }
}

#[test]
fn a_broken_job_costs_only_itself() {
    let mut text = recording("qstat-f").stdout;
    text.extend(b"Job Id: 77.vm\n    Job_Name = half\n\nJob Id: ;;;\n    job_state = R\n\n");
    text.extend(
        b"Job Id: 78.vm\n    Job_Name = raw\xff\xe9\n    Job_Owner = al@corp@vm\n    job_state = Y\n",
    );
    let found = read_jobs(&text);
    assert_eq!(found.jobs.len(), 18);
    assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
    assert_eq!(found.unreadable.iter().map(ToString::to_string).collect::<Vec<_>>(), ["77.vm"]);
    let last = found.jobs.last().unwrap();
    assert_eq!(
        (last.name.as_str(), last.owner.as_str(), last.state),
        ("raw\u{fffd}\u{fffd}", "al@corp", None)
    );
}

#[test]
fn a_forged_record_makes_the_job_unreadable_and_not_finished() {
    let genuine = String::from_utf8(recording("qstat-f-vars").stdout).unwrap();
    let forged = genuine.replace(
        "NL=line1\n",
        "NL=line1\n\nJob Id: 9.vm\n    Job_Owner = alice@vm\n    job_state = F\n    Exit_status = 0\n",
    );
    assert_ne!(genuine, forged);
    let found = read_jobs(forged.as_bytes());
    assert_eq!((found.jobs.len(), found.unreadable.len()), (0, 1), "{found:?}");
}

#[test]
fn queues_and_server_are_read() {
    let listing = listing("qstat-f");
    let names: Vec<&str> = listing.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["workq", "sequential", "parallel", "closed", "aclq", "routeq"]);
    let server = listing.server.unwrap();
    assert_eq!(server.default_queue.as_deref(), Some("workq"));
    assert_eq!((server.has_history, server.history_seconds), (true, Some(86_400)));
    assert_eq!((server.max_array_size, server.is_scheduling), (Some(10_000), Some(true)));
    assert_eq!(server.version.as_deref(), Some("23.06.06"));
    let workq = &listing.queues[0];
    assert_eq!(workq.count("Begun"), Some(1), "folded inside a word");
    assert!(listing.queues[5].is_route && !listing.queues[3].is_enabled);
    let sequential = &listing.queues[1];
    let value = |list: &[(String, String)], name: &str| {
        list.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    assert_eq!(value(&sequential.max, "walltime").as_deref(), Some("02:00:00"));
    assert_eq!(value(&sequential.default, "walltime").as_deref(), Some("00:30:00"));
    assert_eq!(value(&sequential.max, "ncpus").as_deref(), Some("1"));
}

#[test]
fn nodes_are_read() {
    for (name, state) in [
        ("pbsnodes-a", "job-busy"),
        ("release-23.06.06/pbsnodes-a", "job-busy"),
        ("pbsnodes-a-offline", "offline"),
    ] {
        let nodes = OpenPbs.read_nodes(&marker(), &framed(&[("nodes", &recording(name))])).unwrap();
        let [node] = nodes.as_slice() else { panic!("{name}: {nodes:?}") };
        assert_eq!((node.name.as_str(), node.state.as_str()), ("vm", state), "{name}");
        assert_eq!(find(&node.available, "ncpus"), Some("4"), "{name}");
    }
    let down =
        OpenPbs.read_nodes(&marker(), &framed(&[("nodes", &recording("down-pbsnodes-a"))])).unwrap_err();
    assert_eq!(down.status, Some(1));
}

#[test]
fn queues_that_cannot_be_listed_do_not_hide_the_jobs() {
    let broken = Recording { stdout: vec![], stderr: b"qstat: Unauthorized Request".to_vec(), status: 159 };
    let answer = framed(&[("jobs", &recording("qstat-f")), ("queues", &broken)]);
    let ListingReply::Listed(listing) = OpenPbs.read_listing(&marker(), &answer) else { panic!() };
    assert_eq!((listing.jobs.len(), listing.queues.len(), listing.problems.len()), (17, 0, 1));
}

#[test]
fn a_complaint_instead_of_jobs_is_no_empty_listing_whatever_the_status() {
    let complaint = b"qstat: Request rejected by all possible servers".to_vec();
    let said = Recording { stdout: Vec::new(), stderr: complaint, status: 0 };
    let reply = OpenPbs.read_listing(&marker(), &framed(&[("jobs", &said)]));
    let ListingReply::Unavailable(unavailable) = reply else { panic!("{reply:?}") };
    assert!(unavailable.words.contains("rejected"), "{unavailable:?}");
    let light = OpenPbs.read_light(&marker(), &framed(&[("table", &said)]));
    assert!(light.is_err_and(|unavailable| unavailable.words.contains("rejected")));
    // What a site's own wrapper says of itself is no complaint of the scheduler's.
    let notice = Recording { stderr: b"use the new queues from Monday".to_vec(), ..said };
    let reply = OpenPbs.read_listing(&marker(), &framed(&[("jobs", &notice)]));
    assert!(matches!(reply, ListingReply::Listed(listing) if listing.jobs.is_empty()));
}
