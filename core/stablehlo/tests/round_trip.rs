//! Exported programs read back: from text and from bytecode they do what the programs do that they were made of.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

#[path = "../examples/samples/programs.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod programs;

use std::collections::HashMap;
use std::sync::Arc;

use expect_test::expect;
use jaxrs_data::tolerance::difference;
use jaxrs_data::{Literal, Type};
use jaxrs_ir::prims::Sample;
use jaxrs_ir::{Jaxpr, Prim, Value};
use jaxrs_stablehlo::tree::Module;
use jaxrs_stablehlo::{function, module as export, parse, read, write};
use jaxrs_transform::{Context, ContextOptions, make_jaxpr};

use programs::{Program, evaluate, physical};

/// What a module does, by the definition of the primitives that it is read as.
fn run(module: Module, inputs: &[Literal]) -> jaxrs_data::Result<Vec<Literal>> {
    let context = Context::new(ContextOptions::default());
    let main = function(&Arc::new(module), "main")?;
    let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
    let program = make_jaxpr(&main, &context.root(), &types)?;
    let consts = program.consts.iter().map(literal);
    let operands: Vec<Literal> = consts.chain(inputs.iter().cloned()).collect();
    evaluate(&program.jaxpr, &operands)
}

fn literal(value: &Value) -> Literal {
    match value.downcast_ref::<Literal>() {
        Some(literal) => literal.clone(),
        None => jaxrs_transform::as_array(value).unwrap().to_literal().unwrap(),
    }
}

/// What is wrong with a program, if anything is.
fn faults(program: &Program) -> Vec<String> {
    let name = &program.name;
    let module = match export(&program.jaxpr, &[]) {
        Ok(module) => module,
        Err(error) => return vec![format!("{name} is not exported: {error}")],
    };
    let inputs: Vec<Literal> = program.inputs.iter().map(physical).collect();
    let expected: Vec<Literal> = program.expected().unwrap().iter().map(physical).collect();
    let mut faults = Vec::new();
    for (form, read) in [
        ("text", parse(&module.to_string())),
        ("bytecode", write(&module).and_then(|bytes| read(&bytes))),
    ] {
        match read.and_then(|module| run(module, &inputs)) {
            Err(error) => faults.push(format!("{name} as {form}: {error}")),
            Ok(results) => faults.extend(program.parts.iter().flat_map(|part| {
                let differs = |k: usize| difference(&results[k], &expected[k], part.class);
                let found = part.outputs.clone().find_map(differs);
                found.map(|text| format!("{name} as {form}: {}: {text}", part.label))
            })),
        }
    }
    faults
}

/// Samples of each primitive for a quick test: some of all, and few of those that are long programs.
fn some() -> Vec<Program> {
    let mut seen = HashMap::<&str, usize>::new();
    let is_chosen = move |sample: &Sample| {
        let n = seen.entry(sample.prim.name()).or_default();
        *n += 1;
        let size: usize = sample.inputs.iter().map(|x| x.ty().numel()).sum();
        match sample.prim {
            Prim::Special(_) | Prim::RandomGamma(_) => size <= 12 && n.is_multiple_of(5),
            Prim::Unary(_) | Prim::Binary(_) => *n % 6 == 1,
            // Where a factor has NaN in it, reading takes the call to have failed.
            Prim::Cholesky(_) if sample.inputs[0].iter().any(|x| x.as_complex().0.is_nan()) => {
                false
            }
            _ => size <= 64 && (*n <= 8 || n.is_multiple_of(16)),
        }
    };
    programs::programs(Prim::samples().into_iter().filter(is_chosen), false)
}

#[test]
fn samples_of_all_primitives_go_there_and_back() {
    let programs = some();
    assert!(programs.iter().map(|program| program.parts.len()).sum::<usize>() > 900);
    let faults: Vec<String> = programs.iter().flat_map(faults).collect();
    let short: Vec<&str> = faults.iter().map(|fault| fault.get(..400).unwrap_or(fault)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), short.join("\n"));
}

fn exported(source: &str) -> String {
    export(&source.parse::<Jaxpr>().unwrap(), &[]).unwrap().to_string()
}

