//! Programs for a host: trusted `sh` text, and beside it the data it works on.

use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::PbsJobId;

/// A POSIX `sh` program. It reads no standard input and exits with 0 unless something else kills it: what happened is in
/// what it prints, framed by the marker. It calls no `exit`, so that more text may follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Trusted text. Data appear in it only as `"$PBSWEB_name"`.
    pub script: String,
    /// Shell variables to bind before the text; values are any text without NUL.
    pub bindings: Vec<(String, String)>,
}

/// Why a request cannot be made a program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No shell variable holds a NUL.
    #[error("the {name} contains a NUL character")]
    Nul {
        /// Which text.
        name: String,
    },
    /// A command without ids would mean all jobs, or print its usage.
    #[error("no job ids were given")]
    NoIds,
    /// `qorder` exchanges exactly two jobs.
    #[error("exactly two jobs can exchange their places")]
    NotTwo,
    /// `qalter` with nothing to change.
    #[error("nothing to change was given")]
    NothingToChange,
}

/// Frames what a program prints. It must not be guessable: other users' texts appear between the frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// Made from a fresh random number, one for each call.
    #[must_use]
    pub fn new(random: u128) -> Self {
        Self(format!("pbsweb-{random:032x}"))
    }

    /// The marker as it stands at the beginning of a line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One submission.
#[derive(Debug, Clone, Copy)]
pub struct SubmitRequest<'a> {
    /// Names the folder on the host, and tags the job in the scheduler.
    pub job: JobId,
    /// 1 at first; another only when [`super::Settlement::TryAgain`] names it.
    pub attempt: u32,
    /// The text of the job script, as it is to be written.
    pub script: &'a str,
    /// Arguments of qsub, before the script. `-v` with our tag is added if it is not among them.
    pub arguments: &'a [String],
    /// Where qsub runs (`PBS_O_WORKDIR`): absolute, or below the home folder; empty means the job's own folder.
    pub working_folder: &'a str,
    /// How many seconds to wait for an answer that another run of the program is to write.
    pub wait_seconds: u32,
}

/// Gathers bindings, and gives the words that refer to them.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    bound: Vec<(String, String)>,
    error: Option<CommandError>,
}

impl Bindings {
    /// Binds `PBSWEB_<name>`.
    pub(crate) fn bind(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if value.contains('\0') {
            self.error.get_or_insert_with(|| CommandError::Nul { name: name.to_owned() });
        }
        self.bound.push((format!("PBSWEB_{name}"), value));
    }

    /// Binds a list and gives the quoted words for it: `"$PBSWEB_name_0" "$PBSWEB_name_1"`.
    pub(crate) fn bind_all<I>(&mut self, name: &str, values: I) -> String
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut words = String::new();
        for (i, value) in values.into_iter().enumerate() {
            let item = format!("{name}_{i}");
            if i > 0 {
                words.push(' ');
            }
            words.push_str(&format!("\"$PBSWEB_{item}\""));
            self.bind(&item, value);
        }
        words
    }

    /// The whole command.
    pub(crate) fn into_command(self, script: String) -> Result<Command, CommandError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Command { script, bindings: self.bound }),
        }
    }
}

/// Ids as the scheduler's commands take them.
pub(crate) fn ids_of(jobs: &[PbsJobId]) -> impl Iterator<Item = String> + '_ {
    jobs.iter().map(ToString::to_string)
}
