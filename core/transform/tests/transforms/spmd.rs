//! One program on several devices: JAX's values on eight virtual devices.

use jaxrs_data::{DType, Result};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    Context, ContextOptions, Function, Mesh, PartitionSpec, PmapOptions, Scope, ShardMapOptions,
    all_gather, axis_index, pmap, ppermute, psum, shard_map, smap,
};

use crate::setting::{add, array, call, constant, grad, jit, mul, numbers, sin, sum, unary};

fn context() -> Context {
    Context::new(ContextOptions { n_devices: 8, ..ContextOptions::default() })
}

fn count(shape: &[usize]) -> Value {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|k| k as f32).collect();
    array(shape, &values)
}

/// A function whose arrays are cut and joined as the texts say.
fn sharded(f: &Function, mesh: &[(&str, usize)], ins: &[&str], outs: &[&str]) -> Function {
    let specs = |texts: &[&str]| {
        texts.iter().map(|text| PartitionSpec::parse(text).expect("a spec")).collect()
    };
    let options = ShardMapOptions {
        mesh: Mesh::new(mesh).expect("a mesh"),
        in_specs: specs(ins),
        out_specs: specs(outs),
        check_vma: true,
    };
    shard_map(f, options)
}

#[track_caller]
fn check(f: &Function, inputs: &[Value], shape: &[usize], expected: &[f64]) {
    let context = context();
    for f in [f.clone(), jit(f)] {
        let outputs = match f.call(&context.root(), inputs) {
            Ok(outputs) => outputs,
            Err(err) => panic!("{err:?}"),
        };
        assert_eq!(&outputs[0].shape()[..], shape);
        let got = numbers(&outputs[0]);
        let close = got.len() == expected.len()
            && got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()));
        assert!(close, "got {got:?}, expected {expected:?}");
    }
    assert_eq!(context.stats().live_tracers, 0, "tracers are left over");
}

#[track_caller]
fn check_error(f: &Function, inputs: &[Value], expected: &str) {
    let context = context();
    let error = f.call(&context.root(), inputs).map(drop).expect_err("it is to be refused");
    assert_eq!(error.to_string(), expected, "{error:?}");
}

const LINE: &[(&str, usize)] = &[("i", 4)];
const GRID: &[(&str, usize)] = &[("a", 2), ("b", 3)];

/// The shard, marked by where it is on the grid.
fn marked() -> Function {
    unary("marked", |s, x| {
        let mut marked = x.clone();
        for (name, weight) in [("a", 100.0), ("b", 10.0)] {
            let index = ops::convert(s, &axis_index(s, &[name])?, DType::F32)?;
            marked = add(s, &marked, &ops::scale(s, &index, weight)?)?;
        }
        Ok(marked)
    })
}

#[test]
fn arrays_are_cut_and_joined_along_axes_of_the_mesh() {
    let q = count(&[4, 6]);
    let both = [
        0., 1., 12., 13., 24., 25., 6., 7., 18., 19., 30., 31., 112., 113., 124., 125., 136., 137.,
        118., 119., 130., 131., 142., 143.,
    ];
    check(&sharded(&marked(), GRID, &["a,b"], &["a,b"]), std::slice::from_ref(&q), &[4, 6], &both);
    let one = [
        0., 101., 12., 113., 24., 125., 6., 107., 18., 119., 30., 131., 12., 113., 24., 125., 36.,
        137., 18., 119., 30., 131., 42., 143.,
    ];
    check(
        &sharded(&marked(), GRID, &["*,b+a"], &["*,b+a"]),
        std::slice::from_ref(&q),
        &[4, 6],
        &one,
    );
    let turned = unary("turned", |s, x| ops::transpose(s, x, &[1, 0]));
    let expected: Vec<f64> = (0..24).map(|k| f64::from((k % 4) * 6 + k / 4)).collect();
    check(&sharded(&turned, GRID, &["a,b"], &["b,a"]), &[q], &[6, 4], &expected);
}

