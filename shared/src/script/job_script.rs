//! A script that is sound.

use super::check::check;
use super::diagnostic::{Diagnostic, Findings};
use super::directive;
use super::draft::JobScriptDraft;
use super::interpreter::Interpreter;
use super::render::{normalise, render};
use super::values::{
    AccountName, ArrayRange, Dependency, EnvName, JobName, Join, MailEvents, MailUsers, OutputPath, Place,
    Priority, ProjectName, QueueName, Rerunnable, Select, StartTime, Walltime,
};

/// A job script that PBS can take: it cannot exist with a field that breaks a rule. Whether a certain host takes it is for
/// [`check()`](super::check()) with that host's rules, and for the host.
#[derive(Debug, Clone, PartialEq)]
pub struct JobScript {
    draft: JobScriptDraft,
    name: JobName,
    queue: Option<QueueName>,
    select: Option<Select>,
    place: Option<Place>,
    walltime: Option<Walltime>,
    account: Option<AccountName>,
    project: Option<ProjectName>,
    mail_users: Option<MailUsers>,
    mail_events: Option<MailEvents>,
    join: Option<Join>,
    output_path: Option<OutputPath>,
    error_path: Option<OutputPath>,
    dependencies: Vec<Dependency>,
    array: Option<ArrayRange>,
    rerunnable: Option<Rerunnable>,
    priority: Option<Priority>,
    start_after: Option<StartTime>,
}

impl JobScript {
    /// The script of a draft without errors.
    ///
    /// # Errors
    /// All findings (warnings and hints too), if one of them is an error.
    ///
    /// ```
    /// use pbsweb_shared::script::{JobScript, JobScriptDraft};
    /// let draft = JobScriptDraft { walltime: "1:30:00".into(), commands: "make run".into(), ..Default::default() };
    /// let script = JobScript::from_draft(&draft).unwrap();
    /// assert_eq!(script.walltime().unwrap().seconds(), 5400);
    /// assert_eq!(script.name().as_str(), "job");
    /// assert!(JobScript::from_draft(&JobScriptDraft { name: "a\n#PBS -h".into(), ..draft }).is_err());
    /// ```
    pub fn from_draft(draft: &JobScriptDraft) -> Result<Self, Vec<Diagnostic>> {
        let diagnostics = check(draft, None);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(diagnostics);
        }
        // From here every field reads; its findings were told above.
        let draft = normalise(draft);
        let mut findings = Findings::default();
        let found = &mut findings;
        let script = Self {
            name: found.read("/name", &draft.name, "", "").unwrap_or_default(),
            queue: found.read("/queue", &draft.queue, "", ""),
            select: directive::select(&draft, found),
            place: found.read("/place", &draft.place, "", ""),
            walltime: found.read("/walltime", &draft.walltime, "", ""),
            account: found.read("/account", &draft.account, "", ""),
            project: found.read("/project", &draft.project, "", ""),
            mail_users: found.read("/mail_users", &draft.mail_users, "", ""),
            mail_events: found.read("/mail_events", &draft.mail_events, "", ""),
            join: found.read("/join", &draft.join, "", ""),
            output_path: found.read("/output_path", &draft.output_path, "", ""),
            error_path: found.read("/error_path", &draft.error_path, "", ""),
            dependencies: directive::dependencies(&draft, found),
            array: found.read("/array", &draft.array, "", ""),
            rerunnable: found.read("/rerunnable", &draft.rerunnable, "", ""),
            priority: found.read("/priority", &draft.priority, "", ""),
            start_after: found.read("/start_after", &draft.start_after, "", ""),
            draft,
        };
        let errors = findings.into_list();
        if errors.is_empty() { Ok(script) } else { Err(errors) }
    }

    /// The fields, each in its one form.
    #[must_use]
    pub const fn draft(&self) -> &JobScriptDraft {
        &self.draft
    }

    /// The text as people see it; [`prepare()`](super::prepare()) gives what goes to the host.
    #[must_use]
    pub fn render(&self) -> String {
        render(&self.draft)
    }

    /// The family of the interpreter.
    #[must_use]
    pub fn interpreter(&self) -> Interpreter {
        Interpreter::of(&self.draft.shell)
    }

    /// Whether the text that goes to the host leaves the exit status and times in the job's folder.
    #[must_use]
    pub fn has_epilogue(&self) -> bool {
        !self.draft.without_epilogue && self.interpreter() == Interpreter::Posix
    }

    /// The job's name; `job` if none was given.
    #[must_use]
    pub const fn name(&self) -> &JobName {
        &self.name
    }

    /// The queue, unless the host's default is meant.
    #[must_use]
    pub const fn queue(&self) -> Option<&QueueName> {
        self.queue.as_ref()
    }

    /// The chunks asked for.
    #[must_use]
    pub const fn select(&self) -> Option<&Select> {
        self.select.as_ref()
    }

    /// How the chunks are spread.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// How long it may run.
    #[must_use]
    pub const fn walltime(&self) -> Option<Walltime> {
        self.walltime
    }

    /// The account charged.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountName> {
        self.account.as_ref()
    }

    /// The project.
    #[must_use]
    pub const fn project(&self) -> Option<&ProjectName> {
        self.project.as_ref()
    }

    /// Who gets mail.
    #[must_use]
    pub const fn mail_users(&self) -> Option<&MailUsers> {
        self.mail_users.as_ref()
    }

    /// When mail is sent.
    #[must_use]
    pub const fn mail_events(&self) -> Option<MailEvents> {
        self.mail_events
    }

    /// Which streams are joined.
    #[must_use]
    pub const fn join(&self) -> Option<Join> {
        self.join
    }

    /// Where standard output goes, if not into the job's folder.
    #[must_use]
    pub const fn output_path(&self) -> Option<&OutputPath> {
        self.output_path.as_ref()
    }

    /// Where standard error goes, if not into the job's folder.
    #[must_use]
    pub const fn error_path(&self) -> Option<&OutputPath> {
        self.error_path.as_ref()
    }

    /// What must happen first.
    #[must_use]
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// The indices, if it is an array.
    #[must_use]
    pub const fn array(&self) -> Option<ArrayRange> {
        self.array
    }

    /// Whether it may be run again, if said.
    #[must_use]
    pub const fn rerunnable(&self) -> Option<Rerunnable> {
        self.rerunnable
    }

    /// Its priority, if said.
    #[must_use]
    pub const fn priority(&self) -> Option<Priority> {
        self.priority
    }

    /// Whether it is submitted with a user hold.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.draft.hold
    }

    /// When it may start at the earliest, if said.
    #[must_use]
    pub const fn start_after(&self) -> Option<&StartTime> {
        self.start_after.as_ref()
    }

    /// The variables that the script exports, in order.
    pub fn variables(&self) -> impl Iterator<Item = (EnvName, &str)> {
        self.draft
            .variables
            .iter()
            .filter_map(|variable| Some((variable.name.parse().ok()?, variable.value.as_str())))
    }

    /// The commands, without empty lines around them.
    #[must_use]
    pub fn commands(&self) -> &str {
        &self.draft.commands
    }
}
