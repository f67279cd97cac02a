//! `bench`: measures the optimised engine beside a peer in the same run.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::build::Program;
use crate::packages;
use crate::process::{cargo, exit_code, status};

#[derive(Args)]
pub(crate) struct Bench {
    /// Passed on to console-bench, for example `--seconds 60`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Bench {
    pub(crate) fn start(self) -> Result<ExitCode> {
        Program::Headless.ensure_packages()?;
        packages::ensure(packages::BENCH)?;
        let mut bench = cargo(["run", "--release", "--quiet", "--package", "console-bench", "--"]);
        Ok(exit_code(status(bench.args(self.arguments))?))
    }
}
