//! Powers and products of several matrices.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use super::solve::eye_like;
use super::{inv, square};
use crate::numpy;

/// Whole powers of square matrices, by repeated squaring; negative ones of the inverses.
pub fn matrix_power(cx: &Scope, a: &Value, n: i64) -> Result<Value> {
    square("matrix_power", a)?;
    if n == 0 {
        return eye_like(cx, a, a.ty().dtype);
    }
    let base = if n < 0 { inv(cx, a)? } else { a.clone() };
    let mut rest = n.unsigned_abs();
    if rest == 3 {
        // In this order the result is that of NumPy.
        return numpy::matmul(cx, &numpy::matmul(cx, &base, &base)?, &base);
    }
    let (mut square, mut result): (Value, Option<Value>) = (base, None);
    loop {
        if rest % 2 == 1 {
            result = Some(match result {
                None => square.clone(),
                Some(result) => numpy::matmul(cx, &result, &square)?,
            });
        }
        rest /= 2;
        match result {
            Some(result) if rest == 0 => return Ok(result),
            other => result = other,
        }
        square = numpy::matmul(cx, &square, &square)?;
    }
}

/// The product of several matrices, in the order that costs least; the first and the last may be vectors.
pub fn multi_dot(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    let [first, inner @ .., last] = arrays else {
        bail!(InvalidArgument, "multi_dot needs at least 2 arrays, got {}", arrays.len());
    };
    let fits = matches!(first.ty().rank(), 1 | 2)
        && matches!(last.ty().rank(), 1 | 2)
        && inner.iter().all(|x| x.ty().rank() == 2)
        && arrays.windows(2).all(|pair| pair[0].shape().last() == pair[1].shape().first());
    if !fits {
        let types: Vec<String> = arrays.iter().map(|x| x.ty().to_string()).collect();
        bail!(
            Shape,
            "multi_dot needs matrices whose columns are the next one's rows, vectors only first and last, got {}",
            types.join(", ")
        );
    }
    let rows = |x: &Value| if x.ty().rank() == 2 { x.shape()[0] } else { 1 };
    // Sizes on both sides of each matrix: a vector is a row first and a column last.
    let mut sizes = vec![rows(first)];
    sizes.extend(arrays[1..].iter().map(|x| x.shape()[0]));
    sizes.push(if last.ty().rank() == 2 { last.shape()[1] } else { 1 });
    chain(cx, arrays, &sizes, &splits(&sizes))
}

/// For each range of matrices where its last product divides it (Cormen et al., section 14.2).
fn splits(sizes: &[usize]) -> Vec<Vec<usize>> {
    let n = sizes.len() - 1;
    let (mut costs, mut splits) = (vec![vec![0f64; n]; n], vec![vec![0; n]; n]);
    for length in 2..=n {
        for i in 0..=n - length {
            let j = i + length - 1;
            costs[i][j] = f64::INFINITY;
            for k in i..j {
                let own = sizes[i] as f64 * sizes[k + 1] as f64 * sizes[j + 1] as f64;
                let cost = costs[i][k] + costs[k + 1][j] + own;
                if cost < costs[i][j] {
                    (costs[i][j], splits[i][j]) = (cost, k);
                }
            }
        }
    }
    splits
}

fn chain(cx: &Scope, arrays: &[Value], sizes: &[usize], splits: &[Vec<usize>]) -> Result<Value> {
    fn range(
        cx: &Scope,
        arrays: &[Value],
        splits: &[Vec<usize>],
        i: usize,
        j: usize,
    ) -> Result<Value> {
        if i == j {
            return Ok(arrays[i].clone());
        }
        let k = splits[i][j];
        let (left, right) =
            (range(cx, arrays, splits, i, k)?, range(cx, arrays, splits, k + 1, j)?);
        numpy::matmul(cx, &left, &right)
    }
    range(cx, arrays, splits, 0, sizes.len() - 2)
}
