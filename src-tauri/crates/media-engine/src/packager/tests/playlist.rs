//! Reads media playlists as strictly as a player would, independent of what writes them.

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) uri: String,
    pub(super) duration_us: u64,
    pub(super) independent: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    pub(super) msn: u64,
    /// Discontinuities up to and including this segment's, since the playlist began.
    pub(super) discontinuities: u64,
    pub(super) discontinuity: bool,
    pub(super) duration_us: u64,
    pub(super) pdt_ms: i64,
    pub(super) map: String,
    pub(super) gap: bool,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Playlist {
    pub(super) target_duration_s: u64,
    pub(super) part_target_us: u64,
    pub(super) hold_back_us: u64,
    pub(super) media_sequence: u64,
    pub(super) discontinuity_sequence: u64,
    pub(super) segments: Vec<Segment>,
    /// The segment being filled, if any part of it exists.
    pub(super) open: Option<Segment>,
    pub(super) hint: String,
}

fn us(decimal: &str) -> u64 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("a number: {decimal}"));
    number(whole) * 1_000_000 + number(&format!("{fraction:0<6}")[..6])
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let list = line.split_once(':')?.1;
    let value = list.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"'))
}

/// `2026-09-21T14:13:20.000Z`, within a month and year that do not matter to the order.
fn unix_ms(date: &str) -> i64 {
    let field = |range: std::ops::Range<usize>| date[range].parse::<i64>().expect("digits of a date");
    let days = field(0..4) * 372 + field(5..7) * 31 + field(8..10);
    ((days * 24 + field(11..13)) * 60 + field(14..16)) * 60_000 + field(17..19) * 1_000 + field(20..23)
}

impl Playlist {
    pub(super) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("#EXTM3U"));
        let mut playlist = Self::default();
        let mut map = String::new();
        let mut next = Segment::default();
        let mut tags = 0;
        for line in lines {
            let value = line.split_once(':').map_or("", |(_, value)| value);
            match line.split(':').next().unwrap_or_default() {
                "#EXT-X-VERSION" => assert!(["6", "9"].contains(&value)),
                "#EXT-X-TARGETDURATION" => playlist.target_duration_s = us(value) / 1_000_000,
                "#EXT-X-PART-INF" => {
                    playlist.part_target_us = us(attribute(line, "PART-TARGET").expect("a target"))
                }
                "#EXT-X-SERVER-CONTROL" => {
                    assert_eq!(attribute(line, "CAN-BLOCK-RELOAD"), Some("YES"));
                    playlist.hold_back_us = us(attribute(line, "PART-HOLD-BACK").expect("a hold back"));
                }
                "#EXT-X-MEDIA-SEQUENCE" => playlist.media_sequence = value.parse().expect("a number"),
                "#EXT-X-DISCONTINUITY-SEQUENCE" => {
                    playlist.discontinuity_sequence = value.parse().expect("a number")
                }
                "#EXT-X-DISCONTINUITY" => {
                    tags += 1;
                    next.discontinuity = true;
                }
                "#EXT-X-MAP" => map = attribute(line, "URI").expect("an address").to_owned(),
                "#EXT-X-PROGRAM-DATE-TIME" => next.pdt_ms = unix_ms(value),
                "#EXT-X-GAP" => next.gap = true,
                "#EXT-X-PART" => next.parts.push(Part {
                    uri: attribute(line, "URI").expect("an address").to_owned(),
                    duration_us: us(attribute(line, "DURATION").expect("a duration")),
                    independent: attribute(line, "INDEPENDENT") == Some("YES"),
                }),
                "#EXTINF" => next.duration_us = us(value.trim_end_matches(',')),
                "#EXT-X-PRELOAD-HINT" => {
                    playlist.hint = attribute(line, "URI").expect("an address").to_owned()
                }
                "#EXT-X-RENDITION-REPORT" | "#EXT-X-ENDLIST" => {}
                tag if tag.starts_with('#') => panic!("an unknown tag: {line}"),
                _ => {
                    let msn = playlist.media_sequence + playlist.segments.len() as u64;
                    assert!(line.ends_with(&format!("/{msn}.m4s")), "{line} at {msn}");
                    let segment = std::mem::take(&mut next);
                    playlist.segments.push(Segment {
                        msn,
                        discontinuities: tags,
                        map: map.clone(),
                        ..segment
                    });
                }
            }
        }
        if !next.parts.is_empty() {
            let msn = playlist.media_sequence + playlist.segments.len() as u64;
            playlist.open = Some(Segment { msn, discontinuities: tags, map, ..next });
        }
        for segment in playlist.segments.iter_mut().chain(&mut playlist.open) {
            segment.discontinuities += playlist.discontinuity_sequence;
        }
        playlist
    }
}
