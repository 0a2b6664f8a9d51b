//! What goes out together: everything that is due for one recipient at once is one message, so that two hundred failures at
//! two in the morning are ten messages and not two hundred.

use std::collections::{BTreeMap, BTreeSet};

use catalog::notice::{SendState, Severity, StoredNotice, Why};
use chrono::{DateTime, Utc};

use crate::duty::Roster;

/// Most notices of one message.
pub const MOST_ITEMS: usize = 20;

/// One message to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Stable id of what it says: the same when it is tried again.
    pub id: String,
    /// Channel.
    pub channel: String,
    /// People it addresses: one for mail, whoever is to be mentioned in a group.
    pub people: Vec<String>,
    /// What it tells of, the gravest first.
    pub items: Vec<Item>,
}

/// One notice of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Id of the notice.
    pub notice: String,
    /// Why it is told.
    pub why: Why,
    /// Number of the reminder.
    pub round: u32,
    /// Places of the messages in the notice's record that this settles.
    pub places: Vec<usize>,
}

/// What stands for one notice in one parcel before parcels are cut to size.
type Key = (std::cmp::Reverse<Severity>, DateTime<Utc>, String, Why, u32);

/// The messages that are due at an instant.
pub fn parcels(due: &[StoredNotice], roster: &Roster, now: DateTime<Utc>) -> Vec<Parcel> {
    let mut groups: BTreeMap<(String, Option<String>), BTreeMap<Key, (Vec<usize>, BTreeSet<String>)>> = BTreeMap::new();
    for stored in due {
        for (place, send) in stored.sends.iter().enumerate() {
            if send.state != SendState::Waiting || send.next_at > now {
                continue;
            }
            let person = send.to.person.clone();
            let shared = roster.is_shared(&send.to.channel);
            let group = (send.to.channel.clone(), person.clone().filter(|_| !shared));
            let severity = std::cmp::Reverse(stored.notice.severity);
            let key = (severity, stored.created_at, stored.id.clone(), send.why, send.round);
            let (places, people) = groups.entry(group).or_default().entry(key).or_default();
            places.push(place);
            // A recovery and what is merely good to know call nobody by name in a group.
            let calls = !shared || (send.why != Why::Recovery && stored.notice.severity != Severity::Info);
            people.extend(person.filter(|_| calls));
        }
    }
    let mut parcels = Vec::new();
    for ((channel, _), items) in groups {
        let items: Vec<(Key, (Vec<usize>, BTreeSet<String>))> = items.into_iter().collect();
        parcels.extend(items.chunks(MOST_ITEMS).map(|some| parcel(&channel, some)));
    }
    parcels
}

fn parcel(channel: &str, some: &[(Key, (Vec<usize>, BTreeSet<String>))]) -> Parcel {
    let people: BTreeSet<&String> = some.iter().flat_map(|(_, (_, people))| people).collect();
    let items: Vec<Item> = some
        .iter()
        .map(|((_, _, notice, why, round), (places, _))| Item {
            notice: notice.clone(),
            why: *why,
            round: *round,
            places: places.clone(),
        })
        .collect();
    let mut said = channel.to_owned();
    for person in &people {
        said.push_str(&format!("\n{person}"));
    }
    for item in &items {
        said.push_str(&format!("\n{} {:?} {}", item.notice, item.why, item.round));
    }
    let id = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(said.as_bytes()));
    Parcel { id, channel: channel.to_owned(), people: people.into_iter().cloned().collect(), items }
}
