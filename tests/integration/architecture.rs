//! The walls between the rooms, as the workspace really is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Who may build on whom, within the workspace. A room that is not here is not known.
const ROOMS: [(&str, &[&str]); 14] = [
    ("session", &[]),
    ("media-formats", &[]),
    ("storage", &["session"]),
    ("console", &["session"]),
    ("media-engine", &["media-formats"]),
    ("mentra-wire", &[]),
    ("mentra-link", &["mentra-wire"]),
    ("runtime", &["console", "media-engine", "mentra-link", "mentra-wire", "session", "storage"]),
    ("stream-console", &["console", "runtime"]),
    ("stream-console-headless", &["console", "runtime"]),
    ("stream-console-relay", &["mentra-wire"]),
    ("xtask", &["console"]),
    // Its tests use public doors; these lend it an RTMP client, the contract to compare, MentraOS' words and a relay.
    ("console-tests", &["console", "media-formats", "mentra-wire", "stream-console-relay"]),
    // It measures the engine alone, without a console around it; viewers over WebRTC are those of the tests.
    ("console-bench", &["console-tests", "media-engine", "media-formats"]),
];

/// Names of dependencies and the only rooms that may have them.
const CONFINED: [(&str, &[&str]); 15] = [
    ("tauri", &["stream-console"]),
    ("sqlx", &["storage"]),
    ("axum", &["media-engine", "mentra-link", "stream-console-headless", "stream-console-relay"]),
    ("tower-http", &["media-engine"]),
    ("openh264", &["media-engine"]),
    ("mp4-atom", &["media-formats"]),
    ("rust-embed", &["runtime"]),
    ("tracing-subscriber", &["runtime", "stream-console-relay"]),
    ("keyring", &["runtime"]),
    ("tokio-rustls", &["media-engine", "mentra-link"]),
    ("rustls-platform-verifier", &["media-engine", "mentra-link"]),
    ("str0m", &["media-engine", "console-tests"]),
    ("opus-rs", &["media-engine", "console-tests"]),
    ("syom", &["media-engine"]),
    ("quinn-udp", &["media-engine"]),
];

/// Rooms that take time, randomness and bytes as inputs, and what they therefore never need.
const PURE: [&str; 3] = ["session", "media-formats", "mentra-wire"];
const IMPURE: [&str; 9] =
    ["tokio", "tokio-util", "futures-util", "socket2", "reqwest", "getrandom", "axum", "tracing", "tempfile"];

const TOP_LEVEL: [&str; 8] =
    ["CHANGELOG.md", "Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "icons", "src-tauri", "tests"];

/// Longest source file. What is longer must be a table, a codec, or named here with its reason.
const MAX_LINES: usize = 800;
const LONG_FILES: [&str; 1] = [
    // Printed, one type after the other; nobody writes in it.
    "ui/src/host/generated.ts",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace's folder")
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.exec().expect("`cargo metadata` answers")
}

fn room(package: &Package) -> &str {
    package.name.as_str()
}

#[test]
fn rooms_build_only_on_the_rooms_they_may() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let members: BTreeSet<&str> = packages.iter().map(|package| room(package)).collect();
    assert_eq!(members, ROOMS.iter().map(|(name, _)| *name).collect(), "the rooms of the house");
    let allowed: BTreeMap<_, _> = ROOMS.into_iter().collect();
    for package in packages {
        let used: BTreeSet<&str> = package
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .filter(|name| members.contains(name))
            .collect();
        let may: BTreeSet<&str> = allowed[room(package)].iter().copied().collect();
        assert_eq!(used, may, "what {} builds on", package.name);
    }
}

#[test]
fn what_belongs_to_one_room_is_used_in_no_other() {
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            // `tauri-build`, `tauri-plugin-opener` belong where `tauri` belongs.
            let family = if dependency.name.starts_with("tauri-") { "tauri" } else { &dependency.name };
            if let Some((name, rooms)) = CONFINED.iter().find(|(name, _)| *name == family) {
                assert!(
                    rooms.contains(&room(package)),
                    "{} uses {name}, which belongs to {rooms:?}",
                    package.name
                );
            }
        }
    }
}

