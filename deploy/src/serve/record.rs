//! The log of a run: what happened becomes lines in the ledger, written a few times a second, bounded on the way and
//! where they are kept. Lines name jobs, phases, counts and problems; never values of rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use catalog::Actor;
use catalog::log::{LogLevel, LogLine};
use catalog::store::Catalog;
use chrono::Utc;
use pipelines::engine::Engine;
use pipelines::report::{Event, Progress, RunReport, Status};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::control::Control;
use crate::messages::Messages;
use crate::words;

/// Lines that may wait to be written; beyond that they are left out rather than hold up rows.
const WAITING: usize = 1_000;
/// Between two writes.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two lines of a job that only count rows.
const COUNT: Duration = Duration::from_secs(10);

/// Records one run.
pub(super) struct Recorder {
    lines: Arc<Lines>,
    ended: CancellationToken,
    writer: JoinHandle<()>,
}

/// Takes events and makes lines of them.
struct Lines {
    messages: Messages,
    control: Arc<Control>,
    queue: Mutex<Option<mpsc::Sender<LogLine>>>,
    counted: Mutex<BTreeMap<String, Instant>>,
}

impl Recorder {
    /// Begins; the run's id comes with its first event.
    pub(super) fn start(engine: &Engine, messages: Messages, keep: u32, control: &Arc<Control>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let lines = Lines {
            messages,
            control: Arc::clone(control),
            queue: Mutex::new(Some(sender)),
            counted: Mutex::default(),
        };
        let place = Place { catalog: engine.catalog().clone(), actor: engine.actor().clone(), keep };
        let ended = CancellationToken::new();
        let writer = tokio::spawn(place.write(receiver, Arc::clone(control), ended.clone()));
        Self { lines: Arc::new(lines), ended, writer }
    }

    /// What the run reports to.
    pub(super) fn progress(&self) -> Arc<dyn Progress> {
        Arc::clone(&self.lines) as Arc<dyn Progress>
    }

    /// Writes how it ended, and waits until all is written.
    pub(super) async fn finish(self, done: &Result<RunReport, pipelines::Error>) {
        match done {
            Ok(report) => self.lines.ended(report),
            Err(error) => self.lines.problem("", &error.problem()),
        }
        self.ended.cancel();
        drop(self.lines.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.writer.await;
    }
}

impl Lines {
    fn put(&self, level: LogLevel, target: &str, text: String) {
        let line = LogLine { at: Utc::now(), level, target: target.to_owned(), text };
        if let Some(queue) = self.queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = queue.try_send(line);
        }
    }

    fn problem(&self, target: &str, problem: &pipelines::problem::Problem) {
        let text = format!("[{}] {}", problem.code, self.messages.problem(problem));
        self.put(LogLevel::Error, target, text);
    }

    fn ended(&self, report: &RunReport) {
        for job in &report.jobs {
            for step in &job.steps {
                let (read, out, quarantined) = (&step.read, &step.out, &step.quarantined);
                let counts: [(&str, &dyn std::fmt::Display); 4] =
                    [("step", &step.step), ("read", read), ("out", out), ("quarantined", quarantined)];
                self.put(LogLevel::Info, &job.job, self.messages.text("serve.step", &counts));
            }
            for problem in &job.problems {
                self.problem(&job.job, problem);
            }
        }
    }

    /// Whether it is time to count the rows of a job again.
    fn due(&self, job: &str) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = counted.get(job).is_none_or(|last| now.duration_since(*last) >= COUNT);
        if due {
            counted.insert(job.to_owned(), now);
        }
        due
    }
}

impl Progress for Lines {
    fn event(&self, event: Event) {
        match event {
            Event::Started { run } => self.control.began(&run),
            Event::JobStarted { job, .. } => drop(self.due(&job)),
            Event::Phase { job, phase } => {
                self.control.entered(phase);
                self.put(LogLevel::Info, &job, self.messages.text(&format!("progress.{phase}"), &[]));
            }
            Event::Advanced { job, rows, .. } => {
                if self.due(&job) {
                    self.put(LogLevel::Info, &job, self.messages.text("progress.rows", &[("rows", &rows)]));
                }
            }
            Event::JobEnded { job, status } => {
                let level = match status {
                    Status::Succeeded | Status::AlreadyDone => LogLevel::Info,
                    Status::Failed | Status::QualityGate => LogLevel::Error,
                    Status::Waiting | Status::Withheld | Status::Interrupted => LogLevel::Warning,
                };
                self.put(level, &job, words::status(self.messages, &status));
            }
        }
    }
}

/// Where lines are kept.
struct Place {
    catalog: Catalog,
    actor: Actor,
    keep: u32,
}

impl Place {
    async fn write(self, mut lines: mpsc::Receiver<LogLine>, control: Arc<Control>, ended: CancellationToken) {
        let mut waiting = Vec::new();
        while lines.recv_many(&mut waiting, WAITING).await > 0 {
            if let Some(run) = control.run() {
                // A log that cannot be written now is not worth a run.
                let _ = self.catalog.log(&self.actor, run, &waiting, self.keep).await;
                waiting.clear();
            }
            tokio::select! {
                () = ended.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}
