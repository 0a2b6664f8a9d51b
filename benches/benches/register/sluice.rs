//! Our side: everything `sluice run` does, from reading the definitions to the last receipt.

use std::path::Path;
use std::sync::Arc;

use benches::measure::Moved;
use pipelines::engine::Engine;
use pipelines::project::Project;
use pipelines::report::{Silent, Status};
use pipelines::spec::diagnostic::English;
use pipelines::vault::Secrets;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// The folder of the register, since paths outside the project are secrets. The root key is made in the state folder.
struct Places(String);

impl Secrets for Places {
    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        (name == "register_folder").then(|| Zeroizing::new(self.0.clone()))
    }
}

/// Runs one pipeline of the project in `folder`.
pub(crate) async fn run(file: &Path, folder: &Path, pipeline: &str) -> Result<Moved, String> {
    let project = Project::load(folder).map_err(|found| found.render(&English, false))?;
    let places = Places(file.parent().unwrap_or(Path::new("/")).display().to_string());
    let text = |error: pipelines::Error| error.to_string();
    let engine = Engine::open(project, Arc::new(places), "bench").await.map_err(text)?;
    let plan = engine.plan(pipeline, None).await.map_err(text)?;
    let report = engine.run(&plan, Arc::new(Silent), CancellationToken::new()).await.map_err(text)?;
    if let Some(job) = report.jobs.iter().find(|job| job.status != Status::Succeeded) {
        return Err(format!("{} ended as {:?}: {:?}", job.job, job.status, job.problems));
    }
    Ok(Moved {
        rows: report.jobs.iter().map(|job| job.supplied).sum(),
        quarantined: report.jobs.iter().map(|job| job.quarantined).sum(),
    })
}
