//! Reducers that decide and repeat, to try every rule on.
#![cfg(any(test, feature = "testing"))]

use std::sync::Arc;

use crate::Jaxpr;
use crate::prims::control::sample::program;

/// The larger of two numbers, by a branch.
pub(super) fn larger() -> Arc<Jaxpr> {
    program(
        "{ lambda ; a:f32[] b:f32[]. let
            c:bool[] = gt a b
            d:i32[] = convert_element_type[new_dtype=i32 weak_type=false] c
            e:f32[] = cond[
              branches=(
                { lambda ; f:f32[] g:f32[]. let  in (g,) }
                { lambda ; h:f32[] i:f32[]. let  in (h,) }
              )
            ] d a b
          in (e,) }",
    )
}

/// Whether one number is at least another, by a branch.
pub(super) fn at_least() -> Arc<Jaxpr> {
    program(
        "{ lambda ; a:f32[] b:f32[]. let
            c:bool[] = lt a 0.0:f32[]
            d:i32[] = convert_element_type[new_dtype=i32 weak_type=false] c
            e:bool[] = cond[
              branches=(
                { lambda ; f:f32[] g:f32[]. let h:bool[] = ge f g in (h,) }
                { lambda ; i:f32[] j:f32[]. let k:bool[] = le j i in (k,) }
              )
            ] d a b
          in (e,) }",
    )
}

/// The sum, half of the second number at a time, by a loop that counts.
pub(super) fn sum_by_halves() -> Arc<Jaxpr> {
    program(
        "{ lambda ; a:f32[] b:f32[]. let
            c:f32[] d:f32[] = scan[
              jaxpr={ lambda ; e:f32[] f:f32[]. let
                  g:f32[] = mul f 0.5:f32[]
                  h:f32[] = add e g
                in (h, f) }
              length=2
              num_carry=2
              num_consts=0
              reverse=false
              unroll=1
            ] a b
          in (c,) }",
    )
}

/// The sum, in steps of 1 at most, by a loop that goes on for as long as there is something left.
pub(super) fn sum_by_steps() -> Arc<Jaxpr> {
    program(
        "{ lambda ; a:f32[] b:f32[]. let
            c:f32[] d:f32[] e:i32[] = while[
              body_jaxpr={ lambda ; f:f32[] g:f32[] h:i32[]. let
                  i:f32[] = min g 1.0:f32[]
                  j:i32[] = add h 1:i32[]
                  k:f32[] = add f i
                  l:f32[] = sub g i
                in (k, l, j) }
              body_nconsts=0
              cond_jaxpr={ lambda ; m:f32[] n:f32[] o:i32[]. let
                  p:bool[] = ne n 0.0:f32[]
                  q:bool[] = lt o 9:i32[]
                  r:bool[] = and p q
                in (r,) }
              cond_nconsts=0
            ] a b 0:i32[]
          in (c,) }",
    )
}

/// The sum of what is positive, by a branch with a loop that would not end for other numbers.
pub(super) fn sum_of_positive() -> Arc<Jaxpr> {
    program(
        "{ lambda ; a:f32[] b:f32[]. let
            c:bool[] = gt b 0.0:f32[]
            d:i32[] = convert_element_type[new_dtype=i32 weak_type=false] c
            e:f32[] = cond[
              branches=(
                { lambda ; f:f32[] g:f32[]. let  in (f,) }
                { lambda ; h:f32[] i:f32[]. let
                    j:f32[] k:f32[] = while[
                      body_jaxpr={ lambda ; l:f32[] m:f32[]. let
                          n:f32[] = min m 1.0:f32[]
                          o:f32[] = add l n
                          p:f32[] = sub m n
                        in (o, p) }
                      body_nconsts=0
                      cond_jaxpr={ lambda ; q:f32[] r:f32[]. let
                          s:bool[] = ne r 0.0:f32[]
                        in (s,) }
                      cond_nconsts=0
                    ] h i
                  in (j,) }
              )
            ] d a b
          in (e,) }",
    )
}