#[test]
fn a_loop_and_a_call_are_written_as_they_are() {
    let source = "{ lambda ; a:f32[3]. let
        b:f32[] c:f32[3] = scan[
          jaxpr={ lambda ; d:f32[] e:f32[]. let f:f32[] = add d e; g:f32[] = sin f in (f, g) }
          length=3 num_carry=1 num_consts=0 reverse=false unroll=1
        ] 0.0:f32[] a in (c,) }";
    expect![[r#"
        module {
          func.func public @main(%arg0: tensor<3xf32>) -> (tensor<3xf32>) {
            %0 = "stablehlo.constant"() <{value = dense<0.0e0> : tensor<f32>}> : () -> (tensor<f32>)
            %1 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> (tensor<3xf32>)
            %2 = "stablehlo.constant"() <{value = dense<0> : tensor<i64>}> : () -> (tensor<i64>)
            %3 = "stablehlo.constant"() <{value = dense<0.0e0> : tensor<f32>}> : () -> (tensor<f32>)
            %4:3 = "stablehlo.while"(%2, %3, %1) ({
            ^bb0(%a5_0: tensor<i64>, %a5_1: tensor<f32>, %a5_2: tensor<3xf32>):
              %6 = "stablehlo.constant"() <{value = dense<3> : tensor<i64>}> : () -> (tensor<i64>)
              %7 = "stablehlo.compare"(%a5_0, %6) <{comparison_direction = #stablehlo<comparison_direction LT>, compare_type = #stablehlo<comparison_type SIGNED>}> : (tensor<i64>, tensor<i64>) -> (tensor<i1>)
              "stablehlo.return"(%7) : (tensor<i1>) -> ()
            }, {
            ^bb0(%a8_0: tensor<i64>, %a8_1: tensor<f32>, %a8_2: tensor<3xf32>):
              %9 = "stablehlo.constant"() <{value = dense<1> : tensor<i64>}> : () -> (tensor<i64>)
              %10 = "stablehlo.add"(%a8_0, %9) : (tensor<i64>, tensor<i64>) -> (tensor<i64>)
              %11 = "stablehlo.dynamic_slice"(%arg0, %a8_0) <{slice_sizes = array<i64: 1>}> : (tensor<3xf32>, tensor<i64>) -> (tensor<1xf32>)
              %12 = "stablehlo.reshape"(%11) : (tensor<1xf32>) -> (tensor<f32>)
              %13 = "stablehlo.add"(%a8_1, %12) : (tensor<f32>, tensor<f32>) -> (tensor<f32>)
              %14 = "stablehlo.sine"(%13) : (tensor<f32>) -> (tensor<f32>)
              %15 = "stablehlo.broadcast_in_dim"(%14) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> (tensor<1xf32>)
              %16 = "stablehlo.dynamic_update_slice"(%a8_2, %15, %a8_0) : (tensor<3xf32>, tensor<1xf32>, tensor<i64>) -> (tensor<3xf32>)
              "stablehlo.return"(%10, %13, %16) : (tensor<i64>, tensor<f32>, tensor<3xf32>) -> ()
            }) : (tensor<i64>, tensor<f32>, tensor<3xf32>) -> (tensor<i64>, tensor<f32>, tensor<3xf32>)
            "func.return"(%4#2) : (tensor<3xf32>) -> ()
          }
        }
    "#]].assert_eq(&exported(source));
}

#[test]
fn what_has_no_form_is_named() {
    let source = "{ lambda ; a:f32[]. let
        debug_print[fmt=\"x = {x}\" names=x ordered=true] a in (a,) }";
    let error = export(&source.parse().unwrap(), &[]).unwrap_err();
    expect!["debug_print cannot be exported: it has effects, which StableHLO has no words for"]
        .assert_eq(error.message());
}

#[test]
fn constants_are_written_into_the_program() {
    let source = "{ lambda a:f32[2] ; b:f32[2]. let c:f32[2] = mul a b in (c,) }";
    let jaxpr: Jaxpr = source.parse().unwrap();
    let constant = Literal::f32([2], &[2.0, 3.0]);
    let module = export(&jaxpr, std::slice::from_ref(&constant)).unwrap();
    let results = run(module, &[Literal::f32([2], &[5.0, 7.0])]).unwrap();
    assert_eq!(results[0].to_f64s(), [10.0, 21.0]);
    let missing = export(&jaxpr, &[]).unwrap_err();
    expect!["the program has 1 constants, got 0 values for them"].assert_eq(missing.message());
}
