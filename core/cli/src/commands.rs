//! The commands: the one table that usage, completions, the manual and the reading of arguments come from.

use jaxrs_data::Result;
use jaxrs_nvptx::Processor;

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::{aot, bench, completions, environment, manual, run, show};

/// A command.
pub(crate) struct Command {
    /// Its name.
    pub(crate) name: &'static str,
    /// What stands after the name, but for options.
    pub(crate) words: &'static str,
    /// What it does, in a line.
    pub(crate) summary: &'static str,
    /// What else there is to know, in paragraphs.
    pub(crate) details: &'static str,
    /// What it can be told.
    pub(crate) options: &'static [Choice],
    /// What words complete to.
    pub(crate) completes: Completes,
    /// Does it.
    pub(crate) run: fn(&Arguments) -> Result<Answer>,
}

/// An option of a command.
pub(crate) struct Choice {
    /// Its name, after two hyphens.
    pub(crate) name: &'static str,
    /// Its name after one hyphen.
    pub(crate) letter: Option<char>,
    /// What its value is, in capitals; without one it is a yes.
    pub(crate) value: Option<&'static str>,
    /// What it means.
    pub(crate) summary: &'static str,
    /// What its value completes to.
    pub(crate) completes: Completes,
}

/// What a word or a value may be.
#[derive(Clone, Copy)]
pub(crate) enum Completes {
    /// Anything.
    Nothing,
    /// The name of a file or folder.
    Files,
    /// One of these words.
    Words(&'static [&'static str]),
}

const fn option(
    name: &'static str,
    value: Option<&'static str>,
    summary: &'static str,
    completes: Completes,
) -> Choice {
    Choice { name, letter: None, value, summary, completes }
}

const THREADS: Choice = option(
    "threads",
    Some("N"),
    "how many threads run the program; all cores by default",
    Completes::Nothing,
);
const JSON: Choice = option(
    "json",
    None,
    "prints one JSON document in place of text; errors too, as {\"error\": {…}}",
    Completes::Nothing,
);
const SHAPES: Choice = option(
    "shapes",
    Some("[8,4],[]"),
    "the shapes of the inputs, of a program that takes arrays of any size",
    Completes::Nothing,
);
const OUT: Choice = Choice {
    name: "out",
    letter: Some('o'),
    value: Some("FILE"),
    summary: "where to write what would be printed; as .jaxrs a program is saved with its constants, as .mlir or .mlirbc \
              it is exported, as .jaxexport for jax.export.deserialize",
    completes: Completes::Files,
};

/// The stages of `jaxrs show`.
pub(crate) const STAGES: &[&str] =
    &["jaxpr", "stablehlo", "graph", "kernels", "llvm", "assembly", "ptx", "export"];
