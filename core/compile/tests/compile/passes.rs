//! Passes on jaxprs, each alone.

use expect_test::{Expect, expect};
use jaxrs_compile::passes::PIPELINE;
use jaxrs_ir::Jaxpr;

#[track_caller]
fn check(pass: &str, text: &str, expected: Expect) {
    let jaxpr: Jaxpr = text.parse().expect("the text is a jaxpr");
    jaxrs_ir::check::check(&jaxpr).expect("the jaxpr is well formed");
    let pass = PIPELINE.iter().find(|p| p.name == pass).expect("there is such a pass");
    let result = (pass.run)(jaxpr);
    jaxrs_ir::check::check(&result).expect("what a pass gives is well formed");
    expected.assert_eq(&format!("{result}\n"));
}

#[test]
fn calls_become_what_they_call() {
    check(
        "inline_calls",
        "{ lambda ; a:f32[]. let
            b:f32[] = jit[name=f jaxpr={ lambda ; x:f32[]. let
                y:f32[] = jit[name=g jaxpr={ lambda ; u:f32[]. let v:f32[] = sin u in (v,) }] x
                z:f32[] = add y x
              in (z,) }] a
          in (b, a) }",
        expect![[r#"
            { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = add b a in (c, a) }
        "#]],
    );
}

#[test]
fn neutral_operations_disappear() {
    check(
        "simplify",
        "{ lambda ; a:f32[3] i:i32[3]. let
            b:f32[3] = mul a 1.0:f32[]
            c:f32[3] = sub b 0.0:f32[]
            d:f32[3] = neg c
            e:f32[3] = neg d
            z:f32[3] = broadcast_in_dim[shape=(3,) broadcast_dimensions=()] 1.0:f32[]
            f:f32[3] = div e z
            j:i32[3] = add i 0:i32[]
            g:f32[3] = add f 0.0:f32[]
            h:f32[] = mul 2.0:f32[] 3.0:f32[]
            k:f32[3] = mul g h
          in (k, j) }",
        expect![[r#"
            { lambda ; a:f32[3] b:i32[3]. let
                c:f32[3] = neg a
                d:f32[3] = broadcast_in_dim[broadcast_dimensions=() shape=(3,)] 1.0:f32[]
                e:f32[3] = add a 0.0:f32[]
                f:f32[3] = mul e 6.0:f32[]
              in (f, b) }
        "#]],
    );
}

#[test]
fn complex_numbers_that_are_taken_apart_again_disappear() {
    check(
        "simplify",
        "{ lambda ; a:f32[3] b:f32[3] z:c64[3]. let
            c:c64[3] = complex a b
            d:c64[3] = conj[input_dtype=c64] c
            e:c64[3] = conj[input_dtype=c64] d
            f:f32[3] = real d
            g:f32[3] = imag e
            h:f32[3] = real z
            i:f32[3] = imag z
            j:c64[3] = complex h i
            k:c64[3] = convert_element_type[new_dtype=c64 weak_type=false] f
            l:f32[3] = real k
            m:c64[3] = sub j (0.0+0.0j):c64[]
            n:c64[3] = complex b h
          in (f, g, j, l, m, n) }",
        expect![[r#"
            { lambda ; a:f32[3] b:f32[3] c:c64[3]. let
                d:c64[3] = complex a b
                e:c64[3] = conj[input_dtype=c64] d
                f:f32[3] = real c
                g:f32[3] = imag c
                h:c64[3] = convert_element_type[new_dtype=c64 weak_type=false] a
                i:c64[3] = complex b f
              in (a, b, c, a, c, i) }
        "#]],
    );
}

#[test]
fn moves_join_and_equal_equations_are_one() {
    check(
        "simplify",
        "{ lambda ; a:f32[2,3,4]. let
            b:f32[4,3,2] = transpose[permutation=(2,1,0)] a
            c:f32[2,3,4] = transpose[permutation=(2,1,0)] b
            d:f32[24] = reshape[new_sizes=(24,)] c
            e:f32[4,6] = reshape[new_sizes=(4,6)] d
            f:f32[24] = reshape[new_sizes=(24,)] a
            g:f32[24] = sin f
            h:f32[24] = sin d
            i:f32[24] = mul g h
          in (e, i) }",
        expect![[r#"
            { lambda ; a:f32[2,3,4]. let
                b:f32[4,3,2] = transpose[permutation=(2, 1, 0)] a
                c:f32[24] = reshape[new_sizes=(24,)] a
                d:f32[4,6] = reshape[new_sizes=(4, 6)] a
                e:f32[24] = sin c
                f:f32[24] = mul e e
              in (d, f) }
        "#]],
    );
}

#[test]
fn loops_lose_what_nobody_reads() {
    check(
        "remove_dead",
        "{ lambda ; a:f32[] b:f32[] k:f32[]. let
            c:f32[] d:f32[] e:f32[5] f:f32[5] = scan[
              jaxpr={ lambda ; k:f32[] a:f32[] b:f32[]. let
                  x:f32[] = sin a
                  y:f32[] = mul b k
                  z:f32[] = cos x
                in (x, y, z, y) }
              length=5 num_carry=2 num_consts=1 reverse=False unroll=1
            ] k a b
          in (e,) }",
        expect![[r#"
            { lambda ; a:f32[] b:f32[] c:f32[]. let
                d:f32[] e:f32[5] = scan[
                  jaxpr={ lambda ; f:f32[]. let g:f32[] = sin f; h:f32[] = cos g in (g, h) }
                  length=5
                  num_carry=1
                  num_consts=0
                  reverse=false
                  unroll=1
                ] a
              in (e,) }
        "#]],
    );
}

#[test]
fn what_does_not_change_leaves_the_loop() {
    check(
        "hoist_invariants",
        "{ lambda ; k:f32[] a:f32[] m:f32[]. let
            c:f32[] d:f32[] = scan[
              jaxpr={ lambda ; k:f32[] a:f32[] m:f32[]. let
                  s:f32[] = sin k
                  t:f32[] = cos m
                  u:f32[] = mul s t
                  x:f32[] = mul a u
                in (x, m) }
              length=5 num_carry=2 num_consts=1 reverse=False unroll=1
            ] k a m
          in (c, d) }",
        expect![[r#"
            { lambda ; a:f32[] b:f32[] c:f32[]. let
                d:f32[] = sin a
                e:f32[] = cos c
                f:f32[] = mul d e
                g:f32[] = scan[
                  jaxpr={ lambda ; h:f32[] i:f32[] j:f32[] k:f32[]. let
                      l:f32[] = mul k j
                    in (l,) }
                  length=5
                  num_carry=1
                  num_consts=3
                  reverse=false
                  unroll=1
                ] a c f b
              in (g, c) }
        "#]],
    );
}

#[test]
fn large_sums_are_split() {
    check(
        "split_reductions",
        "{ lambda ; a:f32[100000]. let b:f32[] = reduce_sum[axes=(0,)] a in (b,) }",
        expect![[r#"
            { lambda ; a:f32[100000]. let
                b:f32[10,10000] = reshape[new_sizes=(10, 10000)] a
                c:f32[10] = reduce_sum[axes=(1,)] b
                d:f32[] = reduce_sum[axes=(0,)] c
              in (d,) }
        "#]],
    );
}

#[test]
fn products_are_not_transposed_back() {
    check(
        "swap_dots",
        "{ lambda ; a:f32[4,3] b:f32[4,5]. let
            c:f32[3,5] = dot_general[dimension_numbers=((0,),(0,),(),()) preferred_element_type=None] a b
            d:f32[5,3] = transpose[permutation=(1,0)] c
          in (d,) }",
        expect![[r#"
            { lambda ; a:f32[4,3] b:f32[4,5]. let
                c:f32[5,3] = dot_general[
                  dimension_numbers=((0,), (0,), (), ())
                  preferred_element_type=None
                ] b a
              in (c,) }
        "#]],
    );
}
