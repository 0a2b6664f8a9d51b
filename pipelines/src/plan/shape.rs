//! Schemas, types and lineage of every relation, from definitions alone: the phases compiled over empty tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::resource::{ItemType, Resource};
use catalog::zone::Zone;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;

use super::{LibraryPlan, SourcePlan, relations};
use crate::error::Error;
use crate::flow::{self, Flow, Origin, Value};
use crate::project::{Pipeline, Project};
use crate::relation::{GovernPlan, Phase, Query, RelationPlan, query};
use crate::spec::pipeline::{SourceSpec, TransformSpec};
use crate::spec::template::{self, BusinessTime};
use crate::types;

/// Zones that rows come from, each with the resources behind them.
pub(super) type Behind = BTreeMap<Zone, BTreeSet<String>>;

/// One relation with everything that is known of it before a row is read.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its phases.
    pub plan: RelationPlan,
    /// Its columns as Arrow types.
    pub schema: SchemaRef,
    /// Its lineage.
    pub flow: Flow,
    /// Where its rows come from.
    pub behind: Behind,
}

/// All relations of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    /// What is read.
    pub sources: Vec<SourcePlan>,
    shapes: BTreeMap<String, Shape>,
    order: Vec<String>,
}

impl Shapes {
    /// A relation by name.
    pub fn get(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// Relation plans, inputs before users.
    pub fn relations(&self) -> Vec<RelationPlan> {
        self.order.iter().filter_map(|name| self.shapes.get(name)).map(|shape| shape.plan.clone()).collect()
    }

    /// A relation and all it is made of, inputs first.
    pub fn chain(&self, name: &str) -> Vec<String> {
        let mut wanted = BTreeSet::from([name.to_owned()]);
        for relation in self.order.iter().rev() {
            if wanted.contains(relation) {
                wanted.extend(self.shapes[relation].plan.inputs.iter().cloned());
            }
        }
        self.order.iter().filter(|relation| wanted.contains(*relation)).cloned().collect()
    }
}

/// Compiles the relations of one pipeline over empty tables.
pub(super) struct Shaper<'a> {
    project: &'a Project,
    pipeline: &'a Pipeline,
    libraries: &'a BTreeMap<String, LibraryPlan>,
    time: &'a BusinessTime,
    context: SessionContext,
    flows: BTreeMap<String, Flow>,
    shapes: Shapes,
}

impl<'a> Shaper<'a> {
    /// `libraries` holds every library the pipeline reads.
    pub(super) fn new(
        project: &'a Project,
        pipeline: &'a Pipeline,
        libraries: &'a BTreeMap<String, LibraryPlan>,
        time: &'a BusinessTime,
    ) -> Self {
        let context = SessionContext::new();
        Self { project, pipeline, libraries, time, context, flows: BTreeMap::new(), shapes: Shapes::default() }
    }

