//! The key registry: wrapped keys by id.

use super::{Catalog, row};
use crate::audit::Event;
use crate::key::{KeyRecord, NewKey};
use crate::{Actor, Error, clock};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Row, query};

const BY_ID: &str = "SELECT * FROM wrapped_key WHERE tenant = $1 AND id = $2";

impl Catalog {
    /// Registers a key unless its id is taken, and returns the one that is registered then: of several workers that
    /// make the same key at once, the first wins and all use its key.
    ///
    /// # Errors
    /// K301.
    pub async fn put_key(&self, actor: &Actor, key: &NewKey) -> Result<KeyRecord, Error> {
        let mut tx = self.write(actor).await?;
        if let Some(found) = query(BY_ID).bind(&actor.tenant).bind(&key.id).fetch_optional(tx.conn()).await? {
            return record(&found);
        }
        query(
            "INSERT INTO wrapped_key (tenant, id, kind, length_bits, owner, wrapped, starts_at, ends_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&actor.tenant)
        .bind(&key.id)
        .bind(&key.kind)
        .bind(i64::from(key.length_bits))
        .bind(&key.owner)
        .bind(hex::encode(&key.wrapped))
        .bind(clock::text(key.starts_at))
        .bind(key.ends_at.map(clock::text))
        .execute(tx.conn())
        .await?;
        let detail = json!({ "kind": key.kind, "length_bits": key.length_bits });
        tx.audit(Event::done("key.put", &key.owner, &key.id, detail));
        let found = query(BY_ID).bind(&actor.tenant).bind(&key.id).fetch_one(tx.conn()).await?;
        tx.commit().await?;
        record(&found)
    }

    /// A key of that id, also a destroyed one.
    ///
    /// # Errors
    /// K301.
    pub async fn get_key(&self, actor: &Actor, id: &str) -> Result<Option<KeyRecord>, Error> {
        let found = query(BY_ID).bind(&actor.tenant).bind(id).fetch_optional(&self.reader).await?;
        found.as_ref().map(record).transpose()
    }

    /// All keys, in the order of their ids.
    ///
    /// # Errors
    /// K301.
    pub async fn list_keys(&self, actor: &Actor) -> Result<Vec<KeyRecord>, Error> {
        let rows = query("SELECT * FROM wrapped_key WHERE tenant = $1 ORDER BY id")
            .bind(&actor.tenant)
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(record).collect()
    }

    /// Destroys a key: its wrapped bytes are overwritten here and in the write-ahead log, the record stays. Copies in
    /// backups of the catalog, and in pages and logs that a PostgreSQL server has not used again yet, are out of reach;
    /// they need the root key's rotation. Repeating it changes nothing.
    ///
    /// # Errors
    /// K303 for an unknown key.
    pub async fn destroy_key(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let mut tx = self.write(actor).await?;
        let found = query(BY_ID).bind(&actor.tenant).bind(id).fetch_optional(tx.conn()).await?;
        let found = found.ok_or_else(|| Error::NotFound { what: "key".to_owned(), id: id.to_owned() })?;
        let key = record(&found)?;
        if key.destroyed_at.is_none() {
            let now = tx.now_text();
            query("UPDATE wrapped_key SET wrapped = '', destroyed_at = $1 WHERE tenant = $2 AND id = $3")
                .bind(now)
                .bind(&actor.tenant)
                .bind(id)
                .execute(tx.conn())
                .await?;
            tx.audit(Event::done("key.destroy", &key.owner, id, json!({ "kind": key.kind })));
        }
        tx.commit().await?;
        self.dialect.forget_keys(&self.writer).await
    }
}

fn record(found: &AnyRow) -> Result<KeyRecord, Error> {
    Ok(KeyRecord {
        id: found.try_get("id")?,
        kind: found.try_get("kind")?,
        length_bits: u32::try_from(found.try_get::<i64, _>("length_bits")?).map_err(|_| row::decode())?,
        owner: found.try_get("owner")?,
        wrapped: hex::decode(found.try_get::<&str, _>("wrapped")?).map_err(|_| row::decode())?,
        starts_at: found.try_get("starts_at")?,
        ends_at: found.try_get("ends_at")?,
        destroyed_at: found.try_get("destroyed_at")?,
    })
}
