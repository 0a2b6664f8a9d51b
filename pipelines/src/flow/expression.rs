//! Value flow of one expression.

use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::{AggregateFunctionParams, Sort, WindowFunctionParams};
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFunctionDefinition};

use super::node::Walker;
use super::{Flow, Refused, Value, allow};

/// Where an expression's columns stand: the input's schema and flow, and those of the queries around it.
pub(super) struct Scope<'a> {
    pub(super) schema: &'a DFSchema,
    pub(super) flow: &'a Flow,
}

impl Walker<'_> {
    /// What flows into the value of an expression.
    pub(super) fn value(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Value, Refused> {
        match expression {
            Expr::Alias(alias) => self.value(&alias.expr, scope),
            Expr::Column(column) => {
                let position =
                    scope.schema.index_of_column(column).map_err(|_| not_allowed("expression", column.name()))?;
                Ok(scope.flow.columns.get(position).cloned().unwrap_or_default())
            }
            Expr::OuterReferenceColumn(_, column) => self.outer(column),
            Expr::Literal(..) => Ok(Value::default()),
            _ => {
                let mut value = Value::default();
                for child in self.children(expression)? {
                    value.absorb(&self.value(child, scope)?);
                }
                if let Some(query) = subquery(expression) {
                    value.absorb(&self.subquery(query, scope)?);
                }
                Ok(value)
            }
        }
    }

    /// The expressions a composed expression is made of; refuses what is not on the lists.
    fn children<'e>(&self, expression: &'e Expr) -> Result<Vec<&'e Expr>, Refused> {
        Ok(match expression {
            Expr::BinaryExpr(binary) => vec![&binary.left, &binary.right],
            Expr::Like(like) | Expr::SimilarTo(like) => vec![&like.expr, &like.pattern],
            Expr::Not(one)
            | Expr::IsNotNull(one)
            | Expr::IsNull(one)
            | Expr::IsTrue(one)
            | Expr::IsFalse(one)
            | Expr::IsUnknown(one)
            | Expr::IsNotTrue(one)
            | Expr::IsNotFalse(one)
            | Expr::IsNotUnknown(one)
            | Expr::Negative(one) => vec![one],
            Expr::Between(between) => vec![&between.expr, &between.low, &between.high],
            Expr::Case(case) => {
                let mut all: Vec<&Expr> = case.expr.iter().chain(&case.else_expr).map(AsRef::as_ref).collect();
                for (when, then) in &case.when_then_expr {
                    all.extend([when.as_ref(), then.as_ref()]);
                }
                all
            }
            Expr::Cast(cast) => vec![&cast.expr],
            Expr::TryCast(cast) => vec![&cast.expr],
            Expr::InList(list) => std::iter::once(list.expr.as_ref()).chain(&list.list).collect(),
            Expr::InSubquery(query) => vec![&query.expr],
            Expr::Exists(_) | Expr::ScalarSubquery(_) => Vec::new(),
            Expr::ScalarFunction(call) => {
                listed("function", call.name(), &[allow::SCALAR])?;
                call.args.iter().collect()
            }
            Expr::AggregateFunction(call) => {
                listed("function", call.func.name(), &[allow::AGGREGATE])?;
                aggregate_parts(&call.params)
            }
            Expr::WindowFunction(call) => {
                let lists: &[&[&str]] = match &call.fun {
                    WindowFunctionDefinition::AggregateUDF(_) => &[allow::AGGREGATE],
                    WindowFunctionDefinition::WindowUDF(_) => &[allow::WINDOW],
                };
                listed("function", call.fun.name(), lists)?;
                window_parts(&call.params)
            }
            other => return Err(not_allowed("expression", other.variant_name())),
        })
    }

    /// A query inside an expression: its values and whatever decides on its rows.
    fn subquery(&mut self, query: &LogicalPlan, scope: &Scope<'_>) -> Result<Value, Refused> {
        let flow = self.inside(scope, query)?;
        let mut value = Value { traces: flow.rows, copy_of: None };
        for column in &flow.columns {
            value.absorb(column);
        }
        Ok(value)
    }
}

fn subquery(expression: &Expr) -> Option<&LogicalPlan> {
    match expression {
        Expr::Exists(query) => Some(&query.subquery.subquery),
        Expr::InSubquery(query) => Some(&query.subquery.subquery),
        Expr::ScalarSubquery(query) => Some(&query.subquery),
        _ => None,
    }
}

fn aggregate_parts(params: &AggregateFunctionParams) -> Vec<&Expr> {
    let filter = params.filter.iter().map(AsRef::as_ref);
    params.args.iter().chain(filter).chain(sorted(&params.order_by)).collect()
}

fn window_parts(params: &WindowFunctionParams) -> Vec<&Expr> {
    let filter = params.filter.iter().map(AsRef::as_ref);
    params.args.iter().chain(&params.partition_by).chain(filter).chain(sorted(&params.order_by)).collect()
}

pub(super) fn sorted(sorts: &[Sort]) -> impl Iterator<Item = &Expr> {
    sorts.iter().map(|sort| &sort.expr)
}

fn listed(kind: &'static str, name: &str, lists: &[&[&str]]) -> Result<(), Refused> {
    if lists.iter().any(|list| allow::holds(list, name)) { Ok(()) } else { Err(not_allowed(kind, name)) }
}

pub(super) fn not_allowed(kind: &'static str, name: &str) -> Refused {
    Refused::NotAllowed { kind, name: name.to_owned() }
}
