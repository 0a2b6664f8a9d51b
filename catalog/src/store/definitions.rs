//! What was imported from files: organisations, resources, the policy's digest, grants.

use super::tx::WriteTx;
use super::{Catalog, row};
use crate::audit::Event;
use crate::grant::Provenance;
use crate::resource::{Organisation, Resource};
use crate::{Actor, Error, Grant, StoredGrant, digest};
use serde::Serialize;
use serde_json::json;
use sqlx::{Row, query, query_scalar};
use std::collections::BTreeMap;

/// A whole set of definitions; what is in the catalog but not here is removed.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// Organisations.
    pub organisations: &'a [Organisation],
    /// Resources.
    pub resources: &'a [Resource],
    /// Digest of the policy in force from now on, [`crate::Policy::digest`].
    pub policy_digest: &'a str,
    /// Grants; stored with provenance `file`.
    pub grants: &'a [Grant],
}

/// How many definitions an import changed; none if it repeated what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// New ones.
    pub added: u64,
    /// Ones with another content than before.
    pub changed: u64,
    /// Ones that are gone.
    pub removed: u64,
}

struct Definition {
    digest: String,
    body: String,
}

type Definitions = BTreeMap<(&'static str, String), Definition>;

impl Catalog {
    /// Makes the catalog's definitions equal to these, in one transaction with an audit entry for each difference.
    ///
    /// # Errors
    /// K301; K314 when two definitions of a kind share an id.
    pub async fn import(&self, actor: &Actor, import: Import<'_>) -> Result<Imported, Error> {
        let wanted = definitions(import)?;
        let mut tx = self.write(actor).await?;
        let present = query("SELECT kind, id, digest FROM definition WHERE tenant = $1")
            .bind(&actor.tenant)
            .fetch_all(tx.conn())
            .await?;
        let mut known: BTreeMap<(String, String), String> = BTreeMap::new();
        for row in present {
            known.insert((row.try_get("kind")?, row.try_get("id")?), row.try_get("digest")?);
        }
        let mut imported = Imported::default();
        for ((kind, id), definition) in &wanted {
            let before = known.remove(&((*kind).to_owned(), id.clone()));
            match &before {
                Some(digest) if *digest == definition.digest => continue,
                Some(_) => imported.changed += 1,
                None => imported.added += 1,
            }
            store(&mut tx, kind, id, definition).await?;
            let act = if before.is_some() { "changed" } else { "added" };
            audit(&mut tx, kind, id, act, before.as_deref(), Some(&definition.digest));
        }
        for ((kind, id), before) in known {
            imported.removed += 1;
            remove(&mut tx, &kind, &id).await?;
            audit(&mut tx, &kind, &id, "removed", Some(&before), None);
        }
        tx.commit().await?;
        Ok(imported)
    }

    /// All grants of the tenant in the order of their numbers.
    ///
    /// # Errors
    /// K301.
    pub async fn grants(&self, actor: &Actor) -> Result<Vec<StoredGrant>, Error> {
        let rows = query("SELECT body, digest FROM definition WHERE tenant = $1 AND kind = 'grant' ORDER BY id")
            .bind(&actor.tenant)
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(|row| stored_grant(row.try_get("body")?, row.try_get("digest")?)).collect()
    }

    /// All resources of the tenant in the order of their codes.
    ///
    /// # Errors
    /// K301.
    pub async fn resources(&self, actor: &Actor) -> Result<Vec<Resource>, Error> {
        self.bodies(actor, "resource").await
    }

    /// All organisations of the tenant in the order of their ids.
    ///
    /// # Errors
    /// K301.
    pub async fn organisations(&self, actor: &Actor) -> Result<Vec<Organisation>, Error> {
        self.bodies(actor, "organisation").await
    }

    /// Digest of the policy in force, if one was imported.
    ///
    /// # Errors
    /// K301.
    pub async fn policy_digest(&self, actor: &Actor) -> Result<Option<String>, Error> {
        Ok(query_scalar(POLICY).bind(&actor.tenant).fetch_optional(&self.reader).await?)
    }

    async fn bodies<T: serde::de::DeserializeOwned>(&self, actor: &Actor, kind: &str) -> Result<Vec<T>, Error> {
        let bodies: Vec<String> =
            query_scalar("SELECT body FROM definition WHERE tenant = $1 AND kind = $2 ORDER BY id")
                .bind(&actor.tenant)
                .bind(kind)
                .fetch_all(&self.reader)
                .await?;
        bodies.iter().map(|body| serde_json::from_str(body).map_err(|_| row::decode())).collect()
    }
}

const POLICY: &str = "SELECT digest FROM definition WHERE tenant = $1 AND kind = 'policy'";

impl WriteTx {
    pub(super) async fn grant(&mut self, id: &str) -> Result<Option<StoredGrant>, Error> {
        let row = query("SELECT body, digest FROM definition WHERE tenant = $1 AND kind = 'grant' AND id = $2")
            .bind(self.tenant.clone())
            .bind(id)
            .fetch_optional(self.conn())
            .await?;
        row.map(|row| stored_grant(row.try_get("body")?, row.try_get("digest")?)).transpose()
    }

    pub(super) async fn policy_digest(&mut self) -> Result<Option<String>, Error> {
        Ok(query_scalar(POLICY).bind(self.tenant.clone()).fetch_optional(self.conn()).await?)
    }
}

fn stored_grant(body: &str, digest: String) -> Result<StoredGrant, Error> {
    let grant = serde_json::from_str(body).map_err(|_| row::decode())?;
    Ok(StoredGrant { grant, provenance: Provenance::File, digest })
}

fn definitions(import: Import<'_>) -> Result<Definitions, Error> {
    let mut all = Definitions::new();
    for organisation in import.organisations {
        add(&mut all, "organisation", &organisation.id, organisation)?;
    }
    for resource in import.resources {
        add(&mut all, "resource", &resource.code, resource)?;
    }
    for grant in import.grants {
        add(&mut all, "grant", &grant.id, grant)?;
    }
    let policy = Definition { digest: import.policy_digest.to_owned(), body: "null".to_owned() };
    all.insert(("policy", "policy".to_owned()), policy);
    Ok(all)
}

fn add<T: Serialize>(all: &mut Definitions, kind: &'static str, id: &str, value: &T) -> Result<(), Error> {
    let body = digest::canonical_json(value)?;
    let definition = Definition { digest: digest::sm3_hex(body.as_bytes()), body };
    match all.insert((kind, id.to_owned()), definition) {
        None => Ok(()),
        Some(_) => Err(Error::Mismatch { what: format!("a second {kind} {id}") }),
    }
}

async fn store(tx: &mut WriteTx, kind: &str, id: &str, definition: &Definition) -> Result<(), Error> {
    let (tenant, now) = (tx.tenant.clone(), tx.now_text());
    query(
        "INSERT INTO definition (tenant, kind, id, digest, body, provenance, imported_at) VALUES ($1, $2, $3, $4, $5, 'file', $6) \
         ON CONFLICT (tenant, kind, id) DO UPDATE SET digest = excluded.digest, body = excluded.body, \
         provenance = excluded.provenance, imported_at = excluded.imported_at",
    )
    .bind(tenant)
    .bind(kind)
    .bind(id)
    .bind(&definition.digest)
    .bind(&definition.body)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn remove(tx: &mut WriteTx, kind: &str, id: &str) -> Result<(), Error> {
    let tenant = tx.tenant.clone();
    query("DELETE FROM definition WHERE tenant = $1 AND kind = $2 AND id = $3")
        .bind(tenant)
        .bind(kind)
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn audit(tx: &mut WriteTx, kind: &str, id: &str, act: &str, before: Option<&str>, after: Option<&str>) {
    let detail = json!({ "act": act, "before": before, "after": after, "provenance": "file" });
    tx.audit(Event::done(&format!("{kind}.import"), "import", id, detail));
}
