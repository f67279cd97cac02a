use super::*;
use proptest::prelude::*;

fn part(segment: u64, index: u64, independent: bool) -> PartLine {
    PartLine { uri: format!("v/{segment}.{index}.m4s"), duration_ticks: 27_000, independent, gap: false }
}

fn segment(number: u64, parts: u64) -> SegmentLine {
    SegmentLine {
        uri: format!("v/{number}.m4s"),
        duration_ticks: 180_180,
        discontinuity: false,
        map_uri: Some("v/init-1.mp4".to_owned()),
        program_date_time_ms: Some(1_795_371_000_000 + 2002 * number as i64),
        parts: (0..parts).map(|index| part(number, index, index == 0)).collect(),
        gap: false,
    }
}

fn live() -> MediaPlaylist {
    MediaPlaylist {
        timescale: 90_000,
        target_duration_s: 2,
        parts: Some(PartSettings { target_ms: 300, hold_back_ms: 0 }),
        media_sequence: 10,
        discontinuity_sequence: 0,
        independent_segments: false,
        segments: vec![segment(10, 0), segment(11, 2)],
        open: Some(OpenSegment {
            discontinuity: false,
            map_uri: Some("v/init-1.mp4".to_owned()),
            program_date_time_ms: Some(1_795_371_024_024),
            parts: vec![part(12, 0, true), part(12, 1, false)],
        }),
        preload_hint: Some("v/12.2.m4s".to_owned()),
        rendition_reports: vec![RenditionReport {
            uri: "audio.m3u8?key=1".to_owned(),
            last_msn: 12,
            last_part: Some(1),
        }],
        ended: false,
    }
}

