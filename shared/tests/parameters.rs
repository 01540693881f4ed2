//! `docs/PARAMETERS.md` is made of the definitions of parameters: `WRITE_DOCS=1` writes it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects, and fails otherwise"
)]

use std::fmt::Write as _;

use pbsweb_shared::script::directive::{ALL, CHUNK_PARTS, Directive, NOT_HERE, RESOURCES};

mod common;

/// The option string of OpenPBS's qsub, release 23.06.06 and its development head, and what its manual has besides.
const QSUB_OPTIONS: &str = "aAcCefGhIjJklmMNopPqrRSuvVWXz";

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn row(page: &mut String, directive: &Directive) {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) };
    let choices: Vec<String> =
        directive.choices.iter().map(|(value, help)| format!("{} {}", code(value), cell(help))).collect();
    let name = directive.name;
    let help = if choices.is_empty() {
        cell(directive.help)
    } else {
        format!("{} ({})", cell(directive.help), choices.join(", "))
    };
    writeln!(
        page,
        "| `{name}` | {} | {} | {help} | {} |",
        code(directive.flag),
        directive.label,
        code(directive.example)
    )
    .unwrap();
}

#[test]
fn the_page_of_parameters_is_what_the_definitions_say() {
    let mut page = String::from(
        "# Parameters of a job script\n\nMade of the definitions in `shared/src/script/directive/`: \
         `WRITE_DOCS=1 cargo test -p pbsweb-shared --test parameters` writes it. The form shows the same words.\n\n\
         | field | in the script | label | help | such as |\n|---|---|---|---|---|\n",
    );
    ALL.iter().for_each(|directive| row(&mut page, directive));
    page.push_str("\n## Parts of a chunk (`-l select=`)\n\n| field | in the chunk | label | help | such as |\n|---|---|---|---|---|\n");
    CHUNK_PARTS.iter().for_each(|directive| row(&mut page, directive));
    page.push_str("\n## Resources that PBS knows\n\nA site may have more of them; those are taken as they stand.\n\n| name | in a chunk | for the whole job | kind | what for |\n|---|---|---|---|---|\n");
    for resource in RESOURCES {
        let mark = |is: bool| if is { "yes" } else { "" };
        let kind = format!("{:?}", resource.kind).to_lowercase();
        writeln!(
            page,
            "| `{}` | {} | {} | {kind} | {} |",
            resource.name,
            mark(resource.is_of_chunk),
            mark(resource.is_of_job),
            resource.help
        )
        .unwrap();
    }
    page.push_str("\n## Options that have no field, and why\n\n| option | why | instead |\n|---|---|---|\n");
    for option in NOT_HERE {
        writeln!(page, "| `{}` | {} | {} |", option.flag, cell(option.message), cell(option.advice)).unwrap();
    }
    common::compare("PARAMETERS.md", &page);
}

#[test]
fn every_option_of_qsub_is_defined() {
    for letter in QSUB_OPTIONS.chars() {
        let begins = |flag: &str| flag.starts_with(&format!("-{letter}"));
        let is_defined = ALL.iter().any(|directive| begins(directive.flag))
            || NOT_HERE.iter().any(|option| begins(option.flag));
        assert!(is_defined, "-{letter}");
    }
}
