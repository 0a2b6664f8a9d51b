//! `sluice notice`: what people were told, who took it on, and whether a channel works.

use std::time::Duration;

use catalog::notice::{NoticeState, SendState, StoredNotice, Why};
use catalog::store::Catalog;
use chrono::Utc;
use pipelines::engine::Engine;
use pipelines::lease::{self, Keeper, holder};
use pipelines::notice::courier::Courier;
use pipelines::notice::parcel::Parcel;
use pipelines::project::Project;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::open;
use crate::app::App;
use crate::cli::NoticeAction;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::notice::{Dispatched, Guard, Looked, WATCH, Words, dispatch, short, test_text};
use crate::table;

/// How long the watch is held without a sign of life.
const LEASE: Duration = Duration::from_secs(30);

/// Runs the action.
pub(super) async fn run(app: &App, action: Option<NoticeAction>) -> Result<Exit, Failure> {
    match action.unwrap_or(NoticeAction::List { all: false, limit: 20 }) {
        NoticeAction::List { all, limit } => list(app, all, limit).await,
        NoticeAction::Ack { notice, reason } => answer(app, &notice, reason.as_deref(), Answer::Acknowledge).await,
        NoticeAction::Close { notice, reason } => answer(app, &notice, reason.as_deref(), Answer::Close).await,
        NoticeAction::Watch => watch(app).await,
        NoticeAction::Test { channel } => test(app, &channel).await,
    }
}

async fn list(app: &App, all: bool, limit: u32) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let found = engine.catalog().notices(engine.actor(), !all, limit).await;
    let notices = found.map_err(|error| open::catalog_failure(&error))?;
    app.output.document(&json!({ "notices": notices }));
    let key = if all { "notices.none_ever" } else { "notices.none" };
    let text = if notices.is_empty() { app.messages.text(key, &[]) } else { lines(app, engine.project(), &notices) };
    app.output.text(&text);
    Ok(Exit::Done)
}

fn lines(app: &App, project: &Project, notices: &[StoredNotice]) -> String {
    let zone = project.spec.project.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    let words = Words::new(project, app.messages, zone);
    let names = ["id", "since", "what", "cause", "state", "told"];
    let mut table = table::table(names.iter().map(|name| app.messages.text(&format!("notices.{name}"), &[])).collect());
    for stored in notices {
        let cause = pipelines::notice::Notice::read(&stored.notice.body).map(|notice| words.cause(&notice.cause));
        table.add_row(vec![
            short(&stored.id).to_owned(),
            words.instant(stored.created_at),
            words.title(Why::First, stored),
            cause.unwrap_or_default(),
            state(app, stored),
            told(app, stored),
        ]);
    }
    table::render(&table)
}

fn state(app: &App, stored: &StoredNotice) -> String {
    let by = stored.acknowledged.as_ref().map(|one| one.by.as_str()).unwrap_or_default();
    let key = format!("notices.as.{}", stored.state.as_str());
    app.messages.text(&key, &[("by", &by)])
}

/// Whom it reached, and how many messages did not get through.
fn told(app: &App, stored: &StoredNotice) -> String {
    let count = |state: SendState| stored.sends.iter().filter(|send| send.state == state).count();
    let (sent, waiting, failed) = (count(SendState::Sent), count(SendState::Waiting), count(SendState::Failed));
    let error = stored.sends.iter().rev().find_map(|send| send.error.clone()).unwrap_or_default();
    let key = match (sent + waiting + failed, failed + waiting, error.is_empty()) {
        (0, ..) => "notices.reached.nobody",
        (_, 0, _) | (_, _, true) => "notices.reached.fine",
        _ => "notices.reached.trouble",
    };
    let values: [crate::messages::Parameter<'_>; 4] =
        [("sent", &sent), ("waiting", &waiting), ("failed", &failed), ("error", &error)];
    app.messages.text(key, &values)
}

#[derive(Clone, Copy)]
enum Answer {
    Acknowledge,
    Close,
}

async fn answer(app: &App, notice: &str, reason: Option<&str>, answer: Answer) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let (catalog, actor) = (engine.catalog(), engine.actor());
    let found = catalog.notice(actor, notice).await.map_err(|error| open::catalog_failure(&error))?;
    let changed = match answer {
        Answer::Acknowledge => catalog.acknowledge(actor, &found.id, reason).await,
        Answer::Close => catalog.close_notice(actor, &found.id, reason).await,
    };
    let stored = changed.map_err(|error| open::catalog_failure(&error))?;
    app.output.document(&json!({ "notice": stored }));
    let key = match (answer, stored.state) {
        (Answer::Acknowledge, NoticeState::Acknowledged) => "notices.acknowledged",
        (Answer::Close, NoticeState::Closed) => "notices.closed",
        _ => "notices.over",
    };
    let by = stored.acknowledged.as_ref().map(|one| one.by.clone()).unwrap_or_default();
    app.output.text(&app.messages.text(key, &[("id", &short(&stored.id)), ("by", &by)]));
    Ok(Exit::Done)
}

