//! Files of `jax.export`, written by JAX 0.10.2 with tests/exports/record_exported.py.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use expect_test::{Expect, expect};
use jaxrs_data::{DType, ErrorKind, Literal, Scalar, Type};
use jaxrs_ir::Value;
use jaxrs_stablehlo::{
    Program, Tree, export, is_exported, read_exported, write, write_differentiable, write_exported,
};
use jaxrs_transform::{Context, ContextOptions, DiffOptions, as_array, grad, make_jaxpr};

const DERIVATIVES: &[u8] = include_bytes!("../testdata/derivatives.jaxexport");
const ANY_SIZE: &[u8] = include_bytes!("../testdata/any_size.jaxexport");
const TREES: &[u8] = include_bytes!("../testdata/trees.jaxexport");
const PLATFORMS: &[u8] = include_bytes!("../testdata/platforms.jaxexport");
const TPU: &[u8] = include_bytes!("../testdata/tpu.jaxexport");
const CHECKS: &[u8] = include_bytes!("../testdata/disabled_checks.jaxexport");
const UNUSED: &[u8] = include_bytes!("../testdata/unused_arguments.jaxexport");

fn says(file: &[u8], expected: &Expect) {
    assert!(is_exported(file));
    expected.assert_eq(&read_exported(file).unwrap().to_string());
}

fn context() -> Context {
    Context::new(ContextOptions::default())
}

fn f32s(value: &Value) -> Vec<f64> {
    as_array(value).unwrap().to_literal().unwrap().to_f64s()
}

