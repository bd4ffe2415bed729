//! What generators are, each named by the element type of its keys: how keys come from seeds, keys from
//! keys, and bits from keys. Counters and positions are numbers of two words, the high one first.

use jaxrs_data::{DType, SmallVec};

use super::ciphers::{philox2x32, philox4x32, threefry2x32, threefry4x32};
use super::words::Words;

/// The words of a key.
pub(super) type KeyOf<W> = SmallVec<[<W as Words>::Word; 4]>;

/// Rows of four words that keys from keys of [`DType::KeyUrbg`] lie apart in the stream of their parent.
const ROWS: u32 = 10;

/// Whether a batch of keys has one stream, that of its first key, and all draw from it in turn. JAX does so
/// where the bits are XLA's.
pub(super) fn shares_stream(keys: DType) -> bool {
    matches!(keys, DType::KeyRbg | DType::KeyUrbg)
}

fn pair<T: Copy>(words: &[T], at: usize) -> [T; 2] {
    [words[at], words[at + 1]]
}

fn four<T: Copy>(words: &[T]) -> [T; 4] {
    [words[0], words[1], words[2], words[3]]
}

/// The key of a seed.
pub(super) fn seed<W: Words>(w: &mut W, keys: DType, seed: [W::Word; 2]) -> KeyOf<W> {
    let ([high, low], zero) = (seed, w.word(0));
    match keys {
        DType::KeyFry4 => threefry4x32(w, [high, low, zero, zero], [zero; 4]).into(),
        DType::KeyPhx2 => KeyOf::<W>::from_slice(&philox2x32(w, zero, seed)[..1]),
        DType::KeyPhx4 => {
            KeyOf::<W>::from_slice(&philox4x32(w, [zero; 2], [high, low, zero, zero])[..2])
        }
        DType::KeyRbg | DType::KeyUrbg => [high, low, high, low].into(),
        _ => KeyOf::<W>::from_slice(&seed),
    }
}

/// The child of a key with a number. Children of keys of [`DType::KeyUrbg`] are counted through all keys
/// of a batch, of which the first is given.
pub(super) fn split<W: Words>(
    w: &mut W,
    keys: DType,
    key: &[W::Word],
    number: [W::Word; 2],
) -> KeyOf<W> {
    let zero = w.word(0);
    match keys {
        DType::KeyUrbg => {
            let row = w.scale_long(number, ROWS);
            philox_row(w, key, row).into()
        }
        DType::KeyFry4 => threefry4x32(w, four(key), [zero, zero, number[0], number[1]]).into(),
        DType::KeyPhx4 => {
            let child = philox4x32(w, pair(key, 0), [zero, zero, number[0], number[1]]);
            KeyOf::<W>::from_slice(&child[..2])
        }
        DType::KeyPhx2 => KeyOf::<W>::from_slice(&philox2x32(w, key[0], number)[..1]),
        _ => threefry_halves(w, key, number),
    }
}

/// Threefry-2x32 under each two words of a key.
fn threefry_halves<W: Words>(w: &mut W, key: &[W::Word], counter: [W::Word; 2]) -> KeyOf<W> {
    let halves = (0..key.len()).step_by(2);
    halves.flat_map(|at| threefry2x32(w, pair(key, at), counter)).collect()
}

/// The key with data mixed in. Of a batch of data, keys of [`DType::KeyUrbg`] take the first, and the
/// position in it.
pub(super) fn fold_in<W: Words>(
    w: &mut W,
    keys: DType,
    key: &[W::Word],
    data: [W::Word; 2],
    position: [W::Word; 2],
) -> KeyOf<W> {
    let zero = w.word(0);
    match keys {
        DType::KeyUrbg => {
            let own = seed(w, keys, data);
            let row = w.scale_long(position, ROWS);
            let last = [zero, w.word(ROWS - 1)];
            let (_, row) = w.add_long(row, last);
            let words = philox_row(w, &own, row);
            key.iter().zip(words).map(|(&a, b)| w.xor(a, b)).collect()
        }
        DType::KeyRbg => threefry_halves(w, key, data),
        DType::KeyFry4 => threefry4x32(w, four(key), [zero, zero, zero, data[1]]).into(),
        DType::KeyPhx4 => {
            let mixed = philox4x32(w, pair(key, 0), [zero, zero, zero, data[1]]);
            KeyOf::<W>::from_slice(&mixed[..2])
        }
        DType::KeyPhx2 => KeyOf::<W>::from_slice(&philox2x32(w, key[0], [zero, data[1]])[..1]),
        _ => threefry_halves(w, key, [zero, data[1]]),
    }
}

/// Random bits at a position of a key's stream: high and low word if 64 are wanted; else they are the low
/// word's, and the high one says nothing.
pub(super) fn bits<W: Words>(
    w: &mut W,
    keys: DType,
    key: &[W::Word],
    position: [W::Word; 2],
    wide: bool,
) -> [W::Word; 2] {
    let (zero, [high, low]) = (w.word(0), position);
    let [first, second] = match keys {
        DType::KeyRbg | DType::KeyUrbg => return philox_bits(w, key, position, wide),
        DType::KeyFry4 => {
            let [a, b, c, d] = threefry4x32(w, four(key), [high, low, zero, zero]);
            [w.xor(a, c), w.xor(b, d)]
        }
        DType::KeyPhx4 => {
            let [a, b, c, d] = philox4x32(w, pair(key, 0), [high, low, zero, zero]);
            if wide { [a, b] } else { [w.xor(a, c), w.xor(b, d)] }
        }
        DType::KeyPhx2 => philox2x32(w, key[0], position),
        _ => threefry2x32(w, pair(key, 0), position),
    };
    if wide { [first, second] } else { [first, w.xor(first, second)] }
}

/// Row `number` of the stream that XLA draws from a state of four words: Philox-4x32 of a counter of four
/// words that starts at the state with its halves exchanged, under the first two.
pub(super) fn philox_row<W: Words>(
    w: &mut W,
    state: &[W::Word],
    number: [W::Word; 2],
) -> [W::Word; 4] {
    let (carry, [high, low]) = w.add_long([state[3], state[2]], number);
    let zero = w.word(0);
    let (_, [highest, higher]) = w.add_long([state[1], state[0]], [zero, carry]);
    philox4x32(w, pair(state, 0), [low, high, higher, highest])
}

/// Bits at a position of that stream, as [`bits`] gives them.
pub(super) fn philox_bits<W: Words>(
    w: &mut W,
    state: &[W::Word],
    position: [W::Word; 2],
    wide: bool,
) -> [W::Word; 2] {
    let (row, place) = w.cut(position, if wide { 1 } else { 2 });
    let [a, b, c, d] = philox_row(w, state, row);
    if wide {
        return [w.choose(place, &[b, d]), w.choose(place, &[a, c])];
    }
    let word = w.choose(place, &[a, b, c, d]);
    [word, word]
}

/// The same of XLA's other stream: the words of Threefry-2x32, under the first two words of the state, of a
/// counter that starts at the last two.
pub(super) fn threefry_bits<W: Words>(
    w: &mut W,
    state: &[W::Word],
    row: [W::Word; 2],
) -> [W::Word; 2] {
    let (_, [high, low]) = w.add_long([state[3], state[2]], row);
    threefry2x32(w, pair(state, 0), [low, high])
}
