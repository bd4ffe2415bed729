//! Operations that JAX's programs have seldom: on several devices, of which there is one here, sorting the other way
//! round, and factorisations of StableHLO's own.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use jaxrs_data::Literal;
use jaxrs_ir::Value;
use jaxrs_stablehlo::{function, parse};
use jaxrs_transform::{Context, ContextOptions, as_array};

/// What `@main` gives for `x`, a matrix of two rows and columns.
fn results(text: &str, x: &[f32]) -> Result<Vec<Vec<f64>>, String> {
    let main = function(&Arc::new(parse(text).unwrap()), "main").unwrap();
    let context = Context::new(ContextOptions::default());
    let x = Value::literal(Literal::f32(&[2, 2][..], x));
    let outputs = main.call(&context.root(), &[x]).map_err(|error| error.message().to_owned())?;
    let f64s = |y: &Value| as_array(y).unwrap().to_literal().unwrap().to_f64s();
    Ok(outputs.iter().map(f64s).collect())
}

/// A module in which `@main` takes `%a: tensor<2x2xf32>` and gives `%y` of the type.
fn module(ty: &str, ops: &str) -> String {
    format!(
        "module {{\n  sdy.mesh @mesh = <[\"i\"=1]> {{stablehlo.mesh = {{axes = []}}}}\n  func.func @main(%a: \
         tensor<2x2xf32> {{sdy.sharding = #sdy.sharding<@mesh, [{{\"i\"}}, {{}}]>}}) -> {ty} {{\n{ops}\n    \
         return %y : {ty}\n  }}\n}}\n"
    )
}

const X: [f32; 4] = [1.0, 2.0, 3.0, 4.0];

#[test]
fn a_device_that_is_alone_has_all() {
    let whole = X.map(f64::from).to_vec();
    let groups = "replica_groups = dense<0> : tensor<1x1xi64>";
    let reducer = "({\n^bb0(%p: tensor<f32>, %q: tensor<f32>):\n %s = stablehlo.add %p, %q : tensor<f32>\n \
                   stablehlo.return %s : tensor<f32>\n})";
    let ty = "(tensor<2x2xf32>) -> tensor<2x2xf32>";
    for op in [
        format!("%y = \"stablehlo.all_reduce\"(%a) <{{{groups}}}> {reducer} : {ty}"),
        format!(
            "%y = \"stablehlo.all_gather\"(%a) <{{all_gather_dim = 0 : i64, {groups}}}> : {ty}"
        ),
        format!(
            "%y = \"stablehlo.reduce_scatter\"(%a) <{{{groups}, scatter_dimension = 0 : i64}}> {reducer} : {ty}"
        ),
        format!(
            "%y = \"stablehlo.collective_permute\"(%a) <{{source_target_pairs = dense<0> : tensor<1x2xi64>}}> : {ty}"
        ),
        "%y = sdy.sharding_constraint %a <@mesh, [{\"i\"}, {}]> : tensor<2x2xf32>".to_owned(),
    ] {
        assert_eq!(
            results(&module("tensor<2x2xf32>", &op), &X).unwrap(),
            std::slice::from_ref(&whole),
            "{op}"
        );
    }
    let nothing = format!(
        "%y = \"stablehlo.collective_permute\"(%a) <{{source_target_pairs = dense<> : tensor<0x2xi64>}}> : {ty}"
    );
    assert_eq!(results(&module("tensor<2x2xf32>", &nothing), &X).unwrap(), [[0.0; 4]]);
    let pair = "%y = \"stablehlo.all_to_all\"(%a) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, \
                concat_dimension = 0 : i64, split_count = 2 : i64, split_dimension = 0 : i64}> : ";
    let error = results(&module("tensor<2x2xf32>", &format!("{pair}{ty}")), &X).unwrap_err();
    assert!(
        error.ends_with("stablehlo.all_to_all is unsupported with 2 devices in a group"),
        "{error}"
    );
}

#[test]
fn a_mesh_has_a_generic_form() {
    let text = "\"builtin.module\"() ({\n  \"sdy.mesh\"() <{mesh = #sdy.mesh<[\"i\"=1]>, sym_name = \"mesh\"}> : () -> ()\n  \
                \"func.func\"() <{function_type = (tensor<2x2xf32>) -> tensor<2x2xf32>, sym_name = \"main\"}> ({\n  \
                ^bb0(%a: tensor<2x2xf32>):\n    %y = \"sdy.sharding_constraint\"(%a) <{sharding = #sdy.sharding<@mesh, \
                [{\"i\"}, {}]>}> : (tensor<2x2xf32>) -> tensor<2x2xf32>\n    \"func.return\"(%y) : (tensor<2x2xf32>) -> \
                ()\n  }) : () -> ()\n}) : () -> ()\n";
    assert_eq!(results(text, &X).unwrap(), [X.map(f64::from)]);
}

#[test]
fn a_comparator_may_put_the_largest_first() {
    let sort = "%y = \"stablehlo.sort\"(%a) <{dimension = 1 : i64}> ({\n^bb0(%p: tensor<f32>, %q: tensor<f32>):\n \
                %s = stablehlo.compare GT, %p, %q : (tensor<f32>, tensor<f32>) -> tensor<i1>\n \
                stablehlo.return %s : tensor<i1>\n}) : (tensor<2x2xf32>) -> tensor<2x2xf32>";
    let sorted = results(&module("tensor<2x2xf32>", sort), &[1.0, 2.0, 5.0, -3.0]).unwrap();
    assert_eq!(sorted, [[2.0, 1.0, 5.0, -3.0]]);
}

#[test]
fn factors_and_solutions_have_operations_of_their_own() {
    // The other triangle is not read, and stays.
    for (lower, x, factor) in [
        ("true", [4.0, 0.0, 2.0, 10.0], [2.0, 0.0, 1.0, 3.0]),
        ("false", [4.0, 2.0, 0.0, 10.0], [2.0, 1.0, 0.0, 3.0]),
    ] {
        let op = format!("%y = stablehlo.cholesky %a, lower = {lower} : tensor<2x2xf32>");
        assert_eq!(results(&module("tensor<2x2xf32>", &op), &x).unwrap(), [factor]);
    }
    let solve = "%y = \"stablehlo.triangular_solve\"(%a, %a) <{left_side = true, lower = true, transpose_a = \
                 #stablehlo<transpose NO_TRANSPOSE>, unit_diagonal = false}> : (tensor<2x2xf32>, tensor<2x2xf32>) -> \
                 tensor<2x2xf32>";
    let solution = results(&module("tensor<2x2xf32>", solve), &[2.0, 1.0, 4.0, 5.0]).unwrap();
    assert_eq!(solution, [[1.0, 0.5, 0.0, 0.6000000238418579]]);
}
