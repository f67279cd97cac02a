//! `build`: the UI, then the programs that carry it inside.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::packages;
use crate::process::{cargo, npm, run};
use crate::tools::node_packages;

#[derive(Args)]
pub(crate) struct Build {
    /// Optimised, as shipped
    #[arg(long)]
    release: bool,
}

/// The package of the relay, and its binary.
const RELAY: &str = "stream-console-relay";

/// One of the two programs with the console inside.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Desktop,
    Headless,
}

impl Program {
    /// Its package, which is also its binary's name.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Desktop => "stream-console",
            Self::Headless => "stream-console-headless",
        }
    }

    /// System packages without which it neither builds nor runs.
    pub(crate) fn ensure_packages(self) -> Result<()> {
        packages::ensure(packages::HEADLESS)?;
        match self {
            Self::Desktop => packages::ensure(packages::DESKTOP),
            Self::Headless => Ok(()),
        }
    }
}

impl Build {
    pub(crate) fn start(self) -> Result<ExitCode> {
        Program::Desktop.ensure_packages()?;
        ui()?;
        build(&[Program::Desktop.package(), Program::Headless.package(), RELAY], self.release)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds `ui/dist`, which the console's programs embed: always before cargo.
pub(crate) fn ui() -> Result<()> {
    node_packages("ui")?;
    run(&mut npm(["run", "--silent", "build"], "ui"))
}

/// Builds programs into `target/debug` or `target/release`.
pub(crate) fn programs(programs: &[Program], release: bool) -> Result<()> {
    let names: Vec<&str> = programs.iter().map(|program| program.package()).collect();
    build(&names, release)
}

fn build(names: &[&str], release: bool) -> Result<()> {
    let mut command = cargo(["build"]);
    command.args(names.iter().flat_map(|name| ["--package", name]));
    if release {
        command.arg("--release");
    }
    run(&mut command)
}
