//! What the commands print, against recordings of a real OpenPBS.

use std::fmt::Write;

use pbsweb_sim::Queue;
use serde_json::Value;

use crate::host::TestHost;

const REFUSALS: &str = include_str!("../recordings/refusals.txt");
const TEXT: &str = include_str!("../recordings/qstat-f.out");
const JSON: &str = include_str!("../recordings/qstat-f-json.out");
const SUBJOBS: &str = include_str!("../recordings/qstat-ft-json.out");
const FINISHED: &str = include_str!("../recordings/qstat-x-f.out");

/// The population of the recordings, as far as they need it: ids, owners and states are the same.
async fn populated(history: bool) -> TestHost {
    let test = TestHost::with(|config| {
        config.history = history;
        config.queues.push(Queue::new("aclq").for_users(&["alice"]));
    });
    test.write("jobs/sleep.pbs", "#!/bin/bash\n#PBS -l walltime=00:30:00\nsleep 1500\n");
    test.write(
        "jobs/array.pbs",
        "#!/bin/bash\n#PBS -N sweep\n#PBS -J 1-5\n#PBS -l select=1:ncpus=1\n#PBS -l walltime=00:30:00\n\
         if [ $PBS_ARRAY_INDEX -eq 1 ]; then exit 0; fi\nsleep 1500\n",
    );
    test.write("jobs/baddir.pbs", "#!/bin/bash\n#PBS -N ok\n#PBS -l walltime=abc\necho hi\n");
    test.write("jobs/baddir2.pbs", "#!/bin/bash\n#PBS --nonsense\necho hi\n");
    test.write("jobs/baddir3.pbs", "#!/bin/bash\n#PBS -q nosuchq\necho hi\n");
    test.write("jobs/crlf.pbs", "#!/bin/bash\r\necho hi\r\n");
    test.write("jobs/adir/file", "");
    // Bob submits the same script.
    test.write("../bob/jobs/sleep.pbs", "sleep 1\n");
    assert_eq!(test.run("cd jobs && qsub -N run_simple sleep.pbs"), "1.vm");
    assert_eq!(test.run("cd jobs && qsub array.pbs"), "2[].vm");
    test.wait("the first subjob to be over and the fourth to run", |t| {
        let jobs = t.host.known_jobs();
        let array = jobs.iter().find_map(|job| job.array.as_ref()).unwrap();
        let state = |index: u32| array.subjobs[&index].state.letter();
        let session = |index: u32| array.subjobs[&index].session.is_some();
        state(1) == 'X' && [2, 3, 4].iter().all(|i| state(*i) == 'R' && session(*i)) && state(5) == 'Q'
    })
    .await;
    assert_eq!(test.run("cd jobs && qsub -l walltime=20:00 < sleep.pbs"), "3.vm");
    assert_eq!(test.run("cd jobs && qsub -h -N held_job sleep.pbs"), "4.vm");
    assert_eq!(test.run("cd jobs && qsub -N exe -l walltime=10:00 -- /bin/sleep 1500"), "5.vm");
    assert_eq!(test.run("cd jobs && qsub -N after_ok -W depend=afterok:1 sleep.pbs"), "6.vm");
    assert_eq!(test.run("cd jobs && qsub -N after_arr -W depend=afterany:'2[]' sleep.pbs"), "7.vm");
    assert_eq!(test.run("cd jobs && qsub -N waiting -a 203012312359.30 sleep.pbs"), "8.vm");
    for number in 9..32 {
        assert_eq!(test.run("qsub -h jobs/sleep.pbs"), format!("{number}.vm"));
    }
    let bobs = test.run_as("bob", "printf 'sleep 1\\n' | qsub -N bobs_job -q sequential");
    assert_eq!(String::from_utf8(bobs.stdout).unwrap(), "32.vm\n");
    for number in 33..38 {
        assert_eq!(test.run("qsub -h jobs/sleep.pbs"), format!("{number}.vm"));
    }
    test
}

