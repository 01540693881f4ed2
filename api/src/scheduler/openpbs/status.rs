//! Exit statuses of OpenPBS's commands: the server's error number (15001 and up, `pbs_error.h`) modulo 256, else 1, 2 or
//! 255 from the command itself. With several ids it is that of the last error.

use crate::scheduler::status::{CommandKind, Explanation, Meaning};

/// What an exit status means. `words` is what the command printed on standard error.
#[must_use]
pub fn explain_status(command: CommandKind, status: i32, words: &str) -> Explanation {
    Explanation {
        meaning: meaning(command, status, words),
        status: Some(status),
        words: words.trim().to_owned(),
    }
}

/// The exit status that goes with a complaint, for one of several complaints of a command; from the recordings.
pub(super) fn status_of(complaint: &str) -> Option<i32> {
    const TEXTS: &[(&str, i32)] = &[
        ("illegally formed job identifier", 1),
        ("Job has finished", 35),
        ("Unknown Job Id", 153),
        ("Cannot set attribute, read only", 155),
        ("Invalid request", 156),
        ("Unauthorized Request", 159),
        ("Access from host not allowed", 160),
        ("Unknown/illegal signal name", 165),
        ("Illegal attribute or resource value", 166),
        ("Cannot modify attribute while job running", 167),
        ("Request invalid for state of job", 168),
        ("Unknown queue", 170),
        ("Queue is not enabled", 173),
        ("not supported for Array Jobs", 181),
        ("Unknown resource", 187),
        ("Job violates queue and/or server resource limits", 188),
        ("Server could not connect to MOM", 222),
    ];
    TEXTS.iter().find(|(text, _)| complaint.contains(text)).map(|(_, status)| *status)
}

fn meaning(command: CommandKind, status: i32, words: &str) -> Meaning {
    // The connection is made first: what could not connect has done nothing (down-qsub, down-qdel-1).
    // An unknown host (160) is named by the request or by the site, and does not mend by waiting (qsub-err-unknown-server).
    let is_unconnected =
        ["cannot connect to server", "Couldn't connect to"].iter().any(|said| words.contains(said));
    if !matches!(status, 0 | 160) && is_unconnected {
        return Meaning::ServerUnreachable;
    }
    match status {
        0 => Meaning::Done,
        // pbs_error.h 15139 HISTJOBID, 15050 ALRDYEXIT, 15159 NOHISTARRAYSUBJOB
        35 | 202 | 55 => Meaning::HasFinished,
        // UNKJOBID, CLEANEDOUT
        153 | 204 => Meaning::UnknownJob,
        // ATTRRO, PERM, QACESS, BADUSER, BADGRP, BADACCT
        155 | 159 | 174 | 175 | 197 | 201 => Meaning::NotAllowed,
        // MODATRRUN, BADSTATE, NORERUN
        167 | 168 | 190 => Meaning::WrongState,
        // ENTLIMCT, ENTLIMRESC, MAXQUED
        38 | 39 | 198 => Meaning::LimitReached,
        // SVRDOWN rejects; NOCONNECTS, NOSERVER, CONNFULL come before the request is sent.
        212 | 185 | 186 | 13 => Meaning::ServerUnreachable,
        // NORELYMOM
        222 => Meaning::NodeUnreachable,
        // SYSTEM, INTERNAL, BADCRED (a reserved port was used up), EXPIRED, OBJBUSY, NOSUP, PROTOCOL, DISPROTO, CKPBSY, TRYAGAIN,
        // FORCE_QSUB_UPDATE, SAVE_ERR; 124 is timeout(1).
        162 | 163 | 171 | 172 | 179 | 183 | 208 | 199 | 104 | 56 | 57 | 124 => Meaning::Uncertain,
        // The sub-program's or a shell's "cannot execute" and "not found".
        126 | 127 => Meaning::NoCommand,
        // Ended by a signal, anywhere in its work.
        129..=152 => Meaning::Uncertain,
        255 => match command {
            // "Failed to recv data from background qsub": it may have got as far as the server.
            CommandKind::Submit | CommandKind::Steer(_) => Meaning::Uncertain,
            CommandKind::List => Meaning::ServerUnreachable,
        },
        // 15029 NOSUP: of qsub it was seen while a server came up; of qmsg it is said of arrays.
        181 => match command {
            CommandKind::Submit => Meaning::Uncertain,
            CommandKind::List | CommandKind::Steer(_) => Meaning::BadRequest,
        },
        _ => Meaning::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pbsweb_shared::job::JobAction;

    #[test]
    fn statuses_mean_what_the_recordings_show() {
        use CommandKind::{List, Steer, Submit};
        for (command, status, words, expected) in [
            (Submit, 0, "", Meaning::Done),
            (Submit, 170, "qsub: Unknown queue", Meaning::BadRequest),
            (Submit, 188, "qsub: Job violates queue and/or server resource limits", Meaning::BadRequest),
            (Submit, 38, "qsub: would exceed queue generic's per-user limit", Meaning::LimitReached),
            (
                Submit,
                162,
                "Connection refused\nqsub: cannot connect to server vm (errno=15010)",
                Meaning::ServerUnreachable,
            ),
            (Submit, 162, "qsub: System error", Meaning::Uncertain),
            (
                Submit,
                160,
                "Unknown Host.\nqsub: cannot connect to server x (errno=15008)",
                Meaning::BadRequest,
            ),
            (Submit, 255, "Failed to recv data from background qsub", Meaning::Uncertain),
            (Submit, 124, "", Meaning::Uncertain),
            (Submit, 137, "", Meaning::Uncertain),
            (Submit, 127, "sh: qsub: not found", Meaning::NoCommand),
            (List, 255, "Connection refused\nqstat: cannot connect to server vm", Meaning::ServerUnreachable),
            (Steer(JobAction::Delete), 35, "qdel: Job has finished 0.vm", Meaning::HasFinished),
            (Steer(JobAction::Delete), 153, "qdel: Unknown Job Id 9.vm", Meaning::UnknownJob),
            (
                Steer(JobAction::Delete),
                168,
                "qdel: Request invalid for state of job 68.vm",
                Meaning::WrongState,
            ),
            (
                Steer(JobAction::Delete),
                222,
                "qdel: Server could not connect to MOM 376.vm",
                Meaning::NodeUnreachable,
            ),
            (Steer(JobAction::Rerun), 159, "qrerun: Unauthorized Request  1.vm", Meaning::NotAllowed),
            (
                Steer(JobAction::Message),
                181,
                "qmsg: not supported for Array Jobs 2[77].vm",
                Meaning::BadRequest,
            ),
        ] {
            assert_eq!(
                explain_status(command, status, words).meaning,
                expected,
                "{command:?} {status} {words}"
            );
        }
    }
}
