//! Seeded sampling of rows by their content.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;

use crate::error::Error;
use crate::fingerprint;

/// Which rows are in the sample: each with probability `rate`, decided by the row's content and `seed` alone.
///
/// The order of rows, batches and partitions has no influence, a re-run keeps the same rows, and equal rows are kept
/// or left out together. `columns` decide; give the key if the sample must not change when other columns do. Under one
/// seed a smaller rate keeps a part of what a larger rate keeps.
///
/// # Errors
/// [`Error::Rate`] unless `rate` lies between 0 and 1; as [`fingerprint::rows`] otherwise.
pub fn keep(columns: &[ArrayRef], rate: f64, seed: u64) -> Result<BooleanArray, Error> {
    if !(0.0..=1.0).contains(&rate) {
        return Err(Error::Rate);
    }
    // 2^64 saturates to the greatest threshold, for which the comparison below is not needed.
    let threshold = (rate * 2f64.powi(64)) as u64;
    let mut kept = Vec::new();
    fingerprint::visit(columns, seed, |hash| {
        kept.push(rate >= 1.0 || (hash as u64) < threshold);
    })?;
    Ok(BooleanArray::new(BooleanBuffer::from(kept), None))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::Int64Array;
    use arrow::compute::take;

    use super::*;

    fn column(range: std::ops::Range<i64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(range))
    }

    fn bits(sample: &BooleanArray) -> Vec<bool> {
        sample.values().iter().collect()
    }

    #[test]
    fn the_rate_is_about_kept() {
        let sample = keep(&[column(0..100_000)], 0.1, 7).unwrap();
        assert!((9_500..10_500).contains(&sample.true_count()), "{}", sample.true_count());
        assert_eq!(keep(&[column(0..1000)], 0.0, 7).unwrap().true_count(), 0);
        assert_eq!(keep(&[column(0..1000)], 1.0, 7).unwrap().true_count(), 1000);
    }

    #[test]
    fn batches_and_order_do_not_matter_but_the_seed_does() {
        let whole = bits(&keep(&[column(0..1000)], 0.5, 7).unwrap());
        let halves = [0..400, 400..1000].map(|range| bits(&keep(&[column(range)], 0.5, 7).unwrap()));
        assert_eq!(whole, halves.concat());

        let backwards = arrow::array::UInt32Array::from_iter_values((0..1000).rev());
        let turned = take(&column(0..1000), &backwards, None).unwrap();
        let mut turned = bits(&keep(&[turned], 0.5, 7).unwrap());
        turned.reverse();
        assert_eq!(whole, turned);
        assert_ne!(whole, bits(&keep(&[column(0..1000)], 0.5, 8).unwrap()));
    }

    #[test]
    fn a_smaller_sample_is_part_of_a_larger_one() {
        let small = bits(&keep(&[column(0..1000)], 0.2, 7).unwrap());
        let large = bits(&keep(&[column(0..1000)], 0.6, 7).unwrap());
        assert!(small.iter().zip(&large).all(|(small, large)| !small || *large));
    }

    #[test]
    fn odd_rates_are_refused() {
        for rate in [-0.1, 1.1, f64::NAN] {
            assert_eq!(keep(&[column(0..1)], rate, 0), Err(Error::Rate));
        }
    }
}
