//! What transforms make of programs, as text.

use expect_test::{Expect, expect};
use jaxrs_data::Type;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, Scope, checkpoint, cond, scan};

use crate::setting::*;

fn check(f: &Function, types: &[Type], expected: Expect) {
    expected.assert_eq(&program(f, types));
}

#[test]
fn gradients_compute_no_zeros() {
    let f = binary("f", |s, x, _| sin(s, x));
    check(
        &grad(&f),
        &[f32s(&[]), f32s(&[])],
        expect![[r#"
        { lambda ; a:f32[] b:f32[]. let
            c:f32[] = sin a
            d:f32[] = cos a
            e:f32[] = mul 1.0:f32[] d
          in (e,) }"#]],
    );
}

#[test]
fn compiled_functions_stay_calls() {
    let f = jit(&unary("f", |s, x| sin(s, &sin(s, x)?)));
    check(
        &grad(&f),
        &[f32s(&[])],
        expect![[r#"
            { lambda ; a:f32[]. let
                b:f32[] c:f32[] d:f32[] = jit[
                  name=f
                  jaxpr={ lambda ; e:f32[]. let
                      f:f32[] = sin e
                      g:f32[] = cos e
                      h:f32[] = sin f
                      i:f32[] = cos f
                    in (h, g, i) }
                ] a
                j:f32[] = jit[
                  name=f
                  jaxpr={ lambda ; k:f32[] l:f32[] m:f32[]. let
                      n:f32[] = mul m l
                      o:f32[] = mul n k
                    in (o,) }
                ] c d 1.0:f32[]
              in (j,) }"#]],
    );
    check(
        &vmap(&f),
        &[f32s(&[3])],
        expect![[r#"
        { lambda ; a:f32[3]. let
            b:f32[3] = jit[
              name=f
              jaxpr={ lambda ; c:f32[3]. let
                  d:f32[3] = sin c
                  e:f32[3] = sin d
                in (e,) }
            ] a
          in (b,) }"#]],
    );
}

#[test]
fn captured_arrays_are_constants_and_scalars_stand_in_place() {
    let weights = array(&[2], &[1.0, 2.0]);
    let f = unary("f", move |s, x| add(s, &mul(s, x, &weights)?, &constant(1.0)));
    check(
        &jit(&f),
        &[f32s(&[2])],
        expect![[r#"
        { lambda a:f32[2]; b:f32[2]. let
            c:f32[2] = jit[
              name=f
              jaxpr={ lambda d:f32[2]; e:f32[2]. let
                  f:f32[2] = mul e d
                  g:f32[2] = add f 1.0:f32[]
                in (g,) }
            ] a b
          in (c,) }"#]],
    );
    check(
        &f,
        &[f32s(&[2])],
        expect![[r#"
        { lambda a:f32[2]; b:f32[2]. let
            c:f32[2] = mul b a
            d:f32[2] = add c 1.0:f32[]
          in (d,) }"#]],
    );
}

/// c ↦ sin(sin(W) · c), of which sin(W) is the same in every iteration.
fn rnn(wrap: fn(&Function) -> Function) -> Function {
    binary("rnn", move |s, w, c| {
        let w = w.clone();
        let body = unary("body", move |s, c| sin(s, &mul(s, &sin(s, &w)?, c)?));
        let options = ScanOptions { length: Some(5), ..ScanOptions::default() };
        let last = scan(s, &wrap(&body), std::slice::from_ref(c), &[], options)?;
        sum(s, &last[0])
    })
}

#[test]
fn scans_stack_residuals_but_those_that_never_change() {
    check(
        &grad(&rnn(Function::clone)),
        &[f32s(&[3]), f32s(&[3])],
        expect![[r#"
            { lambda ; a:f32[3] b:f32[3]. let
                c:f32[3] = sin a
                d:f32[3] = cos a
                e:f32[3] f:f32[5,3] g:f32[5,3] = scan[
                  jaxpr={ lambda ; h:f32[3] i:f32[3] j:f32[3] k:f32[3]. let
                      l:f32[3] = mul j k
                      m:f32[3] = sin l
                      n:f32[3] = cos l
                    in (m, k, n) }
                  length=5
                  num_carry=1
                  num_consts=3
                  reverse=false
                  unroll=1
                ] a d c b
                o:f32[] = reduce_sum[axes=(0,)] e
                p:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 0.0:f32[]
                q:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 1.0:f32[]
                r:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 0.0:f32[]
                s:f32[3] t:f32[3] = scan[
                  jaxpr={ lambda ; u:f32[3] v:f32[3] w:f32[3] x:f32[3] y:f32[3] z:f32[3]. let
                      ba:f32[3] = mul x z
                      bb:f32[3] = mul ba v
                      bc:f32[3] = mul ba y
                      bd:f32[3] = mul bc u
                      be:f32[3] = add_any w bd
                    in (be, bb) }
                  length=5
                  num_carry=2
                  num_consts=2
                  reverse=true
                  unroll=1
                ] d c r q f g
              in (s,) }"#]],
    );
}

#[test]
fn checkpointed_bodies_stack_carries_only() {
    check(
        &grad(&rnn(checkpoint)),
        &[f32s(&[3]), f32s(&[3])],
        expect![[r#"
            { lambda ; a:f32[3] b:f32[3]. let
                c:f32[3] d:f32[5,3] = scan[
                  jaxpr={ lambda ; e:f32[3] f:f32[3]. let
                      g:f32[3] = remat2[
                        differentiated=false
                        jaxpr={ lambda h:f32[3]; i:f32[3]. let
                            j:f32[3] = sin h
                            k:f32[3] = mul j i
                            l:f32[3] = sin k
                          in (l,) }
                        policy=None
                        prevent_cse=true
                      ] e f
                    in (g, f) }
                  length=5
                  num_carry=1
                  num_consts=1
                  reverse=false
                  unroll=1
                ] a b
                m:f32[] = reduce_sum[axes=(0,)] c
                n:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 0.0:f32[]
                o:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 1.0:f32[]
                p:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 0.0:f32[]
                q:f32[3] r:f32[3] = scan[
                  jaxpr={ lambda ; s:f32[3] t:f32[3] u:f32[3] v:f32[3]. let
                      w:f32[3] x:f32[3] = remat2[
                        differentiated=true
                        jaxpr={ lambda ; y:f32[3] z:f32[3] ba:f32[3]. let
                            bb:f32[3] = sin y
                            bc:f32[3] = cos y
                            bd:f32[3] = mul bb z
                            be:f32[3] = cos bd
                            bf:f32[3] = mul ba be
                            bg:f32[3] = mul bf bb
                            bh:f32[3] = mul bf z
                            bi:f32[3] = mul bh bc
                          in (bi, bg) }
                        policy=None
                        prevent_cse=true
                      ] s v u
                      bj:f32[3] = add_any t w
                    in (bj, x) }
                  length=5
                  num_carry=2
                  num_consts=1
                  reverse=true
                  unroll=1
                ] a p o d
              in (q,) }"#]],
    );
}

#[test]
fn checkpoints_compute_again_in_the_backward_pass() {
    let f = checkpoint(&unary("f", |s, x| sin(s, &sin(s, x)?)));
    check(
        &grad(&f),
        &[f32s(&[])],
        expect![[r#"
            { lambda ; a:f32[]. let
                b:f32[] = remat2[
                  differentiated=false
                  jaxpr={ lambda ; c:f32[]. let d:f32[] = sin c; e:f32[] = sin d in (e,) }
                  policy=None
                  prevent_cse=true
                ] a
                f:f32[] = remat2[
                  differentiated=true
                  jaxpr={ lambda ; g:f32[] h:f32[]. let
                      i:f32[] = sin g
                      j:f32[] = cos g
                      k:f32[] = cos i
                      l:f32[] = mul h k
                      m:f32[] = mul l j
                    in (m,) }
                  policy=None
                  prevent_cse=true
                ] a 1.0:f32[]
              in (f,) }"#]],
    );
}

#[test]
fn scans_keep_an_array_once_where_its_moved_copies_are_residuals() {
    let rolled = |scope: &Scope, x: &Value, by: usize| {
        let (head, tail) =
            (ops::slice_in_dim(scope, x, 0, 0, by)?, ops::slice_in_dim(scope, x, 0, by, 8)?);
        ops::concatenate(scope, &[tail, head], 0)
    };
    let body = Function::new("rolls", move |scope: &Scope, x: &[Value]| {
        let (left, right) = (rolled(scope, &x[0], 1)?, rolled(scope, &x[0], 7)?);
        Ok(vec![mul(scope, &left, &right)?])
    });
    let sum = unary("sum", move |scope, x| {
        let options = ScanOptions { length: Some(5), ..ScanOptions::default() };
        let carry = scan(scope, &body, std::slice::from_ref(x), &[], options)?;
        ops::reduce_sum_all(scope, &carry[0])
    });
    check(
        &grad(&sum),
        &[f32s(&[8])],
        expect![[r#"
        { lambda ; a:f32[8]. let
            b:f32[8] c:f32[5,8] = scan[
              jaxpr={ lambda ; d:f32[8]. let
                  e:f32[1] = slice[limit_indices=(1,) start_indices=(0,) strides=None] d
                  f:f32[7] = slice[limit_indices=(8,) start_indices=(1,) strides=None] d
                  g:f32[8] = concatenate[dimension=0] f e
                  h:f32[7] = slice[limit_indices=(7,) start_indices=(0,) strides=None] d
                  i:f32[1] = slice[limit_indices=(8,) start_indices=(7,) strides=None] d
                  j:f32[8] = concatenate[dimension=0] i h
                  k:f32[8] = mul g j
                in (k, d) }
              length=5
              num_carry=1
              num_consts=0
              reverse=false
              unroll=1
            ] a
            l:f32[] = reduce_sum[axes=(0,)] b
            m:f32[8] = broadcast_in_dim[broadcast_dimensions=() shape=(8,)] 1.0:f32[]
            n:f32[8] = scan[
              jaxpr={ lambda ; o:f32[8] p:f32[8]. let
                  q:f32[1] = slice[limit_indices=(8,) start_indices=(7,) strides=None] p
                  r:f32[7] = slice[limit_indices=(7,) start_indices=(0,) strides=None] p
                  s:f32[8] = concatenate[dimension=0] q r
                  t:f32[7] = slice[limit_indices=(8,) start_indices=(1,) strides=None] p
                  u:f32[1] = slice[limit_indices=(1,) start_indices=(0,) strides=None] p
                  v:f32[8] = concatenate[dimension=0] t u
                  w:f32[8] = mul o v
                  x:f32[8] = mul o s
                  y:f32[1] = slice[limit_indices=(1,) start_indices=(0,) strides=None] w
                  z:f32[7] = slice[limit_indices=(8,) start_indices=(1,) strides=None] w
                  ba:f32[8] = pad[padding_config=((7, 0, 0),)] y 0.0:f32[]
                  bb:f32[8] = pad[padding_config=((0, 1, 0),)] z 0.0:f32[]
                  bc:f32[8] = add_any ba bb
                  bd:f32[7] = slice[limit_indices=(7,) start_indices=(0,) strides=None] x
                  be:f32[1] = slice[limit_indices=(8,) start_indices=(7,) strides=None] x
                  bf:f32[8] = pad[padding_config=((1, 0, 0),)] bd 0.0:f32[]
                  bg:f32[8] = add_any bc bf
                  bh:f32[8] = pad[padding_config=((0, 7, 0),)] be 0.0:f32[]
                  bi:f32[8] = add_any bg bh
                in (bi,) }
              length=5
              num_carry=1
              num_consts=0
              reverse=true
              unroll=1
            ] m c
          in (n,) }"#]],
    );
}

#[test]
fn branches_share_slots_for_residuals() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        let twice = unary("twice", |s, x| sin(s, &sin(s, x)?));
        let once = unary("once", |s, x| ops::unary(s, jaxrs_ir::prims::Unary::Exp, x));
        cond(s, &x[0], &twice, &once, &x[1..])
    });
    let gradient = jaxrs_transform::grad(
        &f,
        jaxrs_transform::DiffOptions { argnums: vec![1], n_aux: 0, ..Default::default() },
    );
    check(
        &gradient,
        &[Type::scalar(jaxrs_data::DType::Bool), f32s(&[])],
        expect![[r#"
            { lambda ; a:bool[] b:f32[]. let
                c:i32[] = convert_element_type[new_dtype=i32 weak_type=false] a
                d:f32[] e:f32[] f:f32[] = cond[
                  branches=(
                    { lambda ; g:f32[]. let h:f32[] = exp g in (h, h, 0.0:f32[]) }
                    { lambda ; i:f32[]. let
                        j:f32[] = sin i
                        k:f32[] = cos i
                        l:f32[] = sin j
                        m:f32[] = cos j
                      in (l, k, m) }
                  )
                ] c b
                n:f32[] = cond[
                  branches=(
                    { lambda ; o:f32[] p:f32[] q:f32[]. let r:f32[] = mul q o in (r,) }
                    { lambda ; s:f32[] t:f32[] u:f32[]. let
                        v:f32[] = mul u t
                        w:f32[] = mul v s
                      in (w,) }
                  )
                ] c e f 1.0:f32[]
              in (n,) }"#]],
    );
}

#[test]
fn loops_of_examples_carry_what_differs_between_them() {
    let f = unary("f", |s, x| {
        let condition =
            unary("below", |s, x| ops::compare(s, jaxrs_kernel::Compare::Lt, x, &constant(9.0)));
        let body = unary("double", |s, x| add(s, x, x));
        let last = jaxrs_transform::while_loop(s, &condition, &body, std::slice::from_ref(x))?;
        Ok(last[0].clone())
    });
    check(
        &vmap(&f),
        &[f32s(&[3])],
        expect![[r#"
            { lambda ; a:f32[3]. let
                b:f32[3] = while[
                  body_jaxpr={ lambda ; c:f32[3]. let
                      d:bool[3] = lt c 9.0:f32[]
                      e:f32[3] = add c c
                      f:f32[3] = select_n d c e
                    in (f,) }
                  body_nconsts=0
                  cond_jaxpr={ lambda ; g:f32[3]. let
                      h:bool[3] = lt g 9.0:f32[]
                      i:bool[] = reduce_or[axes=(0,)] h
                    in (i,) }
                  cond_nconsts=0
                ] a
              in (b,) }"#]],
    );
}

#[test]
fn programs_are_functions_again() {
    let context = context();
    let weights = array(&[2], &[1.0, 2.0]);
    let f = unary("f", move |s, x| sum(s, &mul(s, &sin(s, x)?, &weights)?));
    let closed = jaxrs_transform::make_jaxpr(&f, &context.root(), &[f32s(&[2])]).unwrap();
    let again = jaxrs_transform::function_from_jaxpr("again", closed);
    let x = array(&[2], &[0.5, 1.0]);
    let slope = [0.5f64.cos(), 2.0 * 1f64.cos()];
    crate::setting::check(&grad(&again), std::slice::from_ref(&x), &[&slope]);
    check_error(&again, &[scalar(1.0)], "again needs f32[2] as input 0, got f32[]");
    check_error(&again, &[x.clone(), x], "again takes 1 inputs, got 2");
    let shape = jaxrs_transform::eval_shape(&jit(&grad(&again)), &context.root(), &[f32s(&[2])]);
    assert_eq!(shape.unwrap(), [f32s(&[2])]);
}
