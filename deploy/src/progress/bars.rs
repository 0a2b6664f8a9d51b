//! Progress bars: bytes, rate and time left of each running job.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pipelines::report::{Event, Progress};

use crate::card;
use crate::messages::Messages;

const MEASURED: &str = "{spinner} {prefix}  {wide_bar:.cyan/blue} {bytes}/{total_bytes}  {bytes_per_sec}  {msg}  {eta}";
const UNMEASURED: &str = "{spinner} {prefix}  {msg}  {elapsed}";

/// One bar a job.
#[derive(Debug)]
pub(super) struct Bars {
    messages: Messages,
    all: MultiProgress,
    jobs: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    /// No bar yet.
    pub(super) fn new(messages: Messages) -> Self {
        Self { messages, all: MultiProgress::new(), jobs: Mutex::default() }
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, job: String, bytes: u64) {
        let (bar, template) = match bytes {
            0 => (ProgressBar::new_spinner(), UNMEASURED),
            _ => (ProgressBar::new(bytes), MEASURED),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let bar = self.all.add(bar);
        bar.set_prefix(card::job_name(self.messages, &job));
        bar.enable_steady_tick(Duration::from_millis(200));
        if let Some(old) = self.jobs().insert(job, bar) {
            old.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn event(&self, event: Event) {
        match event {
            Event::Started { .. } => {}
            Event::JobStarted { job, bytes } => self.start(job, bytes),
            Event::Phase { job, phase } => {
                if let Some(bar) = self.jobs().get(&job) {
                    bar.set_message(self.messages.text(&format!("progress.{phase}"), &[]));
                }
            }
            Event::Advanced { job, rows, bytes } => {
                if let Some(bar) = self.jobs().get(&job) {
                    bar.set_position(bytes);
                    bar.set_message(self.messages.text("progress.rows", &[("rows", &rows)]));
                }
            }
            Event::JobEnded { job, .. } => {
                if let Some(bar) = self.jobs().remove(&job) {
                    bar.finish_and_clear();
                }
            }
        }
    }
}
