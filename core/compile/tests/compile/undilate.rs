//! Convolutions with gaps, taken apart and put together again.

use jaxrs_compile::passes::PIPELINE;
use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{Literal, Scalar, Type};
use jaxrs_ir::evaluate::evaluate;
use jaxrs_ir::{Jaxpr, Prim};

fn numbers(ty: &Type) -> Literal {
    Literal::from_fn(ty.clone(), |k| Scalar::Float(((k * 37 % 101) as f64 - 50.0) / 32.0))
}

/// The program gives the same without gaps, in as many convolutions as are given.
#[track_caller]
fn check(text: &str, n_convolutions: usize) {
    let jaxpr: Jaxpr = text.parse().expect("the text is a jaxpr");
    let pass = PIPELINE.iter().find(|pass| pass.name == "undilate").expect("there is such a pass");
    let apart = (pass.run)(jaxpr.clone());
    jaxrs_ir::check::check(&apart).expect("what a pass gives is well formed");
    let convolutions: Vec<_> = apart
        .eqns
        .iter()
        .filter_map(|eqn| match &eqn.prim {
            Prim::ConvGeneralDilated(conv) => Some(conv),
            _ => None,
        })
        .collect();
    assert_eq!(convolutions.len(), n_convolutions, "{apart}");
    let inputs: Vec<Literal> = jaxpr.in_types().map(numbers).collect();
    let run = |jaxpr: &Jaxpr| evaluate(jaxpr, &inputs).expect("the program runs");
    let (expected, got) = (run(&jaxpr), run(&apart));
    let difference = difference(&got[0], &expected[0], Class::Accumulated);
    assert!(difference.is_none(), "{difference:?}");
}

/// A convolution of `f32[3,8,40]` with a kernel of a number of taps, and the parameters that matter.
fn line(taps: usize, out: usize, dilations: (usize, usize), padding: (i64, i64)) -> String {
    format!(
        "{{ lambda ; a:f32[3,8,40] b:f32[8,8,{taps}]. let
            c:f32[3,8,{out}] = conv_general_dilated[
              batch_group_count=1
              dimension_numbers=((0, 1, 2), (0, 1, 2), (0, 1, 2))
              feature_group_count=1
              lhs_dilation=({},)
              padding=({padding:?},)
              preferred_element_type=None
              rhs_dilation=({},)
              window_strides=(1,)
            ] a b
          in (c,) }}",
        dilations.0, dilations.1
    )
}

#[test]
fn each_part_of_the_result_has_taps_of_its_own() {
    check(&line(6, 78, (2, 1), (2, 2)), 2);
    check(&line(7, 113, (3, 1), (-1, 2)), 3);
    check(&line(5, 119, (3, 2), (4, 5)), 3);
}

#[test]
fn gaps_of_the_kernel_may_miss_some_parts() {
    // Taps four apart meet elements two apart at even places only.
    check(&line(9, 63, (2, 4), (7, 9)), 1);
    check(&line(9, 90, (6, 3), (-50, -71)), 2);
}

#[test]
fn axes_are_taken_apart_one_after_the_other() {
    let text = "{ lambda ; a:f32[2,9,7,8] b:f32[3,4,8,8]. let
        c:f32[2,17,18,8] = conv_general_dilated[
          batch_group_count=1
          dimension_numbers=((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))
          feature_group_count=1
          lhs_dilation=(2, 3)
          padding=((1, 1), (2, 0))
          preferred_element_type=None
          rhs_dilation=(1, 1)
          window_strides=(1, 1)
        ] a b
      in (c,) }";
    check(text, 6);
}

#[test]
fn small_convolutions_stay_as_they_are() {
    check(&line(1, 79, (2, 1), (0, 0)), 1);
}
