//! Protections as they are applied: after the last query, just before a file is written, so that no query can see a key
//! or undo a mask.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use transforms::generalise::{self, Generalise};
use transforms::key::Key;
use transforms::mask::Mask;
use transforms::pseudonym::{Algorithm, Pseudonym};
use transforms::seal::Sealer;
use transforms::suppress::suppress;
use transforms::text;

use crate::error::Error;
use crate::plan::{OutputColumn, ProtectionPlan};
use crate::spec::pipeline::GeneraliseLevel;
use crate::types;

/// Protections of all columns of a target, ready for batches.
#[derive(Debug)]
pub struct Protector {
    columns: Vec<Action>,
    schema: SchemaRef,
}

#[derive(Debug)]
enum Action {
    Keep,
    Mask(Mask),
    Pseudonym(Pseudonym),
    Generalise(Generalise),
    Encrypt(String),
    Suppress,
}

impl Protector {
    /// Binds the plan's protections. `pseudonym` is the key of the target's zone, needed where a column is one.
    pub fn bind(columns: &[OutputColumn], pseudonym: Option<(Algorithm, &Key)>) -> Result<Self, Error> {
        let actions = columns.iter().map(|column| action(column, pseudonym)).collect::<Result<_, _>>()?;
        let fields: Vec<Field> =
            columns.iter().map(|column| Field::new(&column.name, protected_type(column), true)).collect();
        Ok(Self { columns: actions, schema: Arc::new(Schema::new(fields)) })
    }

    /// Columns after protection.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether any column is encrypted, so that each file needs a data key.
    pub fn encrypts(&self) -> bool {
        self.columns.iter().any(|action| matches!(action, Action::Encrypt(_)))
    }

    /// The batch with every column protected. `sealer` holds the file's data key.
    pub fn apply(&self, batch: &RecordBatch, sealer: Option<&Sealer>) -> Result<RecordBatch, Error> {
        let columns = self
            .columns
            .iter()
            .zip(batch.columns())
            .map(|(action, values)| one(action, values, sealer))
            .collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| Error::running("protect", error.into()))
    }
}

/// Columns that gain nothing from a dictionary or compression, and must have no statistics.
pub fn incompressible(columns: &[OutputColumn]) -> Vec<String> {
    columns
        .iter()
        .filter(|column| matches!(column.protection, ProtectionPlan::Pseudonym | ProtectionPlan::Encrypt))
        .map(|column| column.name.clone())
        .collect()
}

fn action(column: &OutputColumn, pseudonym: Option<(Algorithm, &Key)>) -> Result<Action, Error> {
    Ok(match &column.protection {
        ProtectionPlan::None => Action::Keep,
        ProtectionPlan::Mask(element) => Action::Mask(Mask::for_standard(element)),
        ProtectionPlan::Suppress => Action::Suppress,
        ProtectionPlan::Encrypt => Action::Encrypt(column.name.clone()),
        ProtectionPlan::Step(step) => Action::Generalise(Generalise::Number { step: step.to_string() }),
        ProtectionPlan::Level(level) => Action::Generalise(match level {
            GeneraliseLevel::Year => Generalise::Date { to: generalise::Period::Year },
            GeneraliseLevel::Month => Generalise::Date { to: generalise::Period::Month },
            GeneraliseLevel::Province => Generalise::Area { to: generalise::AreaLevel::Province },
            GeneraliseLevel::City => Generalise::Area { to: generalise::AreaLevel::City },
            GeneraliseLevel::County => Generalise::Area { to: generalise::AreaLevel::County },
        }),
        ProtectionPlan::Pseudonym => {
            let (algorithm, key) = pseudonym.ok_or_else(|| Error::NoKey { key: "pseudonym".into() })?;
            Action::Pseudonym(Pseudonym::new(algorithm, key))
        }
    })
}

fn protected_type(column: &OutputColumn) -> DataType {
    match column.protection {
        ProtectionPlan::Mask(_) | ProtectionPlan::Pseudonym => DataType::Utf8,
        ProtectionPlan::Encrypt => DataType::Binary,
        _ => types::arrow(column.data_type),
    }
}

fn one(action: &Action, values: &ArrayRef, sealer: Option<&Sealer>) -> Result<ArrayRef, Error> {
    Ok(match action {
        Action::Keep => Arc::clone(values),
        Action::Mask(mask) => Arc::new(mask.apply(&text::as_text(values)?)),
        Action::Pseudonym(pseudonym) => Arc::new(pseudonym.apply(&text::as_text(values)?)?),
        Action::Generalise(generalise) => generalise.apply(values)?,
        Action::Suppress => suppress(values),
        Action::Encrypt(column) => {
            let sealer = sealer.ok_or_else(|| Error::NoKey { key: "data".into() })?;
            Arc::new(sealer.column(column).seal(&text::as_text(values)?)?)
        }
    })
}
