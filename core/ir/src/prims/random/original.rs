//! JAX's first way to draw with Threefry-2x32, which `jax_threefry_partitionable` switches back to: the counters of a whole
//! draw are cut in two, and the cipher of a pair gives a word to each half. What an element is thus depends on how many
//! there are.

use jaxrs_data::{DType, Result, bail};

use super::ciphers::threefry2x32;
use super::generator::KeyOf;
use super::words::Words;

/// Whether keys of a type are drawn from by this cipher, or split by it.
pub(super) fn splits(keys: DType) -> bool {
    matches!(keys, DType::KeyFry | DType::KeyRbg)
}

/// How many words an array of random bits is cut from.
fn n_words(bit_width: u32, count: usize) -> Option<u32> {
    let bits = (count as u64).checked_mul(bit_width.into())?;
    // The pair of the last counter must be one of 32 bits, too.
    u32::try_from(bits.div_ceil(32)).ok().filter(|&words| words < u32::MAX)
}

/// Checks that 32 bits count the words of a draw. From there on JAX draws from several keys.
pub(super) fn check(name: &str, bit_width: u32, count: usize) -> Result<()> {
    if n_words(bit_width, count).is_none() {
        bail!(
            Unimplemented,
            "{name} of {count} elements of {bit_width} bits needs threefry_partitionable"
        );
    }
    Ok(())
}

/// Word `k` of the `count` words of a draw.
fn word<W: Words>(w: &mut W, key: [W::Word; 2], k: W::Word, count: u32) -> W::Word {
    let half = count.div_ceil(2);
    let bound = w.word(half);
    let is_first = w.less(k, bound);
    let back = w.add_constant(k, half.wrapping_neg());
    let first = w.choose(is_first, &[back, k]);
    let mut second = w.add_constant(first, half);
    if count % 2 == 1 {
        // An odd number of counters is filled up with a 0.
        let (limit, zero) = (w.word(count), w.word(0));
        let is_counter = w.less(second, limit);
        second = w.choose(is_counter, &[zero, second]);
    }
    let [a, b] = threefry2x32(w, key, [first, second]);
    w.choose(is_first, &[b, a])
}

/// Child `number` of `count` children of a key.
pub(super) fn child<W: Words>(
    w: &mut W,
    key: &[W::Word],
    number: W::Word,
    count: usize,
) -> KeyOf<W> {
    let (even, odd) = (w.add(number, number), w.add(number, number));
    let odd = w.add_constant(odd, 1);
    let count = n_words(64, count).unwrap_or(0);
    let halves = (0..key.len()).step_by(2).map(|at| [key[at], key[at + 1]]);
    halves.flat_map(|key| [even, odd].map(|k| word(w, key, k, count))).collect()
}

/// The bits at a position of `count` elements, as high and low word, of which the low bits count.
pub(super) fn bits<W: Words>(
    w: &mut W,
    key: &[W::Word],
    position: W::Word,
    (bit_width, count): (u32, usize),
) -> [W::Word; 2] {
    let key = [key[0], key[1]];
    let n_words = n_words(bit_width, count).unwrap_or(0);
    match bit_width {
        64 => {
            let second = w.add_constant(position, n_words / 2);
            threefry2x32(w, key, [position, second])
        }
        32 => {
            let word = word(w, key, position, n_words);
            [word, word]
        }
        _ => {
            // Several elements lie in one word, the first lowest.
            let (places, zero) = (if bit_width == 16 { 1 } else { 2 }, w.word(0));
            let ([_, at], part) = w.cut([zero, position], places);
            let word = word(w, key, at, n_words);
            let mut parts = KeyOf::<W>::new();
            parts.push(word);
            (1..32 / bit_width).for_each(|k| parts.push(w.rotate(word, 32 - k * bit_width)));
            let bits = w.choose(part, &parts);
            [bits, bits]
        }
    }
}
