//! What the disk itself can do.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Times a second that four more KiB of a growing file reach the disk, as a write-ahead log makes them, over two seconds.
///
/// # Errors
/// When the folder cannot be written.
pub fn fsyncs_per_second(folder: &Path) -> io::Result<f64> {
    let path = folder.join("fsync.probe");
    let mut file = File::create(&path)?;
    let block = [0x5a_u8; 4096];
    let (started, mut times) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(2) {
        file.write_all(&block)?;
        file.sync_data()?;
        times += 1;
    }
    let rate = f64::from(times) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
