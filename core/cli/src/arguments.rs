//! What stands on the command line after the name of a command.

use jaxrs_data::{Result, bail};

use crate::commands::Command;

/// Words in order, and options with their values.
pub(crate) struct Arguments {
    command: &'static Command,
    words: Vec<String>,
    options: Vec<(&'static str, String)>,
}

impl Arguments {
    /// Reads arguments of a command.
    pub(crate) fn read(command: &'static Command, arguments: &[String]) -> Result<Arguments> {
        let mut read = Arguments { command, words: Vec::new(), options: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                Some(option) => read.add_option(option, &mut rest)?,
                None => read.words.push(argument.clone()),
            }
        }
        Ok(read)
    }

    /// An option, after its first hyphen, and its value, which may follow a `=`.
    fn add_option<'a>(
        &mut self,
        option: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<()> {
        let (name, given) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let command = self.command;
        let known = command.options.iter().find(|choice| match name.strip_prefix('-') {
            Some(long) => long == choice.name,
            None => choice.letter.is_some_and(|letter| name == letter.to_string()),
        });
        let Some(choice) = known else {
            let known: Vec<String> =
                command.options.iter().map(|choice| format!("--{}", choice.name)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            bail!(InvalidArgument, "jaxrs {} takes the options {known}, got -{name}", command.name);
        };
        let value = match (choice.value, given) {
            (None, None) => String::new(),
            (None, Some(value)) => {
                bail!(InvalidArgument, "--{} takes no value, got {value}", choice.name)
            }
            (Some(_), Some(value)) => value,
            (Some(_), None) => match rest.next() {
                Some(value) => value.clone(),
                None => bail!(
                    InvalidArgument,
                    "jaxrs {} needs a value after --{}",
                    command.name,
                    choice.name
                ),
            },
        };
        self.options.push((choice.name, value));
        Ok(())
    }

    /// The words.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// The one word that there is to be.
    pub(crate) fn only(&self, what: &str) -> Result<&str> {
        match &self.words[..] {
            [word] => Ok(word),
            words => {
                let (name, got) = (self.command.name, words.len());
                bail!(InvalidArgument, "jaxrs {name} needs {what}, got {got} arguments")
            }
        }
    }

    /// That there are no words.
    pub(crate) fn none(&self) -> Result<()> {
        match &self.words[..] {
            [] => Ok(()),
            [word, ..] => {
                bail!(InvalidArgument, "jaxrs {} takes no {word}", self.command.name)
            }
        }
    }

    /// The value of an option.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(option, _)| *option == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether JSON is to be printed.
    pub(crate) fn json(&self) -> bool {
        self.option("json").is_some()
    }

    /// How many threads run programs; 0 stands for as many as there are cores.
    pub(crate) fn threads(&self) -> Result<usize> {
        Ok(self.numbers("threads", &[0])?.first().copied().unwrap_or(0))
    }

    /// The shapes that --shapes says: `[8,4],[]`.
    pub(crate) fn shapes(&self) -> Result<Option<Vec<Vec<usize>>>> {
        let Some(text) = self.option("shapes") else { return Ok(None) };
        let shape = |part: &str| {
            let numbers = part.trim().trim_start_matches(',').trim().strip_prefix('[')?;
            let numbers = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
            numbers.map(|number| number.parse().ok()).collect::<Option<Vec<usize>>>()
        };
        let parts = text.trim().strip_suffix(']').map(|text| text.split(']').map(shape).collect());
        match parts.flatten() {
            Some(shapes) => Ok(Some(shapes)),
            None => {
                let command = self.command.name;
                bail!(
                    InvalidArgument,
                    "jaxrs {command} needs shapes like [8,4],[] after --shapes, got {text}"
                )
            }
        }
    }

    /// The numbers of an option, with commas between them; `default` where it is not given.
    pub(crate) fn numbers(&self, name: &str, default: &[usize]) -> Result<Vec<usize>> {
        let Some(text) = self.option(name) else { return Ok(default.to_vec()) };
        match text.split(',').map(|number| number.trim().parse().ok()).collect() {
            Some(numbers) => Ok(numbers),
            None => {
                let command = self.command.name;
                bail!(InvalidArgument, "jaxrs {command} needs numbers after --{name}, got {text}")
            }
        }
    }
}
