//! The files in `tests/programs`, which versions of the library wrote: they are read and give what they gave.
//!
//! A new file: its text as NAME.jaxpr, its constants and inputs in cases.txt, then `UPDATE_EXPECT=1 cargo test -p
//! jaxrs-transform --test portable`, which writes what is missing and never what is there.
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::PathBuf;

use jaxrs_data::{DType, ErrorKind, Literal, Scalar, Type, checksum};
use jaxrs_ir::portable::PortableProgram;
use jaxrs_ir::prims::{Binary, Host, Unary, VmapMethod};
use jaxrs_ir::{Value, ops};
use jaxrs_runtime::Array;
use jaxrs_transform::{
    Callback, Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, VmapOptions,
    custom_jvp, custom_vjp, function_from_jaxpr, grad, jit, jvp, make_jaxpr, portable,
    pure_callback, to_array, value_from_array, vmap,
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
    let error = portable::save("f", &program, &context.root()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert!(error.message().contains("pure_callback of simulator cannot be saved"), "{error}");
}

/// x² with a derivative of its own, three times too large, so that it is seen whose it is.
fn square() -> Function {
    let bind = |scope: &Scope, op: Binary, a: &Value, b: &Value| ops::binary(scope, op, a, b);
    let value = Function::new("square", move |scope: &Scope, x: &[Value]| {
        Ok(vec![bind(scope, Binary::Mul, &x[0], &x[0])?])
    });
    let rule = Function::new("three_times", move |scope: &Scope, x: &[Value]| {
        let [x, dx] = x else { unreachable!() };
        let six = ops::full(scope, x.ty(), Scalar::Float(6.0))?;
        let slope = bind(scope, Binary::Mul, &six, x)?;
        Ok(vec![bind(scope, Binary::Mul, x, x)?, bind(scope, Binary::Mul, &slope, dx)?])
    });
    custom_jvp(&value, &rule)
}

/// sin x, whose reverse derivative is twice the true one, by way of a residual.
fn sine() -> Function {
    let value = Function::new("sine", |scope: &Scope, x: &[Value]| {
        Ok(vec![ops::unary(scope, Unary::Sin, &x[0])?])
    });
    let fwd = Function::new("fwd", |scope: &Scope, x: &[Value]| {
        Ok(vec![ops::unary(scope, Unary::Sin, &x[0])?, ops::unary(scope, Unary::Cos, &x[0])?])
    });
    let bwd = Function::new("bwd", |scope: &Scope, x: &[Value]| {
        let slope = ops::binary(scope, Binary::Mul, &x[0], &x[1])?;
        Ok(vec![ops::binary(scope, Binary::Add, &slope, &slope)?])
    });
    custom_vjp(&value, &fwd, &bwd, 1)
}

fn scalar(x: f32) -> Value {
    value_from_array(Array::from_literal(&Literal::f32(&[][..], &[x])).unwrap())
}

#[track_caller]
fn gives(function: &Function, context: &Context, x: f32, expected: f64) {
    let y = function.call(&context.root(), &[scalar(x)]).unwrap();
    let y = to_array(&y[0]).unwrap().to_literal().unwrap().to_f64s()[0];
    assert!((y - expected).abs() < 1e-5, "{y} in place of {expected}");
}

/// Rules are saved as what they do: within loops and under `jit`, too, and for derivatives of derivatives.
#[test]
fn loaded_programs_have_the_derivatives_of_their_rules() {
    let context = Context::new(ContextOptions::default());
    let within = Function::new("within", |scope: &Scope, x: &[Value]| {
        jit(&square(), JitOptions::default()).call(scope, &sine().call(scope, x)?)
    });
    for (function, first, second) in [
        (square(), 6.0 * 0.5, Some(6.0)),
        (sine(), 2.0 * 0.5f64.cos(), Some(-2.0 * 0.5f64.sin())),
        (within, 6.0 * 0.5f64.sin() * 2.0 * 0.5f64.cos(), None),
    ] {
        let program = make_jaxpr(&function, &context.root(), &[Type::scalar(DType::F32)]).unwrap();
        let file = portable::save("f", &program, &context.root()).unwrap();
        let (name, loaded) = portable::load(&file).unwrap();
        let again = portable::save(&name, &loaded, &context.root()).unwrap();
        assert_eq!(file, again);
        let loaded = function_from_jaxpr(&name, loaded);
        let options = DiffOptions::default;
        gives(&grad(&loaded, options()), &context, 0.5, first);
        gives(&vmap_of_one(&grad(&loaded, options())), &context, 0.5, first);
        if let Some(second) = second {
            gives(&grad(&grad(&loaded, options()), options()), &context, 0.5, second);
        }
    }
}

/// The function by way of a batch of one.
fn vmap_of_one(function: &Function) -> Function {
    let batched = vmap(function, VmapOptions::default());
    Function::new("one", move |scope: &Scope, x: &[Value]| {
        let x = ops::reshape(scope, &x[0], &[1].into())?;
        let y = batched.call(scope, &[x])?;
        Ok(vec![ops::reshape(scope, &y[0], &[][..].into())?])
    })
}
