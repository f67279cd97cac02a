//! `types`: the UI's contract, generated from the Rust one.

use std::fs;
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, root};

pub(crate) fn write() -> Result<ExitCode> {
    let arguments =
        ["run", "--quiet", "--package", "xtask", "--features", "contract", "--bin", "print-contract"];
    let printed = cargo(arguments).stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    if !printed.status.success() {
        bail!("The contract could not be built; the file was left as it is.");
    }
    let file = root().join("ui/src/host/generated.ts");
    if fs::read(&file).is_ok_and(|written| written == printed.stdout) {
        println!("{} is up to date", file.display());
    } else {
        fs::write(&file, printed.stdout).with_context(|| format!("writing {}", file.display()))?;
        println!("{} written", file.display());
    }
    Ok(ExitCode::SUCCESS)
}
