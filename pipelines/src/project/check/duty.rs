//! `duty.toml`, and the groups that deadlines name.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::draft::Draft;
use super::super::files::DUTY;
use super::super::finding::Finding;
use super::desk::Desk;
use super::settings::timezone;
use super::texts;
use super::world::cut;
use crate::duty::Roster;
use crate::spec::diagnostic::Diagnostic;
use crate::spec::duty::{ChannelKind, ChannelSpec, DutySpec, PersonSpec, ShiftSpec, TeamSpec, TlsName};
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::{child, forms, secret};

pub(super) fn check(draft: &Draft, list: &mut Vec<Diagnostic>) {
    notified(draft, list);
    let Some(file) = &draft.duty else { return };
    let spec = &file.spec;
    let mut desk = Desk::new(&file.place, &draft.sources, list);
    head(spec, &mut desk);
    for (name, channel) in &spec.channel {
        named("channel", name, &mut desk);
        self::channel(name, channel, &mut desk);
    }
    for (name, person) in &spec.person {
        named("person", name, &mut desk);
        self::person(spec, person, &child("person", name), &mut desk);
    }
    for (name, team) in &spec.team {
        named("team", name, &mut desk);
        self::team(spec, name, team, &mut desk);
    }
    if spec.team.len() > 1 && spec.duty.team.is_none() && !desk.is_doubtful("duty.team") {
        desk.value("team", Mistake::DefaultTeam);
    }
    let zone = draft.project.as_ref().and_then(|file| file.spec.project.timezone.parse().ok());
    covered(spec, zone.unwrap_or(Tz::Asia__Shanghai), &mut desk);
}

fn named(table: &'static str, name: &str, desk: &mut Desk<'_>) {
    if let Err(error) = forms::name(table, name) {
        desk.key(&child(table, name), error);
    }
}

fn head(spec: &DutySpec, desk: &mut Desk<'_>) {
    if let Some(zone) = &spec.duty.timezone {
        timezone(zone, "duty.timezone", desk);
    }
    if let Some(team) = &spec.duty.team {
        known_team(spec, team, "duty.team", desk);
    }
    if spec.duty.remind != "never" {
        texts::bounded(Some(&spec.duty.remind), "duty.remind", texts::MINUTE_TO_YEAR, desk);
    }
    if let Some(quiet) = &spec.duty.quiet {
        clocks(&quiet.from, &quiet.to, "duty.quiet", desk);
    }
}

fn channel(name: &str, spec: &ChannelSpec, desk: &mut Desk<'_>) {
    let path = child("channel", name);
    let kind = kind_of(spec.kind);
    let mail = spec.kind == ChannelKind::Email;
    let needed: &[(&'static str, bool)] = if mail {
        &[("host", spec.host.is_some()), ("from", spec.from.is_some())]
    } else {
        &[("url", spec.url.is_some())]
    };
    for (key, _) in needed.iter().filter(|(_, there)| !there) {
        desk.absent(&path, key, Mistake::ChannelNeeds { kind, key });
    }
    let extra: &[(&'static str, bool)] = &[
        ("url", mail && spec.url.is_some()),
        ("secret", (mail || spec.kind == ChannelKind::Wecom) && spec.secret.is_some()),
        ("host", !mail && spec.host.is_some()),
        ("port", !mail && spec.port.is_some()),
        ("tls", !mail && spec.tls.is_some()),
        ("from", !mail && spec.from.is_some()),
        ("user", !mail && spec.user.is_some()),
        ("password", !mail && spec.password.is_some()),
    ];
    for (key, _) in extra.iter().filter(|(_, there)| *there) {
        desk.value(&child(&path, key), Mistake::ChannelExtra { key, kind });
    }
    for (key, value) in [("url", &spec.url), ("secret", &spec.secret), ("password", &spec.password)] {
        let path = child(&path, key);
        match value.as_deref().map(secret::reference) {
            Some(None) => {
                desk.value(&path, Finding::from(Mistake::LiteralSecret { key: path.clone() }).hint(Hint::UseSecret))
            }
            Some(Some(Err(()))) => desk.value(&path, Mistake::BadSecretName),
            _ => {}
        }
    }
    if spec.user.is_some() != spec.password.is_some() && mail {
        let key = if spec.user.is_some() { "password" } else { "user" };
        desk.absent(&path, key, Mistake::ChannelNeeds { kind, key });
    }
    let here = spec.host.as_deref().is_none_or(|host| matches!(host, "localhost" | "127.0.0.1" | "::1"));
    if spec.tls == Some(TlsName::None) && !here {
        desk.value(&child(&path, "tls"), Mistake::PlainMail);
    }
    if spec.from.as_deref().is_some_and(|from| !is_mail(from)) {
        desk.value(&child(&path, "from"), Mistake::BadMail);
    }
}

/// Whether a text has the form `name@host` or `Name <name@host>`.
fn is_mail(text: &str) -> bool {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>,;\"()".contains(c));
    !text.chars().any(char::is_control)
        && address.split_once('@').is_some_and(|(name, host)| plain(name) && plain(host) && !host.contains('@'))
}

fn kind_of(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Webhook => "webhook",
        ChannelKind::Email => "email",
        ChannelKind::Dingtalk => "dingtalk",
        ChannelKind::Wecom => "wecom",
        ChannelKind::Feishu => "feishu",
    }
}