#[test]
fn live_playlist_of_low_latency() {
    insta::assert_snapshot!(live().render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:2
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.900
    #EXT-X-PART-INF:PART-TARGET=0.300
    #EXT-X-MEDIA-SEQUENCE:10
    #EXT-X-MAP:URI="v/init-1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:20.020Z
    #EXTINF:2.002000,
    v/10.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:22.022Z
    #EXT-X-PART:DURATION=0.300000,URI="v/11.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.300000,URI="v/11.1.m4s"
    #EXTINF:2.002000,
    v/11.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:24.024Z
    #EXT-X-PART:DURATION=0.300000,URI="v/12.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.300000,URI="v/12.1.m4s"
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="v/12.2.m4s"
    #EXT-X-RENDITION-REPORT:URI="audio.m3u8?key=1",LAST-MSN=12,LAST-PART=1
    "#);
}

#[test]
fn a_new_configuration_in_the_open_segment_is_announced_before_its_parts() {
    let mut playlist = live();
    playlist.discontinuity_sequence = 3;
    playlist.segments[1].gap = true;
    playlist.open = Some(OpenSegment {
        discontinuity: true,
        map_uri: Some("v/init-2.mp4".to_owned()),
        program_date_time_ms: Some(1_795_371_030_000),
        parts: Vec::new(),
    });
    playlist.preload_hint = Some("v/12.0.m4s".to_owned());
    playlist.rendition_reports.clear();
    insta::assert_snapshot!(playlist.render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:2
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.900
    #EXT-X-PART-INF:PART-TARGET=0.300
    #EXT-X-MEDIA-SEQUENCE:10
    #EXT-X-DISCONTINUITY-SEQUENCE:3
    #EXT-X-MAP:URI="v/init-1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:20.020Z
    #EXTINF:2.002000,
    v/10.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:22.022Z
    #EXT-X-PART:DURATION=0.300000,URI="v/11.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.300000,URI="v/11.1.m4s"
    #EXT-X-GAP
    #EXTINF:2.002000,
    v/11.m4s
    #EXT-X-DISCONTINUITY
    #EXT-X-MAP:URI="v/init-2.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:30.000Z
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="v/12.0.m4s"
    "#);
}

#[test]
fn an_unchanged_map_is_repeated_after_a_discontinuity_only() {
    let mut playlist = live();
    playlist.segments = (10..13).map(|number| segment(number, 0)).collect();
    playlist.segments[2].discontinuity = true;
    let text = playlist.render();
    assert_eq!(text.matches("#EXT-X-MAP:").count(), 2);
    assert!(text.contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"v/init-1.mp4\"\n"), "{text}");
}

#[test]
fn ended_playlist() {
    let playlist = MediaPlaylist { ended: true, independent_segments: true, ..live() };
    insta::assert_snapshot!(playlist.render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:2
    #EXT-X-MEDIA-SEQUENCE:10
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="v/init-1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:20.020Z
    #EXTINF:2.002000,
    v/10.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:10:22.022Z
    #EXTINF:2.002000,
    v/11.m4s
    #EXT-X-ENDLIST
    "#);
}

#[test]
fn plain_playlist_has_no_low_latency_tags() {
    let text = MediaPlaylist { parts: None, ..live() }.render();
    let low_latency = ["EXT-X-PART", "PRELOAD-HINT", "SERVER-CONTROL", "RENDITION-REPORT", "VERSION:9"];
    assert_eq!(low_latency.iter().find(|tag| text.contains(**tag)), None, "{text}");
}

#[test]
fn hold_back_is_never_below_three_parts() {
    let hold_back = |hold_back_ms| {
        let parts = Some(PartSettings { target_ms: 334, hold_back_ms });
        let text = MediaPlaylist { parts, ..live() }.render();
        text.split("PART-HOLD-BACK=").nth(1).and_then(|rest| rest.lines().next()).unwrap().to_owned()
    };
    assert_eq!((hold_back(0), hold_back(1500)), ("1.002".to_owned(), "1.500".to_owned()));
}

fn video() -> VideoVariant {
    VideoVariant {
        uri: "video.m3u8?token=a".to_owned(),
        codec: "avc1.64001f".to_owned(),
        width: 1280,
        height: 720,
        fps: Some(30_000.0 / 1001.0),
        bandwidth_bps: 4_000_000,
    }
}

fn audio() -> AudioVariant {
    AudioVariant {
        uri: "audio.m3u8?token=a".to_owned(),
        codec: "mp4a.40.2".to_owned(),
        channels: 2,
        bandwidth_bps: 128_000,
    }
}

#[test]
fn multivariant_playlist() {
    let playlist =
        MultivariantPlaylist { independent_segments: true, video: Some(video()), audio: Some(audio()) };
    insta::assert_snapshot!(playlist.render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8?token=a"
    #EXT-X-STREAM-INF:BANDWIDTH=4128000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
    video.m3u8?token=a
    "#);
}

#[test]
fn multivariant_playlist_of_sound_alone() {
    let playlist = MultivariantPlaylist { independent_segments: false, video: None, audio: Some(audio()) };
    insta::assert_snapshot!(playlist.render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS="mp4a.40.2"
    audio.m3u8?token=a
    "#);
}

#[test]
fn multivariant_playlist_of_picture_alone() {
    let video = Some(VideoVariant { fps: None, ..video() });
    let playlist = MultivariantPlaylist { independent_segments: false, video, audio: None };
    insta::assert_snapshot!(playlist.render(), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-STREAM-INF:BANDWIDTH=4000000,CODECS="avc1.64001f",RESOLUTION=1280x720,CLOSED-CAPTIONS=NONE
    video.m3u8?token=a
    "#);
}

#[test]
fn uris_cannot_end_their_line_or_quotes() {
    let mut playlist = live();
    playlist.preload_hint = Some("a\"b\nc d".to_owned());
    assert!(playlist.render().contains("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a%22b%0Ac%20d\"\n"));
}

/// Number behind `name` in an attribute list or after a tag.
fn number_of(line: &str, name: &str) -> Option<f64> {
    line.split_once(name)?.1.split(',').next()?.trim_end_matches('"').parse().ok()
}

proptest! {
    /// The rules of RFC 8216bis that the text alone must keep, whatever is listed.
    #[test]
    fn rules_of_live_playlists(
        timescale in 8_000u32..=96_000,
        part_ms in 200u32..=1000,
        part_permille in prop::collection::vec(850u64..=1000, 1..6),
        segments in 1u64..6,
        discontinuities in prop::collection::vec(any::<bool>(), 6),
    ) {
        let mut playlist = live();
        playlist.timescale = timescale;
        playlist.parts = Some(PartSettings { target_ms: part_ms, hold_back_ms: 0 });
        let ticks = |permille: &u64| u64::from(timescale) * u64::from(part_ms) * permille / 1_000_000;
        let parts: Vec<PartLine> = part_permille
            .iter()
            .map(|permille| PartLine { duration_ticks: ticks(permille), ..part(0, 0, false) })
            .collect();
        playlist.segments = (0..segments)
            .map(|number| SegmentLine {
                duration_ticks: part_permille.iter().map(ticks).sum(),
                discontinuity: discontinuities[number as usize],
                parts: parts.clone(),
                ..segment(number, 0)
            })
            .collect();
        playlist.open = Some(OpenSegment { parts, ..OpenSegment::default() });
        let text = playlist.render();

        let value = |name| text.lines().find_map(|line| number_of(line, name));
        let target = value("PART-TARGET=").unwrap();
        prop_assert!(value("PART-HOLD-BACK=").unwrap() >= 3.0 * target - 1e-9);
        let mut since_segment = 0.0;
        for line in text.lines() {
            if let Some(duration) = number_of(line, "#EXT-X-PART:DURATION=") {
                prop_assert!(duration <= target && duration >= 0.849 * target, "{}", line);
                since_segment += duration;
            }
            if let Some(duration) = number_of(line, "#EXTINF:") {
                prop_assert!((duration - since_segment).abs() < 1e-5, "a segment lasts as long as its parts");
                since_segment = 0.0;
            }
        }
        prop_assert_eq!(text.matches("#EXT-X-DISCONTINUITY\n").count(),
            discontinuities[..segments as usize].iter().filter(|on| **on).count());
        prop_assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:9\n") && text.ends_with('\n'));
    }
}
