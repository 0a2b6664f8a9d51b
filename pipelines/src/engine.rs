//! The one entrance: a project opened with its ledger and keys, that plans and runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use catalog::audit::Event;
use catalog::clock::{Actor, SystemClock};
use catalog::grant::Grant;
use catalog::schedule::NewTick;
use catalog::store::{Catalog, Import};
use chrono::{NaiveDate, Utc};
use datafusion::arrow::array::RecordBatch;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::notice::courier::Courier;
use crate::occurrence;
use crate::plan::{self, Covered, Facts, Libraries, Plan};
use crate::project::{Pipeline, Project};
use crate::report::{Progress, RunReport};
use crate::run::{self, Order};
use crate::unseal::Unsealer;
use crate::vault::{Secrets, Vault, resolve};
use crate::when::Fire;
use crate::work::Work;

/// Occurrences a plan looks ahead.
const AHEAD: usize = 5;

/// A project that can be planned and run.
pub struct Engine {
    pub(crate) project: Arc<Project>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) work: Work,
    pub(crate) actor: Actor,
    pub(crate) owner: String,
    pub(crate) state: PathBuf,
    grants: BTreeMap<String, Grant>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.project.root.display())
    }
}

impl Engine {
    /// Opens the ledger and the vault under the project's state folder and imports its definitions.
    pub async fn open(project: Project, secrets: Arc<dyn Secrets>, user: &str) -> Result<Self, Error> {
        let state = project.root.join(&project.spec.state.path);
        std::fs::create_dir_all(&state).map_err(|error| Error::state("create", &state, &error))?;
        let catalog = match &project.spec.state.ledger {
            Some(name) => Catalog::connect(&resolve(name, secrets.as_ref())?, Arc::new(SystemClock)).await?,
            None => Catalog::open(&state.join("ledger.db"), Arc::new(SystemClock)).await?,
        };
        let catalog = Arc::new(catalog);
        let work = Work::new(&project.spec.limits, &state.join("spill"))?;
        Self::with(project, secrets, user, catalog, work).await
    }

    /// The engine of other definitions of the same project, on the same ledger: its definitions are imported. Bounds of
    /// memory and disk stay those of the process.
    pub async fn reopen(&self, project: Project) -> Result<Self, Error> {
        let (secrets, catalog) = (Arc::clone(&self.secrets), Arc::clone(&self.catalog));
        Self::with(project, secrets, &self.actor.name, catalog, self.work.clone()).await
    }

    /// The same engine with another definition of one pipeline, under the grants and the policy of today.
    #[must_use]
    pub fn pinned(&self, pipeline: Pipeline) -> Self {
        let mut project = Project::clone(&self.project);
        let id = &pipeline.spec.pipeline.id;
        match project.pipelines.iter_mut().find(|known| known.spec.pipeline.id == *id) {
            Some(known) => *known = pipeline,
            None => project.pipelines.push(pipeline),
        }
        Self {
            project: Arc::new(project),
            secrets: Arc::clone(&self.secrets),
            catalog: Arc::clone(&self.catalog),
            vault: Arc::clone(&self.vault),
            work: self.work.clone(),
            actor: self.actor.clone(),
            owner: self.owner.clone(),
            state: self.state.clone(),
            grants: self.grants.clone(),
        }
    }

    async fn with(
        project: Project,
        secrets: Arc<dyn Secrets>,
        user: &str,
        catalog: Arc<Catalog>,
        work: Work,
    ) -> Result<Self, Error> {
        let state = project.root.join(&project.spec.state.path);
        let actor = Actor::new(project.spec.project.id.clone(), user);
        let organisations: Vec<_> = project.organisations.values().cloned().collect();
        let resources: Vec<_> = project.resources.values().cloned().collect();
        let policy_digest = project.policy.digest()?;
        let import = Import {
            organisations: &organisations,
            resources: &resources,
            policy_digest: &policy_digest,
            grants: &project.grants,
        };
        catalog.import(&actor, import).await?;
        let stored = catalog.grants(&actor).await?;
        let grants = stored.into_iter().map(|stored| (stored.grant.id.clone(), stored.grant)).collect();
        let vault = Vault::open(&project.spec.keys, &state, secrets.as_ref(), Arc::clone(&catalog), actor.clone())?;
        Ok(Self {
            owner: format!("{user}@{}", host()),
            project: Arc::new(project),
            secrets,
            catalog,
            vault: Arc::new(vault),
            work,
            actor,
            state,
            grants,
        })
    }

    /// Whoever hands over notices, with the secrets of the project.
    pub fn courier(&self) -> Courier {
        Courier::new(Arc::clone(&self.secrets))
    }

    /// The project.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The catalog: runs, audit, grants, keys.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// On whose behalf everything happens.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Who and where this process is, for people.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The keys.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Folder of the project's state.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A grant as the catalog holds it.
    pub fn grant(&self, id: &str) -> Option<&Grant> {
        self.grants.get(id)
    }

    /// Plans a pipeline for a business date, or for the occurrence that is due now.
    pub async fn plan(&self, pipeline: &str, date: Option<NaiveDate>) -> Result<Plan, Error> {
        let pipeline = self.pipeline(pipeline)?;
        let zone = self.project.timezone(pipeline);
        let when = self.project.when(pipeline);
        let now = Utc::now();
        let covered = occurrence::current(when.as_ref(), zone, now, date)?.ok_or_else(|| Error::Template {
            step: "schedule".into(),
            detail: "no tick of it lies before now".into(),
        })?;
        let next = when.map(|when| occurrence::ahead(&when, now, AHEAD).0).unwrap_or_default();
        let facts = self.facts(pipeline).await?;
        let mut libraries = Libraries::default();
        plan::plan(&self.project, &facts, &mut libraries, pipeline, covered, next).await
    }

