//! Loops and branches.

use jaxrs_kernel::{Inst, Kernel, Program, Step};

use crate::check;

/// The only kernel of a program that is nothing else.
#[track_caller]
fn only_kernel(program: &Program) -> &Kernel {
    match &program.steps[..] {
        [Step::Kernel(kernel)] => kernel,
        _ => panic!("the program is more than one kernel:\n{program}"),
    }
}

/// The first loop of a program, with its carries and its body.
#[track_caller]
fn repeat(program: &Program) -> (&[jaxrs_kernel::Carry], &[Step]) {
    let is_repeat = |step: &&Step| matches!(step, Step::Repeat { .. });
    match program.steps.iter().find(is_repeat) {
        Some(Step::Repeat { carries, body, .. }) => (carries, body),
        _ => panic!("the program has no loop:\n{program}"),
    }
}

#[test]
fn a_scan_of_scalars_is_one_scalar_kernel() {
    let program = check(
        "{ lambda ; x:f64[] y:f64[]. let
            a:f64[] b:f64[] c:f64[50] = scan[
              jaxpr={ lambda ; x:f64[] y:f64[]. let
                  d:f64[] = mul y 0.01:f64[]
                  e:f64[] = add x d
                  f:f64[] = mul x 0.01:f64[]
                  g:f64[] = sub y f
                in (e, g, e) }
              length=50 num_carry=2 num_consts=0 reverse=False unroll=1
            ] x y
          in (a, b, c) }",
    );
    let kernel = only_kernel(&program);
    assert!(kernel.domain.is_empty(), "{program}");
}

#[test]
fn a_small_vector_that_a_scan_carries_lives_in_registers() {
    let program = check(
        "{ lambda ; x:f32[3]. let
            a:f32[3] b:f32[20,3] = scan[
              jaxpr={ lambda ; v:f32[3]. let
                  r:f32[3] = rev[dimensions=(0,)] v
                  s:f32[3] = mul r 0.5:f32[]
                  t:f32[] = reduce_sum[axes=(0,)] v
                  u:f32[3] = add s t
                  w:f32[3] = tanh u
                in (w, v) }
              length=20 num_carry=1 num_consts=0 reverse=False unroll=1
            ] x
          in (a, b) }",
    );
    assert!(only_kernel(&program).domain.is_empty(), "{program}");
}

#[test]
fn a_batched_scan_runs_each_point_by_itself() {
    let program = check(
        "{ lambda ; k:f32[] t:f32[100] w:f32[100] u:f32[30]. let
            n:i32[] a:f32[100] b:f32[100] c:f32[30,100] = scan[
              jaxpr={ lambda ; k:f32[] n:i32[] t:f32[100] w:f32[100] u:f32[]. let
                  m:i32[] = add n 1:i32[]
                  s:f32[100] = sin t
                  d:f32[100] = mul s k
                  e:f32[100] = sub w d
                  f:f32[100] = mul e u
                  g:f32[100] = add t f
                in (m, g, e, g) }
              length=30 num_carry=3 num_consts=1 reverse=True unroll=1
            ] k 0:i32[] t w u
          in (n, a, b, c) }",
    );
    assert_eq!(only_kernel(&program).domain, [100], "{program}");
}

#[test]
fn a_stencil_is_one_kernel_for_each_iteration() {
    let program = check(
        "{ lambda ; x:f32[20,20]. let
            a:f32[20,20] = scan[
              jaxpr={ lambda ; u:f32[20,20]. let
                  p:f32[22,20] = pad[padding_config=((1,1,0),(0,0,0))] u 0.0:f32[]
                  up:f32[20,20] = slice[start_indices=(0,0) limit_indices=(20,20) strides=None] p
                  dn:f32[20,20] = slice[start_indices=(2,0) limit_indices=(22,20) strides=None] p
                  s:f32[20,20] = add up dn
                  t:f32[20,20] = mul u 2.0:f32[]
                  d:f32[20,20] = sub s t
                  e:f32[20,20] = mul d 0.2:f32[]
                  v:f32[20,20] = add u e
                in (v,) }
              length=10 num_carry=1 num_consts=0 reverse=False unroll=1
            ] x
          in (a,) }",
    );
    assert_eq!(repeat(&program).1.len(), 1, "{program}");
}

