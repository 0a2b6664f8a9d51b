//! Project folders: made of case folders, thrown away at the end.

use std::path::{Path, PathBuf};

use chrono::{Days, Utc};
use tempfile::TempDir;

use super::{Ran, files_below, here, ledger, postgres, program};

/// A project folder of one test.
#[derive(Debug)]
pub(crate) struct Project {
    folder: TempDir,
    /// Schema of the PostgreSQL server that holds the ledger; without one, a file of the folder does.
    schema: Option<String>,
}

impl Project {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), schema: None }
    }

    /// The folders of `cases/`, laid over each other in this order.
    pub(crate) fn of(cases: &[&str]) -> Self {
        let project = Self::empty();
        for case in cases {
            let folder = here().join("cases").join(case);
            for file in files_below(&folder) {
                project.put(file.strip_prefix(&folder).unwrap(), std::fs::read_to_string(&file).unwrap());
            }
        }
        project
    }

    /// The same project with an empty ledger on a server.
    pub(crate) fn on_server(mut self) -> Self {
        let text = std::fs::read_to_string(self.path("sluice.toml")).unwrap();
        self.put("sluice.toml", text + "\n[state]\nledger = \"secret:ledger\"\n");
        self.schema = Some(postgres::server().new_schema());
        self
    }

    /// Another project that holds what this one holds now.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::empty();
        copy.schema = self.schema.as_deref().map(ledger::copied);
        for file in files_below(self.root()) {
            let to = copy.root().join(file.strip_prefix(self.root()).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file, to).unwrap();
        }
        copy
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path below the folder.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a text, dates filled in: see [`fill`].
    pub(crate) fn put(&self, path: impl AsRef<Path>, text: impl AsRef<str>) {
        self.put_bytes(path, fill(text.as_ref()));
    }

    /// Writes a file as it is.
    pub(crate) fn put_bytes(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Replaces a text that a file holds.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} does not hold {from}");
        self.put(path, text.replace(from, to));
    }

    /// The program, told to work in this project.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = program::command();
        command.arg("-C").arg(self.root()).args(arguments);
        if let Some(address) = self.address() {
            command.env("SLUICE_SECRET_LEDGER", address);
        }
        command
    }

    /// Address of the server's ledger, where it is on one.
    pub(crate) fn address(&self) -> Option<String> {
        Some(postgres::server().address(self.schema.as_deref()?))
    }

    /// Rows of a query to the ledger, every value as text.
    pub(crate) fn books(&self, sql: &'static str) -> Vec<Vec<String>> {
        match &self.schema {
            Some(schema) => ledger::on_server(schema, sql),
            None => ledger::query(&self.path("state/ledger.db"), sql),
        }
    }

    /// Runs the program in this project.
    pub(crate) fn sluice(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs a pipeline for a business date, with JSON as output.
    pub(crate) fn run(&self, pipeline: &str, date: &str) -> Ran {
        self.sluice(&["run", pipeline, "--biz-date", date, "--json"])
    }
}

/// Fills in `@FROM@` and `@UNTIL@` (a term that holds today), `@YESTERDAY@` and `@LONG_AGO@`.
fn fill(text: &str) -> String {
    let today = Utc::now().with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap()).date_naive();
    let ago = |days| today.checked_sub_days(Days::new(days)).unwrap().to_string();
    text.replace("@FROM@", &ago(300))
        .replace("@UNTIL@", &today.checked_add_days(Days::new(300)).unwrap().to_string())
        .replace("@YESTERDAY@", &ago(1))
        .replace("@LONG_AGO@", &ago(400))
}
