//! The files in `tests/programs`, which versions of the library wrote: they are read and give what they gave.
//!
//! A new file: its text as NAME.jaxpr, its constants and inputs in cases.txt, then `UPDATE_EXPECT=1 cargo test -p
//! jaxrs-transform --test portable`, which writes what is missing and never what is there.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::PathBuf;

use jaxrs_data::{DType, ErrorKind, Literal, Scalar, Type, checksum};
use jaxrs_ir::Value;
use jaxrs_ir::portable::PortableProgram;
use jaxrs_ir::prims::{Host, VmapMethod};
use jaxrs_runtime::Array;
use jaxrs_transform::{
    Callback, Context, ContextOptions, Function, Scope, function_from_jaxpr, jvp, make_jaxpr,
    portable, pure_callback, to_array, value_from_array,
};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs").join(name)
}

/// A saved program of `cases.txt`.
#[derive(Default)]
struct Case {
    name: String,
    consts: Vec<Literal>,
    inputs: Vec<Literal>,
    outputs: Vec<Literal>,
}

fn literal(words: &[&str]) -> Literal {
    let dtype = DType::from_name(words[0]).unwrap();
    let (dims, values) = words[2..].split_at(words[1].parse().unwrap());
    let dims: Vec<usize> = dims.iter().map(|dim| dim.parse().unwrap()).collect();
    Literal::from_fn(Type::new(dtype, dims.as_slice()), |k| {
        Scalar::Float(values[k].parse().unwrap()).rounded(dtype)
    })
}

/// The programs, and the files that are refused with the codes of their errors.
fn cases() -> (Vec<Case>, Vec<(String, u32)>) {
    let (mut cases, mut refused) = (Vec::<Case>::new(), Vec::new());
    let text = std::fs::read_to_string(path("cases.txt")).unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "program" => cases.push(Case { name: words[1].to_owned(), ..Case::default() }),
            "refused" => refused.push((words[1].to_owned(), words[2].parse().unwrap())),
            "const" => cases.last_mut().unwrap().consts.push(literal(&words[1..])),
            "in" => cases.last_mut().unwrap().inputs.push(literal(&words[1..])),
            _ => cases.last_mut().unwrap().outputs.push(literal(&words[1..])),
        }
    }
    (cases, refused)
}

/// The bytes of a file; made where it is missing and that is asked for.
fn file(name: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = path(&format!("{name}.jaxrs"));
    if !path.exists() && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, make()).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn in_text(case: &Case) -> PortableProgram {
    let text = std::fs::read_to_string(path(&format!("{}.jaxpr", case.name))).unwrap();
    let jaxpr: jaxrs_ir::Jaxpr = text.parse().unwrap();
    PortableProgram { name: case.name.clone(), jaxpr: jaxpr.into(), consts: case.consts.clone() }
}

fn saved(case: &Case) -> Vec<u8> {
    file(&case.name, || in_text(case).to_bytes().unwrap())
}

fn run(scope: &Scope, bytes: &[u8], inputs: &[Literal]) -> Vec<Literal> {
    let (name, program) = portable::load(bytes).unwrap();
    let inputs: Vec<_> =
        inputs.iter().map(|x| value_from_array(Array::from_literal(x).unwrap())).collect();
    let outputs = function_from_jaxpr(&name, program).call(scope, &inputs).unwrap();
    outputs.iter().map(|y| to_array(y).unwrap().to_literal().unwrap()).collect()
}

fn is_near(got: &Literal, expected: &Literal) -> bool {
    let pairs = got.to_f64s().into_iter().zip(expected.to_f64s());
    got.ty() == expected.ty()
        && pairs.into_iter().all(|(x, y)| (x - y).abs() <= 1e-5 * (1.0 + y.abs()))
}

#[test]
fn saved_programs_give_what_they_gave() {
    let context = Context::new(ContextOptions::default());
    for case in cases().0 {
        let outputs = run(&context.root(), &saved(&case), &case.inputs);
        assert_eq!(outputs.len(), case.outputs.len(), "{}: {outputs:?}", case.name);
        for (got, expected) in outputs.iter().zip(&case.outputs) {
            assert!(is_near(got, expected), "{}: {got} in place of {expected}", case.name);
        }
    }
}

/// Files of this version are also what it writes; those of earlier ones only have to mean the same.
#[test]
fn saved_programs_are_their_text() {
    for case in cases().0 {
        let (read, text) = (PortableProgram::from_bytes(&saved(&case)).unwrap(), in_text(&case));
        assert_eq!(read, text);
        assert_eq!(text.to_bytes().unwrap(), saved(&case), "{}", case.name);
    }
}

#[test]
fn a_file_of_a_later_minor_version_is_read() {
    let case = &cases().0[0];
    let later = file("later_minor", || changed(case, 7, b"note"));
    let later = PortableProgram::from_bytes(&later).unwrap();
    assert_eq!(later, in_text(case));
}

/// The file of a case with another minor version and one more section.
fn changed(case: &Case, minor: u8, section: &[u8; 4]) -> Vec<u8> {
    let mut file = in_text(case).to_bytes().unwrap();
    file.truncate(file.len() - 8);
    file[10] = minor;
    file.extend(section);
    file.extend(b"\x05later");
    let sum = checksum(&file).to_le_bytes();
    [&file[..], &sum].concat()
}

#[test]
fn other_files_are_refused() {
    let (cases, refused) = cases();
    for (name, code) in refused {
        let file = file(&name, || match name.as_str() {
            "later_section" => changed(&cases[1], 1, b"NEWS"),
            "later_major" => {
                let mut file = in_text(&cases[1]).to_bytes().unwrap();
                file[8] = 2;
                file
            }
            _ => {
                let mut file = in_text(&cases[1]).to_bytes().unwrap();
                let middle = file.len() / 2;
                file[middle] ^= 4;
                file
            }
        });
        assert_eq!(portable::load(&file).unwrap_err().kind() as u32, code, "{name}");
    }
}

#[test]
fn a_rule_of_a_saved_program_is_known_by_name() {
    let context = Context::new(ContextOptions::default());
    let cases = cases().0;
    let case = cases.iter().find(|case| case.name == "custom").unwrap();
    let (name, program) = portable::load(&saved(case)).unwrap();
    let x = value_from_array(Array::from_literal(&case.inputs[0]).unwrap());
    let tangents = jvp(&function_from_jaxpr(&name, program));
    let error = tangents.call(&context.root(), &[x.clone(), x]).unwrap_err();
    assert!(error.message().contains("rule rule is known by its name only"), "{error}");
}

#[test]
fn programs_with_callbacks_cannot_be_saved() {
    let context = Context::new(ContextOptions::default());
    let ty = Type::scalar(DType::F32);
    let result_types = vec![ty.clone()];
    let simulator = Function::new("f", move |scope: &Scope, x: &[Value]| {
        let host = Host::of_arrays("simulator", |x| Ok(x.to_vec()));
        let callback =
            Callback { host, result_types: result_types.clone(), vmap_method: VmapMethod::None };
        pure_callback(scope, callback, x)
    });
    let program = make_jaxpr(&simulator, &context.root(), &[ty]).unwrap();
    let error = portable::save("f", &program).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert!(error.message().contains("pure_callback of simulator cannot be saved"), "{error}");
}
