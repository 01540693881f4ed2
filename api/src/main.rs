//! The program `pbsweb`: reads the command line, runs one command, and says in words what went wrong.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

use commands::CommandLine;

/// Gives back what a burst took (a sign-in's hash, a listing of 40,000 jobs), and is quicker for answers. See decision 53.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match CommandLine::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pbsweb: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}
