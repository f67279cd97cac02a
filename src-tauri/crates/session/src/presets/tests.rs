use super::*;

#[test]
fn the_file_is_read_and_its_ids_are_found() {
    let ids: Vec<&str> = all().iter().map(|preset| preset.id.as_str()).collect();
    assert_eq!(
        ids,
        ["youtube", "twitch", "facebook", "kick", "x", "tiktok", "instagram", "console", "custom"],
        "ids are kept with destinations: one that goes leaves them without a preset"
    );
    for preset in all() {
        assert_eq!(by_id(&preset.id), Some(preset));
    }
    assert_eq!(by_id("myspace"), None);
}

#[test]
fn every_preset_is_well_formed() {
    for preset in all() {
        let id = &preset.id;
        let mut names: Vec<&str> = preset.ingests.iter().map(|ingest| ingest.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), preset.ingests.len(), "{id}: two ingests of one name");
        for Ingest { url, .. } in &preset.ingests {
            let rest = url.strip_prefix("rtmps://").or_else(|| url.strip_prefix("rtmp://")).unwrap();
            let (host, app) = rest.split_once('/').unwrap();
            assert!(host.contains('.') && !app.is_empty(), "{id}: {url}");
        }
        assert!(preset.key_hint.ends_with('.'), "{id}");
        assert!(preset.note.as_ref().is_none_or(|note| note.ends_with('.')), "{id}");
        assert!(preset.key_page.as_ref().is_none_or(|page| page.starts_with("https://")), "{id}");
        let limits = &preset.limits;
        if let (Some(min_ms), Some(max_ms)) =
            (limits.min_keyframe_interval_ms, limits.max_keyframe_interval_ms)
        {
            assert!(min_ms <= max_ms, "{id}");
        }
        if let (Some(long), Some(short)) = (limits.max_long_side_px, limits.max_short_side_px) {
            assert!(short <= long, "{id}");
        }
    }
}

#[test]
fn the_first_address_of_a_public_service_is_encrypted() {
    for preset in all().iter().filter(|preset| !preset.ingests.is_empty()) {
        assert!(preset.ingests[0].url.starts_with("rtmps://"), "{}", preset.id);
    }
}

#[test]
fn limits_in_a_line() {
    let lines: Vec<String> = all()
        .iter()
        .map(|preset| format!("{}: {}", preset.id, preset.limits_line()).trim_end().to_owned())
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    youtube: up to 51 Mb/s, 2160p60, keyframes at most 4 s apart, sound up to 384 kb/s
    twitch: up to 6 Mb/s, 1080p60, keyframes every 2 s, sound up to 320 kb/s
    facebook: up to 9 Mb/s, 1080p60, keyframes at most 4 s apart, sound up to 256 kb/s
    kick: up to 8 Mb/s, 1080p60, keyframes at most 2 s apart, sound up to 320 kb/s
    x: up to 12 Mb/s, 1080p60, keyframes at most 3 s apart, sound up to 128 kb/s
    tiktok: up to 6 Mb/s, 1080p60 upright, keyframes at most 2 s apart, sound up to 320 kb/s
    instagram: up to 6 Mb/s, 1080p60 upright, keyframes at most 2 s apart, sound up to 256 kb/s
    console: keyframes at most 4 s apart
    custom:
    ");
}

#[test]
fn numbers_are_said_as_people_say_them() {
    let said: Vec<String> = [0, 499, 64_000, 999_499, 999_500, 4_500_000, 6_000_000].map(bitrate).into();
    assert_eq!(said, ["0 kb/s", "0 kb/s", "64 kb/s", "999 kb/s", "1 Mb/s", "4.5 Mb/s", "6 Mb/s"]);
    let said: Vec<String> = [0, 500, 1_960, 2_000, 2_449].map(seconds).into();
    assert_eq!(said, ["0 s", "0.5 s", "2 s", "2 s", "2.4 s"]);
}
