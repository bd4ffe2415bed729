//! Vector quantisation, as `jax.scipy.cluster` has it.

use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::numpy;
use crate::operands::promoted_inexact;

/// For each observation the place of the nearest row of a code book, and the distance.
pub fn vq(cx: &Scope, obs: &Value, code_book: &Value) -> Result<Vec<Value>> {
    let [mut obs, mut book] = promoted_inexact(cx, [obs, code_book])?;
    if obs.ty().rank() == 1 && book.ty().rank() == 1 {
        obs = numpy::expand_dims(cx, &obs, &[-1])?;
        book = numpy::expand_dims(cx, &book, &[-1])?;
    }
    if obs.ty().rank() != 2 || book.ty().rank() != 2 || obs.shape()[1] != book.shape()[1] {
        bail!(
            Shape,
            "vq needs rows of one length, or numbers, got {} and {}",
            obs.ty(),
            code_book.ty()
        );
    }
    let away = numpy::subtract(cx, &numpy::expand_dims(cx, &obs, &[1])?, &book)?;
    let distances = numpy::norm(cx, &away, &[-1], false)?;
    let code = numpy::argmin(cx, &distances, Some(-1), true, cx.defaults().int())?;
    let nearest = numpy::take_along_axis(cx, &distances, &code, -1, "clip")?;
    Ok(vec![ops::squeeze(cx, &code, [1])?, ops::squeeze(cx, &nearest, [1])?])
}
