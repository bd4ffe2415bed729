//! Programs that are almost well formed: reading, checking and planning them gives errors, not panics.

use jaxrs_kernel::check::check;
use jaxrs_kernel::interpret::Plan;
use jaxrs_kernel::parse::parse;
use jaxrs_kernel::testing::{Options, Random, random_program};

/// Changes a word of a text, mostly a number in it, or a whole line.
fn mutate(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, other) = (random.below(lines.len()), random.below(lines.len()));
    match random.below(12) {
        0 if lines.len() > 1 => drop(lines.remove(at)),
        1 => lines.swap(at, other),
        2 => lines.insert(other, lines[at].clone()),
        _ => lines[at] = mutate_line(&lines[at], random),
    }
    lines.join("\n")
}

fn mutate_line(line: &str, random: &mut Random) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let replacements = [
        "0",
        "1",
        "-1",
        "7",
        "1000000",
        "18446744073709551615",
        "9223372036854775807",
        "%0",
        "%3",
        "b0",
        "b2",
        "i0",
        "f32",
        "i64",
        "bool",
        "c64",
        "add",
        "select",
        "nan",
        "{",
        "}",
        "(",
        ")",
        "",
    ];
    let filled: Vec<usize> = (0..words.len()).filter(|&at| !words[at].is_empty()).collect();
    let at = random.choose(&filled);
    let digits = words[at].find(|c: char| c.is_ascii_digit());
    match digits {
        // The number inside a word, as in `%12,` or `f32[40]`.
        Some(start) if random.percent(90) => {
            let rest = &words[at][start..];
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let numbers = ["0", "1", "2", "3", "5", "8", "11", "64", "4611686018427387904"];
            let number = random.choose(&numbers);
            words[at] = format!("{}{number}{}", &words[at][..start], &rest[end..]);
        }
        _ => words[at] = random.choose(&replacements).to_owned(),
    }
    words.join(" ")
}

#[test]
fn faulty_programs_give_errors_and_never_panics() {
    let mut outcomes = [0; 3];
    for seed in 0..if cfg!(debug_assertions) { 1_500 } else { 10_000 } {
        let mut random = Random::new(seed);
        let options = Options { size: 8, ..Options::default() };
        let text = random_program(seed / 10, &options).program.to_string();
        let outcome = match parse(&mutate(&text, &mut random)) {
            Err(_) => 0,
            Ok(program) if check(&program).is_err() => 1,
            // What passes the checker can be planned.
            Ok(program) => {
                Plan::new(&program).map(|_| 2).unwrap_or_else(|err| panic!("{err}\n{program}"))
            }
        };
        outcomes[outcome] += 1;
    }
    // All three happen often, or the mutations are of no use.
    assert!(outcomes.iter().all(|&count| count > 100), "{outcomes:?}");
}
