use super::*;
use proptest::prelude::*;

fn timeline(start: u64, durations: &[u64]) -> Vec<TimelineSegment> {
    let mut time = start;
    let mut segments = Vec::new();
    for &duration in durations {
        segments.push(TimelineSegment { time, duration });
        time += duration;
    }
    segments
}

fn period(id: u32, start_ms: u64) -> Period {
    let track = |name: &str, codec: &str, timescale: u32, bandwidth_bps| Track {
        codec: codec.to_owned(),
        bandwidth_bps,
        timescale,
        presentation_time_offset: u64::from(timescale) * start_ms / 1000,
        init_uri: format!("{name}/init-{id}.mp4?a=1&b=2"),
        media_uri: format!("{name}/$Time$.m4s"),
        segments: Vec::new(),
    };
    let video = track("v", "avc1.64001f", 90_000, 4_000_000);
    let video_start = video.presentation_time_offset;
    let audio = track("a", "mp4a.40.2", 48_000, 128_000);
    let audio_start = audio.presentation_time_offset;
    Period {
        id: id.to_string(),
        start_ms,
        video: Some(VideoSet {
            track: Track { segments: timeline(video_start, &[180_000, 180_000, 180_000, 171_000]), ..video },
            width: 1280,
            height: 720,
            fps: Some(30.0),
        }),
        audio: Some(AudioSet {
            track: Track { segments: timeline(audio_start, &[96_256, 95_232, 96_256, 91_136]), ..audio },
            sample_rate_hz: 48_000,
            channels: 2,
        }),
    }
}

fn live() -> Mpd {
    Mpd {
        availability_start_ms: 1_795_371_000_000,
        publish_time_ms: 1_795_371_008_250,
        minimum_update_period_ms: 2000,
        time_shift_buffer_depth_ms: 30_000,
        suggested_presentation_delay_ms: 4000,
        min_buffer_time_ms: 2000,
        max_segment_duration_ms: 2000,
        utc_timing_url: Some("/time?x=1&y=2".to_owned()),
        utc_timing_direct_ms: None,
        periods: vec![period(1, 0)],
        ended: false,
    }
}

