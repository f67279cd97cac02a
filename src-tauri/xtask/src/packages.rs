//! System packages: looked up for real, installed only where missing.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{answer, command, run, status};

/// Needed to build and run the headless program: openh264 and SQLite are compiled from source.
pub(crate) const HEADLESS: &[&str] = &["build-essential", "pkg-config"];

/// Needed besides to build and run the desktop program: the web view, its H.264 and AAC decoder, the tray icon.
pub(crate) const DESKTOP: &[&str] =
    &["libwebkit2gtk-4.1-dev", "gstreamer1.0-libav", "libayatana-appindicator3-1"];

/// Needed besides by the tests: a screen, a session bus, two browsers to drive, a publisher, a receiver with TLS before
/// it, letters to draw.
pub(crate) const TESTS: &[&str] = &[
    "xvfb",
    "xauth",
    "dbus",
    "webkit2gtk-driver",
    "ffmpeg",
    "chromium",
    "nginx",
    "libnginx-mod-rtmp",
    "stunnel4",
    "fonts-dejavu-core",
];

/// Needed besides by the measurements: a publisher, the peer, TLS before it.
pub(crate) const BENCH: &[&str] = &["ffmpeg", "nginx", "libnginx-mod-rtmp", "stunnel4"];

/// Installs those of `wanted` that are missing. Without the right to install, the error is the one line to run.
///
/// On a system without dpkg nothing is checked: the list is printed and the build goes on.
pub(crate) fn ensure(wanted: &[&str]) -> Result<()> {
    if answer(&mut command("dpkg-query", ["--version"], "")).is_none() {
        println!(
            "No dpkg here. If the build misses something, it is the equivalent of: {}",
            wanted.join(" ")
        );
        return Ok(());
    }
    let missing: Vec<&str> = wanted.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Installing {}", missing.join(" "));
    let Some(prefix) = install_right() else {
        bail!(
            "These packages are missing and this account may not install them. Run this line, then try again:\n\
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        );
    };
    // A fresh machine or container has no package lists yet: fetch them once, only if the first try fails.
    if !status(&mut install(prefix, &missing))?.success() {
        run(&mut apt(prefix, &["update"]))?;
        run(&mut install(prefix, &missing))?;
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    let query = ["--show", "--showformat=${db:Status-Status}", package];
    answer(&mut command("dpkg-query", query, "")).is_some_and(|status| status == "installed")
}

/// What to put before `apt-get`: nothing for root, `sudo -n` where it asks no password, else `None`.
fn install_right() -> Option<&'static [&'static str]> {
    if answer(&mut command("id", ["-u"], "")).is_some_and(|id| id == "0") {
        return Some(&[]);
    }
    answer(&mut command("sudo", ["-n", "true"], "")).map(|_| &["sudo", "-n"][..])
}

fn install(prefix: &[&str], packages: &[&str]) -> Command {
    let mut install = apt(prefix, &["install", "-y", "--no-install-recommends"]);
    install.args(packages);
    install
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Command {
    // Another installation may hold the lock for a while; wait for it instead of failing.
    let words = prefix.iter().chain(&["apt-get", "-o", "DPkg::Lock::Timeout=600"]).chain(arguments);
    let mut words = words.copied();
    let mut apt = command(words.next().unwrap_or("apt-get"), words, "");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}
