//! `bench`: measures the optimised headless program from outside.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::build::{self, Program};
use crate::packages;
use crate::process::{command, exit_code, status};

#[derive(Args)]
pub(crate) struct Bench {
    /// Passed on to tests/bench/bench.mjs
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Bench {
    pub(crate) fn start(self) -> Result<ExitCode> {
        Program::Headless.ensure_packages()?;
        packages::ensure(&["ffmpeg"])?;
        build::ui()?;
        build::programs(&[Program::Headless], true)?;
        let status = status(command("node", ["tests/bench/bench.mjs"], "").args(self.arguments))?;
        Ok(exit_code(status))
    }
}
