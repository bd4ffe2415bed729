//! Conversions from and to types of at most 8 bits, bit for bit: by definition and compiled.

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::prims::{ConvertElementType, Primitive};
use jaxrs_ir::{Context as _, Prim, Value};
use jaxrs_transform::{Function, JitOptions, jit};
use serde_json::Value as Json;

use crate::primitives::{engine, literals};
use crate::rows;

/// All conversions of one recorded type.
struct Row {
    dtype: DType,
    json: Json,
}

impl Row {
    fn words(&self, key: &str) -> Vec<u64> {
        let words = self.json[key].as_array().unwrap().iter();
        words.map(|word| u64::from_str_radix(word.as_str().unwrap(), 16).unwrap()).collect()
    }

    /// Codes as an array of the row's type.
    fn codes(&self, key: &str) -> Literal {
        let text = self.json[key].as_str().unwrap().as_bytes();
        let code =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        array(self.dtype, text.chunks(2).map(code).collect())
    }

    fn singles(&self) -> Vec<f32> {
        self.words("singles").iter().map(|&word| f32::from_bits(word as u32)).collect()
    }

    /// The type's values, in the order of their codes.
    fn values(&self) -> (Literal, Literal) {
        let words = self.words("values");
        let codes = array(self.dtype, (0..words.len()).map(|code| code as u8).collect());
        (codes, array(DType::F64, words.iter().flat_map(|word| word.to_ne_bytes()).collect()))
    }
}

fn array(dtype: DType, bytes: Vec<u8>) -> Literal {
    Literal::from_bytes(Type::new(dtype, [bytes.len() / dtype.size_bytes()]), bytes).unwrap()
}

fn rows() -> Vec<Row> {
    let read = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        Row { dtype: DType::from_name(json["dtype"].as_str().unwrap()).unwrap(), json }
    };
    rows::text("narrow").lines().map(read).collect()
}

/// A conversion by definition and by kernels gives these bits; all NaNs of `f64` are one.
#[track_caller]
fn check(x: &Literal, expected: &Literal) {
    let prim = ConvertElementType { new_dtype: expected.ty().dtype, weak_type: false };
    let defined = prim.evaluate(std::slice::from_ref(x)).unwrap().to_vec();
    let prim = Prim::from(prim);
    let f = Function::new("convert", move |scope, xs| Ok(scope.bind(&prim, xs)?.to_vec()));
    let input = Value::literal(x.clone());
    let compiled = jit(&f, JitOptions::default()).call(&engine().root(), &[input]);
    for (how, got) in [("definition", defined), ("compiled", literals(compiled).unwrap())] {
        for i in 0..x.len() {
            let bits = |y: &Literal| match y.get(i) {
                Scalar::Float(v) if v.is_nan() && y.ty().dtype == DType::F64 => u64::MAX,
                element => element.to_bits(y.ty().dtype),
            };
            let (bytes, wanted) = (bits(&got[0]), bits(expected));
            let (from, to) = (x.ty(), expected.ty().dtype);
            assert_eq!(bytes, wanted, "{how}: {from} to {to}: element {i}, {}", x.get(i));
        }
    }
}

#[test]
fn every_code_has_the_value_that_jax_gives_it() {
    for row in rows() {
        let (codes, values) = row.values();
        check(&codes, &values);
        let back = array(row.dtype, codes.bytes().to_vec());
        // NaN has several codes, of which conversions give one.
        let numbers: Vec<usize> = (0..codes.len()).filter(|&i| !is_nan(&values, i)).collect();
        let pick = |x: &Literal| {
            let picked: Vec<Scalar> = numbers.iter().map(|&i| x.get(i)).collect();
            Literal::from_scalars(Type::new(x.ty().dtype, [picked.len()]), &picked)
        };
        check(&pick(&values), &pick(&back));
    }
}

fn is_nan(x: &Literal, i: usize) -> bool {
    x.get(i).as_f64().is_nan()
}

#[test]
fn singles_are_rounded_as_in_jax() {
    for row in rows() {
        let singles =
            array(DType::F32, row.singles().iter().flat_map(|v| v.to_ne_bytes()).collect());
        check(&singles, &row.codes("codes"));
    }
}

/// XLA rounds doubles once in some lanes of vectors and twice in others, so they are not recorded.
#[test]
fn kernels_round_doubles_as_the_definition_does() {
    for row in rows() {
        let (singles, near) = (row.singles(), 2f64.powi(-40));
        let factors = [1.0, 1.0 + near, 1.0 - near];
        let doubles = factors.iter().flat_map(|f| singles.iter().map(move |&v| f64::from(v) * f));
        let x = array(DType::F64, doubles.flat_map(f64::to_ne_bytes).collect());
        check(&x, &Literal::from_fn(x.ty().with_dtype(row.dtype), |i| x.get(i)));
    }
}

#[test]
fn integers_wrap_or_are_rounded_as_in_jax() {
    for row in rows() {
        let integers = row.json["integers"].as_array().unwrap().iter();
        let bytes = integers.flat_map(|v| (v.as_i64().unwrap() as i32).to_ne_bytes()).collect();
        check(&array(DType::I32, bytes), &row.codes("integer_codes"));
    }
}