#[tokio::test]
async fn every_recorded_refusal_has_its_words_and_its_status() {
    let test = populated(false).await;
    let mut wrong = String::new();
    let mut compared = 0;
    let mut server_is_down = false;
    for case in REFUSALS.split("== ").skip(1) {
        let (heading, expected) = case.split_once('\n').unwrap();
        let [name, user, status, command] = heading.splitn(4, " | ").collect::<Vec<_>>()[..] else {
            panic!("{heading}");
        };
        if name.starts_with("down-") && !server_is_down {
            server_is_down = true;
            test.host.faults().arm(pbsweb_sim::Fault::ServerDown);
        }
        let output = test.run_as(user, command);
        let found = String::from_utf8_lossy(&output.stderr);
        let found_status = output.status.code().unwrap();
        compared += 1;
        if found != expected || found_status.to_string() != status {
            writeln!(
                wrong,
                "{name}: `{command}`\nrecorded {status}:\n{expected}found {found_status}:\n{found}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(compared > 130, "only {compared} compared");
}

/// Names of the attributes of each job in a listing of `qstat -f`.
fn shapes(listing: &str) -> Vec<(String, Vec<String>)> {
    let blocks = listing.split("Job Id: ").skip(1);
    blocks
        .map(|block| {
            let (id, rest) = block.split_once('\n').unwrap();
            let names = rest.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(" = "));
            (id.to_owned(), names.map(|(name, _)| name.to_owned()).collect())
        })
        .collect()
}

fn shape<'a>(shapes: &'a [(String, Vec<String>)], id: &str) -> &'a [String] {
    &shapes.iter().find(|(known, _)| known == id).unwrap_or_else(|| panic!("no {id}")).1
}

#[tokio::test]
async fn full_text_has_the_recorded_attributes_in_the_recorded_order() {
    let test = populated(false).await;
    let recorded = shapes(TEXT);
    let found = shapes(&test.run("qstat -f"));
    // Running, begun array, queued, held, executable, dependent, waiting.
    for id in ["1.vm", "2[].vm", "3.vm", "4.vm", "5.vm", "6.vm", "7.vm", "8.vm"] {
        assert_eq!(shape(&found, id), shape(&recorded, id), "{id}");
    }
    let options = "-h -N opts -A acct-7 -P projX -p 10 -r n -m abe -M alice@example.org,bob@example.org -S /bin/sh \
                   -j oe -o $HOME/jobs -e vm:/home/alice/err/ -k oed -R e -c n -W group_list=alice -W umask=027 \
                   -W block=false -W sandbox=PRIVATE -W stagein=in.dat@vm:/home/alice/in.dat \
                   -W stageout=out.dat@vm:/home/alice/out.dat -l select=1:ncpus=1:mem=1gb -l place=free:excl \
                   -l walltime=1:0:0";
    let id = test.submit(options, "true");
    let found = shapes(&test.run(&format!("qstat -f {id}")));
    assert_eq!(shape(&found, &id), shape(&recorded, "33.vm"));
}

/// Every path in a document with the kind of its value.
fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                paths(value, &format!("{at}/{name}"), out);
            }
        }
        Value::Number(_) => out.push(format!("{at} number")),
        Value::String(_) => out.push(format!("{at} text")),
        other => out.push(format!("{at} {other}")),
    }
}

fn job_paths(document: &str, id: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(document).unwrap();
    let mut out = Vec::new();
    paths(&document["Jobs"][id], "", &mut out);
    // The interactive methods are a build's own; the rest of the variables is the same.
    out
}

#[tokio::test]
async fn json_has_the_recorded_members_with_the_recorded_kinds() {
    let test = populated(false).await;
    let listing = test.run("qstat -f -F json");
    for id in ["1.vm", "2[].vm", "3.vm", "4.vm", "5.vm", "6.vm", "8.vm"] {
        assert_eq!(job_paths(&listing, id), job_paths(JSON, id), "{id}");
    }
    let subjobs = test.run("qstat -t -f -F json");
    for id in ["2[1].vm", "2[2].vm", "2[5].vm"] {
        assert_eq!(job_paths(&subjobs, id), job_paths(SUBJOBS, id), "{id}");
    }
    assert!(listing.starts_with("{\n\t\"timestamp\":\t"), "{listing}");
}

