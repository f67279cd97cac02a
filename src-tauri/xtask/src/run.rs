//! `run`: from a fresh clone to a picture on the screen.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use crate::build::{self, Program};
use crate::process::{command, exit_code, root, status, watch};

#[derive(Args)]
pub(crate) struct Run {
    /// Start with the built-in demo camera
    #[arg(long)]
    demo: bool,
    /// Serve the console to a browser instead of opening a window
    #[arg(long)]
    headless: bool,
    /// Optimised build
    #[arg(long)]
    release: bool,
    /// Passed on to the program, after `--`
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

impl Run {
    pub(crate) fn start(self) -> Result<ExitCode> {
        let program = if self.headless || !has_screen() { Program::Headless } else { Program::Desktop };
        program.ensure_packages()?;
        build::ui()?;
        build::programs(&[program], self.release)?;

        let folder = if self.release { "release" } else { "debug" };
        let file = root().join("target").join(folder).join(program.package());
        let mut start = command(file.with_extension(std::env::consts::EXE_EXTENSION), self.arguments, "");
        if self.demo {
            start.arg("--demo");
        }
        match program {
            Program::Desktop => Ok(exit_code(status(&mut start)?)),
            Program::Headless => {
                if !self.headless {
                    println!("There is no screen here, so the console is served to a browser.");
                }
                let mut told = false;
                let status = watch(&mut start, |line| {
                    if let Some(address) = address(line).filter(|_| !told) {
                        told = true;
                        println!(
                            "\nOpen this address in a browser on this computer:\n\n    {address}\n\nCtrl+C ends it."
                        );
                    }
                })?;
                if !told {
                    bail!("The console did not start.");
                }
                Ok(exit_code(status))
            }
        }
    }
}

/// Whether a window can be opened. Windows and macOS always can.
fn has_screen() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}

/// The address a person can open, from the one line of JSON the headless program starts with.
fn address(line: &str) -> Option<String> {
    let ready: Value = serde_json::from_str(line).ok()?;
    Some(ready.get("open")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn address_carries_the_token() {
        let line = r#"{"control":"http://127.0.0.1:4000","open":"http://127.0.0.1:4000/?token=abc"}"#;
        assert_eq!(address(line).as_deref(), Some("http://127.0.0.1:4000/?token=abc"));
        assert_eq!(address("2026-01-01 INFO started"), None);
    }
}
