//! Flow through one plan node.

use std::collections::BTreeMap;

use datafusion::common::{Column, DFSchema, JoinType};
use datafusion::logical_expr::{Aggregate, Distinct, Expr, Join, Limit, LogicalPlan, TableScan};

use super::expression::{Scope, not_allowed, sorted};
use super::{Flow, Refused, Traces, Value, merge};

/// Walks a plan; remembers the queries around a subquery for its outer references.
pub(super) struct Walker<'t> {
    tables: &'t BTreeMap<String, Flow>,
    around: Vec<(DFSchema, Flow)>,
}

impl<'t> Walker<'t> {
    pub(super) fn new(tables: &'t BTreeMap<String, Flow>) -> Self {
        Self { tables, around: Vec::new() }
    }

    pub(super) fn plan(&mut self, plan: &LogicalPlan) -> Result<Flow, Refused> {
        match plan {
            LogicalPlan::Projection(projection) => self.project(&projection.input, &projection.expr),
            LogicalPlan::Filter(filter) => self.keep_columns(&filter.input, [&filter.predicate]),
            LogicalPlan::Sort(sort) if sort.fetch.is_some() => self.keep_columns(&sort.input, sorted_exprs(&sort.expr)),
            LogicalPlan::Sort(sort) => self.keep_columns(&sort.input, []),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Window(window) => {
                let input = self.plan(&window.input)?;
                let values = self.values(&window.input, &input, &window.window_expr)?;
                Ok(Flow { columns: input.columns.into_iter().chain(values).collect(), rows: input.rows })
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Union(union) => self.union(&union.inputs),
            LogicalPlan::Distinct(distinct) => self.distinct(distinct),
            LogicalPlan::SubqueryAlias(alias) => self.plan(&alias.input),
            LogicalPlan::Subquery(query) => self.plan(&query.subquery),
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::EmptyRelation(empty) => Ok(constants(empty.schema.fields().len())),
            LogicalPlan::Values(values) => Ok(constants(values.schema.fields().len())),
            other => Err(not_allowed("node", node_name(other))),
        }
    }

    /// A query inside an expression of `scope`.
    pub(super) fn inside(&mut self, scope: &Scope<'_>, query: &LogicalPlan) -> Result<Flow, Refused> {
        self.around.push((scope.schema.clone(), scope.flow.clone()));
        let flow = self.plan(query);
        self.around.pop();
        flow
    }

    /// A column of a query around this one, the nearest first.
    pub(super) fn outer(&self, column: &Column) -> Result<Value, Refused> {
        self.around
            .iter()
            .rev()
            .find_map(|(schema, flow)| {
                let position = schema.index_of_column(column).ok()?;
                flow.columns.get(position).cloned()
            })
            .ok_or_else(|| not_allowed("expression", column.name()))
    }

    fn values<'e>(
        &mut self,
        input: &LogicalPlan,
        flow: &Flow,
        expressions: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Vec<Value>, Refused> {
        let scope = Scope { schema: input.schema(), flow };
        expressions.into_iter().map(|expression| self.value(expression, &scope)).collect()
    }

    fn project(&mut self, input: &LogicalPlan, expressions: &[Expr]) -> Result<Flow, Refused> {
        let flow = self.plan(input)?;
        let columns = self.values(input, &flow, expressions)?;
        Ok(Flow { columns, rows: flow.rows })
    }

    /// Columns pass unchanged; the expressions decide on the rows.
    fn keep_columns<'e>(
        &mut self,
        input: &LogicalPlan,
        deciding: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Flow, Refused> {
        let mut flow = self.plan(input)?;
        for value in self.values(input, &flow, deciding)? {
            merge(&mut flow.rows, &value.traces);
        }
        Ok(flow)
    }

    fn limit(&mut self, limit: &Limit) -> Result<Flow, Refused> {
        match limit.input.as_ref() {
            LogicalPlan::Sort(sort) => self.keep_columns(&sort.input, sorted_exprs(&sort.expr)),
            LogicalPlan::Projection(projection) if matches!(&*projection.input, LogicalPlan::Sort(_)) => {
                let LogicalPlan::Sort(sort) = &*projection.input else { return Err(Refused::LimitWithoutOrder) };
                let mut flow = self.project(&projection.input, &projection.expr)?;
                let deciding = self.keep_columns(&sort.input, sorted_exprs(&sort.expr))?;
                merge(&mut flow.rows, &deciding.rows);
                Ok(flow)
            }
            _ => Err(Refused::LimitWithoutOrder),
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Flow, Refused> {
        let input = self.plan(&aggregate.input)?;
        if aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) {
            return Err(not_allowed("expression", "GROUPING SETS"));
        }
        let groups = self.values(&aggregate.input, &input, &aggregate.group_expr)?;
        let measures = self.values(&aggregate.input, &input, &aggregate.aggr_expr)?;
        let mut rows = input.rows;
        for group in &groups {
            merge(&mut rows, &group.traces);
        }
        Ok(Flow { columns: groups.into_iter().chain(measures).collect(), rows })
    }

    fn join(&mut self, join: &Join) -> Result<Flow, Refused> {
        let left = self.plan(&join.left)?;
        let right = self.plan(&join.right)?;
        let mut rows = left.rows.clone();
        merge(&mut rows, &right.rows);
        for (on_left, on_right) in &join.on {
            for (side, flow, key) in [(&join.left, &left, on_left), (&join.right, &right, on_right)] {
                for value in self.values(side, flow, [key])? {
                    merge(&mut rows, &value.traces);
                }
            }
        }
        let both = Flow { columns: left.columns.iter().chain(&right.columns).cloned().collect(), rows: Traces::new() };
        if let Some(filter) = &join.filter {
            let schema = join.left.schema().join(join.right.schema()).map_err(|_| not_allowed("node", "Join"))?;
            let scope = Scope { schema: &schema, flow: &both };
            merge(&mut rows, &self.value(filter, &scope)?.traces);
        }
        let columns = match join.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => both.columns,
            JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
            JoinType::RightSemi | JoinType::RightAnti => right.columns,
            other => return Err(not_allowed("node", &format!("{other} Join"))),
        };
        Ok(Flow { columns, rows })
    }

    fn union(&mut self, inputs: &[std::sync::Arc<LogicalPlan>]) -> Result<Flow, Refused> {
        let mut flows = inputs.iter().map(|input| self.plan(input)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let mut all = flows.next().unwrap_or_default();
        for flow in flows {
            merge(&mut all.rows, &flow.rows);
            for (into, from) in all.columns.iter_mut().zip(&flow.columns) {
                let copy_of = into.copy_of.take().filter(|origin| from.copy_of.as_ref() == Some(origin));
                into.absorb(from);
                into.copy_of = copy_of;
            }
        }
        Ok(all)
    }

    fn distinct(&mut self, distinct: &Distinct) -> Result<Flow, Refused> {
        match distinct {
            Distinct::All(input) => {
                let mut flow = self.plan(input)?;
                for value in &flow.columns {
                    merge(&mut flow.rows, &value.traces);
                }
                Ok(flow)
            }
            Distinct::On(on) => {
                let sorts = on.sort_expr.iter().flatten().map(|sort| &sort.expr);
                let deciding = self.keep_columns(&on.input, on.on_expr.iter().chain(sorts))?;
                let columns = self.values(&on.input, &deciding, &on.select_expr)?;
                Ok(Flow { columns, rows: deciding.rows })
            }
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Result<Flow, Refused> {
        let name = scan.table_name.table();
        let table = self.tables.get(name).ok_or_else(|| Refused::UnknownTable(name.to_owned()))?;
        if !scan.filters.is_empty() || scan.fetch.is_some() {
            return Err(not_allowed("node", "TableScan with pushed-down filters"));
        }
        let columns = match &scan.projection {
            None => table.columns.clone(),
            Some(positions) => {
                positions.iter().map(|position| table.columns.get(*position).cloned().unwrap_or_default()).collect()
            }
        };
        Ok(Flow { columns, rows: table.rows.clone() })
    }
}

fn sorted_exprs(sorts: &[datafusion::logical_expr::expr::Sort]) -> Vec<&Expr> {
    sorted(sorts).collect()
}

fn constants(columns: usize) -> Flow {
    Flow { columns: vec![Value::default(); columns], rows: Traces::new() }
}

fn node_name(plan: &LogicalPlan) -> &'static str {
    match plan {
        LogicalPlan::Extension(_) => "Extension",
        LogicalPlan::RecursiveQuery(_) => "WITH RECURSIVE",
        LogicalPlan::Statement(_) => "statement",
        LogicalPlan::Dml(_) => "INSERT, UPDATE or DELETE",
        LogicalPlan::Ddl(_) => "CREATE or DROP",
        LogicalPlan::Copy(_) => "COPY",
        LogicalPlan::DescribeTable(_) => "DESCRIBE",
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => "EXPLAIN",
        LogicalPlan::Unnest(_) => "UNNEST",
        LogicalPlan::Repartition(_) => "repartition",
        _ => "this statement",
    }
}
