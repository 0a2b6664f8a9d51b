//! What depends on what: relations of every pipeline and library tables, in one graph.

use std::collections::{BTreeMap, BTreeSet};

use super::desk::Desk;
use super::world::{World, is_relation};
use crate::spec::diagnostic::Diagnostic;
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{PipelineSpec, TransformSpec};

/// A relation of a pipeline, or a library table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Relation(usize, String),
    Table(String),
}

/// One thing reads another; the path says where.
#[derive(Debug)]
struct Edge {
    to: usize,
    pipeline: usize,
    path: String,
}

/// The graph of a project.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    index: BTreeMap<Node, usize>,
    edges: Vec<Vec<Edge>>,
}

impl Graph {
    pub(super) fn of(world: &World<'_>) -> Self {
        let mut graph = Self { nodes: Vec::new(), index: BTreeMap::new(), edges: Vec::new() };
        for (at, file) in world.draft.pipelines.iter().enumerate() {
            for (index, source) in file.spec.source.iter().enumerate() {
                let node = graph.node(Node::Relation(at, source.name.clone()));
                if let Some(table) = &source.library {
                    let to = graph.node(Node::Table(table.clone()));
                    graph.edges[node].push(Edge { to, pipeline: at, path: format!("source[{index}].library") });
                }
            }
            for (index, transform) in file.spec.transform.iter().enumerate() {
                let node = graph.node(Node::Relation(at, transform.name.clone()));
                for (input, path) in inputs(transform, &world.reads[at][index], index) {
                    if is_relation(&file.spec, &input) {
                        let to = graph.node(Node::Relation(at, input));
                        graph.edges[node].push(Edge { to, pipeline: at, path });
                    }
                }
            }
            for (index, library) in file.spec.library.iter().enumerate() {
                let node = graph.node(Node::Table(library.table.clone()));
                let to = graph.node(Node::Relation(at, library.from.clone()));
                graph.edges[node].push(Edge { to, pipeline: at, path: format!("library[{index}].from") });
                graph.waits(at, &file.spec, node);
            }
        }
        graph
    }

    /// A library table is not built before the tables that its pipeline waits for.
    fn waits(&mut self, pipeline: usize, spec: &PipelineSpec, node: usize) {
        for (index, after) in spec.schedule.iter().flat_map(|schedule| &schedule.after).enumerate() {
            if !spec.library.iter().any(|library| library.table == after.table) {
                let to = self.node(Node::Table(after.table.clone()));
                self.edges[node].push(Edge { to, pipeline, path: format!("schedule.after[{index}].table") });
            }
        }
    }

    fn node(&mut self, node: Node) -> usize {
        if let Some(found) = self.index.get(&node) {
            return *found;
        }
        let index = self.nodes.len();
        self.index.insert(node.clone(), index);
        self.nodes.push(node);
        self.edges.push(Vec::new());
        index
    }

    /// Indices of the sources a relation of a pipeline reads, directly or not, within the pipeline.
    pub(super) fn sources(&self, world: &World<'_>, pipeline: usize, relation: &str) -> BTreeSet<usize> {
        let mut open: Vec<usize> =
            self.index.get(&Node::Relation(pipeline, relation.to_owned())).copied().into_iter().collect();
        let mut seen: BTreeSet<usize> = open.iter().copied().collect();
        let mut found = BTreeSet::new();
        while let Some(node) = open.pop() {
            if let Node::Relation(at, name) = &self.nodes[node]
                && *at == pipeline
            {
                found.extend(world.pipeline(pipeline).source.iter().position(|source| source.name == *name));
                open.extend(self.edges[node].iter().map(|edge| edge.to).filter(|to| seen.insert(*to)));
            }
        }
        found
    }

    /// Reports every circle once, where it closes.
    pub(super) fn cycles(&self, world: &World<'_>, list: &mut Vec<Diagnostic>) {
        let mut state = vec![State::New; self.nodes.len()];
        for start in 0..self.nodes.len() {
            if state[start] != State::New {
                continue;
            }
            state[start] = State::Open;
            let mut stack = vec![(start, 0)];
            while let Some((node, next)) = stack.last_mut() {
                let Some(edge) = self.edges[*node].get(*next) else {
                    state[*node] = State::Done;
                    stack.pop();
                    continue;
                };
                *next += 1;
                match state[edge.to] {
                    State::New => {
                        state[edge.to] = State::Open;
                        stack.push((edge.to, 0));
                    }
                    State::Open => {
                        let members: Vec<usize> =
                            stack.iter().map(|(node, _)| *node).skip_while(|node| *node != edge.to).collect();
                        self.report(world, edge, &members, list);
                    }
                    State::Done => {}
                }
            }
        }
    }

    fn report(&self, world: &World<'_>, edge: &Edge, members: &[usize], list: &mut Vec<Diagnostic>) {
        const MOST: usize = 12;
        let shown = members.iter().chain(members.first()).take(MOST);
        let names: Vec<&str> = shown
            .map(|node| match &self.nodes[*node] {
                Node::Relation(_, name) | Node::Table(name) => name.as_str(),
            })
            .collect();
        let place = &world.draft.pipelines[edge.pipeline].place;
        let mut desk = Desk::new(place, &world.draft.sources, list);
        desk.value(&edge.path, Mistake::Cycle { path: names.join(" → ") });
    }

    /// Warns of sources and transforms that nothing reads.
    pub(super) fn unused(&self, world: &World<'_>, pipeline: usize, desk: &mut Desk<'_>) {
        let spec = world.pipeline(pipeline);
        // Where something reads what is not there, or cannot be read itself, the unused is probably meant.
        let doubtful = spec.transform.iter().enumerate().any(|(index, transform)| {
            let reads = &world.reads[pipeline][index];
            let unparsed = transform.sql.is_some() && reads.is_empty();
            unparsed || inputs(transform, reads, index).iter().any(|(input, _)| !is_relation(spec, input))
        });
        let ends = spec.library.iter().any(|library| !is_relation(spec, &library.from));
        if doubtful || ends {
            return;
        }
        let mut used: BTreeSet<&str> = spec.library.iter().map(|library| library.from.as_str()).collect();
        used.extend(spec.supply.iter().map(|supply| supply.from.as_str()));
        for edge in self.edges.iter().flatten().filter(|edge| edge.pipeline == pipeline) {
            if let Node::Relation(_, name) = &self.nodes[edge.to] {
                used.insert(name);
            }
        }
        let sources = spec.source.iter().enumerate().map(|(at, one)| (format!("source[{at}].name"), &one.name));
        let transforms =
            spec.transform.iter().enumerate().map(|(at, one)| (format!("transform[{at}].name"), &one.name));
        for (path, name) in sources.chain(transforms) {
            if !used.contains(name.as_str()) && !name.is_empty() {
                desk.warn(&path, Mistake::Unused { name: super::world::cut(name) });
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Relations a transform reads, each with the path that names it.
fn inputs(transform: &TransformSpec, reads: &[String], index: usize) -> Vec<(String, String)> {
    let path = |rest: &str| format!("transform[{index}].{rest}");
    let mut inputs = Vec::new();
    inputs.extend(transform.from.iter().map(|from| (from.clone(), path("from"))));
    if let Some(join) = &transform.join {
        inputs.push((join.left.clone(), path("join.left")));
        inputs.push((join.right.clone(), path("join.right")));
    }
    for (at, name) in transform.union.iter().flatten().enumerate() {
        inputs.push((name.clone(), path(&format!("union[{at}]"))));
    }
    inputs.extend(reads.iter().map(|name| (name.clone(), path("sql"))));
    inputs
}
