//! Keys of random number generators in kernels: they are only moved, so that computing one is putting it
//! together from its words, and using one taking it apart.

use jaxrs_data::{DType, Scalar, SmallVec};

use super::BodyBuilder;
use crate::body::ValueId;
use crate::scalar::ScalarOp;

/// The words of a key, `u32`, the first of them first.
pub type KeyWords = SmallVec<[ValueId; 4]>;

impl BodyBuilder {
    /// The key with these words, as many as its type has.
    pub fn key_of_words(&mut self, dtype: DType, words: &[ValueId]) -> ValueId {
        debug_assert_eq!(4 * words.len(), dtype.size_bytes(), "{dtype} has other words");
        let known: Option<SmallVec<[Scalar; 4]>> =
            words.iter().map(|&word| self.as_constant(word)).collect();
        if let Some(known) = known {
            return self.constant(dtype, key_constant(&known));
        }
        let key = match *words {
            [word] => self.op(ScalarOp::Bitcast(dtype), &[word]),
            [first, second] => {
                let both = self.pair(first, second);
                self.op(ScalarOp::Bitcast(dtype), &[both])
            }
            [first, second, ref rest @ ..] => {
                let (low, high) = (self.pair(first, second), self.pair(rest[0], rest[1]));
                self.op(ScalarOp::Join(dtype), &[low, high])
            }
            [] => self.constant(dtype, Scalar::Key(0)),
        };
        self.key_words.insert(key, words.into());
        key
    }

    /// The words of a key: those that it was put together from, if it was here.
    pub fn words_of_key(&mut self, key: ValueId) -> KeyWords {
        if let Some(words) = self.key_words.get(&key) {
            return words.clone();
        }
        let dtype = self.dtype(key);
        if let Some(Scalar::Key(bits)) = self.as_constant(key) {
            let words = (0..dtype.size_bytes() / 4).map(|k| (bits >> (32 * k)) as u32);
            return words.map(|word| self.word(DType::U32, word.into())).collect();
        }
        let words = match dtype.size_bytes() {
            4 => KeyWords::from_slice(&[self.op(ScalarOp::Bitcast(DType::U32), &[key])]),
            8 => {
                let both = self.op(ScalarOp::Bitcast(DType::U64), &[key]);
                KeyWords::from_slice(&self.halves(both))
            }
            _ => {
                let (low, high) = (self.op(ScalarOp::Low, &[key]), self.op(ScalarOp::High, &[key]));
                self.halves(low).into_iter().chain(self.halves(high)).collect()
            }
        };
        self.key_words.insert(key, words.clone());
        words
    }

    fn word(&mut self, dtype: DType, value: u64) -> ValueId {
        self.constant(dtype, Scalar::Uint(value))
    }

    /// Two words as one number, the first the lower one.
    fn pair(&mut self, first: ValueId, second: ValueId) -> ValueId {
        let (low, high) = (self.cast(first, DType::U64), self.cast(second, DType::U64));
        let places = self.word(DType::U64, 32);
        let high = self.op(ScalarOp::ShiftLeft, &[high, places]);
        self.op(ScalarOp::Or, &[low, high])
    }

    fn halves(&mut self, both: ValueId) -> [ValueId; 2] {
        let places = self.word(DType::U64, 32);
        let high = self.op(ScalarOp::ShiftRightLogical, &[both, places]);
        [both, high].map(|half| self.cast(half, DType::U32))
    }
}

fn key_constant(words: &[Scalar]) -> Scalar {
    let word = |word: &Scalar| match word {
        Scalar::Uint(value) => u128::from(*value),
        _ => 0,
    };
    let words = words.iter().enumerate();
    Scalar::Key(words.fold(0, |key, (k, value)| key | word(value) << (32 * k)))
}
