//! Titles of columns, as the catalogue names them: `mobile` → 联系电话.

use std::collections::{BTreeMap, BTreeSet};

use pipelines::problem::Problem;
use pipelines::project::Project;

use crate::Language;
use crate::messages::Messages;

/// Column name → title, within one pipeline, and of every item by its resource.
#[derive(Debug, Default, Clone)]
pub(crate) struct Titles {
    columns: BTreeMap<String, String>,
    items: BTreeMap<(String, String), String>,
}

impl Titles {
    /// The titles a pipeline's columns have, for readers of Chinese; nobody else knows them. Where two of its resources
    /// title a name differently, the one that is read first gives it.
    pub(crate) fn of(project: &Project, messages: Messages, pipeline: &str) -> Self {
        let mut titles = Self::default();
        if messages.language() != Language::Zh {
            return titles;
        }
        let mut codes = Vec::new();
        resources(project, pipeline, &mut codes, &mut BTreeSet::new());
        titles.name(codes.iter().filter_map(|code| project.resources.get(code)));
        for resource in project.resources.values() {
            let named = |item: &catalog::Item| ((resource.code.clone(), item.name.clone()), item.title.clone());
            titles.items.extend(resource.item.iter().map(named));
        }
        titles
    }

    /// The titles of all resources, where no pipeline is known.
    pub(crate) fn of_all(project: &Project, messages: Messages) -> Self {
        let mut titles = Self::of(project, messages, "");
        if messages.language() == Language::Zh {
            titles.name(project.resources.values());
        }
        titles
    }

    fn name<'a>(&mut self, resources: impl Iterator<Item = &'a catalog::Resource>) {
        for item in resources.flat_map(|resource| &resource.item) {
            self.columns.entry(item.name.clone()).or_insert_with(|| item.title.clone());
        }
    }

    /// The title of a column, or its name; several columns one by one.
    pub(crate) fn title(&self, column: &str) -> String {
        let one = |name: &str| self.columns.get(name.trim()).map_or_else(|| name.trim().to_owned(), Clone::clone);
        column.split(',').map(one).collect::<Vec<_>>().join("、")
    }

    /// The title of an item of a resource, or its name.
    pub(crate) fn item(&self, resource: &str, name: &str) -> String {
        self.items.get(&(resource.to_owned(), name.to_owned())).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// A problem whose `field` and `column` carry titles.
    pub(crate) fn titled(&self, problem: &Problem) -> Problem {
        let mut problem = problem.clone();
        let resource = problem.params.get("resource").cloned().unwrap_or_default();
        for name in ["field", "column"] {
            if let Some(value) = problem.params.get_mut(name) {
                let item = self.items.get(&(resource.clone(), value.clone()));
                *value = item.cloned().unwrap_or_else(|| self.title(value));
            }
        }
        problem
    }
}

/// Codes of the resources behind a pipeline, its own sources first, then those behind the libraries it reads.
fn resources(project: &Project, pipeline: &str, codes: &mut Vec<String>, seen: &mut BTreeSet<String>) {
    let Some(pipeline) = project.pipeline(pipeline).filter(|_| seen.insert(pipeline.to_owned())) else {
        return;
    };
    let spec = &pipeline.spec;
    codes.extend(spec.source.iter().filter_map(|source| source.resource.clone()));
    let read = spec.source.iter().filter_map(|source| source.library.as_deref());
    for table in read.chain(spec.supply.iter().map(|supply| supply.from.as_str())) {
        if let Some((builder, _)) = project.builder_of(table) {
            resources(project, &builder.spec.pipeline.id, codes, seen);
        }
    }
}
