//! Starting the program and watching it.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest a command may take unless a test says otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The program under test, with nothing of the caller's environment that could change what it does.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice-under-test"));
    for name in ["SLUICE_LANG", "SLUICE_LOG", "SLUICE_CRASH", "SLUICE_STOP"] {
        command.env_remove(name);
    }
    command.env("USER", "tester").stdin(Stdio::null());
    command
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// Most memory it held, in KiB, as far as it was seen.
    pub(crate) peak_kib: u64,
}

impl Ran {
    /// Runs a command to its end; one that does not end in time has failed the test.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::watched(command, PATIENCE, |_| {})
    }

    /// As [`Ran::of`]; `look` sees the process id again and again while it runs.
    pub(crate) fn watched(command: &mut Command, patience: Duration, mut look: impl FnMut(u32)) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
        let mut peak_kib = 0;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > patience {
                give_up(&mut child, command, patience);
            }
            look(child.id());
            peak_kib = peak_kib.max(memory(child.id()));
            thread::sleep(Duration::from_millis(4));
        };
        let text = |bytes: thread::JoinHandle<Vec<u8>>| String::from_utf8_lossy(&bytes.join().unwrap()).into_owned();
        let ran = Self { code: status.code(), signal: status.signal(), out: text(out), err: text(err), peak_kib };
        let panicked = ["panicked", "[S000]"].iter().any(|sign| ran.err.contains(sign));
        assert!(!panicked, "{command:?} panicked: {}", ran.err);
        ran
    }

    /// Expects an exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "signal {:?}\n{}", self.signal, self.summary());
        self
    }

    /// What a failing test shows: the problems of a document, or the text.
    pub(crate) fn summary(&self) -> String {
        let Ok(document) = serde_json::from_str(&self.out) else { return format!("{}\n{}", self.out, self.err) };
        let mut messages = Vec::new();
        collect("message", &document, &mut messages);
        format!("{}\n{}", messages.join("\n"), self.err)
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// The jobs of all runs in the document of `run --json`.
    #[track_caller]
    pub(crate) fn jobs(&self) -> Vec<Value> {
        let document = self.json();
        let runs = document["runs"].as_array().unwrap_or_else(|| panic!("no runs: {document}"));
        runs.iter().flat_map(|run| run["jobs"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// The job of a target.
    #[track_caller]
    pub(crate) fn job(&self, target: &str) -> Value {
        let jobs = self.jobs();
        jobs.iter().find(|job| job["job"] == target).unwrap_or_else(|| panic!("no job {target}: {}", self.out)).clone()
    }

    /// Codes of all problems anywhere in the document.
    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes = Vec::new();
        collect("code", &self.json(), &mut codes);
        codes
    }
}

/// Every text of that name, wherever it stands.
fn collect(name: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get(name) {
                found.push(text.clone());
            }
            fields.values().for_each(|field| collect(name, field, found));
        }
        Value::Array(all) => all.iter().for_each(|one| collect(name, one, found)),
        _ => {}
    }
}

fn drain(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn give_up(child: &mut Child, command: &Command, patience: Duration) -> ! {
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("{command:?} did not end within {patience:?}");
}

/// The most memory a process has held, as the system counts it.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
