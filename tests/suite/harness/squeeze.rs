//! Compressing inputs.

use tokio::io::AsyncWriteExt;

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Gzip of a piece repeated so many times.
pub(crate) fn gzip(piece: &[u8], times: usize) -> Vec<u8> {
    block(async {
        let mut encoder =
            async_compression::tokio::write::GzipEncoder::with_quality(Vec::new(), async_compression::Level::Best);
        for _ in 0..times {
            encoder.write_all(piece).await.unwrap();
        }
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    })
}
