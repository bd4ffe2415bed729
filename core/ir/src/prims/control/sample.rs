//! Samples of primitives that hold programs.

use std::sync::Arc;

use jaxrs_data::Literal;
use jaxrs_data::tolerance::Class;

use crate::prims::Sample;
use crate::{Jaxpr, Prim};

/// The program that a text is.
pub(super) fn program(text: &str) -> Arc<Jaxpr> {
    Arc::new(text.parse().unwrap_or_else(|err| panic!("{text}: {err:?}")))
}

pub(super) fn smooth(prim: impl Into<Prim>, inputs: Vec<Literal>) -> Sample {
    Sample { prim: prim.into(), inputs, class: Class::Elementary, smooth: true }
}

/// A primitive that runs a program of two operands and two results once.
pub(super) fn of_program<P: Into<Prim>>(prim: impl FnOnce(Arc<Jaxpr>) -> P) -> Sample {
    let text = "{ lambda ; a:f32[3] b:f32[3]. let
        c:f32[3] = sin a
        d:f32[3] = mul c b
        e:f32[3] = mul d a
      in (e, b) }";
    let (a, b) = (Literal::f32([3], &[0.5, -1.25, 2.0]), Literal::f32([3], &[1.5, 0.75, -0.5]));
    smooth(prim(program(text)), vec![a, b])
}
