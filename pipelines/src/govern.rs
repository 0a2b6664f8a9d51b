//! Governing rows in one pass: standards, types and rules; the rows that fail go to quarantine with their original
//! values, the others go on normalised.

pub mod quarantine;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::arrow::array::BooleanBufferBuilder;
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::{filter_record_batch, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use transforms::rule::BoundRule;
use transforms::standard::Standard;
use transforms::{Context, cast, text};

use crate::error::Error;
use crate::manifest::RuleCount;
use crate::relation::GovernPlan;
use crate::spec::pipeline::OnFail;
use crate::stream::BatchMap;
use crate::types;
use quarantine::{Breach, Quarantine};

/// Prefix of columns that carry original values on to a later check of the same relation, which may quarantine rows too.
pub(crate) const RAW: &str = "·raw·";

/// One governed phase, ready for batches.
#[derive(Debug)]
pub struct Governor {
    step: String,
    columns: Vec<Column>,
    expressions: Vec<Condition>,
    schema: SchemaRef,
    carried: Option<SchemaRef>,
    context: Context,
    tally: Tally,
    quarantine: Arc<Quarantine>,
    held: Vec<(usize, String)>,
}

#[derive(Debug)]
struct Column {
    name: String,
    from: Option<usize>,
    data_type: DataType,
    standard: Option<(&'static dyn Standard, OnFail)>,
    rules: Vec<(BoundRule, OnFail)>,
}

#[derive(Debug)]
struct Condition {
    rule: String,
    expression: Arc<dyn PhysicalExpr>,
    on_fail: OnFail,
}

/// Rows per rule, column and reason.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(String, String, String, OnFailKey), u64>>);

type OnFailKey = u8;

impl Tally {
    pub(crate) fn add(&self, breach: &Breach, on_fail: OnFail) {
        let key = (breach.rule.clone(), breach.column.clone(), breach.reason.clone(), on_fail as OnFailKey);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// Counts for the manifest, and the rules set to fail the run that failed.
    pub fn counts(&self, step: &str) -> (Vec<RuleCount>, Vec<Error>) {
        let mut failed = Vec::new();
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter().map(|((rule, column, reason, on_fail), rows)| {
            if *on_fail == OnFail::Fail as OnFailKey {
                failed.push(Error::RuleGate {
                    rule: rule.clone(),
                    step: step.to_owned(),
                    column: column.clone(),
                    rows: *rows,
                });
            }
            RuleCount {
                step: step.to_owned(),
                rule: rule.clone(),
                column: column.clone(),
                reason: reason.clone(),
                quarantined: *on_fail == OnFail::Quarantine as OnFailKey,
                rows: *rows,
            }
        });
        (counts.collect(), failed)
    }
}

/// A row that broke a rule.
struct Broken {
    row: u32,
    breach: Breach,
    on_fail: OnFail,
}

impl Governor {
    /// Binds a phase to its input; a column that the input lacks is null. `held` names the columns of the result that
    /// hold the target's key, with their names there.
    pub fn bind(
        step: &str,
        plan: &GovernPlan,
        input: &Schema,
        today: NaiveDate,
        quarantine: Arc<Quarantine>,
        held: &[(String, String)],
    ) -> Result<Self, Error> {
        let mut columns = Vec::with_capacity(plan.columns.len());
        let mut typed = Vec::with_capacity(plan.columns.len());
        for column in &plan.columns {
            let item = types::governed(step, column)?;
            let data_type = types::arrow(item);
            let standard = column
                .standard
                .as_ref()
                .and_then(|rule| transforms::standard::find(&rule.standard).map(|standard| (standard, rule.on_fail)));
            let rules = column
                .rules
                .iter()
                .map(|rule| Ok((rule.rule.bind(&data_type)?, rule.on_fail)))
                .collect::<Result<_, Error>>()?;
            typed.push((column.name.clone(), item));
            columns.push(Column {
                name: column.name.clone(),
                from: input.index_of(&column.from).ok(),
                data_type,
                standard,
                rules,
            });
        }
        let schema = types::schema(&typed);
        let expressions = conditions(step, plan, &schema)?;
        let held = held.iter().filter_map(|(from, key)| Some((schema.index_of(from).ok()?, key.clone()))).collect();
        Ok(Self {
            step: step.to_owned(),
            columns,
            expressions,
            schema,
            carried: None,
            context: Context { today },
            tally: Tally::default(),
            quarantine,
            held,
        })
    }

    /// Carries the original values along, behind the governed columns, for checks that follow.
    #[must_use]
    pub fn carrying(mut self, input: &Schema) -> Self {
        let raw = input
            .fields()
            .iter()
            .map(|field| Arc::new(Field::new(format!("{RAW}{}", field.name()), field.data_type().clone(), true)));
        self.carried = Some(Arc::new(Schema::new(self.schema.fields().iter().cloned().chain(raw).collect::<Vec<_>>())));
        self
    }

    /// Columns of the rows that go on.
    pub fn schema(&self) -> &SchemaRef {
        self.carried.as_ref().unwrap_or(&self.schema)
    }

    /// Rows per rule so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn column(&self, column: &Column, batch: &RecordBatch, broken: &mut Vec<Broken>) -> Result<ArrayRef, Error> {
        let Some(from) = column.from else {
            let missing = new_null_array(&column.data_type, batch.num_rows());
            self.rules(column, &missing, 0, broken)?;
            return Ok(missing);
        };
        let before = broken.len();
        let mut values = Arc::clone(batch.column(from));
        if let Some((standard, on_fail)) = column.standard {
            let standardised = standard.apply(&text::as_text(&values)?, &self.context);
            let rule = format!("standard:{}", standard.id());
            note(column, &rule, &standardised.faults, on_fail, broken);
            note(column, &rule, &standardised.warnings, OnFail::Warn, broken);
            values = standardised.values;
        }
        if *values.data_type() != column.data_type {
            let cast = cast::cast(&values, &column.data_type, &self.context)?;
            note(column, "type", &cast.faults, OnFail::Quarantine, broken);
            values = cast.values;
        }
        self.rules(column, &values, before, broken)?;
        Ok(values)
    }

    /// Rules look only at values that met their standard and type: one mistake is counted once.
    fn rules(&self, column: &Column, values: &ArrayRef, before: usize, broken: &mut Vec<Broken>) -> Result<(), Error> {
        let known = broken.len();
        for (rule, on_fail) in &column.rules {
            for row in rule.failing(values)? {
                let faulty = broken[before..known].iter().any(|one| one.row == row && one.on_fail != OnFail::Warn);
                if !faulty {
                    let breach = Breach {
                        rule: rule.id().to_owned(),
                        column: column.name.clone(),
                        reason: rule.id().to_owned(),
                    };
                    broken.push(Broken { row, breach, on_fail: *on_fail });
                }
            }
        }
        Ok(())
    }

    fn conditions(&self, governed: &RecordBatch, broken: &mut Vec<Broken>) -> Result<(), Error> {
        for condition in &self.expressions {
            let value = condition.expression.evaluate(governed).map_err(|error| Error::running(&self.step, error))?;
            let value = value.into_array(governed.num_rows()).map_err(|error| Error::running(&self.step, error))?;
            let Some(holds) = value.as_any().downcast_ref::<BooleanArray>() else {
                return Err(Error::Engine {
                    step: self.step.clone(),
                    kind: "a condition that is not true or false".into(),
                });
            };
            for row in 0..holds.len() {
                if holds.is_valid(row) && !holds.value(row) {
                    let breach = Breach {
                        rule: "expression".into(),
                        column: condition.rule.clone(),
                        reason: "expression".into(),
                    };
                    let row = u32::try_from(row).unwrap_or(u32::MAX);
                    broken.push(Broken { row, breach, on_fail: condition.on_fail });
                }
            }
        }
        Ok(())
    }

    /// Sends the rows to be quarantined away and returns the others.
    async fn divide(
        &self,
        raw: &RecordBatch,
        governed: &RecordBatch,
        passing: RecordBatch,
        broken: Vec<Broken>,
    ) -> Result<RecordBatch, Error> {
        let mut breaches: BTreeMap<u32, Vec<Breach>> = BTreeMap::new();
        for one in broken {
            self.tally.add(&one.breach, one.on_fail);
            if one.on_fail == OnFail::Quarantine {
                breaches.entry(one.row).or_default().push(one.breach);
            }
        }
        if breaches.is_empty() {
            return Ok(passing);
        }
        let rows: UInt32Array = breaches.keys().copied().collect::<Vec<_>>().into();
        let engine = |error: datafusion::arrow::error::ArrowError| Error::running(&self.step, error.into());
        let original = take_record_batch(raw, &rows).map_err(engine)?;
        let failed = take_record_batch(governed, &rows).map_err(engine)?;
        let keys = held(&self.step, &failed, &self.held)?;
        self.quarantine.put(&original, breaches.into_values().collect(), keys).await?;
        let keep = BooleanArray::new(kept(passing.num_rows(), &rows), None);
        filter_record_batch(&passing, &keep).map_err(engine)
    }
}

#[async_trait]
impl BatchMap for Governor {
    async fn map(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        let mut broken = Vec::new();
        let columns = self
            .columns
            .iter()
            .map(|column| self.column(column, &batch, &mut broken))
            .collect::<Result<Vec<_>, _>>()?;
        let governed = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| Error::running(&self.step, error.into()))?;
        self.conditions(&governed, &mut broken)?;
        let passing = match &self.carried {
            None => governed.clone(),
            Some(schema) => {
                let columns = governed.columns().iter().chain(batch.columns()).cloned().collect();
                RecordBatch::try_new(Arc::clone(schema), columns)
                    .map_err(|error| Error::running(&self.step, error.into()))?
            }
        };
        if broken.is_empty() { Ok(passing) } else { self.divide(&batch, &governed, passing, broken).await }
    }
}

fn note(column: &Column, rule: &str, faults: &[transforms::Fault], on_fail: OnFail, broken: &mut Vec<Broken>) {
    broken.extend(faults.iter().map(|fault| Broken {
        row: fault.row,
        breach: Breach { rule: rule.to_owned(), column: column.name.clone(), reason: fault.reason.as_str().to_owned() },
        on_fail,
    }));
}

/// The key columns of quarantined rows, under the target's names; nothing when they are not asked for.
pub(crate) fn held(step: &str, rows: &RecordBatch, held: &[(usize, String)]) -> Result<Option<RecordBatch>, Error> {
    if held.is_empty() {
        return Ok(None);
    }
    let fields: Vec<Field> =
        held.iter().map(|(position, key)| Field::new(key, rows.column(*position).data_type().clone(), true)).collect();
    let columns = held.iter().map(|(position, _)| Arc::clone(rows.column(*position))).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map(Some)
        .map_err(|error| Error::running(step, error.into()))
}

/// The original values of rows: the carried columns under their own names, or the rows as they are.
pub(crate) fn original(step: &str, rows: &RecordBatch) -> Result<RecordBatch, Error> {
    let schema = rows.schema();
    let raw =
        || schema.fields().iter().enumerate().filter_map(|(at, field)| Some((at, field.name().strip_prefix(RAW)?)));
    if raw().next().is_none() {
        return Ok(rows.clone());
    }
    let fields: Vec<Field> =
        raw().map(|(at, name)| Field::new(name, schema.field(at).data_type().clone(), true)).collect();
    let columns = raw().map(|(at, _)| Arc::clone(rows.column(at))).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Error::running(step, error.into()))
}

pub(crate) fn kept(rows: usize, without: &UInt32Array) -> BooleanBuffer {
    let mut keep = BooleanBufferBuilder::new(rows);
    keep.append_n(rows, true);
    for row in without.values() {
        keep.set_bit(*row as usize, false);
    }
    keep.finish()
}

fn conditions(step: &str, plan: &GovernPlan, schema: &SchemaRef) -> Result<Vec<Condition>, Error> {
    if plan.expressions.is_empty() {
        return Ok(Vec::new());
    }
    let planning = |error| Error::planning(step, &error);
    let context = SessionContext::new();
    let typed = DFSchema::try_from(Arc::clone(schema)).map_err(planning)?;
    plan.expressions
        .iter()
        .map(|rule| {
            let parsed = context.parse_sql_expr(&rule.condition, &typed).map_err(planning)?;
            let expression = context.create_physical_expr(parsed, &typed).map_err(planning)?;
            Ok(Condition { rule: rule.condition.clone(), expression, on_fail: rule.on_fail })
        })
        .collect()
}
