//! What is due runs, what was missed is made up, and a service that is told to stop stops cleanly.

use catalog::schedule::{Cause, TickState};

use super::process::{Ledger, Serving, until};
use super::project;
use crate::harness::{dataset, ledger, table};

#[test]
fn an_outage_is_made_up_and_supplied_every_tick_is_accounted_for_and_the_port_answers() {
    let project = project();
    let service = Serving::start(&project);
    assert_eq!(service.get("/livez").0, 200);
    until("readiness", || (service.get("/readyz").0 == 200).then_some(()));
    assert_eq!(service.get("/").0, 404);
    let file = project.path("state/ledger.db");
    let anchors = "SELECT pipeline FROM schedule_anchor ORDER BY pipeline";
    until("the first anchors", || (ledger::query(&file, anchors).len() == 2).then_some(()));
    assert_eq!(service.stop(), Some(0));

    // As if nothing had run for seven minutes.
    let back = "UPDATE schedule_anchor SET at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-7 minutes') || '000Z'";
    ledger::execute(&file, back);
    ledger::execute(&file, "DELETE FROM tick");
    let service = Serving::start(&project);
    let book = Ledger::of(&project);
    let made_up = until("the run that makes up", || {
        book.ticks("serve.minute").into_iter().find(|tick| tick.state == TickState::Succeeded)
    });
    assert_eq!(made_up.tick.cause, Cause::Schedule, "the newest is less than a minute late");
    let ticks = book.ticks("serve.minute");
    let superseded: Vec<_> = ticks.iter().filter(|tick| tick.state == TickState::Superseded).collect();
    assert!(superseded.len() >= 5, "{ticks:?}");
    assert!(superseded.iter().all(|tick| tick.successor.as_ref() == Some(&made_up.tick.id.key)));
    let first = superseded.iter().map(|tick| tick.tick.interval_start).min().unwrap();
    assert_eq!(made_up.tick.interval_start, first, "what was passed over is covered");
    assert_eq!(table::delta_rows(&project.path("libraries/reg/minute")).len(), 1000);
    let supplied = dataset::delivered(&project, "supplied/finance/minute_full");
    assert_eq!((supplied.len(), supplied[0].len()), (1, 1000));

    let run = made_up.run.unwrap();
    let logs = ledger::query(&file, "SELECT run_id, level, line FROM run_log ORDER BY line_no");
    let of_run: Vec<_> = logs.iter().filter(|line| line[0] == run).collect();
    assert!(of_run.len() > 8 && of_run.iter().any(|line| line[2].contains("1,000")), "{logs:?}");
    let metrics = service.get("/metrics").1;
    for text in ["sluice_ticks_ended_total{how=\"succeeded\"} 1", "sluice_leading 1", "# EOF"] {
        assert!(metrics.contains(text), "{text} is not in\n{metrics}");
    }
    let started = ledger::query(&file, "SELECT cause, started_by FROM run");
    assert_eq!(started, [["schedule", "tester"]]);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_run_that_outlasts_the_drain_is_stopped_and_done_by_the_next_service() {
    let project = project();
    let service = Serving::start(&project);
    let book = Ledger::of(&project);
    book.ask_run("serve.slow");
    until("the run", || book.ticks("serve.slow").into_iter().find(|tick| tick.phase.as_deref() == Some("stage")));
    assert_eq!(service.stop(), Some(0));
    let tick = book.ticks("serve.slow").remove(0);
    assert!(matches!(tick.state, TickState::Queued | TickState::Ready), "{:?}", tick.state);
    assert_eq!((tick.tries, tick.attempt), (0, 1), "given back, on nobody's account");
    assert_eq!(table::version(&project.path("libraries/reg/slow")), None);

    let service = Serving::start(&project);
    let done = until("the end", || book.ticks("serve.slow").into_iter().find(|tick| tick.state.ended()));
    assert_eq!((done.state, done.attempt), (TickState::Succeeded, 2), "{:?}", done.reason);
    assert_eq!(dataset::deliveries(&project.path("supplied/finance/slow_new")).len(), 1);
    let asked = "SELECT started_by, cause FROM run WHERE success = 1";
    assert_eq!(ledger::query(&project.path("state/ledger.db"), asked), [["tester", "manual"]]);
    assert_eq!(service.stop(), Some(0));
}
