//! Intents: the point after which a publication is repeated until it is done.

use super::tx::WriteTx;
use super::{Catalog, occurrences, row};
use crate::audit::Event;
use crate::ledger::{Disposition, Intent, NewIntent, Permit};
use crate::{Actor, Error, Refusal};
use serde_json::json;
use sqlx::{query, query_scalar};

impl Catalog {
    /// Records what will be published and gives it the target's next publish sequence, all in one transaction:
    /// the lease is current, the policy is the planned one, every permit's grant is live today and unchanged, no
    /// earlier intent of the target waits. Repeating it for the same manifest returns the recorded intent.
    ///
    /// # Errors
    /// K304 stale lease, K306 earlier intent, K307 another manifest, K308 ended occurrence, K309 policy changed,
    /// K310 permit refused (nothing is recorded but the refusal's audit entry), K314 wrong target.
    pub async fn record_intent(&self, actor: &Actor, new: &NewIntent) -> Result<Intent, Error> {
        let mut tx = self.write(actor).await?;
        tx.fence(&new.target, new.lease_token).await?;
        let occurrence = tx.occurrence(&new.occurrence).await?;
        if occurrence.target != new.target {
            return Err(Error::Mismatch { what: format!("target {}", new.target) });
        }
        if let Some(intent) = tx.intent_of(&new.occurrence).await? {
            if intent.manifest_digest == new.manifest_digest {
                return Ok(intent);
            }
            return Err(match occurrence.disposition {
                Disposition::Succeeded => occurrences::finished(&occurrence),
                _ => Error::OtherIntent { occurrence: new.occurrence.clone() },
            });
        }
        if occurrence.disposition.terminal() {
            return Err(occurrences::finished(&occurrence));
        }
        if let Some(earlier) = tx.pending(&new.target).await?.first() {
            return Err(Error::EarlierIntent { target: new.target.clone(), sequence: earlier.publish_sequence });
        }
        if let Err(refused) = tx.permit(new).await {
            if let Error::PermitRefused { .. } | Error::PolicyChanged = refused {
                let detail = json!({ "occurrence": new.occurrence, "refusal": refused });
                tx.audit(Event::failed("publish", occurrence.pipeline, &new.target, detail));
                tx.commit().await?;
            }
            return Err(refused);
        }
        let intent = tx.insert_intent(new).await?;
        let detail = json!({
            "occurrence": new.occurrence, "key": occurrence.key, "sequence": intent.publish_sequence,
            "manifest": new.manifest_digest, "permits": new.permits,
        });
        tx.audit(Event::intent("publish", occurrence.pipeline, &new.target, detail));
        tx.commit().await?;
        Ok(intent)
    }

    /// Intents of a target that are not published yet, in order; at most one unless the ledger was tampered with.
    ///
    /// # Errors
    /// K301.
    pub async fn pending_intents(&self, actor: &Actor, target: &str) -> Result<Vec<Intent>, Error> {
        let rows = query(PENDING).bind(&actor.tenant).bind(target).fetch_all(&self.reader).await?;
        rows.iter().map(row::intent).collect()
    }
}

const PENDING: &str =
    "SELECT * FROM intent WHERE tenant = $1 AND target = $2 AND state = 'pending' ORDER BY publish_sequence";

impl WriteTx {
    pub(super) async fn pending(&mut self, target: &str) -> Result<Vec<Intent>, Error> {
        let tenant = self.tenant.clone();
        let rows = query(PENDING).bind(tenant).bind(target).fetch_all(self.conn()).await?;
        rows.iter().map(row::intent).collect()
    }

    pub(super) async fn intent_of(&mut self, occurrence: &str) -> Result<Option<Intent>, Error> {
        let tenant = self.tenant.clone();
        let found = query("SELECT * FROM intent WHERE tenant = $1 AND occurrence_id = $2 AND state <> 'abandoned'")
            .bind(tenant)
            .bind(occurrence)
            .fetch_optional(self.conn())
            .await?;
        found.as_ref().map(row::intent).transpose()
    }

    pub(super) async fn last_sequence(&mut self, target: &str) -> Result<i64, Error> {
        let tenant = self.tenant.clone();
        let last: Option<i64> = query_scalar("SELECT last_sequence FROM target WHERE tenant = $1 AND target = $2")
            .bind(tenant)
            .bind(target)
            .fetch_optional(self.conn())
            .await?;
        Ok(last.unwrap_or(0))
    }

    /// The publish permit: grants and policy as they stand inside this transaction.
    async fn permit(&mut self, new: &NewIntent) -> Result<(), Error> {
        if let Some(planned) = &new.policy_digest
            && self.policy_digest().await?.as_ref() != Some(planned)
        {
            return Err(Error::PolicyChanged);
        }
        for Permit { grant, digest } in &new.permits {
            let refused = |refusal| Error::PermitRefused { refusal };
            let Some(stored) = self.grant(grant).await? else {
                return Err(refused(Refusal::Unknown { grant: grant.clone() }));
            };
            stored.grant.live(self.today).map_err(refused)?;
            if stored.digest != *digest {
                return Err(refused(Refusal::Changed { grant: grant.clone() }));
            }
        }
        Ok(())
    }

    async fn insert_intent(&mut self, new: &NewIntent) -> Result<Intent, Error> {
        let (tenant, id, now, epoch) = (self.tenant.clone(), self.new_id(), self.now_text(), self.epoch().await?);
        let sequence = self.last_sequence(&new.target).await? + 1;
        query(
            "INSERT INTO intent (tenant, id, occurrence_id, target, publish_sequence, epoch, manifest_path, manifest_digest, \
             cursor_after, permits, lease_token, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12)",
        )
        .bind(tenant)
        .bind(&id)
        .bind(&new.occurrence)
        .bind(&new.target)
        .bind(sequence)
        .bind(&epoch)
        .bind(&new.manifest_path)
        .bind(&new.manifest_digest)
        .bind(&new.cursor_after)
        .bind(crate::digest::canonical_json(&new.permits)?)
        .bind(new.lease_token)
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(Intent {
            id,
            occurrence: new.occurrence.clone(),
            target: new.target.clone(),
            publish_sequence: sequence,
            epoch,
            manifest_path: new.manifest_path.clone(),
            manifest_digest: new.manifest_digest.clone(),
            cursor_after: new.cursor_after.clone(),
            published: false,
        })
    }
}
