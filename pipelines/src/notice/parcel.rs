//! What goes out together: everything that is due for one recipient at once is one message, so that two hundred failures at
//! two in the morning are ten messages and not two hundred.

use std::cmp::Reverse;
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

/// One notice before messages are cut to size, in the order in which they are told: the gravest first, then the oldest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    severity: Reverse<Severity>,
    since: DateTime<Utc>,
    notice: String,
    why: Why,
    round: u32,
}

/// Whom it is told to.
#[derive(Debug, Default)]
struct Told {
    places: Vec<usize>,
    people: BTreeSet<String>,
}

/// Everything that is due for one recipient.
type Group = BTreeMap<Key, Told>;

/// The messages that are due at an instant.
pub fn parcels(due: &[StoredNotice], roster: &Roster, now: DateTime<Utc>) -> Vec<Parcel> {
    let mut groups: BTreeMap<(String, Option<String>), Group> = BTreeMap::new();
    for stored in due {
        for (place, send) in stored.sends.iter().enumerate() {
            if send.state != SendState::Waiting || send.next_at > now {
                continue;
            }
            let person = send.to.person.clone();
            let shared = roster.is_shared(&send.to.channel);
            let recipient = (send.to.channel.clone(), person.clone().filter(|_| !shared));
            let key = Key {
                severity: Reverse(stored.notice.severity),
                since: stored.created_at,
                notice: stored.id.clone(),
                why: send.why,
                round: send.round,
            };
            let told = groups.entry(recipient).or_default().entry(key).or_default();
            told.places.push(place);
            // A recovery and what is merely good to know call nobody by name in a group.
            let calls = !shared || (send.why != Why::Recovery && stored.notice.severity != Severity::Info);
            told.people.extend(person.filter(|_| calls));
        }
    }
    let mut parcels = Vec::new();
    for ((channel, _), group) in groups {
        let all: Vec<(Key, Told)> = group.into_iter().collect();
        parcels.extend(all.chunks(MOST_ITEMS).map(|some| parcel(&channel, some)));
    }
    parcels
}

fn parcel(channel: &str, some: &[(Key, Told)]) -> Parcel {
    let people: BTreeSet<&String> = some.iter().flat_map(|(_, told)| &told.people).collect();
    let item = |(key, told): &(Key, Told)| Item {
        notice: key.notice.clone(),
        why: key.why,
        round: key.round,
        places: told.places.clone(),
    };
    let items: Vec<Item> = some.iter().map(item).collect();
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
