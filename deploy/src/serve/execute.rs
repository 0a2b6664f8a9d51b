//! What is done for a tick.

use std::sync::Arc;

use async_trait::async_trait;
use catalog::schedule::Tick;
use pipelines::problem::Problem;
use pipelines::report::RunReport;

use super::Control;

/// Carries out ticks.
#[async_trait]
pub trait Execute: Send + Sync + 'static {
    /// Carries out a tick to its end, or stops when [`Control::stop`] says so. The report tells what was published and
    /// what was not; a problem, why it could not even begin.
    async fn run(&self, tick: &Tick, control: &Arc<Control>) -> Outcome;
}

/// How a tick's work ended.
pub type Outcome = Result<RunReport, Problem>;
