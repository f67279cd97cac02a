//! Everything the README promises, as `cargo xtask <verb>`: one file a verb, plain processes, no shell scripts.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod bench;
mod build;
mod disk;
mod fuzz;
mod glasses;
mod packages;
mod process;
mod run;
mod tally;
mod test;
mod tools;
mod types;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Run, test and build Stream Console")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing, build, and start Stream Console
    Run(run::Run),
    /// Be glasses: connect to a hub and publish a clip when it says so
    Glasses(glasses::Glasses),
    /// Run every check and test; the last line reads `N passed, N failed`
    Test(test::Test),
    /// Build the UI, the desktop program, the headless program and the relay
    Build(build::Build),
    /// Write ui/src/host/generated.ts from the Rust contract
    Types,
    /// Measure the engine (release build)
    Bench(bench::Bench),
    /// Feed random bytes to the parsers
    Fuzz(fuzz::Fuzz),
}

fn main() -> ExitCode {
    let outcome: Result<ExitCode> = match Cli::parse().verb {
        Verb::Run(run) => run.start(),
        Verb::Glasses(glasses) => glasses.start(),
        Verb::Test(test) => test.start(),
        Verb::Build(build) => build.start(),
        Verb::Types => types::write(),
        Verb::Bench(bench) => bench.start(),
        Verb::Fuzz(fuzz) => fuzz.start(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}