#[test]
fn an_array_that_a_loop_updates_is_updated_in_place() {
    let program = check(
        "{ lambda ; x:f32[50] i:i32[]. let
            a:f32[50] j:i32[] = scan[
              jaxpr={ lambda ; x:f32[50] i:i32[]. let
                  y:f32[1] = dynamic_slice[slice_sizes=(1,)] x i
                  z:f32[1] = sin y
                  k:i32[] = add i 1:i32[]
                  v:f32[50] = dynamic_update_slice x z k
                in (v, k) }
              length=10 num_carry=2 num_consts=0 reverse=False unroll=1
            ] x i
          in (a, j) }",
    );
    let (carries, _) = repeat(&program);
    assert_eq!(carries[0].current, carries[0].next, "{program}");
}

#[test]
fn carried_values_may_change_places() {
    check(
        "{ lambda ; x:f32[30] y:f32[30] m:f32[30,30]. let
            a:f32[30] b:f32[30] = scan[
              jaxpr={ lambda ; m:f32[30,30] x:f32[30] y:f32[30]. let
                  z:f32[30] = dot_general[dimension_numbers=((1,),(0,),(),()) preferred_element_type=None] m x
                in (y, z) }
              length=7 num_carry=2 num_consts=1 reverse=False unroll=1
            ] m x y
          in (a, b) }",
    );
}

#[test]
fn a_while_loop_over_scalars_is_one_kernel() {
    let program = check(
        "{ lambda ; n:i32[] x:f32[]. let
            i:i32[] a:f32[] = while[
              cond_nconsts=1
              cond_jaxpr={ lambda ; n:i32[] i:i32[] x:f32[]. let b:bool[] = lt i n in (b,) }
              body_nconsts=0
              body_jaxpr={ lambda ; i:i32[] x:f32[]. let
                  j:i32[] = add i 1:i32[]
                  y:f32[] = sin x
                in (j, y) }
            ] n 0:i32[] x
          in (i, a) }",
    );
    let kernel = only_kernel(&program);
    assert!(kernel.body.insts.iter().any(|inst| matches!(inst, Inst::While(_))), "{program}");
}

#[test]
fn a_batched_while_loop_runs_each_point_by_itself() {
    let program = check(
        "{ lambda ; x:f32[100]. let
            a:f32[100] = while[
              cond_nconsts=0
              cond_jaxpr={ lambda ; x:f32[100]. let
                  p:bool[100] = lt x 3.0:f32[]
                  b:bool[] = reduce_or[axes=(0,)] p
                in (b,) }
              body_nconsts=0
              body_jaxpr={ lambda ; x:f32[100]. let
                  p:bool[100] = lt x 3.0:f32[]
                  y:f32[100] = mul x 1.5:f32[]
                  w:f32[100] = add y 0.75:f32[]
                  z:f32[100] = select_n p x w
                in (z,) }
            ] x
          in (a,) }",
    );
    assert_eq!(only_kernel(&program).domain, [100], "{program}");
}

#[test]
fn a_while_loop_that_ends_for_all_together_keeps_its_meaning() {
    check(
        "{ lambda ; x:f32[100]. let
            a:f32[100] = while[
              cond_nconsts=0
              cond_jaxpr={ lambda ; x:f32[100]. let
                  p:bool[100] = lt x 3.0:f32[]
                  b:bool[] = reduce_or[axes=(0,)] p
                in (b,) }
              body_nconsts=0
              body_jaxpr={ lambda ; x:f32[100]. let
                  y:f32[100] = mul x 1.5:f32[]
                  w:f32[100] = add y 0.75:f32[]
                in (w,) }
            ] x
          in (a,) }",
    );
}