#[test]
fn what_files_say() {
    says(
        DERIVATIVES,
        &expect![[r#"
        name <lambda>
        inputs f32[3], i32[]
        in_tree ((*, *), {})
        outputs f32[3]
        out_tree *
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0, 1
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants false
        module 759 bytes
        vjp_order 2
    "#]],
    );
    says(
        ANY_SIZE,
        &expect![[r#"
        name <lambda>
        inputs f32[b,4]
        in_tree ((*,), {})
        outputs f32[2*b,2]
        out_tree *
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants true
        module 1606 bytes
        vjp_order 1
    "#]],
    );
    says(
        TREES,
        &expect![[r#"
        name <lambda>
        inputs f32[3,2], f32[3,2], f32[3,2]
        in_tree (({'b': [*, None], 'w': *},), {'k': *})
        outputs f32[3,2], f32[3,2]
        out_tree {'k': (*,), 'sum': *}
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0, 1, 2
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants false
        module 664 bytes
        vjp_order 0
    "#]],
    );
    says(
        PLATFORMS,
        &expect![[r#"
        name <lambda>
        inputs f32[3,2]
        in_tree ((*,), {})
        outputs f32[3,2]
        out_tree *
        platforms tpu, cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants true
        module 1099 bytes
        vjp_order 0
    "#]],
    );
    says(
        CHECKS,
        &expect![[r#"
        name sin
        inputs f32[3,2]
        in_tree ((*,), {})
        outputs f32[3,2]
        out_tree *
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0
        ordered_effects 
        unordered_effects 
        disabled_checks custom_call(something)
        uses_global_constants false
        module 544 bytes
        vjp_order 0
    "#]],
    );
    says(
        UNUSED,
        &expect![[r#"
        name <lambda>
        inputs f32[3,2], f32[3,2], f32[3,2]
        in_tree ((*, *, *), {})
        outputs f32[3,2]
        out_tree *
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 2
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants false
        module 671 bytes
        vjp_order 0
    "#]],
    );
}

#[test]
fn derivatives_come_along_and_are_programs() {
    let exported = read_exported(DERIVATIVES).unwrap();
    let vjp = exported.vjp.unwrap();
    expect![[r#"
        name fun_vjp_jax
        inputs f32[3], i32[], f32[3]
        in_tree ((*, *, *), {})
        outputs f32[3], float0[]
        out_tree (*, *)
        platforms cpu
        nr_devices 1
        calling_convention_version 10
        module_kept_var_idx 0, 1, 2
        ordered_effects 
        unordered_effects 
        disabled_checks 
        uses_global_constants false
        module 1028 bytes
        vjp_order 1
    "#]]
    .assert_eq(&vjp.to_string());
    // What JAX's function gives and what ours gives are the same.
    let program = Program::read(DERIVATIVES).unwrap();
    let x = Value::literal(Literal::f32(&[3][..], &[0.5, -1.0, 2.0]));
    let (two, i) = (
        Literal::f32(&[3][..], &[1.0; 3]),
        Literal::full(Type::scalar(DType::I32), Scalar::Int(2)),
    );
    let i = Value::literal(i);
    let context = context();
    let y = program.function().call(&context.root(), &[x.clone(), i.clone()]).unwrap();
    assert_eq!(f32s(&y[0]), [0.25, -2.0, 16.0]);
    let module = std::sync::Arc::new(jaxrs_stablehlo::read(&vjp.module).unwrap());
    let theirs = jaxrs_stablehlo::function(&module, "main").unwrap();
    let inputs = [x, i, Value::literal(two)];
    let slope = theirs.call(&context.root(), &inputs).unwrap();
    assert_eq!(f32s(&slope[0]), [1.5, 6.0, 24.0]);
}

#[test]
fn arrays_of_any_size_need_shapes() {
    let program = Program::read(ANY_SIZE).unwrap();
    let error = program.types().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    expect!["<lambda> takes arrays of any size, and needs shapes before it is a program: argument 0 is f32[?,4]"].assert_eq(error.message());
    for b in [1, 3, 1000] {
        let types = program.types_at(&[vec![b, 4]]).unwrap();
        let traced = make_jaxpr(&program.function(), &context().root(), &types).unwrap();
        let out: Vec<String> = traced.jaxpr.out_types().map(|ty| ty.to_string()).collect();
        assert_eq!(out, [format!("f32[{},2]", 2 * b)]);
    }
    expect!["<lambda> takes (f32[?,4]), got (f32[3,5])"]
        .assert_eq(program.types_at(&[vec![3, 5]]).unwrap_err().message());
    // The program's own assertion, with JAX's words.
    let none = program.types_at(&[vec![0, 4]]).unwrap();
    let error = make_jaxpr(&program.function(), &context().root(), &none).unwrap_err();
    assert!(error.message().contains("Expected value >= 1 for dimension variable 'b'"), "{error}");
}

#[test]
fn arrays_of_any_size_are_differentiated() {
    let program = Program::read(ANY_SIZE).unwrap();
    let function = program.function();
    let loss = jaxrs_transform::Function::new("loss", move |scope, inputs| {
        let y = function.call(scope, inputs)?;
        let square = jaxrs_ir::ops::mul(scope, &y[0], &y[0])?;
        Ok(vec![jaxrs_ir::ops::reduce_sum(scope, &square, [0, 1])?])
    });
    let x = Literal::f32(&[1, 4][..], &[1.0, 2.0, 3.0, 4.0]);
    let slope = grad(&loss, DiffOptions::default());
    let slope = slope.call(&context().root(), &[Value::literal(x)]).unwrap();
    assert_eq!(f32s(&slope[0]), [2.0, 4.0, 6.0, 8.0]);
}

#[test]
fn platforms_are_chosen_or_refused() {
    let x = Value::literal(Literal::f32(&[3, 2][..], &[1.0; 6]));
    let program = Program::read(PLATFORMS).unwrap();
    let y = program.function().call(&context().root(), &[x]).unwrap();
    assert_eq!(f32s(&y[0]), [2.0; 6]);
    let error = Program::read(TPU).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    expect!["sin was exported for tpu, and not for cpu"].assert_eq(error.message());
}

#[test]
fn arguments_that_are_not_used_are_given_still() {
    let program = Program::read(UNUSED).unwrap();
    let x = |v: f32| Value::literal(Literal::f32(&[3, 2][..], &[v; 6]));
    let y = program.function().call(&context().root(), &[x(1.0), x(2.0), x(3.0)]).unwrap();
    assert_eq!(f32s(&y[0]), [6.0; 6]);
    assert!(program.function().call(&context().root(), &[x(1.0)]).is_err());
}

#[test]
fn written_files_are_read() {
    let program = Program::read(PLATFORMS).unwrap();
    let types = program.types().unwrap();
    let traced = make_jaxpr(&program.function(), &context().root(), &types).unwrap();
    let module = export(&traced).unwrap();
    let file = write_exported(&module, "plus_one").unwrap();
    let read = read_exported(&file).unwrap();
    assert_eq!((read.name.as_str(), &read.module), ("plus_one", &write(&module).unwrap()));
    assert_eq!(read.in_tree, Tree::Tuple(vec![Tree::Tuple(vec![Tree::Leaf]), Tree::Dict(vec![])]));
    assert_eq!((read.out_tree, read.platforms), (Tree::Leaf, vec!["cpu".to_owned()]));
    assert_eq!(Program::read(&file).unwrap().types().unwrap(), types);
}

#[test]
fn derivatives_are_written() {
    let program = Program::read(DERIVATIVES).unwrap();
    let (types, context) = (program.types().unwrap(), context());
    let traced = make_jaxpr(&program.function(), &context.root(), &types).unwrap();
    let file = write_differentiable(&traced, "cube", &context.root(), 2).unwrap();
    let (ours, theirs) = (read_exported(&file).unwrap(), read_exported(DERIVATIVES).unwrap());
    let (mut ours, mut theirs) = (Some(&ours), Some(&theirs));
    let mut orders = 0;
    while let (Some(a), Some(b)) = (ours, theirs) {
        assert_eq!((&a.in_avals, &a.out_avals), (&b.in_avals, &b.out_avals));
        assert_eq!((&a.in_tree, &a.out_tree), (&b.in_tree, &b.out_tree));
        orders += 1;
        (ours, theirs) = (a.vjp.as_deref(), b.vjp.as_deref());
    }
    assert!(orders == 3 && ours.is_none() && theirs.is_none());
}
