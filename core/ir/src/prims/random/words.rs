//! Arithmetic on words of 32 bits, of which generators are made: on values and in kernels alike.

use jaxrs_data::{DType, Scalar, SmallVec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

/// What a generator computes with.
pub(super) trait Words {
    /// A word.
    type Word: Copy;
    /// A constant.
    fn word(&mut self, value: u32) -> Self::Word;
    /// The wrapping sum.
    fn add(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// The exclusive or.
    fn xor(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// The word with its bits moved round to the left.
    fn rotate(&mut self, x: Self::Word, by: u32) -> Self::Word;
    /// The high and the low word of a product.
    fn product(&mut self, factor: u32, x: Self::Word) -> [Self::Word; 2];
    /// 1 if `a < b`, else 0.
    fn less(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// One of several, by a number that is one of theirs.
    fn choose(&mut self, which: Self::Word, of: &[Self::Word]) -> Self::Word;
    /// A number of two words, the high one first, in two: what is left of it when its low `places` bits
    /// (1 to 31) are taken away, and those.
    fn cut(&mut self, x: [Self::Word; 2], places: u32) -> ([Self::Word; 2], Self::Word);

    /// The sum with a constant.
    fn add_constant(&mut self, a: Self::Word, value: u32) -> Self::Word {
        let value = self.word(value);
        self.add(a, value)
    }

    /// The sum of two numbers of two words each, the high ones first, and what does not fit: 0 or 1.
    fn add_long(
        &mut self,
        [a, b]: [Self::Word; 2],
        [c, d]: [Self::Word; 2],
    ) -> (Self::Word, [Self::Word; 2]) {
        let low = self.add(b, d);
        let carry = self.less(low, d);
        let partial = self.add(a, c);
        let first = self.less(partial, c);
        let high = self.add(partial, carry);
        let second = self.less(high, carry);
        // At most one of the two sums overflows.
        (self.add(first, second), [high, low])
    }

    /// A number of two words times a small constant.
    fn scale_long(&mut self, [high, low]: [Self::Word; 2], factor: u32) -> [Self::Word; 2] {
        let [carry, low] = self.product(factor, low);
        let [_, high] = self.product(factor, high);
        [self.add(high, carry), low]
    }
}

/// Words as values.
pub(super) struct Plain;

impl Words for Plain {
    type Word = u32;
    fn word(&mut self, value: u32) -> u32 {
        value
    }
    fn add(&mut self, a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }
    fn xor(&mut self, a: u32, b: u32) -> u32 {
        a ^ b
    }
    fn rotate(&mut self, x: u32, by: u32) -> u32 {
        x.rotate_left(by)
    }
    fn product(&mut self, factor: u32, x: u32) -> [u32; 2] {
        let product = u64::from(factor) * u64::from(x);
        [(product >> 32) as u32, product as u32]
    }
    fn less(&mut self, a: u32, b: u32) -> u32 {
        (a < b).into()
    }
    fn choose(&mut self, which: u32, of: &[u32]) -> u32 {
        of[which as usize]
    }
    fn cut(&mut self, x: [u32; 2], places: u32) -> ([u32; 2], u32) {
        let whole = join(x);
        (split(whole >> places), x[1] & ((1 << places) - 1))
    }
}

/// A number of 64 bits as two words, the high one first.
pub(super) fn split(number: u64) -> [u32; 2] {
    [(number >> 32) as u32, number as u32]
}

/// The number with these words, the high one first.
pub(super) fn join([high, low]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Words of a kernel, `u32`.
pub(super) struct Emitted<'a>(pub(super) &'a mut BodyBuilder);

impl Emitted<'_> {
    /// The high and low word of a position, an `i64` below a limit.
    pub(super) fn position(&mut self, position: ValueId, limit: usize) -> [ValueId; 2] {
        let high = match u32::try_from(limit) {
            Ok(_) => self.word(0),
            Err(_) => {
                let places = self.0.index(32);
                let high = self.0.op(ScalarOp::ShiftRightLogical, &[position, places]);
                self.0.cast(high, DType::U32)
            }
        };
        [high, self.0.cast(position, DType::U32)]
    }
}

impl Words for Emitted<'_> {
    type Word = ValueId;
    fn word(&mut self, value: u32) -> ValueId {
        self.0.constant(DType::U32, Scalar::Uint(value.into()))
    }
    fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.0.add(a, b)
    }
    fn xor(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.0.op(ScalarOp::Xor, &[a, b])
    }
    fn rotate(&mut self, x: ValueId, by: u32) -> ValueId {
        let (left, right) = (self.word(by), self.word(32 - by));
        let high = self.0.op(ScalarOp::ShiftLeft, &[x, left]);
        let low = self.0.op(ScalarOp::ShiftRightLogical, &[x, right]);
        self.0.op(ScalarOp::Or, &[high, low])
    }
    fn product(&mut self, factor: u32, x: ValueId) -> [ValueId; 2] {
        let factor = self.0.constant(DType::U64, Scalar::Uint(factor.into()));
        let wide = self.0.cast(x, DType::U64);
        let product = self.0.mul(factor, wide);
        let places = self.0.constant(DType::U64, Scalar::Uint(32));
        let high = self.0.op(ScalarOp::ShiftRightLogical, &[product, places]);
        [high, product].map(|half| self.0.cast(half, DType::U32))
    }
    fn less(&mut self, a: ValueId, b: ValueId) -> ValueId {
        let less = self.0.compare(Compare::Lt, a, b);
        self.0.cast(less, DType::U32)
    }
    fn choose(&mut self, which: ValueId, of: &[ValueId]) -> ValueId {
        let mut chosen = of[0];
        for (k, &word) in of.iter().enumerate().skip(1) {
            let number = self.word(k as u32);
            let is_it = self.0.compare(Compare::Eq, which, number);
            chosen = self.0.select(is_it, word, chosen);
        }
        chosen
    }
    fn cut(&mut self, [high, low]: [ValueId; 2], places: u32) -> ([ValueId; 2], ValueId) {
        let (right, left) = (self.word(places), self.word(32 - places));
        let moved = self.0.op(ScalarOp::ShiftLeft, &[high, left]);
        let kept = self.0.op(ScalarOp::ShiftRightLogical, &[low, right]);
        let quotient = [
            self.0.op(ScalarOp::ShiftRightLogical, &[high, right]),
            self.0.op(ScalarOp::Or, &[moved, kept]),
        ];
        let mask = self.word((1 << places) - 1);
        (quotient, self.0.op(ScalarOp::And, &[low, mask]))
    }
}

/// The words of a key as a value.
pub(super) fn key_words(key: Scalar, dtype: DType) -> SmallVec<[u32; 4]> {
    let bits = match key {
        Scalar::Key(bits) => bits,
        other => other.as_i64() as u128,
    };
    (0..dtype.size_bytes() / 4).map(|k| (bits >> (32 * k)) as u32).collect()
}

/// The key with these words.
pub(super) fn key_of(words: &[u32]) -> Scalar {
    let words = words.iter().enumerate();
    Scalar::Key(words.fold(0, |key, (k, &word)| key | u128::from(word) << (32 * k)))
}
