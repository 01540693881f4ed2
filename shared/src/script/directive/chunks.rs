//! `-l select=`: what the job needs, in chunks.

use super::{Directive, Switch};
use crate::script::diagnostic::Findings;
use crate::script::draft::{ChunkDraft, JobScriptDraft};
use crate::script::render::given_chunks;
use crate::script::values::{Count, MemorySize, OtherResources, ResourceChunk, Select};

pub(super) const CHUNKS: Directive = Directive {
    name: "chunks",
    flag: "-l select=",
    label: "Chunks",
    help: "What the job needs, in pieces that each fit on one node: so many chunks of so many processors and so much memory. None leaves it to the queue's defaults.",
    example: "2:ncpus=4:mem=8gb",
    switch: Switch::Resource("select"),
    value: |draft| {
        let terms: Vec<String> = given_chunks(draft).map(|(_, chunk)| chunk_text(chunk)).collect();
        (!terms.is_empty()).then(|| terms.join("+"))
    },
    read: |value, draft| draft.chunks = value.split('+').map(read_chunk).collect(),
    check: |draft, findings| {
        let Some(select) = select(draft, findings) else { return };
        for ((index, _), chunk) in given_chunks(draft).zip(select.chunks()) {
            if chunk.mem.is_some() && draft.chunks.get(index).is_some_and(|typed| is_bare(typed.mem.trim())) {
                findings.warning(
                    &format!("/chunks/{index}/mem"),
                    "mem.bytes",
                    "a bare number is bytes, which is hardly meant",
                    "write the unit, such as 8gb or 1536mb",
                );
            }
            if let (Some(ncpus), Some(mpiprocs)) = (chunk.ncpus, chunk.mpiprocs)
                && mpiprocs > ncpus
            {
                findings.warning(
                    &format!("/chunks/{index}/mpiprocs"),
                    "mpiprocs.over_ncpus",
                    format!("{mpiprocs} MPI processes share {ncpus} processors"),
                    "ask for as many processors as processes, unless that is meant",
                );
            }
        }
    },
    ..Directive::BASE
};

/// A number without a unit, below what any program needs.
fn is_bare(mem: &str) -> bool {
    mem.len() < 7 && mem.bytes().all(|b| b.is_ascii_digit()) && mem != "0"
}

const fn part(
    name: &'static str,
    flag: &'static str,
    label: &'static str,
    help: &'static str,
    example: &'static str,
) -> Directive {
    Directive {
        name,
        flag,
        label,
        help,
        example,
        switch: Switch::None,
        value: |_| None,
        read: |_, _| {},
        check: |_, _| {},
        ..Directive::BASE
    }
}

/// The fields of one chunk: words only, the work is done by [`CHUNKS`].
pub const CHUNK_PARTS: &[Directive] = &[
    part("chunks.count", "-l select=", "Chunks", "How many such chunks; empty means one.", "2"),
    part("chunks.ncpus", "ncpus=", "Processors", "Processor cores in each chunk.", "4"),
    part(
        "chunks.mpiprocs",
        "mpiprocs=",
        "MPI processes",
        "MPI processes started in each chunk; usually as many as processors.",
        "4",
    ),
    part(
        "chunks.ompthreads",
        "ompthreads=",
        "OpenMP threads",
        "Threads of each process; PBS sets OMP_NUM_THREADS to it.",
        "1",
    ),
    part(
        "chunks.mem",
        "mem=",
        "Memory",
        "Memory of each chunk, with its unit in powers of 1024: mb or gb. The job may be killed when it uses more.",
        "8gb",
    ),
    part("chunks.ngpus", "ngpus=", "GPUs", "Graphics processors in each chunk.", "1"),
    part(
        "chunks.other",
        "",
        "Other resources",
        "Further resources of the chunk that the site defines, as name=value joined by colons.",
        "scratch=20gb",
    ),
];

/// The fields of a chunk that hold `name=value`, but for `other`.
fn named_fields(chunk: &ChunkDraft) -> [(&'static str, &str); 5] {
    [
        ("ncpus", chunk.ncpus.trim()),
        ("mpiprocs", chunk.mpiprocs.trim()),
        ("ompthreads", chunk.ompthreads.trim()),
        ("mem", chunk.mem.trim()),
        ("ngpus", chunk.ngpus.trim()),
    ]
}

fn chunk_text(chunk: &ChunkDraft) -> String {
    if let Some(sound) = typed(chunk, "", &mut Findings::default()) {
        return sound.to_string();
    }
    let count = chunk.count.trim();
    let mut text = if count.is_empty() { "1".to_owned() } else { count.to_owned() };
    for (name, value) in named_fields(chunk).into_iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!(":{name}={value}"));
    }
    if !chunk.other.trim().is_empty() {
        text.push(':');
        text.push_str(chunk.other.trim());
    }
    text
}

