//! A sample of the gamma distribution by rejection: Marsaglia and Tsang, "A simple method for generating
//! gamma variables" (ACM TOMS 26, 2000), drawn of keys as JAX does it.

use jaxrs_data::{DType, smallvec};
use jaxrs_kernel::{Compare, ScalarOp};

use super::generator::{self, KeyOf};
use super::original;
use super::reals::{Reals, State, drawn_bits, fraction_bits};
use super::split::child;

/// A sampler: of which keys, of which float type, and whether it gives logarithms.
#[derive(Clone, Copy)]
pub(super) struct Gamma {
    pub(super) keys: DType,
    pub(super) dtype: DType,
    pub(super) log_space: bool,
    pub(super) is_original: bool,
}

impl Gamma {
    /// Child `k` of so many.
    fn child<R: Reals>(self, r: &mut R, key: &KeyOf<R>, (k, of): (u32, usize)) -> KeyOf<R> {
        let number = [r.word(0), r.word(k)];
        child(r, self.keys, key, (number, self.is_original.then_some(of)))
    }

    fn op<R: Reals>(self, r: &mut R, op: ScalarOp, args: &[R::Real]) -> R::Real {
        r.op(self.dtype, op, args)
    }

    fn real<R: Reals>(self, r: &mut R, value: f64) -> R::Real {
        r.real(self.dtype, value)
    }

    /// What the uniform sampler draws of a key for a scalar.
    fn uniform<R: Reals>(self, r: &mut R, key: &KeyOf<R>) -> R::Real {
        let zero = r.word(0);
        let bits = match self.is_original && self.keys == DType::KeyFry {
            true => original::bits(r, key, zero, (drawn_bits(self.dtype), 1)),
            false => generator::bits(r, self.keys, key, [zero; 2], self.dtype == DType::F64),
        };
        r.unit(self.dtype, bits)
    }

    /// What the normal sampler draws, likewise.
    fn normal<R: Reals>(self, r: &mut R, key: &KeyOf<R>) -> R::Real {
        let unit = self.uniform(r, key);
        let lowest = -1.0 + 2f64.powi(-(fraction_bits(self.dtype) as i32) - 1);
        let (low, one) = (self.real(r, lowest), self.real(r, 1.0));
        let span = self.op(r, ScalarOp::Sub, &[one, low]);
        let stretched = self.op(r, ScalarOp::Mul, &[unit, span]);
        let moved = self.op(r, ScalarOp::Add, &[stretched, low]);
        let level = self.op(r, ScalarOp::Max, &[low, moved]);
        let quantile = self.op(r, ScalarOp::ErfInv, &[level]);
        let root = self.real(r, std::f64::consts::SQRT_2);
        self.op(r, ScalarOp::Mul, &[root, quantile])
    }

    /// A sample of shape `alpha`. Shapes below 1 are raised by 1, which a power of a uniform number makes
    /// good.
    pub(super) fn sample<R: Reals>(self, r: &mut R, key: &KeyOf<R>, alpha: R::Real) -> R::Real {
        let (one, third) = (self.real(r, 1.0), self.real(r, 1.0 / 3.0));
        let is_large = r.compare(Compare::Ge, alpha, one);
        let raised = self.op(r, ScalarOp::Add, &[alpha, one]);
        let shape = r.select(is_large, alpha, raised);
        let d = self.op(r, ScalarOp::Sub, &[shape, third]);
        let root = self.op(r, ScalarOp::Sqrt, &[d]);
        let c = self.op(r, ScalarOp::Div, &[third, root]);
        let (loop_key, boost_key) = (self.child(r, key, (0, 2)), self.child(r, key, (1, 2)));
        let v = self.accepted(r, loop_key, c, d);
        let inverse = self.op(r, ScalarOp::Div, &[one, alpha]);
        let unit = self.uniform(r, &boost_key);
        if self.log_space {
            self.log_sample(r, is_large, (d, v), (unit, inverse))
        } else {
            let level = self.op(r, ScalarOp::Sub, &[one, unit]);
            let power = self.op(r, ScalarOp::Pow, &[level, inverse]);
            let boost = r.select(is_large, one, power);
            let product = self.op(r, ScalarOp::Mul, &[d, v]);
            self.op(r, ScalarOp::Mul, &[product, boost])
        }
    }

