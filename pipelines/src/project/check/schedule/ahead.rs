//! What becomes of a schedule in the days to come: whether it fires at all, and whether its calendar knows the days.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Ahead;
use crate::calendar::Unpublished;
use crate::project::check::desk::Desk;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::ScheduleSpec;
use crate::when::When;

/// Fires that people are shown.
const FIRES: usize = 5;
/// A fire among those, this near, must be known.
const NEAR: TimeDelta = TimeDelta::days(14);
/// How long before a year begins its days are asked for.
const SOON: TimeDelta = TimeDelta::days(60);

/// Says nothing about a schedule that has other mistakes.
pub(super) fn check(ahead: &Ahead<'_>, schedule: &ScheduleSpec, desk: &mut Desk<'_>) {
    let project = ahead.world.draft.project.as_ref();
    let zone = project.and_then(|file| file.spec.project.timezone.parse().ok()).unwrap_or(Tz::Asia__Shanghai);
    let doubtful =
        ["cron", "every", "timezone", "calendar"].iter().any(|key| desk.is_doubtful(&format!("schedule.{key}")));
    let Ok(when) = When::of(schedule, zone, ahead.calendars) else { return };
    let Some(calendar) = when.calendar().filter(|_| !doubtful) else { return };
    let (mut known, mut unknown) = (Vec::new(), None);
    for fire in when.fires(ahead.now, DateTime::<Utc>::MAX_UTC).take(FIRES) {
        match fire {
            Ok(fire) => known.push(fire.at),
            Err(error) => unknown = Some(error),
        }
    }
    let path = "schedule.calendar";
    if let Some(Unpublished { calendar, year }) = unknown {
        // A yearly schedule need not know five years; but the next fire must be known, and none may be missing soon.
        let begins = year > ahead.now.with_timezone(&when.zone()).year();
        let near = !begins || (ahead.now + NEAR).with_timezone(&when.zone()).year() >= year;
        if known.is_empty() || near {
            desk.value(path, Mistake::Unpublished { calendar, year });
        } else {
            desk.warn(path, Mistake::UnpublishedSoon { calendar, year });
        }
        return;
    }
    let soon = (ahead.now + SOON).with_timezone(&when.zone()).year();
    if when.has_fires() && known.is_empty() {
        desk.value(path, Mistake::NeverWorks { calendar: calendar.name().to_owned() });
    } else if !calendar.knows(soon) {
        desk.warn(path, Mistake::UnpublishedSoon { calendar: calendar.name().to_owned(), year: soon });
    }
}
