//! What a connection check finds on a host.

/// The findings, and below them what is wrong, in the order in which it should be put right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probe {
    /// The account's login name, as the host says it.
    pub login: Option<String>,
    /// Its home folder.
    pub home: Option<String>,
    /// Its login shell.
    pub shell: Option<String>,
    /// The host's own name (`uname -n`).
    pub host_name: Option<String>,
    /// The operating system (`uname -srm`).
    pub system: Option<String>,
    /// The host's clock, in seconds since 1970.
    pub clock: Option<i64>,
    /// Where the scheduler's commands are: to be stored with the account, whose start-up files had a say in it.
    pub bin: Option<String>,
    /// `qstat --version`
    pub version: Option<String>,
    /// The server's name, if it answered `qstat -Bf`.
    pub server: Option<String>,
    /// The server keeps finished jobs.
    pub has_history: bool,
    /// `~/pbsweb` can be written.
    pub is_writable: bool,
    /// Kilobytes free where `~/pbsweb` is.
    pub free_kb: Option<u64>,
    /// The end of what `quota` says, if there is such a command.
    pub quota: Option<String>,
    /// What keeps PBSWeb from working here.
    pub problems: Vec<ProbeProblem>,
}

impl Probe {
    /// Nothing keeps jobs from being submitted.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What keeps PBSWeb from working on a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeProblem {
    /// The check's output is cut or strange.
    #[error("the host's answer to the check was cut off or could not be read")]
    Unreadable,
    /// The home folder is missing or cannot be entered.
    #[error("the home folder {home} cannot be used")]
    NoHome {
        /// As the host names it.
        home: String,
    },
    /// `~/pbsweb` cannot be written.
    #[error("the folder for PBSWeb's files cannot be written: {words}")]
    NotWritable {
        /// In the host's words.
        words: String,
    },
    /// No qsub or qstat.
    #[error(
        "neither the PATH nor /opt/pbs/bin, /usr/pbs/bin and PBS_EXEC of /etc/pbs.conf hold qsub and qstat"
    )]
    NoCommands,
    /// The commands of these names are Slurm's imitations.
    #[error("qstat in {bin} belongs to Slurm, which ships commands of these names; it is not PBS")]
    Slurm {
        /// Where it is.
        bin: String,
    },
    /// The commands are those of Torque.
    #[error("the scheduler calls itself {version:?}; this is not OpenPBS or PBS Professional")]
    OtherScheduler {
        /// Its version text.
        version: String,
    },
    /// The scheduler's server does not answer.
    #[error("the scheduler's server does not answer: {words}")]
    ServerDown {
        /// In qstat's words.
        words: String,
    },
}
