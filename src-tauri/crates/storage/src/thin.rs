//! Thinning: fewer samples, the same picture.

use session::record::Sample;

/// Most samples kept of an ended stream.
pub(crate) const KEPT: usize = 600;

/// Each bucket of time keeps up to three samples.
const BUCKETS: u64 = (KEPT / 3) as u64;

/// Returns at most [`KEPT`] samples that draw the same curve; as many or fewer come back as they are.
///
/// Time is cut into equal buckets. Each keeps its mean, at the time of its middle sample, and beside it the lowest and
/// the highest sample as they were if they stray from the mean by more than a quarter: a drop of one second stays
/// visible in a stream of ten hours. A bucket without samples keeps none: gaps stay gaps. `samples` are in order.
pub(crate) fn thin(samples: &[Sample]) -> Vec<Sample> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    if samples.len() <= KEPT {
        return samples.to_vec();
    }
    let width_ms = (last.at_ms.saturating_sub(first.at_ms) + 1).div_ceil(BUCKETS);
    let bucket_of = |sample: &Sample| sample.at_ms.saturating_sub(first.at_ms) / width_ms;
    samples.chunk_by(|one, next| bucket_of(one) == bucket_of(next)).flat_map(condense).collect()
}

/// One to three samples for a bucket that has some, in order of time, no two at the same time.
fn condense(bucket: &[Sample]) -> Vec<Sample> {
    let middle = bucket[bucket.len() / 2];
    let mean = Sample {
        at_ms: middle.at_ms,
        bitrate_bps: mean_bps(bucket),
        fps: bucket.iter().map(|sample| sample.fps).sum::<f64>() / bucket.len() as f64,
        viewers: bucket.iter().map(|sample| sample.viewers).max().unwrap_or(0),
    };
    let lowest = bucket.iter().min_by_key(|sample| sample.bitrate_bps);
    let highest = bucket.iter().max_by_key(|sample| sample.bitrate_bps);
    let strays = |sample: &&Sample| sample.bitrate_bps.abs_diff(mean.bitrate_bps) > mean.bitrate_bps / 4;
    let mut kept: Vec<Sample> = lowest.into_iter().chain(highest).filter(strays).copied().collect();
    if kept.iter().all(|sample| sample.at_ms != mean.at_ms) {
        kept.push(mean);
    }
    kept.sort_by_key(|sample| sample.at_ms);
    kept.dedup_by_key(|sample| sample.at_ms);
    kept
}

fn mean_bps(bucket: &[Sample]) -> u64 {
    let sum: u128 = bucket.iter().map(|sample| u128::from(sample.bitrate_bps)).sum();
    u64::try_from(sum / bucket.len().max(1) as u128).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: u64, bitrate_bps: u64) -> Sample {
        Sample { at_ms, bitrate_bps, fps: 30.0, viewers: 1 }
    }

    fn steady(seconds: u64) -> Vec<Sample> {
        (0..seconds).map(|second| sample(second * 1000, 2_000_000)).collect()
    }

    #[test]
    fn a_short_stream_is_kept_whole() {
        let samples = steady(KEPT as u64);
        assert_eq!(thin(&samples), samples);
        assert_eq!(thin(&[]), []);
    }

    #[test]
    fn a_steady_stream_stays_level() {
        let thinned = thin(&steady(36_000));
        assert_eq!(thinned.len() as u64, BUCKETS);
        assert!(thinned.iter().all(|sample| sample.bitrate_bps == 2_000_000 && sample.fps == 30.0));
    }

    #[test]
    fn one_second_of_ten_hours_stays_visible() {
        let mut samples = steady(36_000);
        samples[20_000] = sample(20_000_000, 0);
        samples[30_000] = sample(30_000_000, 9_000_000);
        let thinned = thin(&samples);
        assert!(thinned.contains(&sample(20_000_000, 0)));
        assert!(thinned.contains(&sample(30_000_000, 9_000_000)));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut samples = steady(3_600);
        samples.retain(|sample| !(1_000_000..2_000_000).contains(&sample.at_ms));
        let thinned = thin(&samples);
        assert!(!thinned.iter().any(|sample| (1_000_000..2_000_000).contains(&sample.at_ms)));
        let longest_ms = thinned.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms).max().unwrap();
        assert!(longest_ms >= 1_000_000, "{longest_ms}");
    }

    #[test]
    fn the_wildest_stream_keeps_no_more_than_promised() {
        let wild = |second: u64| second.wrapping_mul(6_364_136_223_846_793_005) % 8_000_000;
        let samples: Vec<Sample> = (0..86_400).map(|second| sample(second * 1000, wild(second))).collect();
        let thinned = thin(&samples);
        assert!(thinned.len() <= KEPT, "{}", thinned.len());
        assert!(thinned.is_sorted_by(|one, next| one.at_ms < next.at_ms));
        assert_eq!(thin(&thinned), thinned, "thinning twice changes nothing");
        let highest = |samples: &[Sample]| samples.iter().map(|sample| sample.bitrate_bps).max();
        assert_eq!(highest(&thinned), highest(&samples));
    }

    #[test]
    fn the_most_viewers_of_a_bucket_are_kept() {
        let mut samples = steady(6_000);
        samples[17].viewers = 40;
        let most = thin(&samples).iter().map(|sample| sample.viewers).max();
        assert_eq!(most, Some(40));
    }
}
