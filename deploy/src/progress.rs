//! How a run is told while it goes: bars on a terminal, plain lines elsewhere, nothing when nobody asked.

mod bars;
mod lines;

use std::io::IsTerminal;
use std::sync::Arc;

use pipelines::report::{Progress, Silent};

use crate::app::App;

/// Progress for this terminal and these switches. It goes to standard error.
pub(crate) fn of(app: &App) -> Arc<dyn Progress> {
    if app.global.quiet || app.output.is_json() {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() {
        Arc::new(bars::Bars::new(app.messages))
    } else {
        Arc::new(lines::Lines::new(app.messages))
    }
}
