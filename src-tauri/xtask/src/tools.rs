//! Tools that come from registries: Node packages of a folder, and programs cargo builds.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::{answer, cargo, command, npm, root, run};

/// Vite 8 and the browser tests need at least this Node.
const NODE_MAJOR: u32 = 20;

/// Runs `npm ci` in `folder` unless its lock is the one last installed from.
pub(crate) fn node_packages(folder: &str) -> Result<()> {
    let version = answer(&mut command("node", ["--version"], ""));
    if version.as_deref().and_then(node_major).is_none_or(|major| major < NODE_MAJOR) {
        bail!(
            "Node.js {NODE_MAJOR} or newer is needed to build the screen; {}. Get it from https://nodejs.org.",
            version.map_or("there is none here".to_owned(), |version| format!("here is {version}"))
        );
    }
    let lock_file = root().join(folder).join("package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("reading {}", lock_file.display()))?;
    let stamp = root().join(folder).join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(&mut npm(["ci", "--no-audit", "--no-fund"], folder))?;
    fs::write(&stamp, lock).with_context(|| format!("writing {}", stamp.display()))
}

fn node_major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Path of a program installed by cargo under `target/tools`; installed first if it is not there in that version.
pub(crate) fn cargo_program(name: &str, version: &str) -> Result<PathBuf> {
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    let line = format!("{} {version}", name.trim_start_matches("cargo-"));
    let found = answer(&mut command(&program, ["--version"], ""));
    if !found.is_some_and(|found| found.ends_with(&line)) {
        // A debug build: such a tool runs for seconds, an optimised one takes minutes longer to make.
        let install = ["install", "--locked", "--debug", "--force", name, "--version", version, "--root"];
        run(cargo(install).arg(&tools))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::node_major;

    #[test]
    fn node_version_is_read() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("what?"), None);
    }
}
