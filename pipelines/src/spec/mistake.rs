//! Every mistake a definition can hold, with its code. Codes of cron lines, templates and small forms (P120, P123, P140 to
//! P157, P610) are in `cron/error.rs`, `template.rs` and `forms.rs`; sentences in Chinese are in the message catalogue.

use serde::Serialize;

/// A mistake in a project's files. Texts that are quoted are cut to 64 characters and never come from a key that may hold
/// a secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs)] // the sentences are the documentation
pub enum Mistake {
    // Files.
    #[error("there is no sluice.toml here: this folder is not a project")]
    #[serde(rename = "P100")]
    NoProject,
    #[error("the file is larger than {limit_kib} KiB; split it")]
    #[serde(rename = "P101")]
    FileTooLarge { limit_kib: u64 },
    #[error("line {line} is not UTF-8; save the file as UTF-8")]
    #[serde(rename = "P102")]
    NotUtf8 { line: usize },
    #[error("line {line} holds a NUL byte; this is not a text file")]
    #[serde(rename = "P103")]
    NulByte { line: usize },
    #[error("the file cannot be read: {reason}")]
    #[serde(rename = "P104")]
    Unreadable { reason: String },
    #[error("this is a link that leads out of the project; put the file itself here")]
    #[serde(rename = "P105")]
    OutsideProject,
    #[error("the project has more than {limit} files, or more than {limit_mib} MiB of them")]
    #[serde(rename = "P106")]
    TooManyFiles { limit: usize, limit_mib: usize },
    #[error("this is not TOML: {detail}")]
    #[serde(rename = "P107")]
    Syntax { detail: String },
    #[error("tables and lists are nested deeper than {limit} levels")]
    #[serde(rename = "P108")]
    TooDeep { limit: usize },
    #[error("the file has more than {limit} mistakes; the others are not shown")]
    #[serde(rename = "P109")]
    TooManyMistakes { limit: usize },

