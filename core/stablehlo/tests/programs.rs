//! Programs read from text: what they compute, how they are differentiated, and what is said of those that are wrong.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use expect_test::{Expect, expect};
use jaxrs_data::Literal;
use jaxrs_ir::Value;
use jaxrs_stablehlo::{function, parse, read};
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, VmapOptions, as_array, grad, make_jaxpr, vmap,
};

const LOOP: &str = r#"
module @jit_loop {
  func.func public @main(%arg0: tensor<f32>) -> tensor<f32> {
    %c = stablehlo.constant dense<0> : tensor<i32>
    %0:2 = stablehlo.while(%iterArg = %c, %iterArg_0 = %arg0) : tensor<i32>, tensor<f32>
    cond {
      %c_1 = stablehlo.constant dense<3> : tensor<i32>
      %1 = stablehlo.compare LT, %iterArg, %c_1, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %1 : tensor<i1>
    } do {
      %1 = func.call @step(%iterArg_0) : (tensor<f32>) -> tensor<f32>
      %c_1 = stablehlo.constant dense<1> : tensor<i32>
      %2 = stablehlo.add %iterArg, %c_1 : tensor<i32>
      stablehlo.return %2, %1 : tensor<i32>, tensor<f32>
    }
    return %0#1 : tensor<f32>
  }
  func.func private @step(%arg0: tensor<f32>) -> tensor<f32> {
    %0 = stablehlo.multiply %arg0, %arg0 : tensor<f32>
    return %0 : tensor<f32>
  }
}
"#;

fn context() -> Context {
    Context::new(ContextOptions::default())
}

fn main_of(text: &str) -> jaxrs_transform::Function {
    function(&Arc::new(parse(text).unwrap()), "main").unwrap()
}

fn f32s(value: &Value) -> Vec<f64> {
    as_array(value).unwrap().to_literal().unwrap().to_f64s()
}

#[test]
fn a_counting_loop_is_differentiated_and_batched() {
    let (context, main) = (context(), main_of(LOOP));
    let scope = context.root();
    let x = Value::literal(Literal::f32(&[][..], &[1.1]));
    let power = |n: i32| f64::from(1.1f32).powi(n);
    let y = f32s(&main.call(&scope, std::slice::from_ref(&x)).unwrap()[0])[0];
    assert!((y - power(8)).abs() < 1e-5, "{y}");
    let slope = grad(&main, DiffOptions::default());
    let dy = f32s(&slope.call(&scope, &[x]).unwrap()[0])[0];
    assert!((dy - 8.0 * power(7)).abs() < 1e-4, "{dy}");
    let xs = Value::literal(Literal::f32(&[2][..], &[1.0, 2.0]));
    let each = vmap(&slope, VmapOptions::default());
    assert_eq!(f32s(&each.call(&scope, &[xs]).unwrap()[0]), [8.0, 1024.0]);
}

