//! `test`: every check and test of the repository, in one go and with one verdict.

use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::process::{cargo, command, npm, root, status, watch};
use crate::tally::Tally;
use crate::{build, disk, packages, tools};

const CARGO_DENY: &str = "0.20.2";

#[derive(Args)]
pub(crate) struct Test {
    /// Only this step, on what was built before; may be given more than once
    #[arg(long, value_enum)]
    only: Vec<Step>,
}

/// In the order they run: first what everything stands on, then the quick verdicts, then the long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// System packages, Node packages, cargo-deny
    Setup,
    /// The UI's production build, which the programs embed
    Ui,
    /// Rust formatting
    Fmt,
    /// Types of the UI
    Check,
    /// Style and import rules of the UI
    Lint,
    /// Tests of the UI
    Vitest,
    /// All programs
    Build,
    /// Rust lints
    Clippy,
    /// Rust documentation
    Rustdoc,
    /// Licences, sources and who may depend on what
    Deny,
    /// Rust tests: units, properties, integration
    Cargo,
    /// Chromium against the headless program
    Browser,
    /// The real window, driven by WebDriver
    Desktop,
}

impl Test {
    pub(crate) fn start(self) -> Result<ExitCode> {
        let steps =
            Step::value_variants().iter().filter(|step| self.only.is_empty() || self.only.contains(step));
        let mut total = Tally::default();
        let mut report = Vec::new();
        for &step in steps {
            println!("\n=== {}", step.name());
            let started = Instant::now();
            let tally = step.run().unwrap_or_else(|error| {
                eprintln!("{error:#}");
                Tally::one(false)
            });
            let verdict = if tally.failed == 0 { "ok" } else { "FAILED" };
            let seconds = started.elapsed().as_secs_f64();
            report.push(format!(
                "{:<8} {verdict:<6} {:>5} passed {:>3} failed {seconds:>7.1} s",
                step.name(),
                tally.passed,
                tally.failed
            ));
            println!("=== {} {verdict}, {seconds:.1} s", step.name());
            total += tally;
            if tally.failed > 0 && step.is_foundation() {
                println!("The other steps stand on this one and were not run.");
                break;
            }
        }
        println!("\n{}\n", report.join("\n"));
        if total.failed > 0 {
            disk::suspect();
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Without these nothing after them can say anything true.
    fn is_foundation(self) -> bool {
        matches!(self, Self::Setup | Self::Ui | Self::Build)
    }

    fn run(self) -> Result<Tally> {
        match self {
            Self::Setup => set_up(),
            Self::Ui => build::ui().map(|()| Tally::one(true)),
            Self::Fmt => gate(&mut cargo(["fmt", "--all", "--check"])),
            Self::Check => gate(&mut npm(["run", "--silent", "check"], "ui")),
            Self::Lint => gate(&mut npm(["run", "--silent", "lint"], "ui")),
            Self::Vitest => vitest(),
            Self::Build => gate(&mut compiling(["build", "--workspace"])),
            Self::Clippy => gate(&mut compiling([
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Rustdoc => {
                let mut doc =
                    compiling(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
                gate(doc.env("RUSTDOCFLAGS", "-D warnings"))
            }
            Self::Deny => {
                // Advisories are fetched from the network, so a gate that must run anywhere leaves them out.
                let deny = tools::cargo_program("cargo-deny", CARGO_DENY)?;
                gate(&mut command(deny, ["check", "bans", "licenses", "sources"], ""))
            }
            Self::Cargo => cargo_tests(),
            Self::Browser => node_tests("tests/e2e", &["node"]),
            // A session bus of their own: notifications and single-instance must not meet the user's.
            Self::Desktop => node_tests("tests/desktop", &["dbus-run-session", "--", "node"]),
        }
    }
}

/// cargo, compiling the workspace. Where nothing was compiled before, the incremental caches would take two thirds of the
/// disk and give nothing back; where a developer has them, they are used.
fn compiling<const N: usize>(arguments: [&str; N]) -> Command {
    let mut cargo = cargo(arguments);
    if !has_incremental_caches() {
        cargo.env("CARGO_INCREMENTAL", "0");
    }
    cargo
}

fn has_incremental_caches() -> bool {
    let Ok(caches) = fs::read_dir(root().join("target/debug/incremental")) else { return false };
    // Ours is always there: this program was just compiled.
    caches.flatten().any(|cache| !cache.file_name().to_string_lossy().starts_with("xtask-"))
}

fn gate(command: &mut Command) -> Result<Tally> {
    Ok(Tally::one(status(command)?.success()))
}

fn set_up() -> Result<Tally> {
    disk::ensure_room()?;
    packages::ensure(&[packages::HEADLESS, packages::DESKTOP, packages::TESTS].concat())?;
    tools::node_packages("ui")?;
    tools::node_packages("tests/e2e")?;
    tools::node_packages("tests/mentra")?;
    tools::node_packages("tests/mentra/v3")?;
    tools::cargo_program("cargo-deny", CARGO_DENY)?;
    // Pictures and logs of an earlier run would be taken for this one's.
    match fs::remove_dir_all(root().join("tests/output")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("emptying tests/output"),
        _ => Ok(Tally::one(true)),
    }
}

fn vitest() -> Result<Tally> {
    let report = fresh_report("vitest.json")?;
    let mut vitest = npm(["run", "--silent", "test", "--", "--reporter=default", "--reporter=json"], "ui");
    vitest.arg(format!("--outputFile.json={}", report.display()));
    let success = status(&mut vitest)?.success();
    Ok(Tally::vitest(&fs::read_to_string(report).unwrap_or_default()).checked(success))
}

fn cargo_tests() -> Result<Tally> {
    let mut tally = Tally::default();
    let status = watch(&mut compiling(["test", "--workspace", "--no-fail-fast"]), |line| {
        tally += Tally::cargo_line(line)
    })?;
    Ok(tally.checked(status.success()))
}

/// Runs the `*.test.mjs` files of `folder` one after the other: they share two cores with the video they play.
fn node_tests(folder: &str, runner: &[&str]) -> Result<Tally> {
    let report = fresh_report(&format!("{}.tap", folder.replace('/', "-")))?;
    let mut tests = command(runner[0], &runner[1..], "");
    tests.args(["--test", "--test-concurrency=1"]);
    tests.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    tests.args(["--test-reporter=tap", "--test-reporter-destination"]).arg(&report);
    tests.args(test_files(folder)?);
    let success = status(&mut tests)?.success();
    Ok(Tally::node(&fs::read_to_string(report).unwrap_or_default()).checked(success))
}

fn test_files(folder: &str) -> Result<Vec<String>> {
    let entries = fs::read_dir(root().join(folder)).with_context(|| format!("reading {folder}"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<_> =
        names.filter(|name| name.ends_with(".test.mjs")).map(|name| format!("{folder}/{name}")).collect();
    files.sort();
    Ok(files)
}

/// Where a test program shall write its report; an older one is removed so that it cannot be taken for the new one.
fn fresh_report(name: &str) -> Result<std::path::PathBuf> {
    let report = root().join("target").join(name);
    match fs::remove_file(&report) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", report.display()))
        }
        _ => Ok(report),
    }
}
