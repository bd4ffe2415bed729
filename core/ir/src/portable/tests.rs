use jaxrs_data::{DType, Type, checksum};

use super::*;
use crate::prims::Sample;
use crate::{Atom, Eqn, Param, Prim};

fn program(source: &str, consts: &[Literal]) -> PortableProgram {
    let jaxpr: Jaxpr = source.parse().unwrap();
    PortableProgram { name: "main".into(), jaxpr: Arc::new(jaxpr), consts: consts.to_vec() }
}

/// A program with constants, a loop, and one inner program that two branches share.
fn example() -> PortableProgram {
    let mut program = program(
        "{ lambda a:f32[2]; b:f32[2] c:i32[]. let
             d:f32[2] = mul a b
             e:f32[2] = cond[branches=({ lambda ; f:f32[2]. let g:f32[2] = sin f in (g,) } { lambda ; h:f32[2]. let  in (h,) })] c d
             i:f32[2] = integer_pow[y=-3] e
             j:f32[2] = add i 2.5:f32[]
           in (j, true:bool[]) }",
        &[Literal::f32([2], &[1.5, -0.0])],
    );
    let jaxpr = Arc::make_mut(&mut program.jaxpr);
    jaxpr.eqns[0].name_stack = Some("layer/product".into());
    program
}

fn read(bytes: &[u8]) -> Result<PortableProgram> {
    PortableProgram::from_bytes(bytes)
}

#[track_caller]
fn refused(bytes: &[u8], kind: ErrorKind, message: &str) {
    let error = read(bytes).unwrap_err();
    assert_eq!((error.kind(), error.message().contains(message)), (kind, true), "{error}");
}

/// The file with another end, and the checksum that goes with it.
fn signed(content: &[u8]) -> Vec<u8> {
    [content, &checksum(content).to_le_bytes()].concat()
}

fn with_section(tag: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let file = example().to_bytes().unwrap();
    let mut out = bytes::Writer(file[..file.len() - 8].to_vec());
    out.0.extend(tag);
    out.run(content);
    signed(&out.0)
}

#[test]
fn programs_read_back_as_they_are() {
    let program = example();
    let file = program.to_bytes().unwrap();
    assert_eq!(read(&file).unwrap(), program);
    assert_eq!(read(&file).unwrap().to_bytes().unwrap(), file);
    assert!(is_portable(&file) && !is_portable(b"{ lambda ; . let  in () }"));
}

#[test]
fn every_sample_of_every_primitive_reads_back() {
    for Sample { prim, inputs, .. } in Prim::samples() {
        let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
        let mut jaxpr = Jaxpr::default();
        for ty in &types {
            jaxpr.add_invar(ty.clone());
        }
        let outputs = prim.output_types(&types).unwrap().into_iter();
        let outputs = outputs.map(|ty| jaxpr.fresh_var(ty)).collect::<Vec<_>>();
        jaxpr.outputs = outputs.iter().map(|&var| Atom::Var(var)).collect();
        let inputs = jaxpr.invars.iter().map(|&var| Atom::Var(var)).collect();
        jaxpr.eqns.push(Eqn { prim, inputs, outputs: outputs.into(), name_stack: None });
        let text = jaxpr.to_string();
        let program = PortableProgram { name: text, jaxpr: jaxpr.into(), consts: Vec::new() };
        match program.to_bytes() {
            Ok(file) => assert_eq!(read(&file).unwrap().jaxpr.to_string(), program.name),
            Err(error) => assert!(error.message().contains("callback"), "{error}"),
        }
    }
}

#[test]
fn all_element_types_read_back_as_constants() {
    for dtype in DType::ALL {
        let ty = Type::new(dtype, [3]);
        let bytes: Vec<u8> = (0..ty.size_bytes()).map(|k| k as u8 % 2).collect();
        let value = Literal::from_bytes(ty.clone(), bytes).unwrap();
        let source = format!("{{ lambda a:{ty}; . let  in (a,) }}");
        let program = program(&source, &[value]);
        assert_eq!(read(&program.to_bytes().unwrap()).unwrap(), program);
    }
}

