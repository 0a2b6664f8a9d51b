//! A service that is started, watched, signalled, and gone at the end of its test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use catalog::clock::{Actor, SystemClock};
use catalog::ledger::Lease;
use catalog::schedule::{Ask, Tick, TickFilter, TickState};
use catalog::store::Catalog;
use chrono::TimeDelta;
use serde_json::Value;

use crate::harness::Project;

/// Longest wait for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A running service.
pub(crate) struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    /// Starts one and waits until it says where it listens.
    pub(crate) fn start(project: &Project) -> Self {
        Self::with(project, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn with(project: &Project, variables: &[(&str, &str)]) -> Self {
        let mut child = spawn(project, variables);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON line but {line:?}"));
        let address = said["listening"].as_str().unwrap().to_owned();
        Self { child, address }
    }

    /// Starts one and kills it so soon that it may be anywhere on its way.
    pub(crate) fn stillborn(project: &Project, after: Duration) {
        let mut child = spawn(project, &[]);
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{name} could not be sent");
    }

    /// SIGTERM, and the exit code it ends with.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }

    /// Status and body of a path of its port.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split_whitespace().nth(1).unwrap().parse().unwrap();
        (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// Whether it is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

fn spawn(project: &Project, variables: &[(&str, &str)]) -> Child {
    let mut command = project.command(&["serve", "--json"]);
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The ledger of a project, as another process on it.
pub(crate) struct Ledger {
    runtime: tokio::runtime::Runtime,
    catalog: Catalog,
    actor: Actor,
}

impl Ledger {
    /// Opens it.
    pub(crate) fn of(project: &Project) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let place = project.address().unwrap_or_else(|| project.path("state/ledger.db").display().to_string());
        let catalog = runtime.block_on(Catalog::connect(&place, Arc::new(SystemClock))).unwrap();
        Self { runtime, catalog, actor: Actor::new("trial", "张三") }
    }

    /// Asks the scheduler for something, and does not wait.
    pub(crate) fn leave_word(&self, ask: &Ask) {
        self.runtime.block_on(self.catalog.ask(&self.actor, ask)).unwrap();
    }

    /// Requests that nobody has decided yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.runtime.block_on(self.catalog.requests(&self.actor, 1000)).unwrap().len()
    }

    /// Asks the scheduler for something, and waits until it is granted.
    pub(crate) fn ask(&self, ask: &Ask) {
        let id = self.runtime.block_on(self.catalog.ask(&self.actor, ask)).unwrap();
        let request = || self.runtime.block_on(self.catalog.request(&self.actor, id)).unwrap();
        let (granted, answer) = until("the answer", || request().answer);
        assert!(granted, "{ask:?}: {answer}");
    }

    /// Asks for a run of a pipeline now.
    pub(crate) fn ask_run(&self, pipeline: &str) {
        self.ask(&Ask::Run { pipeline: pipeline.into(), biz_date: None, priority: None });
    }

    /// Takes the lead for an hour and does nothing with it, as a scheduler that hangs.
    pub(super) fn lead(&self) -> Lease {
        let lead = self.runtime.block_on(self.catalog.lead(&self.actor, "hangs", TimeDelta::hours(1)));
        lead.unwrap().unwrap()
    }

    /// Gives it back.
    pub(super) fn release(&self, lead: &Lease) {
        self.runtime.block_on(self.catalog.release(&self.actor, lead)).unwrap();
    }

    /// Ticks of a pipeline, the oldest first.
    pub(crate) fn ticks(&self, pipeline: &str) -> Vec<Tick> {
        self.find(TickFilter { pipeline: Some(pipeline.into()), limit: 1000, ..TickFilter::default() })
    }

    /// Ticks that have not ended, of all pipelines.
    pub(crate) fn open(&self) -> Vec<Tick> {
        let states = vec![TickState::Queued, TickState::Ready, TickState::Running];
        self.find(TickFilter { states, limit: 1000, ..TickFilter::default() })
    }

    fn find(&self, filter: TickFilter) -> Vec<Tick> {
        self.runtime.block_on(self.catalog.ticks(&self.actor, &filter)).unwrap()
    }
}