#[test]
fn collectives_run_across_shards() {
    let x = count(&[8]);
    let shift = unary("shift", |s, x| ppermute(s, x, "i", &[(0, 1), (1, 2)]));
    check(
        &sharded(&shift, LINE, &["i"], &["i"]),
        std::slice::from_ref(&x),
        &[8],
        &[0., 0., 0., 1., 2., 3., 0., 0.],
    );
    let total = unary("total", |s, x| psum(s, x, &["i"]));
    check(&sharded(&total, LINE, &["i"], &[""]), std::slice::from_ref(&x), &[2], &[12., 16.]);
    let copies = [12., 16.].repeat(4);
    check(&sharded(&total, LINE, &["i"], &["i"]), std::slice::from_ref(&x), &[8], &copies);
    let gather = unary("gather", |s, x| all_gather(s, x, &["i"], 0, true));
    let all: Vec<f64> = (0..32).map(|k| f64::from(k % 8)).collect();
    check(&sharded(&gather, LINE, &["i"], &["i"]), &[x], &[32], &all);
}

#[test]
fn a_matrix_product_over_a_grid() {
    let product = Function::new("product", |s: &Scope, x: &[Value]| {
        // [m, k] · [k, n] by broadcasting.
        let (m, k, n) = (x[0].shape()[0], x[0].shape()[1], x[1].shape()[1]);
        let a = ops::broadcast_in_dim(s, &x[0], &[m, k, n].into(), [0, 1])?;
        let b = ops::broadcast_in_dim(s, &x[1], &[m, k, n].into(), [1, 2])?;
        Ok(vec![psum(s, &ops::reduce_sum(s, &mul(s, &a, &b)?, [1])?, &["b"])?])
    });
    let f = sharded(&product, GRID, &["a,b", "b,*"], &["a,*"]);
    let expected = [110., 125., 290., 341., 470., 557., 650., 773.];
    check(&f, &[count(&[4, 6]), count(&[6, 2])], &[4, 2], &expected);
}

#[test]
fn derivatives_go_through_shards() {
    let waves =
        Function::new("waves", |s: &Scope, x: &[Value]| Ok(vec![sin(s, &mul(s, &x[0], &x[1])?)?]));
    let waves = sharded(&waves, LINE, &["", "i"], &["i"]);
    let slope = unary("slope", move |s, w| {
        let waves = waves.clone();
        let total =
            unary("total", move |s, w| sum(s, &call(&waves, s, &[w.clone(), count(&[8])])?));
        call(&grad(&total), s, std::slice::from_ref(w))
    });
    check(&slope, &[array(&[], &[2.0])], &[], &[2.400_003_4]);
    let norm = unary("norm", |s, x| psum(s, &sum(s, &mul(s, x, x)?)?, &["i"]));
    let norm = sharded(&norm, LINE, &["i"], &[""]);
    let expected: Vec<f64> = (0..8).map(|k| f64::from(2 * k)).collect();
    check(&grad(&norm), &[count(&[8])], &[8], &expected);
}

#[test]
fn one_axis_by_position() {
    let f = unary("f", |s, x| psum(s, x, &["i"]));
    let mesh = Mesh::new(LINE).expect("a mesh");
    let f = smap(&f, mesh, "i", &[Some(1)], &[None]);
    check(&f, &[count(&[2, 4])], &[2, 1], &[6., 22.]);
}

#[test]
fn outputs_must_be_the_same_along_axes_that_their_spec_leaves_out() {
    let f = unary("f", |_, x| Ok(x.clone()));
    let expected =
        "shard_map needs axis 'i' in the spec () of output 0 (f32[2]), which differs along it";
    check_error(&sharded(&f, LINE, &["i"], &[""]), &[count(&[8])], expected);
    let unchecked = ShardMapOptions {
        mesh: Mesh::new(LINE).expect("a mesh"),
        in_specs: vec![PartitionSpec::along("i", Some(0))],
        out_specs: vec![PartitionSpec::default()],
        check_vma: false,
    };
    check(&shard_map(&f, unchecked), &[count(&[8])], &[2], &[0., 1.]);
}