    fn log_sample<R: Reals>(
        self,
        r: &mut R,
        is_large: R::Truth,
        (d, v): (R::Real, R::Real),
        (unit, inverse): (R::Real, R::Real),
    ) -> R::Real {
        let (zero, minus) = (self.real(r, 0.0), self.real(r, -1.0));
        let negative = self.op(r, ScalarOp::Mul, &[unit, minus]);
        let log = self.op(r, ScalarOp::Log1p, &[negative]);
        let product = self.op(r, ScalarOp::Mul, &[log, inverse]);
        let is_zero = r.compare(Compare::Eq, log, zero);
        let boost = r.select(is_zero, zero, product);
        let boost = r.select(is_large, zero, boost);
        let (log_d, log_v) = (self.op(r, ScalarOp::Log, &[d]), self.op(r, ScalarOp::Log, &[v]));
        let sum = self.op(r, ScalarOp::Add, &[log_d, log_v]);
        self.op(r, ScalarOp::Add, &[sum, boost])
    }

    /// The cube of 1 + c x for the first normal x that is accepted.
    fn accepted<R: Reals>(self, r: &mut R, key: KeyOf<R>, c: R::Real, d: R::Real) -> R::Real {
        let (zero, one, two) = (self.real(r, 0.0), self.real(r, 1.0), self.real(r, 2.0));
        let start = State { key, reals: smallvec![zero, one, two] };
        let end = r.repeat(
            start,
            |r, state| self.is_rejected(r, state, d),
            |r, state| {
                let [next, x_key, u_key] = [0, 1, 2].map(|k| self.child(r, &state.key, (k, 3)));
                let [x, v] = self.positive(r, x_key, c);
                let square = self.op(r, ScalarOp::Mul, &[x, x]);
                let v_square = self.op(r, ScalarOp::Mul, &[v, v]);
                let cube = self.op(r, ScalarOp::Mul, &[v_square, v]);
                let u = self.uniform(r, &u_key);
                State { key: next, reals: smallvec![square, cube, u] }
            },
        );
        end.reals[1]
    }

    /// A normal number x and 1 + c x, which is positive.
    fn positive<R: Reals>(self, r: &mut R, key: KeyOf<R>, c: R::Real) -> [R::Real; 2] {
        let (zero, one, minus) = (self.real(r, 0.0), self.real(r, 1.0), self.real(r, -1.0));
        let start = State { key, reals: smallvec![zero, minus] };
        let end = r.repeat(
            start,
            |r, state| r.compare(Compare::Le, state.reals[1], zero),
            |r, state| {
                let [next, own] = [0, 1].map(|k| self.child(r, &state.key, (k, 2)));
                let x = self.normal(r, &own);
                let step = self.op(r, ScalarOp::Mul, &[x, c]);
                let v = self.op(r, ScalarOp::Add, &[one, step]);
                State { key: next, reals: smallvec![x, v] }
            },
        );
        [end.reals[0], end.reals[1]]
    }

    /// Whether x², v and u fail both tests.
    fn is_rejected<R: Reals>(self, r: &mut R, state: &State<R>, d: R::Real) -> R::Truth {
        let (x, v, u) = (state.reals[0], state.reals[1], state.reals[2]);
        let (one, half) = (self.real(r, 1.0), self.real(r, 0.5));
        let squeeze = self.real(r, 0.0331);
        let square = self.op(r, ScalarOp::Mul, &[x, x]);
        let squeezed = self.op(r, ScalarOp::Mul, &[squeeze, square]);
        let bound = self.op(r, ScalarOp::Sub, &[one, squeezed]);
        let first = r.compare(Compare::Ge, u, bound);
        let (log_u, log_v) = (self.op(r, ScalarOp::Log, &[u]), self.op(r, ScalarOp::Log, &[v]));
        let rest = self.op(r, ScalarOp::Sub, &[one, v]);
        let rest = self.op(r, ScalarOp::Add, &[rest, log_v]);
        let rest = self.op(r, ScalarOp::Mul, &[d, rest]);
        let half = self.op(r, ScalarOp::Mul, &[x, half]);
        let bound = self.op(r, ScalarOp::Add, &[half, rest]);
        let second = r.compare(Compare::Ge, log_u, bound);
        r.both(first, second)
    }
}
