//! Arithmetic on floats of a type beside words, and loops: for samplers that draw until they are satisfied.

use jaxrs_data::narrow::Format;
use jaxrs_data::{DType, Scalar, SmallVec};
use jaxrs_kernel::{Compare, ScalarOp, ValueId, math};

use super::generator::KeyOf;
use super::words::{Emitted, Plain, Words, join};

/// What goes round in a loop.
pub(super) struct State<R: Reals> {
    /// The words of a key.
    pub(super) key: KeyOf<R>,
    /// Numbers.
    pub(super) reals: SmallVec<[R::Real; 3]>,
}

/// What a sampler computes with. All floats are of one type, which is named with each operation.
pub(super) trait Reals: Words {
    /// A float.
    type Real: Copy;
    /// A truth value.
    type Truth: Copy;

    /// A constant.
    fn real(&mut self, dtype: DType, value: f64) -> Self::Real;
    /// A function of one or two floats.
    fn op(&mut self, dtype: DType, op: ScalarOp, args: &[Self::Real]) -> Self::Real;
    /// A comparison.
    fn compare(&mut self, compare: Compare, a: Self::Real, b: Self::Real) -> Self::Truth;
    /// Whether both hold.
    fn both(&mut self, a: Self::Truth, b: Self::Truth) -> Self::Truth;
    /// One of two.
    fn select(&mut self, which: Self::Truth, a: Self::Real, b: Self::Real) -> Self::Real;
    /// The float from 0 up to 1 that random bits make: high and low word, of which the low bits count.
    fn unit(&mut self, dtype: DType, bits: [Self::Word; 2]) -> Self::Real;
    /// What a loop gives: it steps while it goes on.
    fn repeat(
        &mut self,
        start: State<Self>,
        goes_on: impl Fn(&mut Self, &State<Self>) -> Self::Truth,
        step: impl Fn(&mut Self, &State<Self>) -> State<Self>,
    ) -> State<Self>
    where
        Self: Sized;
}

/// The bits of a float's fraction.
pub(super) fn fraction_bits(dtype: DType) -> u32 {
    match dtype {
        DType::F16 => 10,
        DType::BF16 => 7,
        DType::F32 => 23,
        DType::F64 => 52,
        _ => Format::of(dtype).map_or(0, |format| format.man_bits),
    }
}

/// The random bits that a float is made of: 8 where the fraction has less.
pub(super) fn drawn_bits(dtype: DType) -> u32 {
    if fraction_bits(dtype) < 8 { 8 } else { dtype.bits() }
}

fn rounded(dtype: DType, value: f64) -> f64 {
    Scalar::Float(value).rounded(dtype).as_f64()
}

/// Floats are doubles that are rounded to their type after each operation.
impl Reals for Plain {
    type Real = f64;
    type Truth = bool;

    fn real(&mut self, dtype: DType, value: f64) -> f64 {
        rounded(dtype, value)
    }

    fn op(&mut self, dtype: DType, op: ScalarOp, args: &[f64]) -> f64 {
        let (x, y) = (args[0], args.get(1).copied().unwrap_or(f64::NAN));
        let value = match op {
            ScalarOp::Add => x + y,
            ScalarOp::Sub => x - y,
            ScalarOp::Mul => x * y,
            ScalarOp::Div => x / y,
            ScalarOp::Max => x.max(y),
            ScalarOp::Pow => x.powf(y),
            ScalarOp::Sqrt => x.sqrt(),
            ScalarOp::Log => x.ln(),
            ScalarOp::Log1p => x.ln_1p(),
            ScalarOp::ErfInv => math::erf_inv(x),
            _ => f64::NAN,
        };
        rounded(dtype, value)
    }

    fn compare(&mut self, compare: Compare, a: f64, b: f64) -> bool {
        match compare {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            Compare::Lt => a < b,
            Compare::Le => a <= b,
            Compare::Gt => a > b,
            Compare::Ge => a >= b,
        }
    }

    fn both(&mut self, a: bool, b: bool) -> bool {
        a & b
    }

    fn select(&mut self, which: bool, a: f64, b: f64) -> f64 {
        if which { a } else { b }
    }

