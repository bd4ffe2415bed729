//! What stands on the command line after the name of a command.

use jaxrs_data::{Result, bail};

/// Words in order, and options with their values.
pub(crate) struct Arguments {
    command: &'static str,
    words: Vec<String>,
    options: Vec<(String, String)>,
}

impl Arguments {
    /// Reads arguments; `known` are the options that take a value.
    pub(crate) fn read(
        command: &'static str,
        arguments: &[String],
        known: &[&str],
    ) -> Result<Arguments> {
        let (mut words, mut options) = (Vec::new(), Vec::new());
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(name) = argument.strip_prefix("--") else {
                words.push(argument.clone());
                continue;
            };
            if !known.contains(&name) {
                let known: Vec<String> = known.iter().map(|name| format!("--{name}")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                bail!(InvalidArgument, "jaxrs {command} takes the options {known}, got --{name}");
            }
            let Some(value) = rest.next() else {
                bail!(InvalidArgument, "jaxrs {command} needs a value after --{name}");
            };
            options.push((name.to_owned(), value.clone()));
        }
        Ok(Arguments { command, words, options })
    }

    /// The words.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// The one word that there is to be.
    pub(crate) fn only(&self, what: &str) -> Result<&str> {
        match &self.words[..] {
            [word] => Ok(word),
            words => bail!(
                InvalidArgument,
                "jaxrs {} needs {what}, got {} arguments",
                self.command,
                words.len()
            ),
        }
    }

    /// The value of an option.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The numbers of an option, with commas between them; `default` where it is not given.
    pub(crate) fn numbers(&self, name: &str, default: &[usize]) -> Result<Vec<usize>> {
        let Some(text) = self.option(name) else { return Ok(default.to_vec()) };
        match text.split(',').map(|number| number.trim().parse().ok()).collect() {
            Some(numbers) => Ok(numbers),
            None => bail!(
                InvalidArgument,
                "jaxrs {} needs numbers after --{name}, got {text}",
                self.command
            ),
        }
    }
}
