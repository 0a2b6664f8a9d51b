//! `schedule.deadline`.

use crate::project::check::desk::Desk;
use crate::project::check::texts;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::DeadlineSpec;

const YEAR: u64 = 366 * 86_400;

pub(super) fn check(deadline: &DeadlineSpec, has_calendar: bool, desk: &mut Desk<'_>) {
    const AT: &str = "schedule.deadline";
    let path = |key: &str| format!("{AT}.{key}");
    let steps = &deadline.steps;
    for (key, text) in [
        ("by", &deadline.by),
        ("steps.start", &steps.start),
        ("steps.stage", &steps.stage),
        ("steps.publish", &steps.publish),
    ] {
        texts::clock(text.as_ref(), &path(key), desk);
    }
    texts::bounded(deadline.within.as_ref(), &path("within"), (1..=YEAR, "1s … 366d"), desk);
    texts::bounded(deadline.warn.as_ref(), &path("warn"), (1..=7 * 86_400, "1s … 7d"), desk);
    for (key, days) in [("days", deadline.days), ("working_days", deadline.working_days)] {
        if days.is_some_and(|days| days > 366) {
            desk.value(&path(key), Mistake::OutOfBounds { key: key.into(), bounds: "0 … 366".into() });
        }
    }
    let clock = deadline.by.is_some() || steps.start.is_some() || steps.stage.is_some() || steps.publish.is_some();
    let moved = deadline.days.is_some() || deadline.working_days.is_some();
    if deadline.by.is_some() && deadline.within.is_some() {
        desk.key(&path("within"), Mistake::Exclusive { first: "by", second: "within" });
    }
    if deadline.days.is_some() && deadline.working_days.is_some() {
        desk.key(&path("working_days"), Mistake::Exclusive { first: "days", second: "working_days" });
    }
    if !clock && (moved || deadline.within.is_none()) {
        desk.absent(AT, "by", Mistake::NothingGiven { key: "deadline".into() });
    }
    if deadline.working_days.is_some() && !has_calendar && !desk.is_doubtful("schedule.calendar") {
        desk.key(&path("working_days"), Mistake::CalendarNeeded);
    }
}
