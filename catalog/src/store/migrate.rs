//! Brings a database to the newest schema, in one transaction that several processes may race for.

use super::dialect::Dialect;
use crate::Error;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, query, query_scalar, raw_sql};

/// All migrations in order; a released one is never edited, a change is a new file and a new line here.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001_first.sql"), include_str!("migrations/0002_schedule.sql")];

pub(super) async fn migrate(dialect: Dialect, pool: &AnyPool) -> Result<(), Error> {
    let (mut tx, _) = dialect.begin(pool).await?;
    let connection: &mut AnyConnection = &mut tx;
    raw_sql("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)")
        .execute(&mut *connection)
        .await?;
    let found: i64 =
        query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_version").fetch_one(&mut *connection).await?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(Error::SchemaNewer { found, known });
    }
    for (version, sql) in (1..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= found) {
        raw_sql(AssertSqlSafe(dialect.migration(sql))).execute(&mut *connection).await?;
        query("INSERT INTO schema_version (version) VALUES ($1)").bind(version).execute(&mut *connection).await?;
    }
    Ok(tx.commit().await?)
}
