//! `bench`: measures the optimised console beside peers in the same run.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::build::{self, Program};
use crate::packages;
use crate::process::{cargo, command, exit_code, root, run, status};
use crate::tools::node_packages;

const CONSOLE_BENCH: &str = "console-bench";

#[derive(Args)]
pub(crate) struct Bench {
    /// Passed on to console-bench, for example `--seconds 60` or `--only start`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Bench {
    pub(crate) fn start(self) -> Result<ExitCode> {
        Program::Desktop.ensure_packages()?;
        packages::ensure(packages::BENCH)?;
        // Without a browser or a screen the rows that need them say so; the others are measured all the same.
        if let Err(error) = packages::ensure(packages::TESTS) {
            eprintln!("{error:#}");
        }
        build::ui()?;
        node_packages("tests/e2e")?;
        // In one go, so that what they share is compiled once.
        let packages = [Program::Desktop.package(), Program::Headless.package(), CONSOLE_BENCH];
        let mut build = cargo(["build", "--release"]);
        run(build.args(packages.iter().flat_map(|package| ["--package", package])))?;
        let bench = root().join("target/release").join(CONSOLE_BENCH);
        let bench = bench.with_extension(std::env::consts::EXE_EXTENSION);
        Ok(exit_code(status(&mut command(bench, self.arguments, ""))?))
    }
}
