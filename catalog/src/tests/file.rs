//! What only a catalog in a file promises: who can read it, what stays in it, which SQLite may touch it.

use super::on_sqlite::World;
use crate::key::NewKey;
use crate::store::check_file_version;
use crate::{Catalog, Clock, Error, StoreFault};
use std::sync::Arc;

#[tokio::test]
async fn a_destroyed_key_is_gone_from_the_files_too() {
    let world = World::new().await;
    let canary = b"0123456789abcdef-wrapped-canary-";
    let key = NewKey {
        id: "pseudonym/inclusive_finance/1".to_owned(),
        kind: "pseudonym".to_owned(),
        length_bits: 256,
        owner: "scenario:inclusive_finance".to_owned(),
        wrapped: canary.to_vec(),
        starts_at: world.clock.now(),
        ends_at: None,
    };
    world.catalog.put_key(&world.actor, &key).await.unwrap();
    world.catalog.destroy_key(&world.actor, &key.id).await.unwrap();
    let needle = hex::encode(canary).into_bytes();
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(needle.len()).any(|window| window == needle));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.publish("a", "1").await;
    let mut seen = 0;
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        seen += 1;
    }
    assert!(seen >= 2, "the write-ahead log is there too");
}

#[test]
fn an_sqlite_with_the_reset_defect_is_refused() {
    for safe in ["3.51.3", "3.52.0", "3.50.7", "3.44.6", "4.0.0"] {
        check_file_version(safe).unwrap();
    }
    for unsafe_version in ["3.51.2", "3.50.6", "3.49.9", "3.44.5", "3.7.0", "3", "x"] {
        assert!(matches!(check_file_version(unsafe_version), Err(Error::SqliteTooOld { .. })), "{unsafe_version}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_catalog_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "姓名,电话\n张三,13912345678\n".repeat(200)).unwrap();
    let refused = Catalog::open(&path, Arc::new(crate::SystemClock)).await.unwrap_err();
    assert!(matches!(refused, Error::Store { fault: StoreFault::Corrupt }));
    assert!(!refused.to_string().contains("139"));
}

#[tokio::test]
async fn any_path_will_do() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a b.db", "台账.db", "50%3D.db", "q?x#y.db", "deep/er/ledger.db"] {
        let path = folder.path().join(name);
        let catalog = Catalog::open(&path, Arc::new(crate::SystemClock)).await.unwrap();
        catalog.close().await;
        assert!(path.metadata().unwrap().len() > 0, "{name}");
    }
}
