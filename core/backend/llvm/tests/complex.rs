//! Programs of complex numbers, compiled, against their definition: whole vectors and what is left over,
//! moved in every direction, in loops and branches.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{Literal, Scalar, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

/// Numbers within the square from −1 − i to 1 + i, integers below 5, truth values.
fn made_up(seed: usize, ty: &Type) -> Literal {
    let part = |position: usize| ((position * 7919 + seed * 104_729) % 1999) as f64 / 999.0 - 1.0;
    Literal::from_fn(ty.clone(), |k| match ty.dtype {
        dtype if dtype.is_complex() => Scalar::Complex(part(k), part(k + 31)),
        dtype if dtype.is_float() => Scalar::Float(part(k)),
        dtype => Scalar::Int((part(k) * 100.0) as i64 % 5).cast(dtype),
    })
}

fn run(jaxpr: &Jaxpr, inputs: &[Literal]) -> Vec<Literal> {
    let backend = LlvmBackend::new(Pool::new(2), LlvmOptions::default()).unwrap();
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let executable = backend.load(Arc::new(compile(jaxpr, &options).unwrap())).unwrap();
    let mut outputs: Vec<Vec<u8>> = jaxpr.out_types().map(|ty| vec![0; ty.size_bytes()]).collect();
    let ins: Vec<*const u8> = inputs.iter().map(|input| input.bytes().as_ptr()).collect();
    let outs: Vec<*mut u8> = outputs.iter_mut().map(Vec::as_mut_ptr).collect();
    // SAFETY: the pointers are those of the program's inputs and outputs, of the bytes of their types.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
    let types = jaxpr.out_types().cloned();
    types.zip(outputs).map(|(ty, bytes)| Literal::from_bytes(ty, bytes).unwrap()).collect()
}

/// Runs a program for both complex types; `C` stands for the type, `F` for that of its parts.
#[track_caller]
fn check(text: &str) {
    for (complex, part) in [("c64", "f32"), ("c128", "f64")] {
        let text = text.replace('C', complex).replace('F', part);
        let jaxpr: Jaxpr = text.parse().unwrap();
        let inputs: Vec<Literal> =
            jaxpr.in_types().enumerate().map(|(k, ty)| made_up(k, ty)).collect();
        let expected = jaxrs_ir::evaluate::evaluate(&jaxpr, &inputs).unwrap();
        for (got, expected) in run(&jaxpr, &inputs).iter().zip(&expected) {
            let differs = difference(got, expected, Class::Accumulated);
            assert!(differs.is_none(), "{}\n{jaxpr}", differs.unwrap_or_default());
        }
    }
}

#[test]
fn rows_of_every_length_are_computed() {
    for n in [1, 2, 3, 7, 8, 15, 16, 17, 33, 100, 1000] {
        check(&format!(
            "{{ lambda ; a:C[{n}] b:C[{n}]. let
                c:C[{n}] = mul a b
                d:C[{n}] = exp c
                e:C[{n}] = sub d b
                f:F[{n}] = imag e
                g:F[{n}] = abs a
                h:C[{n}] = complex g f
                i:C[] = reduce_sum[axes=(0,)] h
              in (e, h, i) }}"
        ));
    }
}

#[test]
fn elements_move_in_every_direction() {
    check(
        "{ lambda ; a:C[9,37] b:C[37,9] i:i32[5,1] m:bool[37,9]. let
            c:C[37,9] = transpose[permutation=(1,0)] a
            d:C[37,9] = add c b
            e:C[37,9] = rev[dimensions=(0,1)] d
            f:C[41,12] = pad[padding_config=((1,3,0),(2,1,0))] e (0.5-0.25j):C[]
            g:C[12,6] = slice[start_indices=(2,1) limit_indices=(38,12) strides=(3,2)] f
            h:C[5,9] = gather[
              offset_dims=(1,) collapsed_slice_dims=(0,) start_index_map=(0,) operand_batching_dims=()
              start_indices_batching_dims=() slice_sizes=(1,9) mode=clip fill_value=None
            ] b i
            j:C[37,9] = select_n m b e
            k:C[74,9] = concatenate[dimension=0] j d
          in (d, g, h, j, k) }",
    );
}

#[test]
fn one_number_goes_with_many() {
    check(
        "{ lambda ; a:C[5,33] z:C[] v:C[33]. let
            b:C[5,33] = broadcast_in_dim[shape=(5,33) broadcast_dimensions=(1,)] v
            c:C[5,33] = mul a z
            d:C[5,33] = div c b
            e:C[5] = reduce_prod[axes=(1,)] d
            f:C[33] = cumsum[axis=0 reverse=true] v
            g:bool[5,33] = eq a d
          in (d, e, f, g) }",
    );
}

#[test]
fn loops_carry_parts() {
    check(
        "{ lambda ; z:C[37] w:C[37,3]. let
            a:C[37] b:C[6,37] = scan[
              jaxpr={ lambda ; y:C[37]. let
                  c:C[37] = mul y (0.8+0.6j):C[]
                  d:C[37] = sin c
                in (d, y) }
              length=6 num_carry=1 num_consts=0 reverse=false unroll=1
            ] z
            e:C[37,3] = scan[
              jaxpr={ lambda ; y:C[37,3]. let
                  s:C[3] = reduce_sum[axes=(0,)] y
                  t:C[37,3] = broadcast_in_dim[shape=(37,3) broadcast_dimensions=(1,)] s
                  u:C[37,3] = mul t 0.02:C[]
                  v:C[37,3] = sub y u
                in (v,) }
              length=5 num_carry=1 num_consts=0 reverse=true unroll=1
            ] w
          in (a, b, e) }",
    );
}

#[test]
fn each_point_leaves_its_loop_by_itself() {
    check(
        "{ lambda ; c:C[37]. let
            z:C[37] = mul c (0.0+0.0j):C[]
            n:i32[37] = broadcast_in_dim[shape=(37,) broadcast_dimensions=()] 0:i32[]
            a:C[37] b:i32[37] = while[
              body_jaxpr={ lambda ; c:C[37] z:C[37] n:i32[37]. let
                  d:F[37] = abs z
                  e:bool[37] = lt d 2.0:F[]
                  f:bool[37] = lt n 9:i32[]
                  g:bool[37] = and e f
                  h:C[37] = square z
                  i:C[37] = add h c
                  j:i32[37] = add n 1:i32[]
                  k:C[37] = select_n g z i
                  l:i32[37] = select_n g n j
                in (k, l) }
              body_nconsts=1
              cond_jaxpr={ lambda ; z:C[37] n:i32[37]. let
                  d:F[37] = abs z
                  e:bool[37] = lt d 2.0:F[]
                  f:bool[37] = lt n 9:i32[]
                  g:bool[37] = and e f
                  h:bool[] = reduce_or[axes=(0,)] g
                in (h,) }
              cond_nconsts=0
            ] c z n
          in (a, b) }",
    );
}

#[test]
fn products_of_matrices_run_inline_and_in_the_library() {
    check(
        "{ lambda ; a:C[4,5] b:C[5,3] c:C[2,19,17] d:C[2,17,23]. let
            e:C[4,3] = dot_general[dimension_numbers=((1,),(0,),(),()) preferred_element_type=None] a b
            f:C[2,19,23] = dot_general[
              dimension_numbers=((2,),(1,),(0,),(0,)) preferred_element_type=None
            ] c d
          in (e, f) }",
    );
}
