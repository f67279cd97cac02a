//! `glasses`: glasses that are a program, for the hub of a console that runs already.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::build::{self, Program};
use crate::process::{command, exit_code, root, status};

#[derive(Args)]
pub(crate) struct Glasses {
    /// Passed on, for example `--hub ws://127.0.0.1:8002/glasses-ws --battery 9`; `--help` lists everything
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Glasses {
    pub(crate) fn start(self) -> Result<ExitCode> {
        let program = Program::Headless;
        program.ensure_packages()?;
        // The program carries the UI inside, even if glasses show none.
        build::ui()?;
        build::programs(&[program], false)?;
        let file = root().join("target/debug").join(program.package());
        let mut start = command(file.with_extension(std::env::consts::EXE_EXTENSION), ["glasses"], "");
        // Where the caller stands, for the name of a clip.
        Ok(exit_code(status(start.args(self.arguments).current_dir(std::env::current_dir()?))?))
    }
}
