//! Random bits.

use jaxrs_data::{ErrorKind, Result, SmallVec, Type};
use jaxrs_ir::Context as _;
use jaxrs_ir::Value;
use jaxrs_ir::ops;
use jaxrs_ir::prims::{ConvertElementType, RandomAlgorithm, RngBitGenerator};

use super::elementwise::short_name;
use super::{Env, Outputs, unsupported_form};
use crate::tree::{Op, Ty};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    match (short_name(op), x) {
        ("rng_bit_generator", [state]) => Some(match &op.results[..] {
            [_, (_, Ty::Tensor(ty))] => bits(env, op, state, ty),
            _ => Err(op.error(ErrorKind::InvalidArgument, "gives a state and an array")),
        }),
        _ => None,
    }
}

/// The state afterwards, and bits. A state of two words of 64 bits and one of four of 32 are the same.
pub(super) fn bits(env: &Env<'_>, op: &Op, state: &Value, bits: &Type) -> Result<Outputs> {
    let algorithm = match op.word("rng_algorithm")? {
        "DEFAULT" => RandomAlgorithm::Default,
        "THREE_FRY" => RandomAlgorithm::ThreeFry,
        "PHILOX" => RandomAlgorithm::Philox,
        other => return Err(unsupported_form(op, format_args!("the algorithm {other}"))),
    };
    let Some(dtype) = bits.dtype.unsigned_of_same_width().filter(|_| bits.dtype.is_integer())
    else {
        return Err(unsupported_form(op, format_args!("bits of {}", bits.dtype)));
    };
    let prim = RngBitGenerator { algorithm, dtype, shape: bits.shape.clone() };
    let mut results: SmallVec<[Value; 2]> =
        env.scope.bind(&prim.into(), std::slice::from_ref(state))?;
    if dtype != bits.dtype {
        let signed = ConvertElementType { new_dtype: bits.dtype, weak_type: false };
        results[1] = ops::bind1(env.scope, signed, &results[1..])?;
    }
    Ok(results.into_iter().collect())
}
