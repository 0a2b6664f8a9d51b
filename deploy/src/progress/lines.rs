//! Plain lines for logs and pipes: every phase, and rows every few seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pipelines::report::{Event, Progress};

use crate::card;
use crate::messages::Messages;
use crate::output::Output;
use crate::words;

/// Between two lines of one job that only count rows.
const PAUSE: Duration = Duration::from_secs(5);

/// Lines on standard error.
#[derive(Debug)]
pub(super) struct Lines {
    messages: Messages,
    said: Mutex<HashMap<String, Instant>>,
}

impl Lines {
    /// Nothing said yet.
    pub(super) fn new(messages: Messages) -> Self {
        Self { messages, said: Mutex::default() }
    }

    fn say(&self, job: &str, what: &str) {
        let job = card::job_name(self.messages, job);
        Output::new(false).note(&self.messages.text("progress.phase", &[("job", &job), ("phase", &what)]));
    }

    fn due(&self, job: &str) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match said.get(job) {
            Some(last) if now.duration_since(*last) < PAUSE => false,
            _ => said.insert(job.to_owned(), now).is_some(),
        }
    }
}

impl Progress for Lines {
    fn event(&self, event: Event) {
        match event {
            Event::Started { .. } => {}
            Event::JobStarted { job, .. } => drop(self.due(&job)),
            Event::Phase { job, phase } => self.say(&job, &self.messages.text(&format!("progress.{phase}"), &[])),
            Event::Advanced { job, rows, .. } => {
                if self.due(&job) {
                    self.say(&job, &self.messages.text("progress.rows", &[("rows", &rows)]));
                }
            }
            Event::JobEnded { job, status } => self.say(&job, &words::status(self.messages, &status)),
        }
    }
}
