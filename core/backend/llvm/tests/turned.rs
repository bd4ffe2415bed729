//! Transpositions that are large enough for tiles, compiled, against their definition: elements of every size, with and
//! without columns left over.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Literal, Scalar, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

/// Numbers that few others are equal to.
fn made_up(seed: usize, ty: &Type) -> Literal {
    Literal::from_fn(ty.clone(), |k| {
        let bits = (k * 7919 + seed * 104_729) % 4001;
        match ty.dtype {
            dtype if dtype.is_bool() => Scalar::Bool(bits.is_multiple_of(3)),
            dtype => Scalar::Int(bits as i64).cast(dtype),
        }
    })
}

#[track_caller]
fn check(backend: &LlvmBackend, text: &str) {
    let jaxpr: Jaxpr = text.parse().unwrap();
    let inputs: Vec<Literal> = jaxpr.in_types().enumerate().map(|(k, ty)| made_up(k, ty)).collect();
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let executable = backend.load(Arc::new(compile(&jaxpr, &options).unwrap())).unwrap();
    let mut outputs: Vec<Vec<u8>> = jaxpr.out_types().map(|ty| vec![0; ty.size_bytes()]).collect();
    let ins: Vec<*const u8> = inputs.iter().map(|input| input.bytes().as_ptr()).collect();
    let outs: Vec<*mut u8> = outputs.iter_mut().map(Vec::as_mut_ptr).collect();
    // SAFETY: the pointers are those of the program's inputs and outputs, of the bytes of their types.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }.unwrap();
    let expected = jaxrs_ir::evaluate::evaluate(&jaxpr, &inputs).unwrap();
    for (got, expected) in outputs.iter().zip(&expected) {
        assert!(got == expected.bytes(), "{text}");
    }
}

#[test]
fn elements_of_every_size_are_turned() {
    let backend = LlvmBackend::new(Pool::new(2), LlvmOptions::default()).unwrap();
    for dtype in ["bool", "i8", "i16", "f16", "f32", "i32", "f64", "u64", "c64", "c128"] {
        for (m, n) in [(256, 256), (80, 1043)] {
            check(
                &backend,
                &format!(
                    "{{ lambda ; a:{dtype}[{n},{m}]. let
                        b:{dtype}[{m},{n}] = transpose[permutation=(1,0)] a
                      in (b,) }}"
                ),
            );
        }
    }
}

#[test]
fn what_is_turned_is_computed_with() {
    let backend = LlvmBackend::new(Pool::new(2), LlvmOptions::default()).unwrap();
    for (m, n) in [(256, 256), (80, 1043)] {
        check(
            &backend,
            &format!(
                "{{ lambda ; a:f32[{n},{m}] b:f64[{m},{n}] c:bool[{n},{m}] d:f32[{m},3,{n}]. let
                    e:f32[{m},{n}] = transpose[permutation=(1,0)] a
                    f:f64[{m},{n}] = convert_element_type[new_dtype=f64 weak_type=false] e
                    g:f64[{m},{n}] = add f b
                    h:bool[{m},{n}] = transpose[permutation=(1,0)] c
                    i:f64[{m},{n}] = select_n h b g
                    j:f32[{n},{m}] = rev[dimensions=(0,)] a
                    k:f32[{m},{n}] = transpose[permutation=(1,0)] j
                    l:f32[{n},3,{m}] = transpose[permutation=(2,1,0)] d
                    o:f32[{m},{n}] = rev[dimensions=(0,)] k
                  in (i, k, l, o) }}"
            ),
        );
    }
}

/// Rows end where the array does, so that a read beyond the last element would be one beyond the memory.
#[test]
fn every_second_to_fourth_element_is_picked() {
    for vector_bytes in [16, 32, 64] {
        let options = LlvmOptions { vector_bytes: Some(vector_bytes), ..LlvmOptions::default() };
        let backend = LlvmBackend::new(Pool::new(1), options).unwrap();
        for (dtype, stride) in ["f32", "i32", "f64", "u64", "i16", "c64", "bool"]
            .into_iter()
            .flat_map(|dtype| (2..=5).map(move |stride| (dtype, stride)))
        {
            for n in [4, 7, 16, 37, 64] {
                let column = stride - 1;
                check(
                    &backend,
                    &format!(
                        "{{ lambda ; a:{dtype}[{n},{stride}]. let
                            b:{dtype}[{n},1] = slice[limit_indices=({n},1) start_indices=(0,0) strides=None] a
                            c:{dtype}[{n},1] = slice[limit_indices=({n},{stride}) start_indices=(0,{column}) strides=None] a
                            d:bool[{n},1] = ne b c
                            e:{dtype}[{n},1] = select_n d b c
                          in (b, c, e) }}"
                    ),
                );
            }
        }
    }
}
