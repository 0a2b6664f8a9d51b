//! `catalog/*.toml`: organisations, the resources they provide, and the items (columns) of each resource.
//!
//! The fields are the core metadata of the government information resource catalogue (政务信息资源目录).

use crate::text::string_form;
use crate::{Error, Grade, date};
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One file of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogFile {
    /// The organisations that provide, own or receive data.
    #[serde(default)]
    pub organisation: Vec<Organisation>,
    /// The resources, each with its items.
    #[serde(default)]
    pub resource: Vec<Resource>,
}

/// An organisation: a providing department, an operator, a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Short stable id, for example `320900-hrss`.
    pub id: String,
    /// Full name, for example 盐城市人力资源和社会保障局.
    pub name: String,
}

/// A resource of the catalogue: what one department provides under one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Resource code: class 1 digit, project 2, list 3, then detail and serial, joined by `/`: `3/07/001/0001`.
    pub code: String,
    /// Name of the resource 信息资源名称.
    pub title: String,
    /// Id of the providing organisation 信息资源提供方.
    pub provider: String,
    /// Name of the provider as the catalogue prints it; taken from the organisation when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// Place in the classification 类/项/目/细目, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Abstract 信息资源摘要.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Form in which the department holds it 信息资源格式.
    pub format: Format,
    /// Sharing type, condition and method 共享属性.
    pub sharing: Sharing,
    /// Whether and how it is open to the public 开放属性; left out: not open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// How often it is updated 更新周期.
    pub update_cycle: UpdateCycle,
    /// Date of publication in the catalogue 发布日期, `YYYY-MM-DD`.
    #[serde(default, with = "date::optional", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "date::optional_schema")]
    pub release_date: Option<NaiveDate>,
    /// Codes of related resources 关联资源代码.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// Present when the resource must not be authorised: it then never crosses a border, whatever a grant says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_authorisable: Option<NotAuthorisable>,
    /// The items 信息项, in the order of the columns.
    #[serde(default)]
    pub item: Vec<Item>,
}

/// Why a resource must not be authorised (M§8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotAuthorisable {
    /// The law or policy that forbids it, with its clause.
    pub policy_basis: String,
}

/// The form in which a resource is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// 电子文件: documents.
    File,
    /// 电子表格: spreadsheets.
    Spreadsheet,
    /// 数据库: tables of a database.
    Database,
    /// 图形图像: drawings and images.
    Image,
    /// 流媒体: audio and video.
    Stream,
    /// 自描述格式: a self-describing format that the department defines.
    SelfDescribing,
    /// 服务接口: a service interface.
    Service,
}

/// The sharing attributes of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// 1 unconditional 无条件共享, 2 conditional 有条件共享, 3 not shared 不予共享.
    #[serde(rename = "type")]
    pub kind: SharingType,
    /// Condition of sharing for type 2, or the reason for type 3 共享条件.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Method of sharing 共享方式.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// Sharing type of a resource, a number in files: 1, 2 or 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum SharingType {
    /// 1: shared without condition.
    Unconditional,
    /// 2: shared under a condition.
    Conditional,
    /// 3: not shared.
    NotShared,
}

impl TryFrom<u8> for SharingType {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(SharingType::Unconditional),
            2 => Ok(SharingType::Conditional),
            3 => Ok(SharingType::NotShared),
            _ => Err("the sharing type is 1, 2 or 3"),
        }
    }
}

impl From<SharingType> for u8 {
    fn from(kind: SharingType) -> u8 {
        match kind {
            SharingType::Unconditional => 1,
            SharingType::Conditional => 2,
            SharingType::NotShared => 3,
        }
    }
}

impl JsonSchema for SharingType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SharingType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 3 })
    }
}

/// Openness to the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The condition under which it is open; left out: without condition 开放条件.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// How often a resource is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateCycle {
    /// 实时.
    Realtime,
    /// 每日.
    Daily,
    /// 每周.
    Weekly,
    /// 每月.
    Monthly,
    /// 每季度.
    Quarterly,
    /// 每年.
    Yearly,
    /// 不定期.
    Irregular,
}

