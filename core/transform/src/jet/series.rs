//! Truncated series, and what bilinear operations make of them.

use jaxrs_data::Result;
use jaxrs_ir::{Cx, Tangent, Value, ops};

use crate::bind::is_differentiable;

/// A value and its derivatives along the curve, of order 1, 2, … to the order that is asked for.
#[derive(Clone)]
pub(super) struct Series {
    pub(super) primal: Value,
    pub(super) terms: Vec<Tangent>,
}

impl Series {
    pub(super) fn new(primal: Value, terms: Vec<Tangent>) -> Series {
        if is_differentiable(primal.ty()) {
            return Series { primal, terms };
        }
        Series::constant(&primal, terms.len())
    }

    pub(super) fn constant(primal: &Value, order: usize) -> Series {
        let zero = Tangent::Zero(primal.ty().clone());
        Series { primal: primal.clone(), terms: vec![zero; order] }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.terms.iter().all(Tangent::is_zero)
    }

    /// The derivative of this order, the value itself for 0.
    pub(super) fn derivative(&self, k: usize) -> Tangent {
        match k.checked_sub(1) {
            None => Tangent::Value(self.primal.clone()),
            Some(k) => self.terms[k].clone(),
        }
    }

    /// The same to one order less.
    pub(super) fn shortened(&self) -> Series {
        let order = self.terms.len().saturating_sub(1);
        Series { primal: self.primal.clone(), terms: self.terms[..order].to_vec() }
    }

    /// The series of the derivative, to one order less.
    pub(super) fn differentiated(&self, cx: Cx<'_>) -> Result<Series> {
        let primal = self.terms[0].instantiate(cx)?;
        Ok(Series { primal, terms: self.terms[1..].to_vec() })
    }

    /// All terms as arrays.
    pub(super) fn instantiated(&self, cx: Cx<'_>) -> Result<Vec<Value>> {
        self.terms.iter().map(|term| term.instantiate(cx)).collect()
    }
}

/// `n` over `k`.
pub(super) fn binomial(n: usize, k: usize) -> f64 {
    (0..k).fold(1.0, |product, j| product * (n - j) as f64 / (j + 1) as f64)
}

/// `Σ C(k, j) f(x⁽ʲ⁾, y⁽ᵏ⁻ʲ⁾)` over some `j`: Leibniz' rule.
pub(super) fn leibniz(
    cx: Cx<'_>,
    k: usize,
    range: impl Iterator<Item = usize>,
    zero: &jaxrs_data::Type,
    x: impl Fn(usize) -> Tangent,
    y: impl Fn(usize) -> Tangent,
    f: &dyn Fn(&Value, &Value) -> Result<Value>,
) -> Result<Tangent> {
    let mut sum = Tangent::Zero(zero.clone());
    for j in range {
        let (Tangent::Value(x), Tangent::Value(y)) = (x(j), y(k - j)) else { continue };
        let product = f(&x, &y)?;
        let weight = binomial(k, j);
        let product = if weight == 1.0 { product } else { ops::scale(cx, &product, weight)? };
        sum = sum.add(cx, &Tangent::Value(product))?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::binomial;

    #[test]
    fn binomial_coefficients_are_those_of_pascal() {
        let row: Vec<f64> = (0..=6).map(|k| binomial(6, k)).collect();
        assert_eq!(row, [1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0]);
    }
}
