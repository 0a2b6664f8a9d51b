//! Which columns a relation has, and their grades, as far as that can be known without reading SQL: the items of a
//! resource, followed through typed steps. What SQL makes is left to planning.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use catalog::Grade;

use super::super::finding::Finding;
use super::desk::Desk;
use super::world::{World, cut};
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::pipeline::{AggregateSpec, JoinSpec, LibraryMode, SourceSpec, TransformSpec};

/// Longest chain of steps that is followed.
const DEEPEST: usize = 200;

/// Column → grade, where that is known.
pub(super) type Known = BTreeMap<String, Option<Grade>>;

/// What has been found: `None` cannot be known.
type Found = BTreeMap<(usize, String), Option<Rc<Known>>>;

/// Columns by pipeline and relation, found once.
pub(super) struct Columns<'w> {
    world: &'w World<'w>,
    found: RefCell<Found>,
}

impl<'w> Columns<'w> {
    pub(super) fn of(world: &'w World<'w>) -> Self {
        Self { world, found: RefCell::default() }
    }

    /// Columns of a source or transform; `None` where they cannot be known.
    pub(super) fn relation(&self, pipeline: usize, name: &str) -> Option<Rc<Known>> {
        self.at(pipeline, name, 0)
    }

    /// Columns of a library table.
    pub(super) fn table(&self, table: &str) -> Option<Rc<Known>> {
        self.library(table, 0)
    }

    /// Columns of a source.
    pub(super) fn source(&self, source: &SourceSpec) -> Option<Rc<Known>> {
        self.read(source, 0)
    }

    /// Columns a transform starts from, before its own steps.
    pub(super) fn start(&self, pipeline: usize, transform: &TransformSpec) -> Option<Known> {
        self.begin(pipeline, transform, 0)
    }

    fn at(&self, pipeline: usize, name: &str, depth: usize) -> Option<Rc<Known>> {
        if depth > DEEPEST {
            return None;
        }
        let key = (pipeline, name.to_owned());
        if let Some(found) = self.found.borrow().get(&key) {
            return found.clone();
        }
        // A circle ends here: its columns are not known.
        self.found.borrow_mut().insert(key.clone(), None);
        let spec = self.world.pipeline(pipeline);
        let source = spec.source.iter().find(|source| source.name == name);
        let transform = spec.transform.iter().find(|transform| transform.name == name);
        let found = match (source, transform) {
            (Some(source), _) => self.read(source, depth + 1),
            (None, Some(transform)) => {
                self.begin(pipeline, transform, depth + 1).map(|start| Rc::new(steps(start, transform)))
            }
            (None, None) => None,
        };
        self.found.borrow_mut().insert(key, found.clone());
        found
    }

    fn library(&self, table: &str, depth: usize) -> Option<Rc<Known>> {
        let (pipeline, library) = self.world.library(table)?;
        let columns = self.at(pipeline, &library.from, depth + 1)?;
        if library.mode != LibraryMode::History {
            return Some(columns);
        }
        let mut columns = columns.as_ref().clone();
        columns.extend(["valid_from", "valid_to"].map(|name| (name.to_owned(), None)));
        Some(Rc::new(columns))
    }

    fn read(&self, source: &SourceSpec, depth: usize) -> Option<Rc<Known>> {
        if let Some(table) = &source.library {
            let columns = self.library(table, depth + 1)?;
            return Some(Rc::new(renamed(columns.as_ref().clone(), &source.rename)));
        }
        let resource = self.world.resources.get(source.resource.as_deref()?)?;
        Some(Rc::new(resource.item.iter().map(|item| (item.name.clone(), Some(item.grade))).collect()))
    }

    fn begin(&self, pipeline: usize, transform: &TransformSpec, depth: usize) -> Option<Known> {
        if let Some(from) = &transform.from {
            return self.at(pipeline, from, depth + 1).map(|known| known.as_ref().clone());
        }
        if let Some(join) = &transform.join {
            let mut columns = self.at(pipeline, &join.right, depth + 1)?.as_ref().clone();
            columns.extend(self.at(pipeline, &join.left, depth + 1)?.as_ref().clone());
            return Some(columns);
        }
        // The columns of a union are those of its first relation; a grade is what all of them agree on.
        let (first, others) = transform.union.as_ref()?.split_first()?;
        let mut columns = self.at(pipeline, first, depth + 1)?.as_ref().clone();
        for other in others {
            let other = self.at(pipeline, other, depth + 1);
            for (name, grade) in &mut columns {
                let agreed = other.as_ref().is_some_and(|other| other.get(name) == Some(grade));
                *grade = grade.filter(|_| agreed);
            }
        }
        Some(columns)
    }

    /// Says so if a join's columns are not there.
    pub(super) fn join(&self, pipeline: usize, join: &JoinSpec, path: &str, desk: &mut Desk<'_>) {
        let (left, right) = (self.relation(pipeline, &join.left), self.relation(pipeline, &join.right));
        for (one, other) in &join.on {
            let path = crate::spec::child(&format!("{path}.on"), one);
            if let Some(left) = left.as_deref().filter(|known| !known.contains_key(one)) {
                desk.key(&path, unknown(one, &join.left, left));
            }
            require(right.as_deref(), other, &join.right, &path, desk);
        }
    }
}

/// Says so if a column is not among those known.
pub(super) fn require(known: Option<&Known>, column: &str, relation: &str, path: &str, desk: &mut Desk<'_>) {
    if let Some(known) = known.filter(|known| !known.contains_key(column)) {
        desk.value(path, unknown(column, relation, known));
    }
}

/// The same for a column that is a key of the file.
pub(super) fn require_key(known: Option<&Known>, column: &str, relation: &str, path: &str, desk: &mut Desk<'_>) {
    if let Some(known) = known.filter(|known| !known.contains_key(column)) {
        desk.key(path, unknown(column, relation, known));
    }
}

/// The same for a list of columns, which must not repeat.
pub(super) fn require_all(known: Option<&Known>, columns: &[String], relation: &str, path: &str, desk: &mut Desk<'_>) {
    for (index, column) in columns.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if columns[..index].contains(column) {
            desk.value(&path, Mistake::Repeated { name: cut(column) });
        } else {
            require(known, column, relation, &path, desk);
        }
    }
}

fn unknown(column: &str, relation: &str, known: &Known) -> Finding {
    let mistake = Mistake::UnknownColumn { column: cut(column), relation: cut(relation) };
    Finding::from(mistake).hint(Hint::among(column, known.keys().map(String::as_str)))
}

pub(super) fn renamed(mut columns: Known, names: &BTreeMap<String, String>) -> Known {
    let taken: Vec<(String, Option<Grade>)> =
        names.iter().filter_map(|(old, new)| Some((new.clone(), columns.remove(old)?))).collect();
    columns.extend(taken);
    columns
}

/// Applies the typed steps of a transform that change columns, in their order.
pub(super) fn steps(columns: Known, transform: &TransformSpec) -> Known {
    let mut columns = renamed(columns, &transform.rename);
    columns.extend(transform.derive.keys().map(|name| (name.clone(), None)));
    if let Some(aggregate) = &transform.aggregate {
        columns = grouped(&columns, aggregate);
    }
    if let Some(select) = &transform.select {
        columns.retain(|name, _| select.contains(name));
    }
    columns
}

pub(super) fn grouped(columns: &Known, aggregate: &AggregateSpec) -> Known {
    let groups = aggregate.group_by.iter().map(|name| (name.clone(), columns.get(name).copied().flatten()));
    groups.chain(aggregate.measures.keys().map(|name| (name.clone(), None))).collect()
}