fn person(spec: &DutySpec, person: &PersonSpec, path: &str, desk: &mut Desk<'_>) {
    for (index, reach) in person.reach.iter().enumerate() {
        let path = format!("{path}.reach[{index}]");
        known_channel(spec, &reach.channel, &format!("{path}.channel"), desk);
        let mail = spec.channel.get(&reach.channel).is_some_and(|channel| channel.kind == ChannelKind::Email);
        match reach.to.as_ref().map(|to| (to, secret::reference(&to.0))) {
            None if mail => desk.absent(&path, "to", Mistake::AddressNeeded { channel: cut(&reach.channel) }),
            Some((_, Some(Err(())))) => desk.value(&format!("{path}.to"), Mistake::BadSecretName),
            Some((to, None)) if mail && !is_mail(&to.0) => desk.value(&format!("{path}.to"), Mistake::BadMail),
            _ => {}
        }
    }
}

fn team(spec: &DutySpec, name: &str, team: &TeamSpec, desk: &mut Desk<'_>) {
    let path = child("team", name);
    people(spec, &team.people, &format!("{path}.people"), desk);
    for (index, channel) in team.channels.iter().enumerate() {
        let path = format!("{path}.channels[{index}]");
        known_channel(spec, channel, &path, desk);
        if spec.channel.get(channel).is_some_and(|channel| channel.kind == ChannelKind::Email) {
            desk.value(&path, Mistake::MailToNobody { channel: cut(channel) });
        }
    }
    for (index, shift) in team.rota.iter().enumerate() {
        self::shift(spec, shift, &format!("{path}.rota[{index}]"), desk);
    }
    let mut steps = BTreeSet::new();
    for (index, step) in team.escalate.iter().enumerate() {
        let path = format!("{path}.escalate[{index}]");
        texts::bounded(Some(&step.after), &format!("{path}.after"), texts::MINUTE_TO_YEAR, desk);
        known_team(spec, &step.to, &format!("{path}.to"), desk);
        if step.to == name || !steps.insert(&step.to) {
            desk.value(&format!("{path}.to"), Mistake::EscalatesTwice { team: cut(&step.to) });
        }
    }
}

fn shift(spec: &DutySpec, shift: &ShiftSpec, path: &str, desk: &mut Desk<'_>) {
    people(spec, &shift.people, &format!("{path}.people"), desk);
    if shift.people.is_empty() {
        desk.absent(path, "people", Mistake::EmptyShift);
    }
    match (&shift.from, &shift.to) {
        (Some(from), Some(to)) => clocks(from, to, path, desk),
        (None, None) => {}
        _ => desk.value(path, Mistake::HalfShift),
    }
}

fn people(spec: &DutySpec, names: &[String], path: &str, desk: &mut Desk<'_>) {
    for (index, name) in names.iter().enumerate() {
        if !spec.person.contains_key(name) {
            let hint = Hint::among(name, spec.person.keys().map(String::as_str));
            let finding = Finding::from(Mistake::UnknownPerson { name: cut(name) }).hint(hint);
            desk.value(&format!("{path}[{index}]"), finding);
        }
    }
}

fn known_channel(spec: &DutySpec, name: &str, path: &str, desk: &mut Desk<'_>) {
    if !spec.channel.contains_key(name) {
        let hint = Hint::among(name, spec.channel.keys().map(String::as_str));
        desk.value(path, Finding::from(Mistake::UnknownChannel { name: cut(name) }).hint(hint));
    }
}

fn known_team(spec: &DutySpec, name: &str, path: &str, desk: &mut Desk<'_>) {
    if !spec.team.contains_key(name) {
        let hint = Hint::among(name, spec.team.keys().map(String::as_str));
        desk.value(path, Finding::from(Mistake::UnknownTeam { name: cut(name) }).hint(hint));
    }
}

fn clocks(from: &String, to: &String, path: &str, desk: &mut Desk<'_>) {
    texts::clock(Some(from), &child(path, "from"), desk);
    texts::clock(Some(to), &child(path, "to"), desk);
}

/// Looks through a week, a quarter of an hour at a time, for somebody to tell.
fn covered(spec: &DutySpec, zone: Tz, desk: &mut Desk<'_>) {
    let roster = Roster::of(spec, zone);
    // A Monday without a change of clocks anywhere.
    let monday = DateTime::<Utc>::from_timestamp(1_780_272_000, 0).unwrap_or_default();
    for name in spec.team.keys() {
        let quarters = (0..7 * 24 * 4).map(|quarter| monday + TimeDelta::minutes(15 * quarter));
        let Some(alone) = quarters.into_iter().find(|at| roster.recipients(name, *at).is_empty()) else { continue };
        let at = alone.with_timezone(&roster.zone()).format("%a %H:%M").to_string();
        desk.warn(&child("team", name), Mistake::NobodyOnDuty { team: cut(name), at });
    }
}

/// Groups that deadlines of pipelines name.
fn notified(draft: &Draft, list: &mut Vec<Diagnostic>) {
    if !draft.is_whole(DUTY) {
        return;
    }
    for file in &draft.pipelines {
        let deadline = file.spec.schedule.as_ref().and_then(|schedule| schedule.deadline.as_ref());
        let Some(team) = deadline.and_then(|deadline| deadline.notify.as_ref()) else { continue };
        let mut desk = Desk::new(&file.place, &draft.sources, list);
        match &draft.duty {
            Some(duty) => known_team(&duty.spec, team, "schedule.deadline.notify", &mut desk),
            None => desk.value("schedule.deadline.notify", Mistake::NoRoster),
        }
    }
}