/// An item (column) of a resource, with its grade and the checks that apply by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Column name in the source.
    pub name: String,
    /// Name of the item 信息项名称.
    pub title: String,
    /// Data type 数据类型: `text`, `integer`, `decimal(12,2)`, `float`, `boolean`, `date`, `timestamp`, `binary`.
    #[serde(rename = "type")]
    pub data_type: ItemType,
    /// Data element standard that normalises and checks the column, for example `citizen_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// Grade of the item (GB/T 43697).
    pub grade: Grade,
    /// Category of the item, for example 个人身份信息.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Whether a missing value breaks a rule; default no.
    #[serde(default)]
    pub required: bool,
    /// Whether every value may occur once only; default no.
    #[serde(default)]
    pub unique: bool,
    /// The only values accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Vec<String>>,
    /// Smallest and greatest value, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Smallest and greatest length in characters, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// Regular expression that the whole value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// An inclusive range of values; a side that is left out is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Smallest value accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    /// Greatest value accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
}

/// One side of a range: a number, or text for a decimal or a date. Kept as text so that amounts stay exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound(String);

impl Bound {
    /// The bound as text: digits of a number, or a date as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Integer(i64),
            Float(f64),
            Text(String),
        }
        Ok(Bound(match Form::deserialize(deserializer)? {
            Form::Integer(number) => number.to_string(),
            Form::Float(number) => number.to_string(),
            Form::Text(text) => text,
        }))
    }
}

impl JsonSchema for Bound {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bound".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "number", "string"] })
    }
}

/// An inclusive range of lengths in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// Fewest characters accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Most characters accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// Type of an item, one string in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemType {
    /// Text of any length.
    Text,
    /// A 64-bit integer.
    Integer,
    /// A decimal with `precision` digits, `scale` of them after the point.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// A 64-bit floating-point number; never for money.
    Float,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// An instant, in microseconds UTC.
    Timestamp,
    /// Bytes.
    Binary,
}

impl fmt::Display for ItemType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemType::Text => formatter.write_str("text"),
            ItemType::Integer => formatter.write_str("integer"),
            ItemType::Decimal { precision, scale } => {
                write!(formatter, "decimal({precision},{scale})")
            }
            ItemType::Float => formatter.write_str("float"),
            ItemType::Boolean => formatter.write_str("boolean"),
            ItemType::Date => formatter.write_str("date"),
            ItemType::Timestamp => formatter.write_str("timestamp"),
            ItemType::Binary => formatter.write_str("binary"),
        }
    }
}

impl FromStr for ItemType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "text" => ItemType::Text,
            "integer" => ItemType::Integer,
            "float" => ItemType::Float,
            "boolean" => ItemType::Boolean,
            "date" => ItemType::Date,
            "timestamp" => ItemType::Timestamp,
            "binary" => ItemType::Binary,
            _ => decimal(text).ok_or_else(|| Error::BadItemType { text: text.chars().take(64).collect() })?,
        })
    }
}

fn decimal(text: &str) -> Option<ItemType> {
    let inner = text.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=38).contains(&precision) && scale <= precision).then_some(ItemType::Decimal { precision, scale })
}

string_form!(
    ItemType,
    r"^(text|integer|float|boolean|date|timestamp|binary|decimal\([0-9]{1,2}, ?[0-9]{1,2}\))$",
    "A data type: text, integer, decimal(12,2), float, boolean, date, timestamp or binary."
);

/// Checks a resource code: class 1 digit, project 2, list 3, then one or two more parts of 1 to 12 digits.
///
/// # Errors
/// K105 with the text, cut to 64 characters.
pub fn check_code(code: &str) -> Result<(), Error> {
    let parts: Vec<&str> = code.split('/').collect();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = matches!(parts.len(), 4 | 5)
        && parts.iter().all(|part| digits(part))
        && (parts[0].len(), parts[1].len(), parts[2].len()) == (1, 2, 3)
        && parts[3..].iter().all(|part| (1..=12).contains(&part.len()));
    if fits { Ok(()) } else { Err(Error::BadResourceCode { text: code.chars().take(64).collect() }) }
}

impl Resource {
    /// The item of that column name.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.item.iter().find(|item| item.name == name)
    }
}
