//! Opening a project and its engine for a command.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDate, Utc};
use pipelines::engine::Engine;
use pipelines::project::Project;
use pipelines::spec::diagnostic::Diagnostics;
use serde_json::json;
use zeroize::Zeroizing;

use crate::app::App;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::secrets::Secrets;

/// The project of `--project`; `Ok(None)` when its definitions are invalid, which has been reported then.
pub(super) fn project(app: &App) -> Result<Option<Project>, Failure> {
    project_at(app, &app.global.project)
}

/// The project in a folder, as [`project`].
pub(super) fn project_at(app: &App, folder: &Path) -> Result<Option<Project>, Failure> {
    if !folder.join("sluice.toml").is_file() {
        return Err(Error::NoProject { path: folder.display().to_string() }.into());
    }
    match Project::load(folder) {
        Ok(project) => Ok(Some(project)),
        Err(diagnostics) => {
            report(app, &diagnostics);
            Ok(None)
        }
    }
}

/// The engine of `--project`; `Ok(None)` when definitions are invalid, which has been reported then.
pub(super) async fn engine(app: &App) -> Result<Option<Engine>, Failure> {
    match project(app)? {
        Some(project) => Ok(Some(engine_of(project).await?)),
        None => Ok(None),
    }
}

/// The secrets of a project.
pub(super) fn secrets(project: &Project) -> Arc<dyn pipelines::vault::Secrets> {
    Arc::new(Found { secrets: Secrets::new(&project.root), refused: Mutex::default() })
}

/// The engine of a loaded project.
pub(super) async fn engine_of(project: Project) -> Result<Engine, Failure> {
    let secrets = Arc::new(Found { secrets: Secrets::new(&project.root), refused: Mutex::default() });
    let opened = Engine::open(project, secrets.clone(), &actor()).await;
    opened.map_err(|error| match secrets.refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(refused) => refused.into(),
        None => failure(&error),
    })
}

/// A failure of the engine as one of a command.
pub(super) fn failure(error: &pipelines::Error) -> Failure {
    let problem = error.problem();
    let exit = match problem.code.as_str() {
        "P501" => Exit::Interrupted,
        "P502" | "P503" => Exit::Waiting,
        "P212" => Exit::Usage,
        "P630" => Exit::Invalid,
        code if code.starts_with("P20") || code.starts_with("P21") && code < "P215" => Exit::Invalid,
        code if code.starts_with("P3") => Exit::QualityGate,
        code if code.starts_with("P4") || code.starts_with("K2") => Exit::Refused,
        _ => Exit::Failed,
    };
    Failure::new(exit, problem)
}

/// What was asked for cannot be, as the command line has it.
pub(super) fn usage<E: serde::Serialize + std::fmt::Display>(error: &E) -> Failure {
    Failure::new(Exit::Usage, pipelines::problem::Problem::of(error, false))
}

/// A failure of the catalog as one of a command.
pub(super) fn catalog_failure(error: &catalog::Error) -> Failure {
    Failure::new(Exit::Failed, pipelines::problem::Problem::of(error, error.retryable()))
}

/// Prints diagnostics: carets on standard error, or the one JSON document.
pub(super) fn report(app: &App, diagnostics: &Diagnostics) {
    use std::io::IsTerminal;
    if app.output.is_json() {
        let exit = if diagnostics.has_errors() { Exit::Invalid } else { Exit::Done };
        app.output.document(&json!({ "exit": exit as u8, "diagnostics": diagnostics.to_json(&app.messages) }));
    } else if !diagnostics.is_empty() {
        app.output.note(diagnostics.render(&app.messages, std::io::stderr().is_terminal()).trim_end());
    }
}

/// A business date of the command line.
pub(super) fn business_date(text: Option<&str>) -> Result<Option<NaiveDate>, Error> {
    text.map(|text| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| Error::BadDate { text: text.chars().take(40).collect() })
    })
    .transpose()
}

/// Today where the data is from, whatever the time zone of the machine.
pub(super) fn today() -> NaiveDate {
    Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive()
}

/// Who acts: the user of the operating system, as the audit log names them.
fn actor() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .unwrap_or_else(|| "local".to_owned())
}

/// Secrets for the engine, which only learns that one is missing; why, is kept for the message.
#[derive(Debug)]
struct Found {
    secrets: Secrets,
    refused: Mutex<Option<Error>>,
}

impl pipelines::vault::Secrets for Found {
    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        match self.secrets.find(name) {
            Ok(secret) => Some(secret),
            Err(error) => {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        }
    }
}
