//! `jaxrs man`: the manual page, in the language of man(7).

use std::fmt::Write as _;
use std::path::Path;

use jaxrs_data::Result;

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::commands::{COMMANDS, PROGRAMS, STATUS};
use crate::program::write;

/// The page.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    arguments.none()?;
    let text = page();
    match arguments.option("out") {
        Some(path) => {
            write(Path::new(path), text.as_bytes())?;
            Ok(Answer::files(vec![path.into()]))
        }
        None => Ok(Answer::text(text)),
    }
}

/// Text as man(7) takes it: hyphens that are typed, and no line that begins as a request does.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

fn page() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        ".TH JAXRS 1 \"\" \"jaxrs {version}\" \"User Commands\"\n.SH NAME\njaxrs \\- programs of arrays in files\n.SH SYNOPSIS\n"
    );
    for command in COMMANDS {
        let words = format!("{} [OPTION ...]", plain(command.words));
        let _ = writeln!(text, ".B jaxrs {}\n{}\n.br", command.name, words.trim());
    }
    let _ = writeln!(
        text,
        ".SH DESCRIPTION\nRuns, shows, differentiates, batches, measures and compiles programs that are in files.\n{}\n.SH COMMANDS",
        plain(PROGRAMS)
    );
    for command in COMMANDS {
        let _ = writeln!(text, ".SS {} {}", command.name, plain(command.words));
        let _ = writeln!(text, "{}.", plain(&capital(command.summary)));
        for paragraph in command.details.lines() {
            let _ = writeln!(text, ".PP\n{}", plain(paragraph));
        }
        for option in command.options {
            let _ = writeln!(text, ".TP\n.B {}\n{}", plain(&option.form()), plain(option.summary));
        }
    }
    text.push_str(".SH EXIT STATUS\n");
    for (number, meaning) in STATUS {
        let _ = writeln!(text, ".TP\n.B {number}\n{meaning}");
    }
    text + ".SH EXAMPLES\n.nf\njaxrs run model.mlir x.npy \\-\\-out results\njaxrs grad loss.mlir \\-\\-argnums 0,1 \\-\\-out gradient.jaxrs\njaxrs aot gradient.jaxrs \\-o gradient && cc main.c gradient.o \\-lm\n.fi\n"
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