    /// Plans a tick of the schedule: what it covers is what it was promised with.
    pub async fn plan_tick(&self, tick: &NewTick) -> Result<Plan, Error> {
        let pipeline = self.pipeline(&tick.id.pipeline)?;
        let zone = self.project.timezone(pipeline);
        let (from, to) = (tick.interval_start.with_timezone(&zone), tick.interval_end.with_timezone(&zone));
        let last = Fire::covering(tick.interval_start, tick.interval_end, zone).last_business_date;
        let dates = (tick.biz_date, last.max(tick.biz_date));
        let covered = Covered::new(tick.id.key.clone(), dates, from, to);
        let next = vec![covered.clone()];
        let facts = self.facts(pipeline).await?;
        plan::plan(&self.project, &facts, &mut Libraries::default(), pipeline, covered, next).await
    }

    async fn facts(&self, pipeline: &Pipeline) -> Result<Facts, Error> {
        let builds = pipeline.spec.library.iter().map(|library| format!("library:{}", library.table));
        let supplies = pipeline.spec.supply.iter().map(|supply| format!("supply:{}/{}", supply.to, supply.dataset));
        let mut cursors = BTreeMap::new();
        for target in builds.chain(supplies) {
            if let Some(cursor) = self.catalog.cursor(&self.actor, &target).await? {
                cursors.insert(target, cursor);
            }
        }
        Ok(Facts { grants: self.grants.clone(), cursors, today: self.catalog.today() })
    }

    /// Runs a plan: exactly what it says.
    pub async fn run(
        &self,
        plan: &Plan,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> Result<RunReport, Error> {
        self.carry_out(plan, &Order::manual(&self.actor.name), progress, stop).await
    }

    /// Runs a plan on somebody's order.
    pub async fn carry_out(
        &self,
        plan: &Plan,
        order: &Order,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> Result<RunReport, Error> {
        run::run(self, plan, order, progress, stop).await
    }

    /// The first 10,000 rows of a quarantine file with their original values, for who holds the root key. The opening is
    /// on the audit log.
    pub async fn open_quarantine(&self, file: &Path) -> Result<Vec<RecordBatch>, Error> {
        self.opening("quarantine.open", file, async || Unsealer::new(&self.vault).rows(file, 10_000).await).await
    }

    /// Writes a supplied file with its sealed columns opened, for who holds the root key, and tells how many rows it
    /// has. The opening is on the audit log.
    pub async fn decrypt(&self, from: &Path, to: &Path) -> Result<u64, Error> {
        self.opening("supply.decrypt", from, async || Unsealer::new(&self.vault).copy(from, to).await).await
    }

    /// Opens a sealed file with its intent and its outcome on the audit log.
    async fn opening<T>(
        &self,
        kind: &str,
        file: &Path,
        open: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let nothing = serde_json::Value::Null;
        let intent = Event::intent(kind, &self.owner, &name, nothing.clone());
        self.catalog.append(&self.actor, intent).await?;
        let opened = open().await;
        let outcome = match &opened {
            Ok(_) => Event::done(kind, &self.owner, &name, nothing),
            Err(error) => Event::failed(kind, &self.owner, &name, serde_json::json!({ "code": error.problem().code })),
        };
        self.catalog.append(&self.actor, outcome).await?;
        opened
    }

    /// Pipeline ids, those that build a library before those that read it.
    pub fn order(&self) -> Vec<String> {
        let mut done: Vec<String> = Vec::new();
        let mut waiting: Vec<&Pipeline> = self.project.pipelines.iter().collect();
        while !waiting.is_empty() {
            let ready = |pipeline: &&Pipeline| self.project.upstream(pipeline).iter().all(|need| done.contains(need));
            let (now, later): (Vec<&Pipeline>, Vec<&Pipeline>) = waiting.iter().copied().partition(ready);
            let (now, later) = if now.is_empty() { (later, Vec::new()) } else { (now, later) };
            done.extend(now.into_iter().map(|pipeline| pipeline.spec.pipeline.id.clone()));
            waiting = later;
        }
        done
    }

    fn pipeline(&self, id: &str) -> Result<&Pipeline, Error> {
        self.project.pipeline(id).ok_or_else(|| Error::UnknownPipeline {
            pipeline: id.to_owned(),
            known: self
                .project
                .pipelines
                .iter()
                .map(|pipeline| pipeline.spec.pipeline.id.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Folder of a library table.
    pub fn library_root(&self, table: &str) -> PathBuf {
        self.project.root.join(&self.project.spec.libraries.path).join(table.replace('.', "/"))
    }

    /// Folder of a connection.
    pub fn connection_root(&self, connection: &str) -> Result<PathBuf, Error> {
        let spec = self
            .project
            .connections
            .get(connection)
            .ok_or_else(|| Error::Sql { step: connection.to_owned(), detail: "there is no such connection".into() })?;
        let path = resolve(&spec.path, self.secrets.as_ref())?;
        let root = self.project.root.join(path.as_str());
        std::fs::create_dir_all(&root).map_err(|error| Error::state("create", &root, &error))?;
        Ok(root)
    }

    /// Columns of a library table at a version.
    pub(crate) async fn columns_of(&self, root: &Path, version: i64) -> Result<Vec<String>, Error> {
        let folder = root.parent().unwrap_or(root);
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let table = connectors::delta::DeltaTable::open(&connectors::store::local(folder)?, &name).await?;
        let snapshot = table.snapshot(u64::try_from(version).ok()).await?;
        Ok(snapshot.schema().fields().iter().map(|field| field.name().clone()).collect())
    }
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| "local".into(), |name| name.trim().to_owned())
}