    pub(super) async fn all(mut self) -> Result<Shapes, Error> {
        for source in &self.pipeline.spec.source {
            self.source(source)?;
        }
        let mut waiting: Vec<&TransformSpec> = self.pipeline.spec.transform.iter().collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut later = Vec::new();
            for transform in waiting {
                let inputs = self.inputs(transform)?;
                let ready = inputs.iter().all(|input| !self.is_transform(input) || self.shapes.get(input).is_some());
                if ready {
                    self.transform(transform, inputs).await?;
                } else {
                    later.push(transform);
                }
            }
            if later.len() == before {
                let step = later.first().map(|transform| transform.name.clone()).unwrap_or_default();
                return Err(Error::Sql { step, detail: "it depends on itself".into() });
            }
            waiting = later;
        }
        Ok(self.shapes)
    }

    fn is_transform(&self, name: &str) -> bool {
        self.pipeline.spec.transform.iter().any(|transform| transform.name == name)
    }

    fn source(&mut self, source: &SourceSpec) -> Result<(), Error> {
        let (mut phases, columns, flow, behind, plan) = match &source.library {
            Some(table) => self.library_source(source, table)?,
            None => self.resource_source(source)?,
        };
        if source.library.is_some() {
            phases.extend(relations::checks(&self.pipeline.spec, &source.name, &columns)?);
        }
        self.shapes.sources.push(plan);
        let row_local = !phases.iter().any(|phase| matches!(phase, Phase::Unique(_)));
        let schema = types::schema(&columns);
        self.check_rules(&source.name, &phases, &schema)?;
        let plan = RelationPlan { name: source.name.clone(), inputs: Vec::new(), phases, columns, row_local };
        self.keep(Shape { plan, schema, flow, behind })
    }

    fn resource_source(&self, source: &SourceSpec) -> Result<Sourced, Error> {
        let name = &source.name;
        let missing = |what: &str| Error::Sql { step: name.clone(), detail: format!("its {what} is unknown") };
        let code = source.resource.as_ref().ok_or_else(|| missing("resource"))?;
        let resource: &Resource = self.project.resources.get(code).ok_or_else(|| missing("resource"))?;
        let connection = source.connection.as_ref().ok_or_else(|| missing("connection"))?;
        let zone = self.project.connections.get(connection).ok_or_else(|| missing("connection"))?.zone.clone();
        let reads =
            template::render(source.files.as_ref().or(source.table.as_ref()).map_or("", String::as_str), self.time)
                .map_err(|error| Error::Template { step: name.clone(), detail: error.to_string() })?;
        let flow = Flow {
            columns: resource
                .item
                .iter()
                .map(|item| {
                    let origin = Origin { resource: code.clone(), item: item.name.clone() };
                    Value::source(origin, item.grade, format!("{name}.{}", item.name))
                })
                .collect(),
            rows: flow::Traces::new(),
        };
        let columns = resource.item.iter().map(|item| (item.name.clone(), item.data_type)).collect();
        let optional = resource.item.iter().filter(|item| !item.required).map(|item| item.name.clone()).collect();
        let plan = SourcePlan {
            name: name.clone(),
            connection: Some(connection.clone()),
            zone: zone.clone(),
            resource: Some(code.clone()),
            reads,
            optional,
            spec: source.clone(),
        };
        let behind = Behind::from([(zone, BTreeSet::from([code.clone()]))]);
        Ok((relations::source(&self.pipeline.spec, source, resource)?, columns, flow, behind, plan))
    }

    fn library_source(&self, source: &SourceSpec, table: &str) -> Result<Sourced, Error> {
        let library = self.libraries.get(table).ok_or_else(|| Error::Sql {
            step: source.name.clone(),
            detail: format!("library {table} is built by no pipeline"),
        })?;
        let plan = SourcePlan {
            name: source.name.clone(),
            connection: None,
            zone: library.zone.clone(),
            resource: None,
            reads: table.to_owned(),
            optional: Vec::new(),
            spec: source.clone(),
        };
        let flow = library.flow.clone().named(&source.name, library.columns.iter().map(|(name, _)| name.as_str()));
        let behind = Behind::from([(library.zone.clone(), library.resources.clone())]);
        let phases = vec![Phase::Read { source: source.name.clone() }];
        Ok((phases, library.columns.clone(), flow, behind, plan))
    }

    async fn transform(&mut self, transform: &TransformSpec, inputs: Vec<String>) -> Result<(), Error> {
        let name = &transform.name;
        let mut at = At { schema: Arc::new(Schema::empty()), flow: Flow::default(), table: None, number: 0 };
        let mut row_local = no_repeats(&inputs);
        let mut phases = relations::transform(transform, self.time)?;
        for phase in &mut phases {
            match phase {
                Phase::Query(query) => row_local &= self.query(name, query, &mut at).await?,
                Phase::Govern(govern) => {
                    *govern = relations::shaped(transform, &types::columns(name, &at.schema)?)?;
                    self.govern(name, govern, &mut at)?;
                }
                Phase::Read { .. } | Phase::Unique(_) | Phase::Sample(_) => {}
            }
            self.register(name, &mut at)?;
        }
        let columns = types::columns(name, &at.schema)?;
        phases.extend(relations::checks(&self.pipeline.spec, name, &columns)?);
        row_local &= !phases.iter().any(|phase| matches!(phase, Phase::Unique(_)));
        let schema = types::schema(&columns);
        self.check_rules(name, &phases, &schema)?;
        let mut behind = Behind::new();
        for shape in inputs.iter().filter_map(|input| self.shapes.get(input)) {
            for (zone, resources) in &shape.behind {
                behind.entry(zone.clone()).or_default().extend(resources.iter().cloned());
            }
        }
        let flow = at.flow.named(name, columns.iter().map(|(column, _)| column.as_str()));
        let plan = RelationPlan { name: name.clone(), inputs, phases, columns, row_local };
        self.keep(Shape { plan, schema, flow, behind })
    }

    /// One query phase; tells whether it works row by row.
    async fn query(&self, step: &str, query: &Query, at: &mut At) -> Result<bool, Error> {
        let plan = query::build(&self.context, query, at.table.as_deref())
            .await
            .map_err(|error| Error::planning(step, &error))?;
        at.flow = flow::derive(&plan, &self.flows).map_err(|refused| refusal(step, refused))?;
        let typed = self.context.state().optimize(&plan).map_err(|error| Error::planning(step, &error))?;
        let typed = typed.schema().as_arrow();
        let mut names = BTreeSet::new();
        for field in typed.fields() {
            if !names.insert(field.name().clone()) {
                return Err(Error::TwoColumns { step: step.into(), column: field.name().clone() });
            }
        }
        at.schema = types::schema(&types::columns(step, typed)?);
        Ok(is_row_local(&plan))
    }

    fn govern(&self, step: &str, govern: &GovernPlan, at: &mut At) -> Result<(), Error> {
        let columns: Vec<(String, ItemType)> = govern
            .columns
            .iter()
            .map(|column| Ok((column.name.clone(), types::governed(step, column)?)))
            .collect::<Result<_, Error>>()?;
        let flows = govern.columns.iter().map(|column| {
            let position = at.schema.index_of(&column.from).ok();
            position.and_then(|position| at.flow.columns.get(position)).cloned().unwrap_or_default()
        });
        at.flow.columns = flows.collect();
        at.schema = types::schema(&columns);
        Ok(())
    }

    /// Makes what a phase left a table for the next one.
    fn register(&mut self, relation: &str, at: &mut At) -> Result<(), Error> {
        at.number += 1;
        let table = format!("{relation}·{}", at.number);
        self.table(&table, Arc::clone(&at.schema), at.flow.clone())?;
        at.table = Some(table);
        Ok(())
    }

    fn table(&mut self, name: &str, schema: SchemaRef, flow: Flow) -> Result<(), Error> {
        self.context
            .register_table(TableReference::bare(name), Arc::new(EmptyTable::new(schema)))
            .map_err(|error| Error::planning(name, &error))?;
        self.flows.insert(name.to_owned(), flow);
        Ok(())
    }

    fn keep(&mut self, shape: Shape) -> Result<(), Error> {
        let name = shape.plan.name.clone();
        self.table(&name, Arc::clone(&shape.schema), shape.flow.clone())?;
        self.shapes.order.push(name.clone());
        self.shapes.shapes.insert(name, shape);
        Ok(())
    }

    /// Relations a transform mentions, each as often as it does.
    fn inputs(&self, transform: &TransformSpec) -> Result<Vec<String>, Error> {
        if let Some(text) = &transform.sql {
            let wrong = |error| Error::planning(&transform.name, &error);
            let text = template::render(text, self.time)
                .map_err(|error| Error::Template { step: transform.name.clone(), detail: error.to_string() })?;
            if text.len() > query::MAX_SQL_BYTES {
                return Err(Error::Sql { step: transform.name.clone(), detail: "it is longer than 64 KiB".into() });
            }
            let state = self.context.state();
            let dialect = state.config().options().sql_parser.dialect;
            let statement = state.sql_to_statement(&text, &dialect).map_err(wrong)?;
            let tables = state.resolve_table_references(&statement).map_err(wrong)?;
            return Ok(tables.iter().map(|table| table.table().to_owned()).collect());
        }
        let join = transform.join.iter().flat_map(|join| [join.left.clone(), join.right.clone()]);
        Ok(transform.from.iter().cloned().chain(join).chain(transform.union.iter().flatten().cloned()).collect())
    }

    /// Binds every rule to its column's type, so that a rule that cannot work is found before a row is read.
    fn check_rules(&self, step: &str, phases: &[Phase], schema: &SchemaRef) -> Result<(), Error> {
        for phase in phases {
            let Phase::Govern(govern) = phase else { continue };
            for column in &govern.columns {
                let Ok(field) = schema.field_with_name(&column.name) else { continue };
                for rule in &column.rules {
                    rule.rule.bind(field.data_type()).map_err(|error| Error::BadRule {
                        step: step.into(),
                        rule: rule.rule.id().into(),
                        column: column.name.clone(),
                        detail: error.to_string(),
                    })?;
                }
            }
            for expression in &govern.expressions {
                let schema = datafusion::common::DFSchema::try_from(Arc::clone(schema))
                    .map_err(|error| Error::planning(step, &error))?;
                let parsed = self
                    .context
                    .parse_sql_expr(&expression.condition, &schema)
                    .map_err(|error| Error::planning(step, &error))?;
                self.allowed(step, &parsed, &schema)?;
            }
        }
        Ok(())
    }

    fn allowed(&self, step: &str, expression: &Expr, schema: &datafusion::common::DFSchema) -> Result<(), Error> {
        flow::check(expression, schema).map_err(|refused| refusal(step, refused))
    }
}

