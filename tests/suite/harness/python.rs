//! Python packages that other people read our tables with and know our calendars by, in a virtual environment that is made on demand.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::here;

/// DuckDB and its Delta extension must be of the same version.
const PACKAGES: [&str; 7] = [
    "deltalake>=1,<2",
    "duckdb==1.4.4",
    "duckdb-ext-delta==1.4.4.*",
    "polars>=1,<3",
    "pyarrow",
    "chinesecalendar>=1.11,<2",
    "croniter>=6,<8",
];

/// Runs a program of `python/` and gives what it printed.
pub(crate) fn run(script: &str, arguments: &[&Path]) -> String {
    let mut command = Command::new(interpreter());
    command.arg(here().join("python").join(script)).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{script} failed: {}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn interpreter() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let python = folder.join("bin/python");
        let ready = || {
            Command::new(&python)
                .args(["-c", "import deltalake, duckdb, polars, pyarrow, chinese_calendar, croniter"])
                .output()
        };
        if !ready().is_ok_and(|output| output.status.success()) {
            install(&folder, &python);
        }
        python
    })
}

fn install(folder: &Path, python: &Path) {
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).output();
    let made = made.expect("these tests need python3 to read our tables with other people's packages");
    assert!(made.status.success(), "python3 -m venv failed: {}", String::from_utf8_lossy(&made.stderr));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let output = Command::new(python).args(install).args(PACKAGES).output().unwrap();
    assert!(
        output.status.success(),
        "pip could not install {PACKAGES:?} (is its registry reachable?): {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