/// One term of a select statement as the form holds it, whatever it is.
pub(crate) fn read_chunk(text: &str) -> ChunkDraft {
    let mut chunk = ChunkDraft::default();
    let mut other = Vec::new();
    for (index, part) in text.split(':').enumerate() {
        if index == 0 && !part.contains('=') {
            part.clone_into(&mut chunk.count);
            continue;
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let slot = match name {
            "ncpus" => &mut chunk.ncpus,
            "mpiprocs" => &mut chunk.mpiprocs,
            "ompthreads" => &mut chunk.ompthreads,
            "mem" => &mut chunk.mem,
            "ngpus" => &mut chunk.ngpus,
            _ => {
                other.push(part);
                continue;
            }
        };
        if slot.is_empty() && !value.is_empty() { value.clone_into(slot) } else { other.push(part) }
    }
    chunk.other = other.join(":");
    if chunk.count.is_empty() {
        "1".clone_into(&mut chunk.count);
    }
    chunk
}

/// The typed chunk; `None` if something does not read, which is told.
fn typed(chunk: &ChunkDraft, pointer: &str, findings: &mut Findings) -> Option<ResourceChunk> {
    let mut is_sound = true;
    let mut count = |field: &str, text: &str, label: &str, findings: &mut Findings| {
        let text = text.trim();
        let value = findings
            .read::<Count>(&format!("{pointer}/{field}"), text, label, "write a whole number")
            .map(Count::number);
        is_sound &= value.is_some() || text.is_empty();
        value
    };
    let chunks = count("count", &chunk.count, "the number of chunks", findings);
    let ncpus = count("ncpus", &chunk.ncpus, "the number of processors", findings);
    let mpiprocs = count("mpiprocs", &chunk.mpiprocs, "the number of MPI processes", findings);
    let ompthreads = count("ompthreads", &chunk.ompthreads, "the number of threads", findings);
    let ngpus = count("ngpus", &chunk.ngpus, "the number of GPUs", findings);
    if chunks == Some(0) {
        findings.error(
            &format!("{pointer}/count"),
            "count.range",
            "the number of chunks must be 1 or more",
            "remove the row if it is not needed",
        );
        is_sound = false;
    }
    let memory_advice = memory_advice(chunk.mem.trim());
    let mem =
        findings.read::<MemorySize>(&format!("{pointer}/mem"), &chunk.mem, "the memory", &memory_advice);
    is_sound &= mem.is_some() || chunk.mem.trim().is_empty();
    let other = chunk.other.trim();
    let other = match other.parse::<OtherResources>() {
        Ok(other) => other,
        Err(error) => {
            let code = format!("other.{}", error.kind());
            findings.error(
                &format!("{pointer}/other"),
                &code,
                format!("the list of other resources {error}"),
                "write it like scratch=20gb:arch=linux",
            );
            return None;
        }
    };
    if let Some((name, _)) =
        other.iter().find(|(name, _)| named_fields(chunk).iter().any(|(field, _)| field == name))
    {
        findings.error(
            &format!("{pointer}/other"),
            "other.has_field",
            format!("{name} has a field of its own"),
            "give it there",
        );
        return None;
    }
    is_sound.then(|| ResourceChunk {
        count: chunks.unwrap_or(1),
        ncpus,
        mpiprocs,
        ompthreads,
        mem,
        ngpus,
        other,
    })
}

/// What was probably meant: `1.5gb`, `4 GB`, `4GiB`.
fn memory_advice(text: &str) -> String {
    let compact: String = text.to_ascii_lowercase().replace("ib", "b").split_whitespace().collect();
    if compact.parse::<MemorySize>().is_ok() {
        return format!("write {compact}");
    }
    let halves = compact.split_once('.').and_then(|(whole, rest)| {
        let tenths = rest.get(..1)?.parse::<u64>().ok()?;
        let smaller = match rest.get(1..)? {
            "gb" | "g" => "mb",
            "tb" | "t" => "gb",
            "mb" | "m" => "kb",
            _ => return None,
        };
        let units = whole.parse::<u64>().ok()?.checked_mul(1024)?.checked_add(tenths * 1024 / 10)?;
        Some(format!("write {units}{smaller}"))
    });
    halves.unwrap_or_else(|| "write a whole number and a unit, such as 8gb or 1536mb".to_owned())
}

/// The typed select statement of a draft; what does not read is a finding, and then there is none.
pub(crate) fn select(draft: &JobScriptDraft, findings: &mut Findings) -> Option<Select> {
    let mut chunks = Vec::new();
    let mut is_sound = true;
    for (index, chunk) in given_chunks(draft) {
        match typed(chunk, &format!("/chunks/{index}"), findings) {
            Some(chunk) => chunks.push(chunk),
            None => is_sound = false,
        }
    }
    if is_sound { Select::new(chunks) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::check;
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};

    fn chunk(fill: impl FnOnce(&mut ChunkDraft)) -> ChunkDraft {
        let mut chunk = ChunkDraft::default();
        fill(&mut chunk);
        chunk
    }

    #[test]
    fn written_and_read() {
        let two = chunk(|c| {
            (c.count, c.ncpus, c.mem, c.other) =
                ("2".into(), "04".into(), "8GB".into(), "scratch=20gb".into())
        });
        let gpu = chunk(|c| (c.mpiprocs, c.ompthreads, c.ngpus) = ("1".into(), "8".into(), " 1 ".into()));
        check_line(
            &with(|d| d.chunks = vec![two, ChunkDraft::default(), gpu]),
            "-l select=2:ncpus=4:mem=8gb:scratch=20gb+1:mpiprocs=1:ompthreads=8:ngpus=1",
        );
        check_read("-l select=2:ncpus=4", |d| {
            d.chunks = vec![chunk(|c| (c.count, c.ncpus) = ("2".into(), "4".into()))]
        });
        check_read("-l select=ncpus=4:mem=", |d| {
            d.chunks = vec![chunk(|c| (c.count, c.ncpus, c.other) = ("1".into(), "4".into(), "mem=".into()))];
        });
        check_read("-l select=abc", |d| d.chunks = vec![chunk(|c| c.count = "abc".into())]);
    }

    #[test]
    fn checked_field_by_field() {
        let check = |fill: fn(&mut ChunkDraft), expected: &str| {
            check_findings(&with(|d| d.chunks = vec![ChunkDraft::default(), chunk(fill)]), &[expected]);
        };
        check(|c| c.count = "0".into(), "/chunks/1/count count.range");
        check(|c| c.count = "two".into(), "/chunks/1/count count.syntax");
        check(|c| c.ncpus = "-1".into(), "/chunks/1/ncpus ncpus.syntax");
        check(|c| c.mpiprocs = "1.5".into(), "/chunks/1/mpiprocs mpiprocs.syntax");
        check(|c| c.ompthreads = "x".into(), "/chunks/1/ompthreads ompthreads.syntax");
        check(|c| c.ngpus = "9999999999".into(), "/chunks/1/ngpus ngpus.range");
        check(|c| c.mem = "1zb".into(), "/chunks/1/mem mem.syntax");
        check(|c| c.mem = "99999pb".into(), "/chunks/1/mem mem.range");
        check(|c| c.mem = "8".into(), "/chunks/1/mem mem.bytes");
        check(|c| c.other = "scratch".into(), "/chunks/1/other other.syntax");
        check(|c| c.other = "a=1 -q x".into(), "/chunks/1/other other.syntax");
        check(|c| c.other = "walltime=1".into(), "/chunks/1/other other.syntax");
        check(|c| c.other = "mem=1gb".into(), "/chunks/1/other other.has_field");
        check(|c| (c.ncpus, c.mpiprocs) = ("2".into(), "4".into()), "/chunks/1/mpiprocs mpiprocs.over_ncpus");
    }

    #[test]
    fn a_slip_in_memory_is_put_right() {
        let advice = |mem: &str| {
            let draft =
                with(|d| (d.chunks, d.commands) = (vec![chunk(|c| c.mem = mem.into())], "true".into()));
            check(&draft, None)[0].advice.clone()
        };
        assert_eq!(advice("1.5gb"), "write 1536mb");
        assert_eq!(advice("4 GB"), "write 4gb");
        assert_eq!(advice("4GiB"), "write 4gb");
        assert_eq!(advice("lots"), "write a whole number and a unit, such as 8gb or 1536mb");
    }
}