    // Structure.
    #[error("“{table}” has no key “{key}”")]
    #[serde(rename = "P110")]
    UnknownKey { key: String, table: String },
    #[error("“{key}” should be written as {expected}, here it is {found}")]
    #[serde(rename = "P111")]
    WrongType { key: String, expected: String, found: String },
    #[error("“{table}” lacks the key “{key}”")]
    #[serde(rename = "P112")]
    MissingKey { key: String, table: String },
    #[error("“{value}” is not a value of “{key}”")]
    #[serde(rename = "P113")]
    UnknownValue { key: String, value: String },
    #[error("“{text}” is not a zone; zones are platform, domain, scenario:<id> and outside")]
    #[serde(rename = "P114")]
    BadZone { text: String },
    #[error("“{key}” is out of bounds: it must be {bounds}")]
    #[serde(rename = "P115")]
    OutOfBounds { key: String, bounds: String },
    #[error("the values of this file do not fit together; check it against its schema")]
    #[serde(rename = "P116")]
    Unfit,
    #[error("“{key}” is longer than {limit_kib} KiB")]
    #[serde(rename = "P117")]
    TextTooLong { key: String, limit_kib: usize },
    #[error(
        "“{text}” is not a data type; types are text, integer, decimal(12,2), float, boolean, date, timestamp and binary"
    )]
    #[serde(rename = "P118")]
    BadType { text: String },
    #[error("“{text}” is not a date of the calendar in the form 2026-11-20")]
    #[serde(rename = "P119")]
    BadDate { text: String },
    #[error("the {what} “{name}” is declared twice")]
    #[serde(rename = "P121")]
    Duplicate { what: &'static str, name: String },
    #[error("“{timezone}” is not an IANA time zone such as Asia/Shanghai")]
    #[serde(rename = "P122")]
    UnknownTimezone { timezone: String },

    // Secrets.
    #[error("“{key}” holds a secret in plain text; a definition names a secret and never holds one")]
    #[serde(rename = "P124")]
    LiteralSecret { key: String },
    #[error("this is not the name of a secret: after “secret:” come letters, digits and underscores, at most 64")]
    #[serde(rename = "P125")]
    BadSecretName,

    // References.
    #[error("there is no connection “{name}” in connections.toml")]
    #[serde(rename = "P126")]
    UnknownConnection { name: String },
    #[error("the catalogue has no resource “{resource}”")]
    #[serde(rename = "P127")]
    UnknownResource { resource: String },
    #[error("there is no standard “{standard}”")]
    #[serde(rename = "P128")]
    UnknownStandard { standard: String },
    #[error("the catalogue has no organisation “{organisation}”")]
    #[serde(rename = "P129")]
    UnknownOrganisation { organisation: String },
    #[error("this pipeline has no source or transform “{name}”")]
    #[serde(rename = "P130")]
    UnknownRelation { name: String },
    #[error("“{relation}” has no column “{column}”")]
    #[serde(rename = "P131")]
    UnknownColumn { column: String, relation: String },
    #[error("there is no grant “{grant}” under grants/")]
    #[serde(rename = "P132")]
    UnknownGrant { grant: String },

    // Catalogue, policy, grants.
    #[error(
        "“{resource}” is not a resource code: class 1 digit, project 2, list 3, then detail and serial, joined by /, such as 3/07/001/0001"
    )]
    #[serde(rename = "P133")]
    BadResourceCode { resource: String },
    #[error("the bounds of “{key}” leave nothing: min is above max, or neither is given")]
    #[serde(rename = "P134")]
    BadBounds { key: String },
    #[error("this is not a regular expression, or one too large")]
    #[serde(rename = "P135")]
    BadPattern,
    #[error("the term of grant “{grant}” does not hold: it ends before it begins, or runs longer than three years")]
    #[serde(rename = "P136")]
    GrantTerm { grant: String },
    #[error("grant “{grant}” is for training and demands no sampling; add sample = {{ max_rate = … }}")]
    #[serde(rename = "P137")]
    TrainingWithoutSample { grant: String },
    #[error("grant “{grant}” runs longer than its agreement; it ends with the agreement on {until}")]
    #[serde(rename = "P138")]
    OutlivesAgreement { grant: String, until: String },
    #[error(
        "a policy rule either lists what protects (protect) or says why nothing may pass (deny), exactly one of them"
    )]
    #[serde(rename = "P139")]
    PolicyRule,
    #[error("nothing uses “{name}”")]
    #[serde(rename = "P148")]
    Unused { name: String },
    #[error("changes are the difference between two versions of a library; “{from}” is none, so its mode can be full")]
    #[serde(rename = "P149")]
    ChangesNeedLibrary { from: String },
    #[error("“{key}” must name at least one condition")]
    #[serde(rename = "P153")]
    NothingGiven { key: String },
    #[error("the pipeline builds no library and supplies nothing")]
    #[serde(rename = "P154")]
    NothingBuilt,
    #[error("a grant is for one border; from {from} to {to} is none")]
    #[serde(rename = "P158")]
    GrantBorder { from: String, to: String },
    #[error(
        "resource “{resource}” must not be authorised (its catalogue entry gives the basis); no grant can carry it"
    )]
    #[serde(rename = "P159")]
    NotAuthorisable { resource: String },

    // Sources.
    #[error("source “{source_name}” needs exactly one of files, table and library; it has {found}")]
    #[serde(rename = "P160")]
    SourceKind { source_name: String, found: usize },
    #[error("source “{source_name}” needs “{key}”")]
    #[serde(rename = "P161")]
    SourceNeeds { source_name: String, key: &'static str },
    #[error("“{key}” has no meaning for {kind}")]
    #[serde(rename = "P162")]
    SourceExtra { key: &'static str, kind: &'static str },
    #[error("connection “{connection}” is of kind {kind}, which has no {wanted}")]
    #[serde(rename = "P163")]
    ConnectionKind { connection: String, kind: &'static str, wanted: &'static str },
    #[error("a delimiter is one ASCII character, and not a quote or a line end")]
    #[serde(rename = "P164")]
    Delimiter,
    #[error("the format cannot be told from the file name; give format = \"csv\" or another")]
    #[serde(rename = "P165")]
    UnknownFormat,
    #[error("resource “{resource}” has no item “{item}”")]
    #[serde(rename = "P166")]
    NotAnItem { item: String, resource: String },
    #[error("two columns are renamed to “{column}”")]
    #[serde(rename = "P167")]
    RenamedTwice { column: String },

    // Transforms.
    #[error("transform “{transform}” starts from exactly one of from, sql, join and union; it has {found}")]
    #[serde(rename = "P168")]
    TransformStart { transform: String, found: usize },
    #[error("this is a circle: {path}")]
    #[serde(rename = "P169")]
    Cycle { path: String },
    #[error("a union needs at least two relations")]
    #[serde(rename = "P170")]
    UnionTooFew,
    #[error("a sampling rate is above 0 and at most 1")]
    #[serde(rename = "P171")]
    SampleRate,
    #[error("“{key}” is empty; name at least one")]
    #[serde(rename = "P172")]
    EmptyList { key: String },
    #[error("“{name}” is listed twice")]
    #[serde(rename = "P173")]
    Repeated { name: String },

    // Checks.
    #[error("rule {rule} needs “{key}”")]
    #[serde(rename = "P174")]
    CheckNeeds { rule: String, key: &'static str },
    #[error("“{key}” has no meaning for rule {rule}")]
    #[serde(rename = "P175")]
    CheckExtra { rule: String, key: &'static str },
    #[error("“{key}” of rule {rule} should be {expected}")]
    #[serde(rename = "P176")]
    CheckBound { rule: String, key: &'static str, expected: &'static str },
    #[error("a row count decides on the run, not on a row: on_fail is fail or warn")]
    #[serde(rename = "P177")]
    CheckOutcome,

    // Libraries.
    #[error("mode {mode} needs a key")]
    #[serde(rename = "P178")]
    KeyNeeded { mode: String },
    #[error(
        "append would store again what the look-back of source “{source_name}” reads again; use merge, or drop the look-back"
    )]
    #[serde(rename = "P179")]
    AppendLookback { source_name: String },
    #[error("deletes need mode merge or history; {mode} has no keys to delete by")]
    #[serde(rename = "P180")]
    DeletesMode { mode: String },
    #[error(
        "by_absence needs a full load, but source “{source_name}” is incremental: rows it does not read would be deleted; use a flag column"
    )]
    #[serde(rename = "P181")]
    AbsenceNeedsFullLoad { source_name: String },
    #[error(
        "“{column}” is graded {grade}: values of partition columns become folder names, so only L1 and L2 may partition"
    )]
    #[serde(rename = "P182")]
    PartitionGrade { column: String, grade: String },
    #[error("no pipeline of this project builds the library table “{table}”")]
    #[serde(rename = "P183")]
    UnknownLibrary { table: String },

    // Supplies.
    #[error("“{column}” is protected but not selected; select it, or drop the protection")]
    #[serde(rename = "P185")]
    ProtectNotSelected { column: String },
    #[error("connection “{connection}” belongs to {zone}, but the supply goes to {to}")]
    #[serde(rename = "P186")]
    ZoneMismatch { connection: String, zone: String, to: String },
    #[error("connections.toml has no connection of zone {zone}")]
    #[serde(rename = "P187")]
    NoConnectionFor { zone: String },
    #[error("several connections belong to {zone}: {names}; name one with connection = …")]
    #[serde(rename = "P188")]
    SeveralConnections { zone: String, names: String },
    #[error(
        "there is no way from {from} to {to}: a supply goes from platform or outside to domain, and from domain to a scenario"
    )]
    #[serde(rename = "P189")]
    NoWay { from: String, to: String },

    // Calendars.
    #[error("“{name}” ends before it begins, or lasts longer than a year")]
    #[serde(rename = "P611")]
    HolidayRange { name: String },
    #[error("{date} lies outside the years of this calendar ({years}); list it in the file of its year")]
    #[serde(rename = "P612")]
    OutsideYears { date: String, years: String },
    #[error("{date} works anyway; a working day is listed only where the day would be free")]
    #[serde(rename = "P613")]
    WorksAnyway { date: String },
    #[error(
        "the calendar lists days and does not say for which years they are all; add years = [2026], or name the file after its one year"
    )]
    #[serde(rename = "P614")]
    YearsNeeded,
    #[error("the file is named after the year {year}; its years must be that one, or be left out")]
    #[serde(rename = "P615")]
    YearOfFile { year: i32 },
    #[error(
        "calendar “{calendar}” does not know the year {year} yet; when its days are published, add calendars/{calendar}-{year}.toml"
    )]
    #[serde(rename = "P616")]
    Unpublished { calendar: String, year: i32 },
    #[error("this iCalendar file cannot be used: {reason}")]
    #[serde(rename = "P617")]
    Ics { reason: &'static str },
    #[error(
        "the calendar does not say for which years it is complete; name the file after its year (name-2026.ics), or add X-SLUICE-YEARS:2026,2027 to the calendar"
    )]
    #[serde(rename = "P618")]
    IcsYearsNeeded,

    // Schedules.
    #[error("there is no calendar “{name}”")]
    #[serde(rename = "P619")]
    UnknownCalendar { name: String },
    #[error("a schedule goes by the clock (cron) or by elapsed time (every), not by both")]
    #[serde(rename = "P620")]
    CronAndEvery,
    #[error("the schedule says nothing of when: give it cron, every or after")]
    #[serde(rename = "P621")]
    NoTime,
    #[error("this schedule never fires: none of its times falls on a working day of “{calendar}”")]
    #[serde(rename = "P622")]
    NeverWorks { calendar: String },
    #[error(
        "the schedule will stop when {year} begins: calendar “{calendar}” does not know that year yet; add calendars/{calendar}-{year}.toml before"
    )]
    #[serde(rename = "P623")]
    UnpublishedSoon { calendar: String, year: i32 },
    #[error("this pipeline builds “{table}” itself; it cannot wait for it")]
    #[serde(rename = "P624")]
    WaitsForItself { table: String },
    #[error("sluice.toml has no pool “{pool}”")]
    #[serde(rename = "P625")]
    UnknownPool { pool: String },
    #[error(
        "“latest” would lose days: “{name}” reads one day at a time (biz_date), and the latest tick stands for several; use policy = \"all\", or read by interval_start and interval_end"
    )]
    #[serde(rename = "P626")]
    LatestLosesDays { name: String },
    #[error("working days need a calendar: add calendar = \"workday\" to the schedule")]
    #[serde(rename = "P627")]
    CalendarNeeded,
    #[error("“{first}” and “{second}” exclude each other")]
    #[serde(rename = "P628")]
    Exclusive { first: &'static str, second: &'static str },
    #[error("“{text}” is neither a time of day such as 05:00 nor a duration such as 3h")]
    #[serde(rename = "P629")]
    ClockOrDuration { text: String },

    // Duty roster.
    #[error("a channel of kind {kind} needs “{key}”")]
    #[serde(rename = "P640")]
    ChannelNeeds { kind: &'static str, key: &'static str },
    #[error("“{key}” has no meaning for a channel of kind {kind}")]
    #[serde(rename = "P641")]
    ChannelExtra { key: &'static str, kind: &'static str },
    #[error("the duty roster has no channel “{name}”")]
    #[serde(rename = "P642")]
    UnknownChannel { name: String },
    #[error("the duty roster has no person “{name}”")]
    #[serde(rename = "P643")]
    UnknownPerson { name: String },
    #[error("the duty roster has no group “{name}”")]
    #[serde(rename = "P644")]
    UnknownTeam { name: String },
    #[error("“{channel}” is mail: add the address, to = \"…\"")]
    #[serde(rename = "P645")]
    AddressNeeded { channel: String },
    #[error("a shift has both from and to, or neither: then it is the whole day")]
    #[serde(rename = "P646")]
    HalfShift,
    #[error(
        "nobody of group “{team}” is on duty from {at}, and it has no channel of its own: a notice would reach nobody"
    )]
    #[serde(rename = "P647")]
    NobodyOnDuty { team: String, at: String },
    #[error("group “{team}” would be told twice")]
    #[serde(rename = "P648")]
    EscalatesTwice { team: String },
    #[error("there are several groups; say which one is told by default: [duty] team = \"…\"")]
    #[serde(rename = "P649")]
    DefaultTeam,
    #[error("tls = \"none\" is for a mail server on this machine only; use \"tls\" or \"starttls\"")]
    #[serde(rename = "P650")]
    PlainMail,
    #[error("this is not a mail address such as name@example.gov.cn")]
    #[serde(rename = "P651")]
    BadMail,
    #[error("“{channel}” is mail, which goes to people: name them under people")]
    #[serde(rename = "P652")]
    MailToNobody { channel: String },
    #[error("the project has no duty roster; add duty.toml, or leave notify out")]
    #[serde(rename = "P653")]
    NoRoster,
    #[error("this shift has nobody; name people, or leave it out")]
    #[serde(rename = "P654")]
    EmptyShift,

    // SQL.
    #[error("this SQL does not parse; the caret shows where")]
    #[serde(rename = "P184")]
    Sql,
    #[error("this SQL has more than {limit} operators and keywords; split it into steps")]
    #[serde(rename = "P195")]
    SqlTooLong { limit: usize },
    #[error("only one SELECT is allowed here")]
    #[serde(rename = "P196")]
    NotASelect,
}

/// What would help. Shown beneath a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs)]
pub enum Hint {
    #[error("did you mean “{candidate}”?")]
    #[serde(rename = "P190")]
    DidYouMean { candidate: String },
    #[error("known here: {known}")]
    #[serde(rename = "P191")]
    Known { known: String },
    #[error("write instead: {text}")]
    #[serde(rename = "P192")]
    WriteInstead { text: String },
    #[error("the first is in {file}, line {line}")]
    #[serde(rename = "P193")]
    FirstAt { file: String, line: usize },
    #[error("write \"secret:NAME\" and keep the value in the environment or in the folder secrets/")]
    #[serde(rename = "P194")]
    UseSecret,
}

impl Hint {
    /// The nearest candidate; without one, the candidates themselves if they are few; else nothing.
    pub fn among<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        const MOST: usize = 12;
        let candidates: Vec<&str> = candidates.into_iter().filter(|candidate| !candidate.is_empty()).collect();
        if let Some(candidate) = super::nearest::nearest(word, candidates.iter().copied()) {
            return Some(Self::DidYouMean { candidate: super::forms::cut(candidate) });
        }
        let few = (1..=MOST).contains(&candidates.len());
        few.then(|| Self::Known { known: candidates.join(", ") })
    }
}