#[test]
fn live_presentation() {
    insta::assert_snapshot!(live().render(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" minBufferTime="PT2S" maxSegmentDuration="PT2S" publishTime="2026-11-22T18:10:08.250Z" type="dynamic" availabilityStartTime="2026-11-22T18:10:00.000Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT30S" suggestedPresentationDelay="PT4S">
      <Period id="1" start="PT0S">
        <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="90000" presentationTimeOffset="0" initialization="v/init-1.mp4?a=1&amp;b=2" media="v/$Time$.m4s">
            <SegmentTimeline>
              <S t="0" d="180000" r="2"/>
              <S d="171000"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="video" codecs="avc1.64001f" bandwidth="4000000" width="1280" height="720" frameRate="30"/>
        </AdaptationSet>
        <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="48000" presentationTimeOffset="0" initialization="a/init-1.mp4?a=1&amp;b=2" media="a/$Time$.m4s">
            <SegmentTimeline>
              <S t="0" d="96256"/>
              <S d="95232"/>
              <S d="96256"/>
              <S d="91136"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="audio" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000">
            <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
          </Representation>
        </AdaptationSet>
      </Period>
      <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time?x=1&amp;y=2"/>
    </MPD>
    "#);
}

#[test]
fn a_new_configuration_is_a_new_period() {
    let mut mpd = live();
    let mut second = period(2, 12_500);
    second.audio = None;
    if let Some(video) = &mut second.video {
        video.fps = Some(30_000.0 / 1001.0);
        video.track.segments.remove(1); // lost: the timeline has a hole
    }
    let mut empty = period(3, 20_000);
    empty.tracks_mut().for_each(|track| track.segments.clear());
    mpd.periods.extend([second, empty]);
    insta::assert_snapshot!(mpd.render(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" minBufferTime="PT2S" maxSegmentDuration="PT2S" publishTime="2026-11-22T18:10:08.250Z" type="dynamic" availabilityStartTime="2026-11-22T18:10:00.000Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT30S" suggestedPresentationDelay="PT4S">
      <Period id="1" start="PT0S">
        <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="90000" presentationTimeOffset="0" initialization="v/init-1.mp4?a=1&amp;b=2" media="v/$Time$.m4s">
            <SegmentTimeline>
              <S t="0" d="180000" r="2"/>
              <S d="171000"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="video" codecs="avc1.64001f" bandwidth="4000000" width="1280" height="720" frameRate="30"/>
        </AdaptationSet>
        <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="48000" presentationTimeOffset="0" initialization="a/init-1.mp4?a=1&amp;b=2" media="a/$Time$.m4s">
            <SegmentTimeline>
              <S t="0" d="96256"/>
              <S d="95232"/>
              <S d="96256"/>
              <S d="91136"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="audio" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000">
            <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
          </Representation>
        </AdaptationSet>
      </Period>
      <Period id="2" start="PT12.500S">
        <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="90000" presentationTimeOffset="1125000" initialization="v/init-2.mp4?a=1&amp;b=2" media="v/$Time$.m4s">
            <SegmentTimeline>
              <S t="1125000" d="180000"/>
              <S t="1485000" d="180000"/>
              <S d="171000"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="video" codecs="avc1.64001f" bandwidth="4000000" width="1280" height="720" frameRate="30000/1001"/>
        </AdaptationSet>
      </Period>
      <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time?x=1&amp;y=2"/>
    </MPD>
    "#);
}

#[test]
fn an_ended_presentation_starts_with_its_oldest_segment() {
    let mut mpd = Mpd { ended: true, periods: vec![period(1, 60_000), period(2, 70_000)], ..live() };
    for track in mpd.periods[0].tracks_mut() {
        track.segments.drain(..2); // fallen out of the window
    }
    insta::assert_snapshot!(mpd.render(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" minBufferTime="PT2S" maxSegmentDuration="PT2S" publishTime="2026-11-22T18:10:08.250Z" type="static" mediaPresentationDuration="PT13.911S">
      <Period id="1" start="PT0S">
        <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="90000" presentationTimeOffset="5759010" initialization="v/init-1.mp4?a=1&amp;b=2" media="v/$Time$.m4s">
            <SegmentTimeline>
              <S t="5760000" d="180000"/>
              <S d="171000"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="video" codecs="avc1.64001f" bandwidth="4000000" width="1280" height="720" frameRate="30"/>
        </AdaptationSet>
        <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="48000" presentationTimeOffset="3071472" initialization="a/init-1.mp4?a=1&amp;b=2" media="a/$Time$.m4s">
            <SegmentTimeline>
              <S t="3071488" d="96256"/>
              <S d="91136"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="audio" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000">
            <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
          </Representation>
        </AdaptationSet>
      </Period>
      <Period id="2" start="PT6.011S">
        <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="90000" presentationTimeOffset="6300000" initialization="v/init-2.mp4?a=1&amp;b=2" media="v/$Time$.m4s">
            <SegmentTimeline>
              <S t="6300000" d="180000" r="2"/>
              <S d="171000"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="video" codecs="avc1.64001f" bandwidth="4000000" width="1280" height="720" frameRate="30"/>
        </AdaptationSet>
        <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true">
          <SegmentTemplate timescale="48000" presentationTimeOffset="3360000" initialization="a/init-2.mp4?a=1&amp;b=2" media="a/$Time$.m4s">
            <SegmentTimeline>
              <S t="3360000" d="96256"/>
              <S d="95232"/>
              <S d="96256"/>
              <S d="91136"/>
            </SegmentTimeline>
          </SegmentTemplate>
          <Representation id="audio" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000">
            <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
          </Representation>
        </AdaptationSet>
      </Period>
    </MPD>
    "#);
}

#[test]
fn frame_rates() {
    let rate = |fps| {
        let mut mpd = live();
        mpd.periods[0].video.as_mut().unwrap().fps = Some(fps);
        let text = mpd.render();
        text.split("frameRate=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    };
    let rates = [25.0, 24_000.0 / 1001.0, 59.94, 12.5].map(rate);
    assert_eq!(rates, ["25", "24000/1001", "60000/1001", "12500/1000"]);
}

#[test]
fn attributes_are_escaped() {
    let mut mpd = live();
    mpd.utc_timing_url = None;
    mpd.utc_timing_direct_ms = Some(1_795_371_008_250);
    mpd.periods[0].id = "a\"<>&\n'".to_owned();
    let text = mpd.render();
    assert!(text.contains(r#"<Period id="a&quot;&lt;&gt;&amp;'" start="PT0S">"#), "{text}");
    assert!(
        text.contains(r#"schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-11-22T18:10:08.250Z"/>"#)
    );
}

/// Reads a timeline back the way a player does.
fn read_timeline(text: &str) -> Vec<TimelineSegment> {
    let mut segments = Vec::new();
    let mut time = 0;
    for line in text.lines().filter(|line| line.trim_start().starts_with("<S ")) {
        let value = |name: &str| -> Option<u64> {
            line.split_once(&format!(" {name}=\""))?.1.split('"').next()?.parse().ok()
        };
        time = value("t").unwrap_or(time);
        let duration = value("d").unwrap();
        for _ in 0..=value("r").unwrap_or(0) {
            segments.push(TimelineSegment { time, duration });
            time += duration;
        }
    }
    segments
}

proptest! {
    /// Holes, overlaps and unequal lengths survive run-length coding.
    #[test]
    fn timelines_round_trip(steps in prop::collection::vec((1u64..4, prop::sample::select(vec![0i64, 0, 0, 5, -1])), 1..40)) {
        let mut time = 1000u64;
        let mut segments = Vec::new();
        for (duration, shift) in steps {
            time = time.saturating_add_signed(shift);
            segments.push(TimelineSegment { time, duration });
            time += duration;
        }
        let mut mpd = live();
        mpd.periods[0].audio = None;
        mpd.periods[0].video.as_mut().unwrap().track.segments = segments.clone();
        prop_assert_eq!(read_timeline(&mpd.render()), segments);
    }
}