#[test]
fn shards_that_do_not_fit_are_refused() {
    let f = unary("f", |_, x| Ok(x.clone()));
    let expected = "shard_map cuts axis 0 of argument 0 (f32[6]) into 4 shards along 'i' (spec i), which does not divide 6";
    check_error(&sharded(&f, LINE, &["i"], &["i"]), &[count(&[6])], expected);
    let expected = "shard_map has the spec (i,*) for argument 0 (f32[8]), which has fewer axes";
    check_error(&sharded(&f, LINE, &["i,*"], &["i"]), &[count(&[8])], expected);
    let expected =
        "shard_map has the spec (z) for argument 0 (f32[8]), but its mesh has no axis 'z'";
    check_error(&sharded(&f, LINE, &["z"], &["i"]), &[count(&[8])], expected);
    let expected = "shard_map needs 9 devices, but the context has 8";
    check_error(&sharded(&f, &[("i", 9)], &["i"], &["i"]), &[count(&[9])], expected);
    let message = |text: &str| PartitionSpec::parse(text).map(drop).map_err(|err| err.to_string());
    let twice = "a spec names each axis once, got \"i,i\"";
    assert_eq!(message("i,i"), Err(twice.to_owned()));
    let empty = "a spec needs a name or * for each axis, got \"i,\"";
    assert_eq!(message("i,"), Err(empty.to_owned()));
    let mesh = |axes: &[(&str, usize)]| Mesh::new(axes).map(drop).map_err(|err| err.to_string());
    let twice = "a mesh needs distinct axes, got 'i' twice";
    assert_eq!(mesh(&[("i", 1), ("i", 2)]), Err(twice.to_owned()));
}

fn parallel(
    f: impl Fn(&Scope, &[Value]) -> Result<Value> + Send + Sync + 'static,
    options: PmapOptions,
) -> Function {
    let f = Function::new("f", move |s: &Scope, x: &[Value]| Ok(vec![f(s, x)?]));
    pmap(&f, PmapOptions { axis_name: Some("i".into()), ..options })
}

#[test]
fn pmap_runs_a_slice_on_each_device() {
    let x = array(&[3], &[1.0, 3.0, 4.0]);
    let share =
        parallel(|s, x| ops::div(s, &x[0], &psum(s, &x[0], &["i"])?), PmapOptions::default());
    check(&share, std::slice::from_ref(&x), &[3], &[0.125, 0.375, 0.5]);
    let options = PmapOptions { in_axes: vec![None, Some(0)], ..PmapOptions::default() };
    let product = parallel(|s, x| mul(s, &x[0], &x[1]), options);
    check(&product, &[array(&[], &[2.0]), count(&[3])], &[3], &[0., 2., 4.]);
    let options = PmapOptions { out_axes: vec![None], ..PmapOptions::default() };
    check(&parallel(|s, x| psum(s, &x[0], &["i"]), options), &[count(&[3])], &[], &[3.]);
    let shift = parallel(|s, x| ppermute(s, &x[0], "i", &[(0, 1)]), PmapOptions::default());
    check(&shift, &[x], &[3], &[0., 1., 0.]);
    let total = unary("total", move |s, x| sum(s, &call(&share, s, std::slice::from_ref(x))?));
    check(&grad(&total), &[array(&[2], &[1.0, 3.0])], &[2], &[0.0, 0.0]);
}

#[test]
fn pmap_needs_a_device_for_each_slice() {
    let f = parallel(|s, x| mul(s, &x[0], &constant(2.0)), PmapOptions::default());
    check_error(&f, &[count(&[9])], "pmap needs 9 devices, but the context has 8");
    let alone = Context::new(ContextOptions::default());
    let error = f.call(&alone.root(), &[count(&[2])]).map(drop).expect_err("there is one device");
    assert_eq!(error.to_string(), "pmap needs 2 devices, but the context has 1");
}