    fn unit(&mut self, dtype: DType, bits: [u32; 2]) -> f64 {
        let (drawn, fraction) = (drawn_bits(dtype), fraction_bits(dtype));
        let bits = if drawn == 64 { join(bits) } else { u64::from(bits[1]) & ((1 << drawn) - 1) };
        (bits >> (drawn - fraction)) as f64 * 2f64.powi(-(fraction as i32))
    }

    fn repeat(
        &mut self,
        mut state: State<Plain>,
        goes_on: impl Fn(&mut Plain, &State<Plain>) -> bool,
        step: impl Fn(&mut Plain, &State<Plain>) -> State<Plain>,
    ) -> State<Plain> {
        while goes_on(self, &state) {
            state = step(self, &state);
        }
        state
    }
}

/// Floats are in the type that there is arithmetic in, and rounded to their own after each operation.
impl Reals for Emitted<'_> {
    type Real = ValueId;
    type Truth = ValueId;

    fn real(&mut self, dtype: DType, value: f64) -> ValueId {
        self.0.constant(dtype.compute(), Scalar::Float(rounded(dtype, value)))
    }

    fn op(&mut self, dtype: DType, op: ScalarOp, args: &[ValueId]) -> ValueId {
        let value = self.0.op(op, args);
        let own = self.0.cast(value, dtype);
        self.0.cast(own, dtype.compute())
    }

    fn compare(&mut self, compare: Compare, a: ValueId, b: ValueId) -> ValueId {
        self.0.compare(compare, a, b)
    }

    fn both(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.0.op(ScalarOp::And, &[a, b])
    }

    fn select(&mut self, which: ValueId, a: ValueId, b: ValueId) -> ValueId {
        self.0.select(which, a, b)
    }

    fn unit(&mut self, dtype: DType, [high, low]: [ValueId; 2]) -> ValueId {
        let (drawn, fraction) = (drawn_bits(dtype), fraction_bits(dtype));
        let (bits, float) =
            if drawn == 64 { (DType::U64, DType::F64) } else { (DType::U32, DType::F32) };
        let mut word = self.0.cast(low, bits);
        if drawn == 64 {
            let (high, places) = (self.0.cast(high, bits), self.0.constant(bits, Scalar::Uint(32)));
            let high = self.0.op(ScalarOp::ShiftLeft, &[high, places]);
            word = self.0.op(ScalarOp::Or, &[high, word]);
        }
        // The top of the drawn bits, moved to the top of the fraction of the type of computing.
        let places = |b: &mut Emitted<'_>, n: u32| b.0.constant(bits, Scalar::Uint(n.into()));
        let (left, right) =
            (places(self, bits.bits() - drawn), places(self, bits.bits() - fraction));
        let word = self.0.op(ScalarOp::ShiftLeft, &[word, left]);
        let word = self.0.op(ScalarOp::ShiftRightLogical, &[word, right]);
        let up = places(self, fraction_bits(float) - fraction);
        let word = self.0.op(ScalarOp::ShiftLeft, &[word, up]);
        let one = self.0.constant(bits, Scalar::Uint(Scalar::Float(1.0).to_bits(float)));
        let word = self.0.op(ScalarOp::Or, &[word, one]);
        let number = self.0.op(ScalarOp::Bitcast(float), &[word]);
        let one = self.0.constant(float, Scalar::Float(1.0));
        self.0.op(ScalarOp::Sub, &[number, one])
    }

    fn repeat(
        &mut self,
        start: State<Self>,
        goes_on: impl Fn(&mut Self, &State<Self>) -> ValueId,
        step: impl Fn(&mut Self, &State<Self>) -> State<Self>,
    ) -> State<Self> {
        let n_words = start.key.len();
        let ids = |state: State<Self>| -> SmallVec<[ValueId; 2]> {
            state.key.into_iter().chain(state.reals).collect()
        };
        let state = |ids: &[ValueId]| {
            let (key, reals) = ids.split_at(n_words);
            State { key: key.into(), reals: reals.into() }
        };
        let open = self.0.begin_while(&ids(start));
        let condition = goes_on(self, &state(&open.params));
        let open = self.0.begin_while_body(open, condition);
        let next = step(self, &state(&open.params));
        state(&self.0.end_while(open, ids(next)))
    }
}
