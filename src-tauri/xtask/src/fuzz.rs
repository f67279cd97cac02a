//! `fuzz`: random bytes for the parsers, with libFuzzer.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::process::{command, root, run};
use crate::tools::cargo_program;

const CARGO_FUZZ: &str = "0.13.2";

#[derive(Args)]
pub(crate) struct Fuzz {
    /// One file name of tests/fuzz/fuzz_targets without `.rs`; all of them if left out
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 30)]
    seconds: u32,
}

impl Fuzz {
    pub(crate) fn start(self) -> Result<ExitCode> {
        let cargo_fuzz = cargo_program("cargo-fuzz", CARGO_FUZZ)?;
        let targets = match self.target {
            Some(target) => vec![target],
            None => all_targets()?,
        };
        let limit = format!("-max_total_time={}", self.seconds);
        for target in targets {
            println!("\n== {target}, {} s", self.seconds);
            let fuzz = ["fuzz", "run", "--fuzz-dir", "tests/fuzz", &target, "--", &limit];
            // What it found and how much it ran, not every input that reached something new.
            let arguments = fuzz.iter().chain(&["-verbosity=0", "-print_final_stats=1"]);
            // libFuzzer's instrumentation needs unstable compiler flags; this opens them on a stable compiler.
            run(command(&cargo_fuzz, arguments, "").env("RUSTC_BOOTSTRAP", "1"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn all_targets() -> Result<Vec<String>> {
    let folder = root().join("tests/fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let file = entry?.path();
        if let Some(name) = file.file_stem().filter(|_| file.extension().is_some_and(|end| end == "rs")) {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}