#[test]
fn a_counting_loop_becomes_a_scan() {
    let (context, main) = (context(), main_of(LOOP));
    let ty = jaxrs_data::Type::scalar(jaxrs_data::DType::F32);
    let program = make_jaxpr(&main, &context.root(), &[ty]).unwrap();
    expect![[r#"
        { lambda ; a:f32[]. let
            b:i32[] c:f32[] = scan[
              jaxpr={ lambda ; d:i32[] e:f32[]. let
                  f:f32[] = mul e e
                  g:i32[] = add d 1:i32[]
                in (g, f) }
              length=3
              num_carry=2
              num_consts=0
              reverse=false
              unroll=1
            ] 0:i32[] a
          in (c,) }"#]]
    .assert_eq(&program.jaxpr.to_string());
}

/// A module whose `@main` takes `%a: tensor<2xf32>` and has these operations.
fn body(ops: &str) -> String {
    format!("func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {{\n  {ops}\n}}\n")
}

fn complains(text: &str, expected: &Expect) {
    let error = match parse(text) {
        Err(error) => error,
        Ok(module) => {
            let context = context();
            let main = function(&Arc::new(module), "main").unwrap();
            let x = Value::literal(Literal::f32(&[2][..], &[1.0, 2.0]));
            main.call(&context.root(), &[x]).unwrap_err()
        }
    };
    expected.assert_eq(error.message());
}

#[test]
fn errors_say_where_and_what() {
    complains(
        "modul @x {}",
        &expect!["line 1, column 1: needs a module or a function, got 'modul'"],
    );
    complains(
        &body("%0 = stablehlo.sine %b : tensor<2xf32>"),
        &expect!["line 2, column 23: %b is not defined here"],
    );
    complains(
        &body("%0 = stablehlo.sine %a : tensor<*xf32>"),
        &expect!["line 2, column 35: needs types of known rank, got one without"],
    );
    complains(
        &body("%0 = stablehlo.frobnicate %a : tensor<2xf32>\n  return %0 : tensor<2xf32>"),
        &expect!["line 2, column 3: unsupported op stablehlo.frobnicate"],
    );
    complains(
        &body("%0 = stablehlo.sine %a : tensor<3xf32>\n  return %0 : tensor<3xf32>"),
        &expect!["line 2, column 3: stablehlo.sine says that it gives f32[3], but gives f32[2]"],
    );
    complains(
        &body("%0 = stablehlo.constant dense<[1, 2, 3]> : tensor<2xf32>"),
        &expect!["line 3, column 1: has elements that are no f32[2]"],
    );
    complains(
        &body(
            "%0 = func.call @main(%a) : (tensor<2xf32>) -> tensor<2xf32>\n  return %0 : tensor<2xf32>",
        ),
        &expect!["line 2, column 3: func.call nests deeper than 256 calls: a recursion?"],
    );
    complains(
        &body(
            "%0 = func.call @other(%a) : (tensor<2xf32>) -> tensor<2xf32>\n  return %0 : tensor<2xf32>",
        ),
        &expect!["the module has no function @other; it has @main"],
    );
}

#[test]
fn nesting_has_an_end() {
    let deep = format!("#x = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    complains(&deep, &expect!["line 1, column 206: nests deeper than 200 levels"]);
}

/// Damaged programs give errors: no panic, no end of the stack, no memory without bound.
#[test]
fn damaged_programs_are_refused() {
    let mut seed = 1u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..4_000 {
        let mut bytes = LOOP.as_bytes().to_vec();
        for _ in 0..1 + random(4) {
            let at = random(bytes.len().max(1));
            if bytes.is_empty() {
                break;
            }
            match random(4) {
                0 => bytes[at] = b"<>(){}[]%@#\"x:,=0-"[random(18)],
                1 => drop(bytes.remove(at)),
                2 => bytes.truncate(at.max(1)),
                _ => {
                    let from = random(bytes.len());
                    let end = (from + random(20)).min(bytes.len());
                    let piece = bytes[from..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        // What is left may be a program still.
        let _ = read(&bytes);
    }
}

/// The larger value at each position, and the number that came with it: two arrays that are written together.
const ARGMAX: &str = r#"
func.func @main(%x: tensor<4xf32>, %n: tensor<4xi32>, %i: tensor<3x1xi32>, %u: tensor<3xf32>, %m: tensor<3xi32>)
    -> (tensor<4xf32>, tensor<4xi32>) {
  %0:2 = "stablehlo.scatter"(%x, %n, %i, %u, %m) <{scatter_dimension_numbers = #stablehlo.scatter<
      inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<i32>, %c: tensor<f32>, %d: tensor<i32>):
      %1 = stablehlo.compare LT, %a, %c : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %2 = stablehlo.select %1, %c, %a : tensor<i1>, tensor<f32>
      %3 = stablehlo.select %1, %d, %b : tensor<i1>, tensor<i32>
      stablehlo.return %2, %3 : tensor<f32>, tensor<i32>
    }) : (tensor<4xf32>, tensor<4xi32>, tensor<3x1xi32>, tensor<3xf32>, tensor<3xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xi32>
}
"#;

#[test]
fn several_arrays_are_scattered_into_together() {
    let context = context();
    let ints = |values: &[i64], shape: &[usize]| {
        let ty = jaxrs_data::Type::new(jaxrs_data::DType::I32, shape);
        let scalar = |k: usize| jaxrs_data::Scalar::Int(values[k]);
        Value::literal(Literal::from_fn(ty, scalar))
    };
    let floats = |values: &[f32]| Value::literal(Literal::f32([values.len()], values));
    let inputs = [
        floats(&[0.0, 5.0, 1.0, -1.0]),
        ints(&[0, 0, 0, 0], &[4]),
        // The last is out of range and is dropped.
        ints(&[2, 2, 9], &[3, 1]),
        floats(&[3.0, 2.0, 7.0]),
        ints(&[1, 2, 3], &[3]),
    ];
    let outputs = main_of(ARGMAX).call(&context.root(), &inputs).unwrap();
    assert_eq!(f32s(&outputs[0]), [0.0, 5.0, 3.0, -1.0]);
    assert_eq!(f32s(&outputs[1]), [0.0, 0.0, 1.0, 0.0]);
}
