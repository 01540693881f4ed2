//! `-l name=value`: resources that have no field of their own. Those of PBS are known here, with their kinds of values; a site may
//! have others.

use crate::script::diagnostic::Findings;
use crate::script::values::{Count, MemorySize, ValueError, Walltime};

/// What a resource's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A time, `HH:MM:SS`.
    Time,
    /// An amount of memory or disk, with its unit.
    Size,
    /// A whole number.
    Number,
    /// A word.
    Word,
}

/// One resource.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// It may stand in a chunk (`-l select=`).
    pub is_of_chunk: bool,
    /// It may be asked for the whole job (`-l name=`) beside chunks.
    pub is_of_job: bool,
    /// What it is for.
    pub help: &'static str,
}

const fn resource(
    name: &'static str,
    kind: Kind,
    is_of_chunk: bool,
    is_of_job: bool,
    help: &'static str,
) -> Resource {
    Resource { name, kind, is_of_chunk, is_of_job, help }
}

/// The resources that every PBS knows.
pub const RESOURCES: &[Resource] = &[
    resource("ncpus", Kind::Number, true, false, "Processor cores."),
    resource("mpiprocs", Kind::Number, true, false, "MPI processes."),
    resource("ompthreads", Kind::Number, true, false, "OpenMP threads of each process."),
    resource("mem", Kind::Size, true, false, "Memory, such as 8gb."),
    resource("ngpus", Kind::Number, true, false, "Graphics processors, where the site calls them so."),
    resource("vmem", Kind::Size, true, false, "Virtual memory."),
    resource("arch", Kind::Word, true, false, "The kind of system."),
    resource("host", Kind::Word, true, false, "A certain host."),
    resource("vnode", Kind::Word, true, false, "A certain vnode."),
    resource("aoe", Kind::Word, true, false, "The operating environment the node is to be started with."),
    resource("naccelerators", Kind::Number, true, false, "Accelerators."),
    resource("accelerator_model", Kind::Word, true, false, "The model of the accelerators."),
    resource(
        "min_walltime",
        Kind::Time,
        false,
        true,
        "The shortest walltime the job can do with; PBS chooses one up to max_walltime.",
    ),
    resource(
        "max_walltime",
        Kind::Time,
        false,
        true,
        "The longest walltime PBS may choose, with min_walltime.",
    ),
    resource("cput", Kind::Time, false, true, "Processor time of all processes together."),
    resource("pcput", Kind::Time, false, true, "Processor time of any one process."),
    resource("pmem", Kind::Size, false, true, "Memory of any one process."),
    resource("pvmem", Kind::Size, false, true, "Virtual memory of any one process."),
    resource("file", Kind::Size, false, true, "The largest file the job may make."),
    resource("nice", Kind::Word, false, true, "The nice value its processes run at."),
    resource("software", Kind::Word, false, true, "Software it needs, as the site names it."),
    resource("soft_walltime", Kind::Time, false, true, "How long it will probably run; set by the site."),
    resource("preempt_targets", Kind::Word, false, true, "Which jobs it may push aside."),
    resource("nodes", Kind::Word, false, false, "The old way to ask for nodes; PBS makes chunks of it."),
];

/// The resource of a name, if it is one of PBS's own.
#[must_use]
pub fn find_resource(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

impl Resource {
    /// Says what is wrong with a value.
    pub(super) fn check(&self, value: &str, pointer: &str, findings: &mut Findings) {
        let wrong: Option<ValueError> = match self.kind {
            Kind::Time => value.parse::<Walltime>().err(),
            Kind::Size => value.parse::<MemorySize>().err(),
            Kind::Number => value.parse::<Count>().err(),
            Kind::Word => None,
        };
        if let Some(error) = wrong {
            let advice = match self.kind {
                Kind::Time => "write HH:MM:SS",
                Kind::Size => "write a whole number and a unit, such as 8gb",
                Kind::Number | Kind::Word => "write a whole number",
            };
            findings.error(pointer, "resource.value", format!("{} {error}", self.name), advice);
        }
    }
}