#[tokio::test]
async fn tables_queues_nodes_and_server_look_as_recorded() {
    let test = populated(false).await;
    let table = test.run("qstat");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "Job id            Name             User              Time Use S Queue");
    assert_eq!(lines[1], "----------------  ---------------- ----------------  -------- - -----");
    assert_eq!(lines[2], "1.vm              run_simple       alice             00:00:00 R workq           ");
    assert_eq!(lines[3], "2[].vm            sweep            alice                    0 B workq           ");
    assert_eq!(lines[4], "3.vm              STDIN            alice                    0 Q workq           ");
    let long = test.run("qstat -a");
    assert!(
        long.contains("3.vm            alice    workq    STDIN         --    1   1    --  00:20 Q   -- "),
        "{long}"
    );
    let queues = test.run("qstat -Q");
    let recorded = include_str!("../recordings/qstat-Q.out");
    assert_eq!(queues.lines().take(2).collect::<Vec<_>>(), recorded.lines().take(2).collect::<Vec<_>>());
    // Lines of queues without jobs can be compared whole.
    for queue in ["closed", "aclq", "routeq"] {
        let line = |text: &str| text.lines().find(|line| line.starts_with(queue)).map(str::to_owned);
        assert_eq!(line(&queues), line(recorded), "{queue}");
    }
    let text = test.run("qstat -Qf sequential");
    let recorded = include_str!("../recordings/qstat-Qf.out");
    let block = recorded.split("Queue: ").find(|block| block.starts_with("sequential")).unwrap();
    let without_counts = |text: &str| {
        let kept = text
            .lines()
            .filter(|l| !l.contains("_count") && !l.contains("total_jobs") && !l.starts_with('\t'));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_counts(text.trim_start_matches("Queue: ")), without_counts(block.trim_end()));
    let server = test.run("qstat -Bf");
    let names = |text: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(" = "));
        let names: Vec<String> = lines.map(|(name, _)| name.to_owned()).collect();
        names.into_iter().filter(|name| !name.starts_with("job_history")).collect::<Vec<_>>()
    };
    assert_eq!(names(&server), names(include_str!("../recordings/qstat-Bf.out")));
    let nodes = test.run("pbsnodes -a");
    let recorded = include_str!("../recordings/pbsnodes-a.out");
    let node_names = |text: &str| {
        text.lines()
            .filter_map(|line| line.trim().split_once(" = "))
            .map(|(n, _)| n.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(node_names(&nodes), node_names(recorded));
    assert!(nodes.contains("state = job-busy"), "{nodes}");
    assert!(nodes.contains("jobs = 1.vm/0, 2[2].vm/"), "{nodes}");
    let mut found = Vec::new();
    let mut expected = Vec::new();
    paths(&serde_json::from_str(&test.run("pbsnodes -a -F json")).unwrap(), "", &mut found);
    paths(
        &serde_json::from_str(include_str!("../recordings/pbsnodes-a-json.out")).unwrap(),
        "",
        &mut expected,
    );
    let without_jobs =
        |paths: Vec<String>| paths.into_iter().filter(|p| !p.contains("/jobs")).collect::<Vec<_>>();
    assert_eq!(without_jobs(found), without_jobs(expected));
}

#[tokio::test]
async fn finished_jobs_are_shown_as_recorded() {
    let test = TestHost::with(|config| config.history = true);
    let finished = test.submit("-N hello -l select=1:ncpus=1 -l walltime=60", "sleep 1.1");
    test.wait_for_state(&finished, Some('F')).await;
    let recorded = shapes(FINISHED);
    let found = shapes(&test.run(&format!("qstat -x -f {finished}")));
    assert_eq!(shape(&found, &finished), shape(&recorded, "0.vm"));
    let output = test.run_as("alice", &format!("qstat {finished}"));
    assert_eq!(output.status.code(), Some(35));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "qstat: 1.vm Job has finished, use -x or -H to obtain historical job information\n"
    );
}

#[tokio::test]
async fn an_empty_listing_is_a_document_without_jobs() {
    let test = TestHost::new();
    assert_eq!(test.run("qstat"), "");
    assert_eq!(test.run("qstat -f"), "");
    let document: Value = serde_json::from_str(&test.run("qstat -f -F json")).unwrap();
    assert!(document.get("Jobs").is_none());
    assert_eq!(document["pbs_server"], "vm");
}

#[tokio::test]
async fn times_are_in_the_zone_of_the_caller() {
    let test = TestHost::new();
    let id = test.submit("-h", "true");
    let utc = test.run(&format!("TZ=UTC0 qstat -f {id} | grep ctime"));
    let east = test.run(&format!("TZ=XYZ-3 qstat -f {id} | grep ctime"));
    assert_ne!(utc, east);
}

#[tokio::test]
async fn values_that_look_like_json_lose_their_text() {
    let test = TestHost::new();
    let id =
        test.submit("-h -N 007 -v 'A=007,B=1.10,C=true,D=x,E=+1,F=0x10,G=1E400,H=9007199254740993'", "true");
    let listing = test.run(&format!("qstat -f -F json {id}"));
    for line in [
        "\"Job_Name\":\t\"007\"",
        "\"A\":\t7",
        "\"B\":\t1.1",
        "\"C\":\ttrue",
        "\"D\":\t\"x\"",
        "\"E\":\t\"+1\"",
        "\"F\":\t\"0x10\"",
        "\"G\":\tnull",
        "\"H\":\t9.00719925474099e+15",
    ] {
        assert!(listing.contains(line), "{line} not in {listing}");
    }
}
