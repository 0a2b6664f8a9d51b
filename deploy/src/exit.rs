//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How the process ends. Scripts and schedulers rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// A run, or the command itself, failed.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A definition is invalid; nothing was run.
    Invalid = 3,
    /// A quality gate closed; nothing was published.
    QualityGate = 4,
    /// The gate refused: no grant, or not enough of one.
    Refused = 5,
    /// Something is waited for: an approval, a delivery.
    Waiting = 6,
    /// Stopped by the user.
    Interrupted = 130,
}

impl Exit {
    /// The exit code of several outcomes together: the gravest, in the order a person would want to know.
    pub fn worst(all: impl IntoIterator<Item = Exit>) -> Exit {
        const GRAVITY: [Exit; 8] = [
            Exit::Done,
            Exit::Waiting,
            Exit::Refused,
            Exit::QualityGate,
            Exit::Failed,
            Exit::Usage,
            Exit::Invalid,
            Exit::Interrupted,
        ];
        let rank = |exit: &Exit| GRAVITY.iter().position(|other| other == exit);
        all.into_iter().max_by_key(rank).unwrap_or(Exit::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_outweighs_a_refusal_and_an_interrupt_outweighs_all() {
        assert_eq!(Exit::worst([]), Exit::Done);
        assert_eq!(Exit::worst([Exit::Done, Exit::Refused, Exit::Waiting]), Exit::Refused);
        assert_eq!(Exit::worst([Exit::Refused, Exit::Failed, Exit::QualityGate]), Exit::Failed);
        assert_eq!(Exit::worst([Exit::Failed, Exit::Interrupted]), Exit::Interrupted);
    }
}