/// The shells that there are completions for.
pub(crate) const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// All commands, in the order in which they are listed.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        words: "PROGRAM [INPUT ...]",
        summary: "runs a program on arrays in files",
        details: "Inputs are .npy, .npz or .safetensors files; one with several arrays stands for several inputs, in the order \
                  of the .npz file, or of the names of the .safetensors file (numbers in them count as numbers).\n\
                  Results are written to DIR/out0.npy, DIR/out1.npy, …, or all to one file where --out ends in .npz or \
                  .safetensors, as out0, out1, ….\n\
                  With --batch there is no PROGRAM: each line of LIST is a program, a folder for its results and its inputs, \
                  with tabs between. DIR/status says what happened to each: ok, unsupported REASON or error REASON; --json says what reading, tracing, \
                  compiling and running each took.",
        options: &[
            Choice {
                name: "out",
                letter: Some('o'),
                value: Some("DIR"),
                summary: "where results go: a folder, or a file that ends in .npz or .safetensors",
                completes: Completes::Files,
            },
            option("batch", Some("LIST"), "runs the programs of a list", Completes::Files),
            THREADS,
            JSON,
        ],
        completes: Completes::Files,
        run: run::command,
    },
    Command {
        name: "show",
        words: "PROGRAM",
        summary: "prints a program, at some stage of its compilation",
        details: "jaxpr is what was traced, graph a picture of it in the DOT language of Graphviz, kernels the loops that it \
                  becomes, llvm LLVM's instructions before its passes, assembly the code of this processor, ptx the kernels for NVIDIA's graphics processors, \
                  behind a comment that says what the host does with them. export is what a file of jax.export says about its program: types, trees, platforms, effects, checks.",
        options: &[
            option("as", Some("STAGE"), "the stage; jaxpr by default", Completes::Words(STAGES)),
            option(
                "processor",
                Some("NAME"),
                "the graphics processor that ptx is for; sm_80 by default, which newer ones run too",
                Completes::Words(&Processor::NAMES),
            ),
            SHAPES,
            OUT,
            JSON,
        ],
        completes: Completes::Files,
        run: show::show,
    },
    Command {
        name: "grad",
        words: "PROGRAM",
        summary: "prints the derivative of a program, a program again",
        details: "The program has one real scalar result.",
        options: &[
            option(
                "argnums",
                Some("0,1,…"),
                "by which inputs; by the first by default",
                Completes::Nothing,
            ),
            SHAPES,
            OUT,
            JSON,
        ],
        completes: Completes::Files,
        run: show::gradient,
    },
    Command {
        name: "vmap",
        words: "PROGRAM",
        summary: "prints a program for many examples, a program again",
        details: "All inputs and results get a leading axis.",
        options: &[
            option("size", Some("N"), "how many examples", Completes::Nothing),
            SHAPES,
            OUT,
            JSON,
        ],
        completes: Completes::Files,
        run: show::batched,
    },
    Command {
        name: "save",
        words: "PROGRAM",
        summary: "saves a program in the portable format",
        details: "The file holds the program and its constants, depends on no machine, and is read by later versions, by the C \
                  library (jaxrs_program_load) and by all bindings. Where FILE ends in .mlir or .mlirbc, it is StableHLO for JAX \
                  and others: as text, or as a portable artifact; where it ends in .jaxexport, jax.export.deserialize reads it.",
        options: &[
            SHAPES,
            option(
                "vjp-order",
                Some("N"),
                "how many derivatives a .jaxexport file holds, for reverse mode in JAX; 0 by default",
                Completes::Nothing,
            ),
            OUT,
            JSON,
        ],
        completes: Completes::Files,
        run: show::save,
    },
    Command {
        name: "aot",
        words: "PROGRAM",
        summary: "compiles a program to an object file and a header, which need no library",
        details: "-o NAME writes NAME.o and NAME.h; the function is called as the last part of NAME. It runs on the caller's \
                  thread, on processors with the features of this one, and gives the same bits as jaxrs run. Link with -lm.\n\
                  Callbacks and prints are code of one process; programs with them are not supported.",
        options: &[
            Choice {
                name: "out",
                letter: Some('o'),
                value: Some("NAME"),
                summary: "the files, without their ending",
                completes: Completes::Files,
            },
            option(
                "runtime",
                Some("FILE"),
                "the archive libjaxrs_standalone.a, where it is not beside this command or in ../lib",
                Completes::Files,
            ),
            SHAPES,
            JSON,
        ],
        completes: Completes::Files,
        run: aot::command,
    },
    Command {
        name: "bench",
        words: "PROGRAM [INPUT ...]",
        summary: "measures tracing, compiling and running",
        details: "Runs are repeated for about a second; the median and the fastest are given.",
        options: &[THREADS, JSON],
        completes: Completes::Files,
        run: bench::command,
    },
    Command {
        name: "env",
        words: "",
        summary: "prints versions and the machine",
        details: "",
        options: &[JSON],
        completes: Completes::Nothing,
        run: environment::command,
    },
    Command {
        name: "completions",
        words: "SHELL",
        summary: "prints what makes a shell complete these commands",
        details: "For bash: source <(jaxrs completions bash). For zsh: jaxrs completions zsh > _jaxrs in a folder of $fpath. For \
                  fish: jaxrs completions fish | source.",
        options: &[OUT_TEXT],
        completes: Completes::Words(SHELLS),
        run: completions::command,
    },
    Command {
        name: "man",
        words: "",
        summary: "prints the manual page",
        details: "jaxrs man | man -l -",
        options: &[OUT_TEXT],
        completes: Completes::Nothing,
        run: manual::command,
    },
];

const OUT_TEXT: Choice = Choice {
    name: "out",
    letter: Some('o'),
    value: Some("FILE"),
    summary: "where to write what would be printed",
    completes: Completes::Files,
};

/// The command of a name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

impl Choice {
    /// The names and the value: `-o, --out DIR`.
    pub(crate) fn form(&self) -> String {
        let letter = self.letter.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        let value = self.value.map(|value| format!(" {value}")).unwrap_or_default();
        format!("{letter}--{}{value}", self.name)
    }
}

impl Command {
    /// The command as it is typed: `jaxrs show PROGRAM [--as STAGE] [--out FILE]`.
    pub(crate) fn form(&self) -> String {
        let mut words = ["jaxrs", self.name, self.words].join(" ").trim_end().to_owned();
        for option in self.options {
            let value = option.value.map(|value| format!(" {value}")).unwrap_or_default();
            words.push_str(&format!(" [--{}{value}]", option.name));
        }
        words
    }
}

/// What programs are, for people.
pub(crate) const PROGRAMS: &str = "A PROGRAM is StableHLO, as text or as a portable artifact, a file of jax.export, a saved program \
                                   (.jaxrs), or a jaxpr as it is printed.";

/// What numbers the command ends with.
pub(crate) const STATUS: &[(u8, &str)] = &[
    (0, "it is done"),
    (1, "an error"),
    (2, "a command or an option that is not understood"),
    (3, "a program that is not supported"),
];

/// The list of commands, for people.
pub(crate) fn usage() -> String {
    let mut text = format!("jaxrs: programs in files. {PROGRAMS}\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {}\n      {}\n", command.form(), command.summary));
    }
    text.push_str("\njaxrs help COMMAND says more.\nExit status:");
    for (k, (number, meaning)) in STATUS.iter().enumerate() {
        text.push_str(&format!("{} {number} for {meaning}", if k > 0 { "," } else { "" }));
    }
    text + ".\n"
}

/// What there is to know of a command, for people.
pub(crate) fn help(command: &Command) -> String {
    let mut text = format!("{}\n\n{}: {}.\n", command.form(), command.name, command.summary);
    for paragraph in command.details.lines() {
        text.push_str(&format!("{paragraph}\n"));
    }
    if !command.options.is_empty() {
        text.push('\n');
    }
    for option in command.options {
        text.push_str(&format!("  {}\n      {}\n", option.form(), option.summary));
    }
    text
}