#[test]
fn pure_rooms_stay_pure() {
    for package in metadata().workspace_packages().into_iter().filter(|package| PURE.contains(&room(package)))
    {
        for dependency in package.dependencies.iter().filter(|used| used.kind != DependencyKind::Development)
        {
            assert!(!IMPURE.contains(&dependency.name.as_str()), "{} uses {}", package.name, dependency.name);
        }
        let folder = package.manifest_path.parent().expect("a manifest is in a folder");
        let clippy = std::fs::read_to_string(folder.join("clippy.toml"))
            .unwrap_or_else(|error| panic!("{} has no clippy.toml: {error}", package.name));
        for clock in ["std::time::Instant::now", "std::time::SystemTime::now"] {
            assert!(clippy.contains(&format!("path = \"{clock}\"")), "{} may call {clock}", package.name);
        }
    }
}

#[test]
fn every_room_inherits_the_workspaces_lints() {
    for package in metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
        assert_eq!(package.publish.as_deref(), Some(&[][..]), "{} could be published", package.name);
    }
}

/// Files of the repository, or of the folder if it came without one.
fn repository_files() -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(arguments).current_dir(root()).output();
    match listed.ok().filter(|output| output.status.success()) {
        Some(output) => {
            String::from_utf8(output.stdout).expect("names are text").lines().map(str::to_owned).collect()
        }
        None => files_below(&root()),
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let made = ["target", "node_modules", "dist", "output", "gen", "artifacts", "corpus", ".git"];
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if !path.is_dir() {
                let name = path.strip_prefix(folder).expect("it is below");
                files.push(name.to_str().expect("names are text").replace('\\', "/"));
            } else if !made.iter().any(|made| entry.file_name() == *made) {
                folders.push(path);
            }
        }
    }
    files
}

#[test]
fn the_top_of_the_tree_stays_as_it_was_laid() {
    let files = repository_files();
    let top: BTreeSet<&str> = files.iter().map(|file| file.split('/').next().unwrap_or(file)).collect();
    let strangers: Vec<&&str> = top
        .iter()
        .filter(|name| !name.starts_with('.') && **name != "ui" && !TOP_LEVEL.contains(name))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?} do not belong at the top of the tree");
    for needed in ["Cargo.toml", "Cargo.lock", "src-tauri", "ui", "icons", "tests"] {
        assert!(top.contains(needed), "{needed} is missing");
    }
}

fn sources(endings: &[&str]) -> Vec<(String, String)> {
    let kept =
        |name: &String| endings.iter().any(|ending| name.ends_with(ending)) && root().join(name).is_file();
    let read = |name: String| {
        let text = std::fs::read_to_string(root().join(&name)).expect("a source file is text");
        (name, text)
    };
    repository_files().into_iter().filter(kept).map(read).collect()
}

#[test]
fn only_one_file_of_the_ui_knows_tauri() {
    let knowing: Vec<String> = sources(&[".ts", ".svelte", ".js", ".mjs"])
        .into_iter()
        .filter(|(name, text)| name.starts_with("ui/src/") && text.contains("@tauri-apps"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(knowing, ["ui/src/host/tauri.ts"]);
}

#[test]
fn source_files_stay_short_enough_to_be_read() {
    let sources = sources(&[".rs", ".ts", ".svelte", ".mjs", ".css"]);
    assert!(sources.len() > 100, "only {} source files were found", sources.len());
    for (name, text) in sources {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES || LONG_FILES.contains(&name.as_str()), "{name} has {lines} lines");
    }
}

#[test]
fn no_room_hides_behind_a_mod_rs_and_no_lint_is_silenced_without_a_reason() {
    for (name, text) in sources(&[".rs"]) {
        assert!(!name.ends_with("/mod.rs"), "{name}");
        for attribute in ["#[", "#!["] {
            let silenced = format!("{attribute}allow(");
            assert!(!text.contains(&silenced), "{name}: expect a lint with a reason instead");
        }
    }
}
