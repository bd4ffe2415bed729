//! Samples of primitives that hold programs.

use std::sync::Arc;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Scalar, Type};

use crate::prims::Sample;
use crate::{Jaxpr, Prim};

/// The program that a text is.
pub(in crate::prims) fn program(text: &str) -> Arc<Jaxpr> {
    Arc::new(text.parse().unwrap_or_else(|err| panic!("{text}: {err:?}")))
}

/// A vector in double precision, in which differences tell derivatives.
pub(super) fn doubles(values: &[f64]) -> Literal {
    Literal::from_fn(Type::new(DType::F64, [values.len()]), |k| Scalar::Float(values[k]))
}

pub(super) fn smooth(prim: impl Into<Prim>, inputs: Vec<Literal>) -> Sample {
    Sample { prim: prim.into(), inputs, class: Class::Elementary, smooth: true }
}

/// A primitive that runs a program of two operands and two results once.
pub(super) fn of_program<P: Into<Prim>>(prim: impl FnOnce(Arc<Jaxpr>) -> P) -> Sample {
    let text = "{ lambda ; a:f64[3] b:f64[3]. let
        c:f64[3] = sin a
        d:f64[3] = mul c b
        e:f64[3] = mul d a
      in (e, b) }";
    let (a, b) = (doubles(&[0.5, -1.25, 2.0]), doubles(&[1.5, 0.75, -0.5]));
    smooth(prim(program(text)), vec![a, b])
}
