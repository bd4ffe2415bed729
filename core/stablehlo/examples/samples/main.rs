//! Exports the samples of all primitives, and programs, for others to run; and compares what they found with what the
//! definition says.
//!
//! `samples write DIR` writes modules as text and bytecode with their inputs; `samples compare DIR` reads the results that
//! stand beside them. `tests/suites/stablehlo.py` has them run by JAX's own tools.
#![allow(missing_docs, clippy::print_stdout, reason = "a command for tests")]

mod models;
mod programs;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use jaxrs_data::tolerance::difference;
use jaxrs_data::{DType, Literal, Scalar};
use jaxrs_stablehlo::{module, write};

use models::models;
use programs::{Program, all, flushed, physical, unexported};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failed> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", folder] => written(Path::new(folder)),
        ["compare", folder] => compared(Path::new(folder)),
        _ => Err(io::Error::other("usage: samples write|compare DIR").into()),
    }
}

/// NumPy's name of an element type.
fn name(dtype: DType) -> String {
    let name = dtype.name();
    match dtype {
        DType::Bool | DType::BF16 => if dtype.is_bool() { "bool" } else { "bfloat16" }.to_owned(),
        DType::C64 => "complex64".to_owned(),
        DType::C128 => "complex128".to_owned(),
        _ if dtype.is_signed() && dtype.is_integer() => name.replacen('i', "int", 1),
        _ if dtype.is_unsigned() => name.replacen('u', "uint", 1),
        DType::F16 | DType::F32 | DType::F64 => name.replacen('f', "float", 1),
        _ => name.replacen('f', "float", 1).to_lowercase(),
    }
}

fn described(literal: &Literal) -> String {
    let ty = literal.ty();
    let dims: Vec<String> = ty.shape.iter().map(usize::to_string).collect();
    format!("{}[{}]", name(ty.dtype), dims.join(","))
}

/// A line a program: its name and the types of its inputs. The bytes of inputs stand in one file, one after the other.
fn written(folder: &Path) -> Result<ExitCode, Failed> {
    fs::create_dir_all(folder)?;
    let (mut lines, mut failed) = (String::new(), Vec::new());
    for program in all().into_iter().chain(models()) {
        let module = match module(&program.jaxpr, &[]) {
            Ok(module) => module,
            Err(error) => {
                failed.push(format!("{}\tcannot be exported: {error}", program.name));
                continue;
            }
        };
        let inputs: Vec<Literal> = program.inputs.iter().map(physical).collect();
        fs::write(folder.join(format!("{}.mlir", program.name)), module.to_string())?;
        fs::write(folder.join(format!("{}.mlirbc", program.name)), write(&module)?)?;
        let bytes: Vec<u8> = inputs.iter().flat_map(|x| x.bytes().to_vec()).collect();
        fs::write(folder.join(format!("{}.in", program.name)), bytes)?;
        let types: Vec<String> = inputs.iter().map(described).collect();
        lines += &format!("{}\t{}\n", program.name, types.join(" "));
    }
    fs::write(folder.join("programs.tsv"), lines)?;
    fs::write(folder.join("refused.tsv"), failed.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The results of a program, from the bytes of all of them.
fn read(program: &Program, expected: &[Literal], bytes: &[u8]) -> Result<Vec<Literal>, Failed> {
    let mut rest = bytes;
    let mut results = Vec::new();
    for result in expected {
        let Some((own, after)) = rest.split_at_checked(result.bytes().len()) else {
            return Err(io::Error::other(format!("{}: results are missing", program.name)).into());
        };
        results.push(Literal::from_bytes(result.ty().clone(), own)?);
        rest = after;
    }
    Ok(results)
}

/// Without subnormal numbers. Of complex numbers that are none, which part is NaN depends on the order of operations.
fn as_xla(literal: &Literal) -> Literal {
    let literal = flushed(literal);
    Literal::from_fn(literal.ty().clone(), |k| match literal.get(k) {
        Scalar::Complex(re, im) if re.is_nan() || im.is_nan() => {
            Scalar::Complex(f64::NAN, f64::NAN)
        }
        other => other,
    })
}

/// Prints a line for each sample that failed, and how many passed and failed.
fn compared(folder: &Path) -> Result<ExitCode, Failed> {
    let (mut passed, mut failed) = (0, 0);
    let fail = |name: &str, why: &str| {
        println!("FAILED {name}: {}", why.lines().next().unwrap_or_default());
    };
    let refused = fs::read_to_string(folder.join("refused.tsv"))?;
    for line in refused.lines().filter(|line| !line.is_empty()) {
        failed += 1;
        fail(line, "");
    }
    for program in all().into_iter().chain(models()) {
        let error = fs::read_to_string(folder.join(format!("{}.error", program.name)));
        let expected: Vec<Literal> = program.expected()?.iter().map(physical).collect();
        let Ok(bytes) = fs::read(folder.join(format!("{}.out", program.name))) else {
            if !refused.contains(&format!("{}\t", program.name)) {
                failed += program.parts.len();
                fail(&program.name, error.as_deref().unwrap_or("was not run"));
            }
            continue;
        };
        let results = read(&program, &expected, &bytes)?;
        for part in &program.parts {
            let differs = part.outputs.clone().find_map(|k| {
                difference(&as_xla(&results[k]), &as_xla(&expected[k]), part.class)
                    .map(|text| format!("result {k}: {text}"))
            });
            match differs {
                None => passed += 1,
                Some(text) => {
                    failed += 1;
                    fail(&format!("{} {}", program.name, part.label), &text);
                }
            }
        }
    }
    println!("rows of what XLA cannot be asked: {}", unexported().len());
    println!("{passed} passed, {failed} failed");
    Ok(ExitCode::SUCCESS)
}