#[test]
fn a_shared_program_is_written_once() {
    let inner: Arc<Jaxpr> = Arc::new(
        "{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = cos b; d:f32[] = tanh c in (d,) }"
            .parse()
            .unwrap(),
    );
    let size = |n: usize| {
        let mut jaxpr = Jaxpr::default();
        let mut last = jaxpr.add_invar(Type::scalar(DType::F32));
        for _ in 0..n {
            let call = crate::prims::Call { name: "f".into(), jaxpr: inner.clone() };
            let output = jaxpr.fresh_var(Type::scalar(DType::F32));
            let (inputs, outputs) =
                ([Atom::Var(last)].into_iter().collect(), [output].into_iter().collect());
            jaxpr.eqns.push(Eqn { prim: call.into(), inputs, outputs, name_stack: None });
            last = output;
        }
        jaxpr.outputs = vec![Atom::Var(last)];
        let program =
            PortableProgram { name: "main".into(), jaxpr: jaxpr.into(), consts: Vec::new() };
        program.to_bytes().unwrap().len()
    };
    assert!(size(10) - size(9) < 16, "{} {}", size(10), size(9));
}

#[test]
fn every_damaged_byte_and_every_length_is_an_error() {
    let file = example().to_bytes().unwrap();
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            assert!(read(&damaged).is_err(), "bit {bit} of byte {at}");
        }
        assert!(read(&file[..at]).is_err(), "{at} bytes");
    }
}

/// What passes the checksum may still be anything: every byte takes every value.
#[test]
fn nothing_that_passes_the_checksum_ends_in_a_panic() {
    let file = example().to_bytes().unwrap();
    let content = &file[..file.len() - 8];
    for at in 12..content.len() {
        for value in 0..=u8::MAX {
            let mut changed = content.to_vec();
            changed[at] = value;
            let _ = read(&signed(&changed));
        }
        let _ = read(&signed(&content[..at]));
    }
}

#[test]
fn later_versions_are_read_as_far_as_they_are_known() {
    let mut later = with_section(b"note", b"of a later version");
    later[10] = 9;
    let later = signed(&later[..later.len() - 8]);
    assert_eq!(read(&later).unwrap(), example());
    refused(&with_section(b"NOTE", b""), ErrorKind::Incompatible, "a section NOTE");
    let mut major = example().to_bytes().unwrap();
    major[8] = 2;
    refused(&major, ErrorKind::Incompatible, "has format 2.0, but this library reads 1.");
}

#[test]
fn what_is_not_known_is_an_error_and_never_left_out() {
    let file = example().to_bytes().unwrap();
    let renamed = |from: &str, to: &str| {
        let content = &file[..file.len() - 8];
        let at = content.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        signed(&[&content[..at], to.as_bytes(), &content[at + from.len()..]].concat())
    };
    refused(&renamed("integer_pow", "integer_hat"), ErrorKind::InvalidArgument, "integer_hat");
    refused(&renamed("branches", "brunches"), ErrorKind::InvalidArgument, "branches");
    let params = [("y".to_owned(), Param::Int(2)), ("base".to_owned(), Param::Int(2))];
    let error = read::primitive("integer_pow", &params).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert!(error.message().contains("integer_pow a parameter base"), "{error}");
}

#[test]
fn programs_that_break_a_rule_are_refused() {
    let mut program = example();
    Arc::make_mut(&mut program.jaxpr).types[3] = Type::scalar(DType::F32);
    refused(&program.to_bytes().unwrap(), ErrorKind::InvalidArgument, "not well formed");
    let mut program = example();
    program.consts.clear();
    assert!(program.to_bytes().unwrap_err().message().contains("1 constants, but values for 0"));
}
