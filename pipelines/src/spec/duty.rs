//! `duty.toml`: who is told when something is wrong, over which channel, and who is told next if nobody answers.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `duty.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DutySpec {
    /// What holds for all notices.
    pub duty: DutyHead,
    /// Channels by name.
    pub channel: BTreeMap<String, ChannelSpec>,
    /// People by name.
    pub person: BTreeMap<String, PersonSpec>,
    /// Groups of the roster by name.
    pub team: BTreeMap<String, TeamSpec>,
}

/// What holds for all notices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DutyHead {
    /// Group that is told where nobody else is named; needed when there is more than one.
    pub team: Option<String>,
    /// IANA time zone of shifts and quiet hours; the project's by default.
    pub timezone: Option<String>,
    /// Language of notices.
    pub language: NoticeLanguage,
    /// After how long an open notice that nobody has acknowledged is said again: `4h`; `never` for not at all.
    pub remind: String,
    /// When notices that are not urgent wait.
    pub quiet: Option<QuietSpec>,
}

/// Languages of notices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLanguage {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// When notices that are not urgent wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietSpec {
    /// Time of day it begins: `22:00`.
    pub from: String,
    /// Time of day it ends, the next day if it is not later: `07:00`.
    pub to: String,
    /// Days on which it begins; all by default.
    #[serde(default)]
    pub days: Vec<DayName>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSpec {
    /// What kind of channel.
    pub kind: ChannelKind,
    /// Address of the webhook or robot with its token: `secret:NAME`.
    pub url: Option<String>,
    /// What requests are signed with: `secret:NAME`. WeCom has none.
    pub secret: Option<String>,
    /// Whether it lies in this network: then private addresses and plain `http://` are allowed.
    #[serde(default)]
    pub internal: bool,
    /// Mail server.
    pub host: Option<String>,
    /// Its port; 465 with `tls`, 587 with `starttls`, 25 with `none` by default.
    pub port: Option<u16>,
    /// How the connection to it is protected; `tls` by default.
    pub tls: Option<TlsName>,
    /// Sender of mail: `数闸 <sluice@example.gov.cn>`.
    pub from: Option<String>,
    /// User of the mail server.
    pub user: Option<String>,
    /// Password of the mail server: `secret:NAME`.
    pub password: Option<String>,
}

/// Kinds of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A JSON document, see `notice.schema.json`.
    Webhook,
    /// Mail.
    Email,
    /// A robot of a DingTalk group 钉钉.
    Dingtalk,
    /// A robot of a WeCom group 企业微信.
    Wecom,
    /// A robot of a Feishu group 飞书.
    Feishu,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsName {
    /// TLS from the first byte.
    Tls,
    /// Plain until STARTTLS, which is required.
    Starttls,
    /// Plain; only for a server on this machine.
    None,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSpec {
    /// How they are called; the name of the table by default.
    pub name: Option<String>,
    /// Where they are reached, all of it.
    pub reach: Vec<ReachSpec>,
}

/// Where a person is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachSpec {
    /// Channel.
    pub channel: String,
    /// Mail address; in a group, whom to mention: mobile number (DingTalk), user id (WeCom), open id (Feishu). May be
    /// `secret:NAME`.
    pub to: Option<Private>,
}

/// An address of a person: read and written, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A group of the roster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TeamSpec {
    /// Title people read; its name by default.
    pub title: Option<String>,
    /// Who is told while no shift of the rota says otherwise.
    pub people: Vec<String>,
    /// Channels that are always told, such as the group's own chat.
    pub channels: Vec<String>,
    /// Shifts. All that hold at an instant are on duty together.
    pub rota: Vec<ShiftSpec>,
    /// Who is told next while nobody acknowledges, in order.
    pub escalate: Vec<EscalateSpec>,
}

/// A shift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftSpec {
    /// Days on which it begins; all by default.
    #[serde(default)]
    pub days: Vec<DayName>,
    /// Time of day it begins; without `from` and `to` it is the whole day.
    pub from: Option<String>,
    /// Time of day it ends, the next day if it is not later than `from`.
    pub to: Option<String>,
    /// Who has it.
    pub people: Vec<String>,
    /// Whether they all have it, or take turns.
    #[serde(default)]
    pub rotate: Rotate,
    /// First day of the first one's turn, `YYYY-MM-DD`; a Monday, 1970-01-05, by default.
    #[serde(default, with = "catalog::date::optional")]
    #[schemars(schema_with = "catalog::date::optional_schema")]
    pub since: Option<chrono::NaiveDate>,
}

/// Whether the people of a shift take turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rotate {
    /// All of them have it together.
    #[default]
    No,
    /// One of them, a day each.
    Day,
    /// One of them, a week each.
    Week,
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayName {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekend,
}

/// Who is told next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateSpec {
    /// How long after the notice: `15m`.
    pub after: String,
    /// Group.
    pub to: String,
}

impl Default for DutyHead {
    fn default() -> Self {
        Self { team: None, timezone: None, language: NoticeLanguage::Zh, remind: "4h".into(), quiet: None }
    }
}