#[test]
fn branches_become_a_switch() {
    let program = check(
        "{ lambda ; i:i32[] x:f32[40] y:f32[40]. let
            a:f32[40] b:f32[] = cond[
              branches=(
                { lambda ; x:f32[40] y:f32[40]. let
                    s:f32[40] = sin x
                    t:f32[] = reduce_sum[axes=(0,)] y
                  in (s, t) }
                { lambda ; x:f32[40] y:f32[40]. let in (y, 1.0:f32[]) }
                { lambda ; x:f32[40] y:f32[40]. let
                    s:f32[40] = mul x y
                    t:f32[] = reduce_max[axes=(0,)] s
                  in (s, t) }
              )
            ] i x y
          in (a, b) }",
    );
    assert!(program.steps.iter().any(|step| matches!(step, Step::Switch { .. })), "{program}");
}

#[test]
fn loops_nest() {
    check(
        "{ lambda ; x:f32[30] xs:f32[4,5,30]. let
            a:f32[30] b:f32[4,5] = scan[
              jaxpr={ lambda ; x:f32[30] xs:f32[5,30]. let
                  c:f32[30] d:f32[5] = scan[
                    jaxpr={ lambda ; x:f32[30] y:f32[30]. let
                        r:f32[30] = rev[dimensions=(0,)] x
                        z:f32[30] = mul r y
                        s:f32[] = reduce_sum[axes=(0,)] z
                      in (z, s) }
                    length=5 num_carry=1 num_consts=0 reverse=True unroll=1
                  ] x xs
                in (c, d) }
              length=4 num_carry=1 num_consts=0 reverse=False unroll=1
            ] x xs
          in (a, b) }",
    );
}

#[test]
fn what_a_loop_gives_is_read_after_it() {
    check(
        "{ lambda ; m:f32[30,30] x:f32[30]. let
            a:f32[30] = scan[
              jaxpr={ lambda ; m:f32[30,30] x:f32[30]. let
                  z:f32[30] = rev[dimensions=(0,)] x
                  y:f32[30] = sin z
                in (y,) }
              length=7 num_carry=1 num_consts=1 reverse=False unroll=1
            ] m x
            b:f32[30] = mul a 2.0:f32[]
            c:f32[] = reduce_sum[axes=(0,)] b
            d:f32[30] = scan[
              jaxpr={ lambda ; x:f32[30]. let y:f32[30] = rev[dimensions=(0,)] x in (y,) }
              length=3 num_carry=1 num_consts=0 reverse=False unroll=1
            ] a
          in (c, d, a) }",
    );
}

#[test]
fn sums_over_points_are_taken_after_the_loop() {
    let program = check(
        "{ lambda ; k:f32[] p:f32[100,3] t:f32[100] x:f32[20,100] u:f32[20]. let
            z:f32[3] = broadcast_in_dim[shape=(3,) broadcast_dimensions=()] 0.5:f32[]
            a:f32[] b:f32[3] c:f32[100] = scan[
              jaxpr={ lambda ; k:f32[] p:f32[100,3] a:f32[] b:f32[3] t:f32[100] x:f32[100] u:f32[]. let
                  d:f32[100] = mul t x
                  e:f32[100] = mul d k
                  f:f32[] = reduce_sum[axes=(0,)] e
                  g:f32[] = mul f u
                  h:f32[] = reduce_sum[axes=(0,)] d
                  i:f32[] = neg h
                  j:f32[] = add_any g i
                  l:f32[] = add_any a j
                  m:f32[100,3] = broadcast_in_dim[shape=(100,3) broadcast_dimensions=(0,)] d
                  n:f32[100,3] = mul m p
                  o:f32[3] = reduce_sum[axes=(0,)] n
                  q:f32[3] = add_any b o
                in (l, q, e) }
              length=20 num_carry=3 num_consts=2 reverse=True unroll=1
            ] k p 1.0:f32[] z t x u
          in (a, b, c) }",
    );
    assert!(program.steps.iter().all(|step| matches!(step, Step::Kernel(_))), "{program}");
}
