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

/// One of the two programs.
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
        programs(&[Program::Desktop, Program::Headless], self.release)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds `ui/dist`, which both programs embed: always before cargo.
pub(crate) fn ui() -> Result<()> {
    node_packages("ui")?;
    run(&mut npm(["run", "--silent", "build"], "ui"))
}

/// Builds programs into `target/debug` or `target/release`.
pub(crate) fn programs(programs: &[Program], release: bool) -> Result<()> {
    let mut build = cargo(["build"]);
    build.args(programs.iter().flat_map(|program| ["--package", program.package()]));
    if release {
        build.arg("--release");
    }
    run(&mut build)
}