type Sourced = (Vec<Phase>, Vec<(String, ItemType)>, Flow, Behind, SourcePlan);

/// Where the compilation of a relation stands.
struct At {
    schema: SchemaRef,
    flow: Flow,
    table: Option<String>,
    number: usize,
}

fn no_repeats(inputs: &[String]) -> bool {
    inputs.iter().collect::<BTreeSet<_>>().len() == inputs.len()
}

pub(super) fn refusal(step: &str, refused: flow::Refused) -> Error {
    let step = step.to_owned();
    match refused {
        flow::Refused::NotAllowed { kind, name } => Error::NotAllowed { step, kind: kind.into(), name },
        flow::Refused::LimitWithoutOrder => Error::LimitWithoutOrder { step },
        flow::Refused::UnknownTable(table) => {
            Error::Sql { step, detail: format!("{table} is no relation of this pipeline") }
        }
    }
}

fn is_row_local(plan: &LogicalPlan) -> bool {
    let mut local = true;
    let walked = plan.apply_with_subqueries(|node| {
        let row_by_row = matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::TableScan(_)
                | LogicalPlan::Union(_)
        );
        local &= row_by_row && !node.expressions().iter().any(has_subquery);
        Ok(TreeNodeRecursion::Continue)
    });
    local && walked.is_ok()
}

fn has_subquery(expression: &Expr) -> bool {
    expression
        .exists(|part| Ok(matches!(part, Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_))))
        .unwrap_or(true)
}
