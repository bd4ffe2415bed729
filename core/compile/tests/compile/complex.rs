//! Complex numbers: kernels compute with their parts.

use jaxrs_data::DType;
use jaxrs_kernel::{Inst, LibraryCall, Program, ScalarOp, Step};

use crate::check;

/// How often a program takes a number apart or puts one together.
fn count(program: &Program, wanted: ScalarOp) -> usize {
    let mut n = 0;
    for step in &program.steps {
        if let Step::Kernel(kernel) = step {
            kernel.visit(&mut |inst| {
                n += usize::from(matches!(inst, Inst::Op { op, .. } if *op == wanted));
            });
        }
    }
    n
}

#[test]
fn chains_of_complex_operations_are_taken_apart_once() {
    let program = check(
        "{ lambda ; a:c64[4,5] b:c64[4,5]. let
            c:c64[4,5] = mul a b
            d:c64[4,5] = add c a
            e:c64[4,5] = exp d
            f:f32[4,5] = real e
            g:c64[4,5] = conj[input_dtype=c64] e
          in (f, g) }",
    );
    assert_eq!(program.steps.len(), 1, "{program}");
    assert_eq!(count(&program, ScalarOp::Re), 2, "{program}");
    assert_eq!(count(&program, ScalarOp::Complex), 1, "{program}");
}

#[test]
fn what_only_moves_is_not_taken_apart() {
    let program = check(
        "{ lambda ; a:c128[4,5] m:bool[5,4]. let
            b:c128[5,4] = transpose[permutation=(1,0)] a
            c:c128[5,4] = rev[dimensions=(0,)] b
            d:c128[5,4] = select_n m b c
            e:c128[10,4] = concatenate[dimension=0] b d
          in (e,) }",
    );
    assert_eq!(count(&program, ScalarOp::Re), 0, "{program}");
}

#[test]
fn a_scan_carries_parts_in_registers() {
    let program = check(
        "{ lambda ; z:c64[8]. let
            a:c64[8] b:c64[20,8] = scan[
              jaxpr={ lambda ; w:c64[8]. let
                  c:c64[8] = mul w (0.8+0.6j):c64[]
                  d:c64[8] = add c (0.0+0.01j):c64[]
                in (d, w) }
              length=20 num_carry=1 num_consts=0 reverse=False unroll=1
            ] z
          in (a, b) }",
    );
    let [Step::Kernel(kernel)] = &program.steps[..] else { panic!("{program}") };
    kernel.visit(&mut |inst| {
        if let Inst::Loop(l) = inst {
            let types: Vec<DType> = l.carried.iter().map(|c| kernel.dtype(c.param)).collect();
            assert_eq!(types, [DType::F32, DType::F32], "{program}");
        }
    });
}

#[test]
fn points_iterate_until_they_escape() {
    // How long z² + c stays within a circle: each point has a loop of its own.
    let program = check(
        "{ lambda ; c:c64[6,7]. let
            z:c64[6,7] = mul c (0.0+0.0j):c64[]
            n:i32[6,7] = broadcast_in_dim[shape=(6,7) broadcast_dimensions=()] 0:i32[]
            a:c64[6,7] b:i32[6,7] = while[
              body_jaxpr={ lambda ; c:c64[6,7] z:c64[6,7] n:i32[6,7]. let
                  d:f32[6,7] = abs z
                  e:bool[6,7] = lt d 4.0:f32[]
                  f:bool[6,7] = lt n 20:i32[]
                  g:bool[6,7] = and e f
                  h:c64[6,7] = square z
                  i:c64[6,7] = add h c
                  j:i32[6,7] = add n 1:i32[]
                  k:c64[6,7] = select_n g z i
                  l:i32[6,7] = select_n g n j
                in (k, l) }
              body_nconsts=1
              cond_jaxpr={ lambda ; z:c64[6,7] n:i32[6,7]. let
                  d:f32[6,7] = abs z
                  e:bool[6,7] = lt d 4.0:f32[]
                  f:bool[6,7] = lt n 20:i32[]
                  g:bool[6,7] = and e f
                  h:bool[] = reduce_or[axes=(0,1)] g
                in (h,) }
              cond_nconsts=0
            ] c z n
          in (b,) }",
    );
    assert_eq!(program.steps.len(), 1, "{program}");
}

#[test]
fn reductions_of_products_and_maxima_run_in_order() {
    check(
        "{ lambda ; a:c64[3,40]. let
            b:c64[3] = reduce_prod[axes=(1,)] a
            c:c64[3] = reduce_max[axes=(1,)] a
            d:c64[] = reduce_min[axes=(0,1)] a
            e:c64[] = reduce_sum[axes=(0,1)] a
          in (b, c, d, e) }",
    );
}

#[test]
fn branches_and_long_loops_hand_on_complex_arrays() {
    check(
        "{ lambda ; i:i32[] a:c64[3,4]. let
            b:c64[3,4] = cond[
              branches=(
                { lambda ; x:c64[3,4]. let y:c64[3,4] = sin x in (y,) }
                { lambda ; x:c64[3,4]. let
                    s:c64[4] = reduce_sum[axes=(0,)] x
                    t:c64[3,4] = broadcast_in_dim[shape=(3,4) broadcast_dimensions=(1,)] s
                  in (t,) }
              )
            ] i a
            c:c64[3,4] = scan[
              jaxpr={ lambda ; w:c64[3,4]. let
                  s:c64[3] = reduce_sum[axes=(1,)] w
                  t:c64[3,4] = broadcast_in_dim[shape=(3,4) broadcast_dimensions=(0,)] s
                  u:c64[3,4] = mul t 0.25:c64[]
                  v:c64[3,4] = sub u w
                in (v,) }
              length=7 num_carry=1 num_consts=0 reverse=False unroll=1
            ] b
          in (c,) }",
    );
}

#[test]
fn large_products_are_calls_of_the_library() {
    let program = check(
        "{ lambda ; a:c64[20,18] b:c64[18,20]. let
            c:c64[20,20] = dot_general[dimension_numbers=((1,),(0,),(),()) preferred_element_type=None] a b
          in (c,) }",
    );
    let is_product = |step: &Step| matches!(step, Step::Library(LibraryCall::MatMul(_)));
    assert!(program.steps.iter().any(is_product), "{program}");
}
