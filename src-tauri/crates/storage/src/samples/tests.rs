use super::*;
use crate::testing::{STOPPED, T0, change, with_a_stream};

fn sample(second: u64, bitrate_bps: u64, viewers: u32) -> Sample {
    Sample { at_ms: T0 + second * 1000, bitrate_bps, fps: 29.97, viewers }
}

#[tokio::test]
async fn samples_come_back_oldest_first() {
    let (storage, stream_id) = with_a_stream().await;
    assert_eq!(storage.samples(&stream_id).await.unwrap(), []);
    for second in [2, 0, 1] {
        storage.append_sample(&stream_id, &sample(second, 1_000_000, 1)).await.unwrap();
    }
    let seconds = [0, 1, 2].map(|second| sample(second, 1_000_000, 1));
    assert_eq!(storage.samples(&stream_id).await.unwrap(), seconds);
    assert_eq!(storage.samples(&StreamId::from_random([9; 16])).await.unwrap(), []);
}

#[tokio::test]
async fn samples_are_counted_into_the_row_once() {
    let (storage, stream_id) = with_a_stream().await;
    for (second, bitrate_bps, viewers) in
        [(0, 1_000_000, 3), (1, 3_000_000, 12), (1, 90_000_000, 99), (2, 2_000_000, 0)]
    {
        storage.append_sample(&stream_id, &sample(second, bitrate_bps, viewers)).await.unwrap();
    }
    let row = storage.stream(&stream_id).await.unwrap().unwrap();
    assert_eq!((row.mean_bitrate_bps, row.peak_viewers), (2_000_000, 12));
}

#[tokio::test]
async fn a_rate_that_is_no_number_is_drawn_as_nothing() {
    let (storage, stream_id) = with_a_stream().await;
    for (second, fps) in [f64::NAN, f64::INFINITY].into_iter().enumerate() {
        let sample = Sample { fps, ..sample(second as u64, 1, 1) };
        storage.append_sample(&stream_id, &sample).await.unwrap();
    }
    assert!(storage.samples(&stream_id).await.unwrap().iter().all(|sample| sample.fps == 0.0));
}

#[tokio::test]
async fn thinning_keeps_few_rows_and_every_total() {
    let (storage, stream_id) = with_a_stream().await;
    for second in 0..1_000 {
        let viewers = if second == 500 { 77 } else { 2 };
        storage.append_sample(&stream_id, &sample(second, 1_000_000 + second, viewers)).await.unwrap();
    }
    storage.record(&stream_id, &change(1_000_000, STOPPED)).await.unwrap();
    let before = storage.stream(&stream_id).await.unwrap().unwrap();
    storage.thin(&stream_id).await.unwrap();
    let thinned = storage.samples(&stream_id).await.unwrap();
    assert!((100..=thin::KEPT).contains(&thinned.len()), "{}", thinned.len());
    assert_eq!(storage.stream(&stream_id).await.unwrap().unwrap(), before);
    assert_eq!((before.peak_viewers, before.mean_bitrate_bps), (77, 1_000_499));
    storage.thin(&stream_id).await.unwrap();
    assert_eq!(storage.samples(&stream_id).await.unwrap(), thinned);
}
