//! Definitions that change on disk: all or nothing. Valid ones take the place of those that run, with the difference on
//! the audit log; invalid ones are told once, and those that run go on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalog::audit::Event;
use pipelines::engine::Engine;
use pipelines::problem::Problem;
use pipelines::project::Project;
use pipelines::spec::diagnostic::{Diagnostics, Severity};
use pipelines::watch::Cause;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Metrics;
use super::definitions::{Definitions, Difference};
use super::stamp::Stamp;
use crate::messages::Messages;
use crate::output::Output;

/// Between two looks. What was written in between is read when two looks in a row have seen the same.
const LOOK: Duration = Duration::from_secs(1);
/// Kind of the audit entries; `sluice runs why` reads the last one.
const KIND: &str = "definitions.reload";
/// Names in one audit entry.
const NAMES: usize = 500;

/// Watches a project's files.
#[derive(Debug)]
pub(crate) struct Reload {
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) messages: Messages,
    /// The files as they were before the running definitions were read.
    pub(crate) stamp: Stamp,
}

impl Reload {
    /// Watches until told to stop.
    pub(crate) async fn watch(self, stop: CancellationToken) {
        let root = self.definitions.engine().project().root.clone();
        self.metrics.reloaded(true);
        let mut running = self.stamp.clone();
        let mut last = running.clone();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = stamp(&root).await;
            let settled = now == last;
            last.clone_from(&now);
            if settled && now != running && self.load(root.clone()).await {
                running = now;
            }
        }
    }

    /// Loads what is on disk; whether that is decided, one way or the other.
    async fn load(&self, root: PathBuf) -> bool {
        let loaded = tokio::task::spawn_blocking(move || Project::load(&root)).await;
        let engine = self.definitions.engine();
        match loaded {
            Ok(Ok(project)) => match engine.reopen(project).await {
                Ok(next) => {
                    let difference = self.definitions.replace(next).await;
                    self.metrics.reloaded(true);
                    self.tell(&difference);
                    let event = Event::done(KIND, "serve", "project", changes(&difference));
                    record(&engine, event).await;
                    true
                }
                Err(error) => {
                    self.refused(error.problem());
                    // What cannot be reached now may be reached at the next look; what is wrong stays wrong.
                    !error.problem().retryable
                }
            },
            Ok(Err(diagnostics)) => {
                self.metrics.reloaded(false);
                self.definitions.refuse(invalid(&diagnostics));
                let output = Output::new(false);
                output.note(&self.messages.text("serve.invalid", &[]));
                output.note(diagnostics.render(&self.messages, false).trim_end());
                record(&engine, Event::failed(KIND, "serve", "project", mistakes(&diagnostics))).await;
                true
            }
            Err(_) => false,
        }
    }

    fn refused(&self, problem: Problem) {
        self.metrics.reloaded(false);
        Output::new(false).note(&format!("[{}] {}", problem.code, self.messages.problem(&problem)));
        self.definitions.refuse(problem);
    }

    fn tell(&self, difference: &Difference) {
        let Difference { added, removed, changed, .. } = difference;
        let text = self.messages.text(
            "serve.reloaded",
            &[("added", &added.len()), ("changed", &changed.len()), ("removed", &removed.len())],
        );
        Output::new(false).note(&text);
    }
}

async fn stamp(root: &std::path::Path) -> Stamp {
    let root = root.to_owned();
    tokio::task::spawn_blocking(move || Stamp::of(&root)).await.unwrap_or_default()
}

/// The audit log is told; when it cannot be, the definitions are what they are all the same.
async fn record(engine: &Engine, event: Event) {
    let _ = engine.catalog().append(engine.actor(), event).await;
}

fn changes(difference: &Difference) -> Value {
    let names = |all: &[String]| json!({ "count": all.len(), "pipelines": all.iter().take(NAMES).collect::<Vec<_>>() });
    json!({
        "added": names(&difference.added),
        "removed": names(&difference.removed),
        "changed": names(&difference.changed),
        "rescheduled": names(&difference.rescheduled),
    })
}

/// What whoever is on duty hears of mistakes: where the first one is.
fn invalid(diagnostics: &Diagnostics) -> Problem {
    let mut errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let (file, first) = errors.next().map(|one| (one.file.clone(), one.problem.code.clone())).unwrap_or_default();
    Problem::of(&Cause::Invalid { mistakes: errors.count() + 1, first, file }, false)
}

/// Codes by file; never the texts, which quote the files.
fn mistakes(diagnostics: &Diagnostics) -> Value {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in diagnostics.iter().take(NAMES) {
        files.entry(&one.file).or_default().push(&one.problem.code);
    }
    json!({ "count": diagnostics.iter().count(), "files": files })
}