async fn watch(app: &App) -> Result<Exit, Failure> {
    let Some(engine) = open::engine(app).await? else {
        return Ok(Exit::Invalid);
    };
    let (catalog, actor) = (engine.catalog(), engine.actor());
    let owner = holder::unique(engine.owner());
    let taken = lease::take(catalog, actor, WATCH, &owner, LEASE).await;
    let lease = taken.map_err(|error| open::failure(&error))?;
    let over = app.cancel.child_token();
    let keeper = Keeper::start(catalog.clone(), actor.clone(), lease.clone(), LEASE, over.clone());
    let done = look(&engine, &catalog.under(&lease), &over).await;
    drop(keeper);
    // Given back, the service watches on at once; else it waits until the lease has run out.
    let _ = catalog.release(actor, &lease).await;
    let (Looked { raised, right, .. }, all) = done.map_err(|error| open::catalog_failure(&error))?;
    app.output.document(&json!({ "raised": raised, "right": right, "sent": all.sent, "failed": all.failed }));
    let values: [crate::messages::Parameter<'_>; 4] =
        [("raised", &raised), ("right", &right), ("sent", &all.sent), ("failed", &all.failed)];
    app.output.text(&app.messages.text("notices.watched", &values));
    Ok(if all.failed == 0 { Exit::Done } else { Exit::Failed })
}

/// Looks once, and sends everything that is due then.
async fn look(
    engine: &Engine,
    catalog: &Catalog,
    over: &CancellationToken,
) -> Result<(Looked, Dispatched), catalog::Error> {
    let (actor, project, courier) = (engine.actor(), engine.project(), engine.courier());
    let mut guard = Guard::new(catalog, actor, project, Utc::now()).await?;
    let looked = guard.look(catalog, actor, project, None, Utc::now()).await?;
    let mut all = Dispatched::default();
    loop {
        let round = dispatch(catalog, actor, project, &courier, (Utc::now(), over)).await?;
        (all.sent, all.failed) = (all.sent + round.sent, all.failed + round.failed);
        if !round.more || round.sent == 0 {
            return Ok((looked, all));
        }
    }
}

async fn test(app: &App, channel: &str) -> Result<Exit, Failure> {
    let Some(project) = open::project(app)? else {
        return Ok(Exit::Invalid);
    };
    let roster = project.roster().ok_or(Error::NoRoster)?;
    if roster.channel(channel).is_none() {
        let known = roster.channels().collect::<Vec<_>>().join(", ");
        return Err(Error::NoChannel { channel: channel.chars().take(64).collect(), known }.into());
    }
    let now = Utc::now();
    // Mail goes to whoever is reached over it; a group is told without calling anybody by name.
    let people: Vec<String> = match roster.is_shared(channel) {
        true => Vec::new(),
        false => roster.reached_by(channel).into_iter().map(str::to_owned).collect(),
    };
    let id = format!("test-{}", now.timestamp_millis());
    let parcel = Parcel { id, channel: channel.to_owned(), people, items: Vec::new() };
    let text = test_text(&Words::of(&project, &roster), &parcel);
    let courier = Courier::new(open::secrets(&project));
    courier.deliver(&roster, &parcel, text, now).await.map_err(|error| open::failure(&error))?;
    app.output.document(&json!({ "channel": channel, "sent": true }));
    app.output.text(&app.messages.text("notices.tested", &[("channel", &channel)]));
    Ok(Exit::Done)
}
