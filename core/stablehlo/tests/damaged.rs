//! What readers do with files that are damaged: an error, whatever it is; no panic, no end of the stack, no memory without
//! bound. The generator is our own, so that a finding comes back with the same run.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "../examples/samples/programs.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod programs;

use jaxrs_data::{Shape, Type};
use jaxrs_ir::Prim;
use jaxrs_stablehlo::tree::Ty;
use jaxrs_stablehlo::{Program, is_exported, module, read, write, write_exported};
use jaxrs_transform::{Context, ContextOptions, make_jaxpr};

/// Files of JAX's own: with derivatives, of arrays of any size, with trees of arguments.
const EXPORTED: [&[u8]; 3] = [
    include_bytes!("../testdata/derivatives.jaxexport"),
    include_bytes!("../testdata/any_size.jaxexport"),
    include_bytes!("../testdata/trees.jaxexport"),
];

/// Primitives whose operations have regions, constants, calls and attributes of every form.
const PRIMITIVES: [&str; 10] = [
    "erf",
    "dot_general",
    "conv_general_dilated",
    "sort",
    "gather",
    "scatter-add",
    "cholesky",
    "fft",
    "cond",
    "scan",
];

/// Knuth's linear congruences.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

fn damaged(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = [0, 0xFF, 0x80, 1, b'(', b'<', b'9', b'x'][random.below(8)],
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 => bytes.insert(at, random.below(256) as u8),
            _ => {
                let from = random.below(bytes.len());
                let piece = bytes[from..(from + random.below(24)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

/// Reads a file and, where it is a program still, traces it: types and attributes are looked at then.
fn tried(bytes: &[u8]) {
    let Ok(program) = Program::read(bytes) else { return };
    // Sizes that are not known are 2 of each.
    let known = program.arguments().iter().map(|ty| match ty {
        Ty::Dynamic(dtype, dims) => {
            let dims: Vec<i64> = dims.iter().map(|dim| dim.map_or(2, |dim| dim as i64)).collect();
            Shape::from_user("a test", &dims, dtype.size_bytes()).ok().map(|s| Type::new(*dtype, s))
        }
        Ty::Tensor(ty) => Some(ty.clone()),
        _ => None,
    });
    let Some(types) = known.collect::<Option<Vec<Type>>>() else { return };
    if types.iter().any(|ty| ty.numel() > 1 << 12) {
        return;
    }
    let scope = Context::new(ContextOptions::default()).root();
    let _ = make_jaxpr(&program.function(), &scope, &types);
}

/// A sample of each, as text, as bytecode and as a file of jax.export; and JAX's own such files.
fn files() -> Vec<Vec<u8>> {
    let of = |name: &&str| Prim::samples().into_iter().find(|sample| sample.prim.name() == *name);
    let samples = PRIMITIVES.iter().map(|name| of(name).unwrap());
    let programs = programs::programs(samples, false);
    let modules = programs.iter().map(|program| module(&program.jaxpr, &[]).unwrap());
    let forms = modules.flat_map(|module| {
        let exported = write_exported(&module, "main").unwrap();
        [module.to_string().into_bytes(), write(&module).unwrap(), exported]
    });
    forms.chain(EXPORTED.map(<[u8]>::to_vec)).collect()
}

#[test]
fn files_may_be_cut_off_anywhere() {
    for file in files() {
        read(&file).unwrap();
        for n in (0..file.len()).step_by(file.len() / 400 + 1) {
            // What stands last in a file of jax.export is not always the module.
            let is_whole = file[n..].iter().all(u8::is_ascii_whitespace) || is_exported(&file);
            let _ = Program::read(&file[..n]);
            assert!(read(&file[..n]).is_err() || is_whole);
        }
    }
}

#[test]
fn every_bit_of_an_artifact_may_be_wrong() {
    let artifacts = files().into_iter().filter(|file| file.starts_with(b"ML"));
    for file in artifacts.chain(EXPORTED[1..].iter().map(|file| file.to_vec())) {
        for bit in 0..8 * file.len() {
            let mut file = file.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            let _ = Program::read(&file);
        }
    }
}

#[test]
fn damaged_files_are_refused_or_are_other_programs() {
    let (mut random, files) = (Random(7), files());
    for round in 0..3_000 {
        let mut bytes = files[round % files.len()].clone();
        damaged(&mut random, &mut bytes);
        tried(&bytes);
    }
}

/// What a file says of sizes is believed only as far as it is long.
#[test]
fn huge_numbers_take_no_memory() {
    let text = |ty: &str, dense: &str| {
        format!(
            "func.func @main() -> {ty} {{ %0 = stablehlo.constant dense<{dense}> : {ty}\n return %0 : {ty} }}"
        )
    };
    for (ty, dense) in [
        ("tensor<4611686018427387904xf32>", "1.0"),
        ("tensor<99999999999999999999999xf32>", "1.0"),
        ("tensor<1048576x1048576x1048576xf64>", "0.0"),
        ("tensor<2xf32>", "\"0xZZ\""),
        ("tensor<2xi8>", "[999999999999999999999999999999999999999999999, 1]"),
    ] {
        assert!(read(text(ty, dense).as_bytes()).is_err(), "{ty}");
    }
    // Lengths of sections, counts of texts, and numbers of 8 bytes.
    for file in files().into_iter().filter(|file| file.starts_with(b"ML")) {
        for at in 20..file.len().min(200) {
            let mut file = file.clone();
            file.splice(at..at, [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
            let _ = read(&file);
        }
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for (open, close) in [("[", "]"), ("{a = ", "}"), ("tuple<", ">"), ("(", ")")] {
        let deep = format!("#x = {}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(read(deep.as_bytes()).is_err(), "{open}");
    }
    let region = "\"stablehlo.case\"(%i) ({ ".repeat(20_000);
    let text = format!("func.func @main(%i: tensor<i32>) {{ {region}");
    assert!(read(text.as_bytes()).is_err());
}
