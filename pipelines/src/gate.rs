//! The gate: the only place that lets a job run. What it refuses has no `Authorized`, and nothing runs without one.

use crate::plan::JobPlan;
use crate::problem::Problem;

/// A value that passed the gate. It cannot be made anywhere else.
#[derive(Debug, Clone)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    /// What was authorised.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// Lets a job pass, or says everything that speaks against it.
///
/// A job passes when no refusal stands in its plan, and when every border it crosses has a grant: the second is implied
/// by the first and checked again, because this is the last look before rows move.
pub fn pass(job: &JobPlan) -> Result<Authorized<JobPlan>, Vec<Problem>> {
    if !job.refusals.is_empty() {
        return Err(job.refusals.clone());
    }
    let bare = job.crossings.iter().find(|crossing| crossing.grants.is_empty());
    if let Some(crossing) = bare {
        let error = crate::error::Error::NoGrant {
            target: job.target.clone(),
            border: format!("{} → {}", crossing.from, crossing.to),
            resources: crossing.resources.join(", "),
        };
        return Err(vec![error.problem()]);
    }
    Ok(Authorized(job.clone()))
}
