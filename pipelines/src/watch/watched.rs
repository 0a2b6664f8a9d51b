//! What is watched of a pipeline.

use std::sync::Arc;

use catalog::schedule::Tick;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::deadline::{Deadline, Point, span};
use crate::calendar::Calendar;
use crate::notice::{Kind, Named, Next, Notice, TickRef};
use crate::problem::Problem;
use crate::project::{Pipeline, Project};
use crate::when::When;

/// One pipeline.
#[derive(Debug, Clone)]
pub struct Watched {
    pub(super) pipeline: Named,
    pub(super) when: Option<When>,
    pub(super) zone: Tz,
    pub(super) calendar: Option<Arc<Calendar>>,
    pub(super) deadline: Option<Deadline>,
    pub(super) fresh: Vec<Fresh>,
    /// Grants its libraries and supplies name.
    pub(super) grants: Vec<String>,
}

/// A target that may only be so old.
#[derive(Debug, Clone)]
pub(super) struct Fresh {
    pub(super) target: String,
    /// Table or dataset.
    pub(super) name: String,
    /// The grants of a supply; `None`: a library.
    pub(super) grants: Option<Vec<String>>,
    pub(super) within: TimeDelta,
    /// As it is written.
    pub(super) text: String,
}

impl Watched {
    /// Everything that is watched of a project.
    pub fn of(project: &Project) -> Vec<Self> {
        project.pipelines.iter().map(|pipeline| Self::of_pipeline(project, pipeline)).collect()
    }

    /// A pipeline of a simulated city.
    #[cfg(test)]
    pub(crate) fn simulated(entry: &crate::schedule::Entry, deadline: &crate::spec::pipeline::DeadlineSpec) -> Self {
        Self {
            pipeline: Named { id: entry.pipeline.clone(), title: entry.pipeline.clone() },
            when: entry.when.clone(),
            zone: entry.zone,
            calendar: None,
            deadline: Some(Deadline::of(deadline)),
            fresh: Vec::new(),
            grants: Vec::new(),
        }
    }

    fn of_pipeline(project: &Project, pipeline: &Pipeline) -> Self {
        let spec = &pipeline.spec;
        let schedule = spec.schedule.as_ref();
        let libraries = spec.library.iter().filter_map(|library| {
            let target = format!("library:{}", library.table);
            Fresh::of(target, &library.table, None, library.freshness.as_deref())
        });
        let supplies = spec.supply.iter().filter_map(|supply| {
            let target = format!("supply:{}/{}", supply.to, supply.dataset);
            let grants = supply.grant.iter().map(str::to_owned).collect();
            Fresh::of(target, &supply.dataset, Some(grants), supply.freshness.as_deref())
        });
        let named = spec.library.iter().map(|library| &library.grant).chain(spec.supply.iter().map(|one| &one.grant));
        let mut grants: Vec<String> = named.flat_map(|grants| grants.iter().map(str::to_owned)).collect();
        grants.sort();
        grants.dedup();
        let calendar = schedule.and_then(|schedule| project.calendars.get(schedule.calendar.as_deref()?)).cloned();
        Self {
            pipeline: Named { id: spec.pipeline.id.clone(), title: spec.pipeline.title.clone() },
            when: project.when(pipeline).filter(When::has_fires),
            zone: project.timezone(pipeline),
            calendar,
            deadline: schedule.and_then(|schedule| schedule.deadline.as_ref()).map(Deadline::of),
            fresh: libraries.chain(supplies).collect(),
            grants,
        }
    }

    /// The pipeline.
    pub(crate) fn id(&self) -> &str {
        &self.pipeline.id
    }

    /// By when the data of the tick due at an instant must be there, if by any time and if the calendar knows it.
    pub(crate) fn data_by(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let points = self.deadline.as_ref()?.points(at, self.zone, self.calendar.as_ref()).ok()?;
        points.into_iter().find(|(point, _)| *point == Point::End).map(|(_, by)| by)
    }

    /// A notice about this pipeline.
    pub(super) fn notice(&self, kind: Kind, about: Option<&str>, cause: Problem, next: Next) -> Notice {
        Notice {
            kind,
            about: about.map(str::to_owned),
            pipeline: Some(self.pipeline.clone()),
            tick: None,
            dates: None,
            cause,
            next,
            team: self.deadline.as_ref().and_then(|deadline| deadline.team.clone()),
            replaces: None,
        }
    }

    /// A notice about one of its ticks.
    pub(super) fn notice_of(&self, tick: &Tick, kind: Kind, about: Option<&str>, cause: Problem, next: Next) -> Notice {
        let mut notice = self.notice(kind, about, cause, next);
        notice.tick = Some(TickRef { key: tick.tick.id.key.clone(), at: tick.tick.scheduled_at });
        let last = (tick.tick.interval_end.with_timezone(&self.zone).date_naive()).pred_opt();
        let first = tick.tick.biz_date;
        notice.dates = Some((first, last.map_or(first, |last| last.max(first))));
        notice
    }
}

impl Fresh {
    fn of(target: String, name: &str, grants: Option<Vec<String>>, text: Option<&str>) -> Option<Self> {
        let within = span(text)?;
        Some(Self { target, name: name.to_owned(), grants, within, text: text?.to_owned() })
    }
}
