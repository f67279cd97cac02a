//! Starting other programs from the repository's root.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's root: two folders above this crate.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("src-tauri/xtask lies two folders below the root").to_owned()
}

/// A program to be started in `folder` of the repository (`""` is its root).
pub(crate) fn command(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    folder: &str,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root().join(folder));
    command
}

/// The cargo that runs us, so that a toolchain chosen with `cargo +x` stays chosen.
pub(crate) fn cargo(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments, "")
}

/// `npm` in `folder`.
pub(crate) fn npm(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, folder: &str) -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments, folder)
}

/// Runs to the end, output straight to the terminal. A program that cannot be started is an error, a failing one is not.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("{} could not be started", name(command)))
}

/// Runs to the end; a failing program is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{} failed ({status})", spoken(command));
    }
    Ok(())
}

/// Runs to the end and shows each line of standard output to `see` as well as to the terminal.
pub(crate) fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} could not be started", name(command)))?;
    let output = child.stdout.take().expect("standard output was piped just above");
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("reading a program's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        see(&line);
    }
    child.wait().with_context(|| format!("waiting for {}", name(command)))
}

/// What a program printed, without the newline at its end; `None` if it failed or does not exist.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Our exit code for another program's: success, or failure of any kind.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn spoken(command: &Command) -> String {
    let arguments = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(command.get_program().to_string_lossy()).chain(arguments).collect::<Vec<_>>().join(" ")
}
