//! A listing of a full server is read in one pass: a loose bound that a quadratic parser would break by far.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use pbsweb::scheduler::openpbs::read_jobs;

use crate::recording::recording;

#[test]
fn five_thousand_jobs_are_read_quickly() {
    let one = String::from_utf8(recording("qstat-f").stdout).unwrap();
    let block = one.split_inclusive("\n\n").next().unwrap().split_once('\n').unwrap().1.to_owned();
    let mut text = String::new();
    for number in 0..5000 {
        writeln!(text, "Job Id: {number}.vm\n{}", block.trim_end()).unwrap();
        text.push('\n');
    }
    let begun = Instant::now();
    let found = read_jobs(text.as_bytes());
    let took = begun.elapsed();
    println!("{} bytes in {took:?}", text.len());
    assert_eq!((found.jobs.len(), found.problems.len()), (5000, 0));
    // Measured: see the test's output; built without optimisation and on a busy machine it stays far below.
    assert!(took < Duration::from_secs(10), "{took:?}");
}
