//! How long reading, changing and writing a script takes: 300 lines of it, in this process.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use pbsweb_shared::script::{diagnose, parse, render};

use crate::report::{ratio, say};

/// What is measured is repeated so often, after a tenth of that to warm up.
const RUNS: u32 = 1000;

/// A script as long as long ones are: 40 directives and comments, then commands.
fn script() -> anyhow::Result<String> {
    let mut text = "#!/bin/bash\n#PBS -N heat -q workq\n#PBS -l select=4:ncpus=16:mem=32gb,walltime=24:00:00\n#PBS -j oe -m ae -M ada@example.org\n".to_owned();
    for number in 0..18 {
        writeln!(text, "# parameter {number}\n#PBS -l resource_{number}=value{number}")?;
    }
    text.push_str("export CASE='wing'\ncd $PBS_O_WORKDIR\n");
    for number in text.lines().count()..300 {
        writeln!(text, "mpirun -np 64 ./solver --step {number} \"$CASE\" > step_{number}.log")?;
    }
    Ok(text)
}

/// The mean time of one run, in microseconds.
fn microseconds(mut run: impl FnMut()) -> f64 {
    (0..RUNS / 10).for_each(|_| run());
    let begin = Instant::now();
    (0..RUNS).for_each(|_| run());
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS)
}

/// Prints the times.
pub(crate) fn measure() -> anyhow::Result<()> {
    let text = script()?;
    let draft = parse(&text).draft;
    let mut changed = draft.clone();
    "48:00:00".clone_into(&mut changed.walltime);
    say(&format!(
        "\nA script of {} lines ({} bytes)                                              µs",
        text.lines().count(),
        text.len()
    ));
    let read = microseconds(|| drop(black_box(parse(black_box(&text)))));
    let write = microseconds(|| drop(black_box(render(black_box(&draft)))));
    let change = microseconds(|| drop(black_box(render(black_box(&changed)))));
    let all = microseconds(|| drop(black_box(diagnose(black_box(&changed), None))));
    ratio("read into fields, with diagnostics", read, "");
    ratio("written again, unchanged", write, "");
    ratio("read and written", read + write, "< 100");
    ratio("written with one field changed", change, "");
    ratio("a keystroke in the form: text and diagnostics anew", all, "< 16000");
    Ok(())
}
