//! `jaxrs completions`: what makes shells complete the commands of the table.

use std::fmt::Write as _;
use std::path::Path;

use jaxrs_data::{Result, bail};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::commands::{COMMANDS, Choice, Command, Completes, SHELLS};
use crate::program::write;

/// The completions for a shell.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    let text = match arguments.only("SHELL")? {
        "bash" => bash(),
        "zsh" => zsh(),
        "fish" => fish(),
        other => {
            bail!(InvalidArgument, "there are completions for {}, got {other}", SHELLS.join(", "))
        }
    };
    match arguments.option("out") {
        Some(path) => {
            write(Path::new(path), text.as_bytes())?;
            Ok(Answer::files(vec![path.into()]))
        }
        None => Ok(Answer::text(text)),
    }
}

fn names() -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).chain(["help"]).collect();
    names.join(" ")
}

/// The options of a command as words.
fn option_words(command: &Command) -> String {
    let words = command.options.iter().flat_map(|option| {
        let letter = option.letter.map(|letter| format!("-{letter}"));
        [Some(format!("--{}", option.name)), letter]
    });
    words.flatten().collect::<Vec<_>>().join(" ")
}

fn bash() -> String {
    let mut text = String::from(
        "# Completions of jaxrs for bash.\n_jaxrs() {\n    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n    COMPREPLY=()\n",
    );
    let _ = write!(
        text,
        "    if ((COMP_CWORD == 1)); then\n        COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n        return\n    fi\n    case ${{COMP_WORDS[1]}} in\n",
        names()
    );
    for command in COMMANDS {
        let _ = writeln!(text, "    {})", command.name);
        let valued = command.options.iter().filter(|option| option.value.is_some());
        let _ = writeln!(text, "        case $before in");
        for option in valued {
            let letter = option.letter.map(|letter| format!(" | -{letter}")).unwrap_or_default();
            let reply = bash_reply(option.completes);
            let _ = writeln!(text, "        --{}{letter}) {reply}return ;;", option.name);
        }
        let _ = writeln!(text, "        esac");
        let options = option_words(command);
        let _ = writeln!(
            text,
            "        [[ $word == -* ]] && COMPREPLY=($(compgen -W \"{options}\" -- \"$word\")) && return"
        );
        let _ = writeln!(text, "        {};;", bash_reply(command.completes));
    }
    let _ = writeln!(text, "    help) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")) ;;", names());
    text + "    esac\n}\ncomplete -o filenames -F _jaxrs jaxrs\n"
}

fn bash_reply(completes: Completes) -> String {
    match completes {
        Completes::Nothing => String::new(),
        Completes::Files => "COMPREPLY=($(compgen -f -- \"$word\")); ".to_owned(),
        Completes::Words(words) => {
            format!("COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); ", words.join(" "))
        }
    }
}

/// A summary within brackets of zsh's specifications, within single quotes.
fn zsh_text(text: &str) -> String {
    let text = text.replace('\'', "'\\''").replace('\\', "\\\\");
    text.replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
}

fn zsh_action(completes: Completes) -> String {
    match completes {
        Completes::Nothing => " ".to_owned(),
        Completes::Files => "_files".to_owned(),
        Completes::Words(words) => format!("({})", words.join(" ")),
    }
}

fn zsh_option(option: &Choice) -> String {
    let summary = zsh_text(option.summary);
    let value = option.value.map_or(String::new(), |value| {
        format!(":{}:{}", zsh_text(value), zsh_action(option.completes))
    });
    match option.letter {
        Some(letter) => {
            let long = option.name;
            format!("'(-{letter} --{long})'{{-{letter},--{long}}}'[{summary}]{value}'")
        }
        None => format!("'--{}[{summary}]{value}'", option.name),
    }
}

fn zsh() -> String {
    let mut text = String::from(
        "#compdef jaxrs\n# Completions of jaxrs for zsh.\n_jaxrs() {\n    local -a commands=(\n",
    );
    for command in COMMANDS {
        let _ = writeln!(text, "        '{}:{}'", command.name, zsh_text(command.summary));
    }
    text.push_str(
        "    )\n    if ((CURRENT == 2)); then\n        _describe command commands\n        return\n    fi\n    local name=${words[2]}\n    shift words\n    ((CURRENT--))\n    case $name in\n",
    );
    for command in COMMANDS {
        let _ = write!(text, "    {})\n        _arguments", command.name);
        for option in command.options {
            let _ = write!(text, " \\\n            {}", zsh_option(option));
        }
        if !command.words.is_empty() {
            let action = zsh_action(command.completes);
            let _ = write!(text, " \\\n            '*:{}:{action}'", zsh_text(command.words));
        }
        text.push_str(" ;;\n");
    }
    text + "    esac\n}\n_jaxrs \"$@\"\n"
}

fn fish_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

fn fish() -> String {
    let mut text = String::from("# Completions of jaxrs for fish.\n");
    for command in COMMANDS {
        let _ = writeln!(
            text,
            "complete -c jaxrs -n __fish_use_subcommand -f -a {} -d '{}'",
            command.name,
            fish_text(command.summary)
        );
        let within = format!("-n '__fish_seen_subcommand_from {}'", command.name);
        for option in command.options {
            let letter = option.letter.map(|letter| format!(" -s {letter}")).unwrap_or_default();
            let value = match (option.value, option.completes) {
                (None, _) => String::new(),
                (_, Completes::Files) => " -r -F".to_owned(),
                (_, Completes::Words(words)) => format!(" -x -a '{}'", words.join(" ")),
                (_, Completes::Nothing) => " -x".to_owned(),
            };
            let summary = fish_text(option.summary);
            let _ = writeln!(
                text,
                "complete -c jaxrs {within}{letter} -l {}{value} -d '{summary}'",
                option.name
            );
        }
        if let Completes::Words(words) = command.completes {
            let _ = writeln!(text, "complete -c jaxrs {within} -f -a '{}'", words.join(" "));
        }
    }
    text
}
