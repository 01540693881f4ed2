//! The program `pbs-sim`: the scheduler's commands when it is called by their names, else its own.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use pbsweb_sim::{commands, folder, serve};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let called = arguments.first().cloned().unwrap_or_default();
    let name = Path::new(&called).file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if folder::COMMANDS.contains(&name.as_str()) {
        let status = commands::run(&name, &called, arguments.get(1..).unwrap_or_default());
        return ExitCode::from(u8::try_from(status & 0xff).unwrap_or(255));
    }
    match serve::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&format!("pbs-sim: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
