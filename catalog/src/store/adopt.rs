//! Reconciling a catalog that was restored from an older copy with what its targets hold.

use super::Catalog;
use super::tx::WriteTx;
use crate::audit::Event;
use crate::ledger::{AdoptTarget, Adopted, Disposition, FoundCommit, Intent, NewOccurrence};
use crate::{Actor, Error};
use serde_json::json;
use sqlx::query;

impl Catalog {
    /// Takes the commits found in a target's own log into a ledger that does not know them, and sets the target's next
    /// publish sequence above all of them. Commits that the ledger knows are left alone. An intent whose place the
    /// target gave to another commit is abandoned and its occurrence opened again; an intent that is the newest commit
    /// found stays for [`Catalog::complete`].
    ///
    /// # Errors
    /// K312 when the target holds another commit in the place of one that the ledger published.
    pub async fn adopt(&self, actor: &Actor, target: &AdoptTarget, commits: &[FoundCommit]) -> Result<Adopted, Error> {
        let mut commits: Vec<&FoundCommit> = commits.iter().collect();
        commits.sort_by_key(|commit| commit.sequence);
        let newest = commits.last().map_or(0, |commit| commit.sequence);
        let mut tx = self.write(actor).await?;
        let mut adopted = Adopted { recorded: 0, known: 0, abandoned: 0, next_sequence: 0 };
        for commit in commits {
            match tx.intent_at(&target.target, commit.sequence).await? {
                Some(known) if known.manifest_digest == commit.manifest_digest => {
                    if known.published || commit.sequence == newest {
                        adopted.known += 1;
                    } else {
                        tx.record_found(&known, commit, target).await?;
                        adopted.recorded += 1;
                    }
                }
                Some(known) if known.published => {
                    return Err(Error::AdoptConflict { target: target.target.clone(), sequence: commit.sequence });
                }
                other => {
                    adopted.abandoned += u64::from(other.is_some());
                    if let Some(pending) = other {
                        tx.abandon(&pending).await?;
                    }
                    adopted.abandoned += tx.insert_found(commit, target).await?;
                    adopted.recorded += 1;
                }
            }
        }
        adopted.next_sequence = tx.last_sequence(&target.target).await? + 1;
        if adopted.recorded > 0 || adopted.abandoned > 0 {
            let detail = json!({
                "recorded": adopted.recorded, "known": adopted.known, "abandoned": adopted.abandoned,
                "next_sequence": adopted.next_sequence,
            });
            tx.audit(Event::done("adopted", &target.pipeline, &target.target, detail));
            tx.commit().await?;
        }
        Ok(adopted)
    }
}

impl WriteTx {
    async fn intent_at(&mut self, target: &str, sequence: i64) -> Result<Option<Intent>, Error> {
        let tenant = self.tenant.clone();
        let found = query(
            "SELECT * FROM intent WHERE tenant = $1 AND target = $2 AND publish_sequence = $3 AND state <> 'abandoned'",
        )
        .bind(tenant)
        .bind(target)
        .bind(sequence)
        .fetch_optional(self.conn())
        .await?;
        found.as_ref().map(super::row::intent).transpose()
    }

    async fn abandon(&mut self, intent: &Intent) -> Result<(), Error> {
        let tenant = self.tenant.clone();
        query("UPDATE intent SET state = 'abandoned' WHERE tenant = $1 AND id = $2")
            .bind(tenant)
            .bind(&intent.id)
            .execute(self.conn())
            .await?;
        self.set_disposition(&intent.occurrence, Disposition::Pending, None).await
    }

    /// Records a commit whose intent the ledger lost, with its occurrence; returns how many intents gave way.
    async fn insert_found(&mut self, commit: &FoundCommit, target: &AdoptTarget) -> Result<u64, Error> {
        let occurrence = self
            .get_or_create(&NewOccurrence {
                pipeline: target.pipeline.clone(),
                job: target.job.clone(),
                target: target.target.clone(),
                key: commit.occurrence_key.clone(),
                biz_date: None,
                scheduled_at: None,
                interval_start: None,
                interval_end: None,
                definition_digest: String::new(),
                policy_digest: String::new(),
                grants_digest: String::new(),
            })
            .await?;
        let mut abandoned = 0;
        if let Some(other) = self.intent_of(&occurrence.id).await? {
            if other.published {
                return Err(Error::AdoptConflict { target: target.target.clone(), sequence: commit.sequence });
            }
            self.abandon(&other).await?;
            abandoned = 1;
        }
        let intent = Intent {
            id: self.new_id(),
            occurrence: occurrence.id,
            target: target.target.clone(),
            publish_sequence: commit.sequence,
            epoch: commit.epoch.clone(),
            manifest_path: String::new(),
            manifest_digest: commit.manifest_digest.clone(),
            cursor_after: commit.cursor_after.clone(),
            published: true,
        };
        self.insert_adopted(&intent).await?;
        self.record_found(&intent, commit, target).await?;
        Ok(abandoned)
    }

    async fn insert_adopted(&mut self, intent: &Intent) -> Result<(), Error> {
        let (tenant, now) = (self.tenant.clone(), self.now_text());
        query(
            "INSERT INTO intent (tenant, id, occurrence_id, target, publish_sequence, epoch, manifest_path, manifest_digest, \
             cursor_after, permits, lease_token, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, '[]', 0, 'pending', $9)",
        )
        .bind(tenant)
        .bind(&intent.id)
        .bind(&intent.occurrence)
        .bind(&intent.target)
        .bind(intent.publish_sequence)
        .bind(&intent.epoch)
        .bind(&intent.manifest_digest)
        .bind(&intent.cursor_after)
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    async fn record_found(&mut self, intent: &Intent, commit: &FoundCommit, target: &AdoptTarget) -> Result<(), Error> {
        self.mark_published(intent, commit.version, None).await?;
        if commit.sequence > self.last_sequence(&target.target).await? {
            self.move_target(intent, commit.version).await?;
        }
        let reason = json!({ "adopted": true, "sequence": commit.sequence });
        self.set_disposition(&intent.occurrence, Disposition::Succeeded, Some(&reason)).await
    }
}
