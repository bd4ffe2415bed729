//! The ciphers of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

use super::words::Words;

/// By how much the words of Threefry-2x32 rotate, in rounds of four: even and odd groups.
const ROTATIONS_2X32: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

/// By how much those of Threefry-4x32 do, in each of eight rounds: both pairs.
const ROTATIONS_4X32: [[u32; 2]; 8] =
    [[10, 26], [11, 21], [13, 27], [23, 5], [6, 20], [17, 11], [25, 10], [18, 20]];

/// What the last key word is mixed with (Skein's key schedule parity).
const PARITY: u32 = 0x1BD1_1BDA;

/// What Philox adds to its key words in each round.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// What Philox multiplies with: the one of two words, and the ones of four.
const FACTOR_2X32: u32 = 0xD256_D193;
const FACTORS_4X32: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];

/// The rounds of Philox.
const PHILOX_ROUNDS: usize = 10;

/// Threefry-2x32 in 20 rounds: the cipher of a counter under a key.
pub(super) fn threefry2x32<W: Words>(
    w: &mut W,
    key: [W::Word; 2],
    counter: [W::Word; 2],
) -> [W::Word; 2] {
    let (mixed, parity) = (w.xor(key[0], key[1]), w.word(PARITY));
    let keys = [key[0], key[1], w.xor(mixed, parity)];
    let [mut x, mut y] = [w.add(counter[0], key[0]), w.add(counter[1], key[1])];
    for group in 0..5 {
        for rotation in ROTATIONS_2X32[group % 2] {
            x = w.add(x, y);
            y = w.rotate(y, rotation);
            y = w.xor(y, x);
        }
        x = w.add(x, keys[(group + 1) % 3]);
        // The key word and the number of the group come in at once, so that constant keys fold.
        let key = w.add_constant(keys[(group + 2) % 3], group as u32 + 1);
        y = w.add(y, key);
    }
    [x, y]
}

/// Threefry-4x32 in 20 rounds.
pub(super) fn threefry4x32<W: Words>(
    w: &mut W,
    key: [W::Word; 4],
    counter: [W::Word; 4],
) -> [W::Word; 4] {
    let mut mixed = w.word(PARITY);
    for word in key {
        mixed = w.xor(mixed, word);
    }
    let keys = [key[0], key[1], key[2], key[3], mixed];
    let mut x = counter;
    (0..4).for_each(|k| x[k] = w.add(x[k], keys[k]));
    for round in 0..20 {
        // Which words mix with 0 and 2.
        let partners = if round % 2 == 0 { [1, 3] } else { [3, 1] };
        for (pair, partner) in partners.into_iter().enumerate() {
            let sum = w.add(x[2 * pair], x[partner]);
            let turned = w.rotate(x[partner], ROTATIONS_4X32[round % 8][pair]);
            x[2 * pair] = sum;
            x[partner] = w.xor(sum, turned);
        }
        if round % 4 == 3 {
            let group = round / 4 + 1;
            (0..4).for_each(|k| x[k] = w.add(x[k], keys[(group + k) % 5]));
            x[3] = w.add_constant(x[3], group as u32);
        }
    }
    x
}

/// Philox-2x32 in 10 rounds.
pub(super) fn philox2x32<W: Words>(
    w: &mut W,
    mut key: W::Word,
    counter: [W::Word; 2],
) -> [W::Word; 2] {
    let [mut x, mut y] = counter;
    for round in 0..PHILOX_ROUNDS {
        if round > 0 {
            key = w.add_constant(key, WEYL[0]);
        }
        let [high, low] = w.product(FACTOR_2X32, x);
        let mixed = w.xor(high, y);
        [x, y] = [w.xor(mixed, key), low];
    }
    [x, y]
}

/// Philox-4x32 in 10 rounds.
pub(super) fn philox4x32<W: Words>(
    w: &mut W,
    mut key: [W::Word; 2],
    counter: [W::Word; 4],
) -> [W::Word; 4] {
    let mut x = counter;
    for round in 0..PHILOX_ROUNDS {
        if round > 0 {
            key = [w.add_constant(key[0], WEYL[0]), w.add_constant(key[1], WEYL[1])];
        }
        let [high0, low0] = w.product(FACTORS_4X32[0], x[0]);
        let [high1, low1] = w.product(FACTORS_4X32[1], x[2]);
        let (first, second) = (w.xor(high1, x[1]), w.xor(high0, x[3]));
        x = [w.xor(first, key[0]), low1, w.xor(second, key[1]), low0];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::super::words::Plain;
    use super::*;

    /// From JAX 0.10.2: `split(key(0))`, `fold_in(key(0), 7)`.
    #[test]
    fn threefry_gives_the_known_answers() {
        let cipher = |counter| threefry2x32(&mut Plain, [0, 0], counter);
        assert_eq!(cipher([0, 0]), [1797259609, 2579123966]);
        assert_eq!(cipher([0, 1]), [928981903, 3453687069]);
        assert_eq!(cipher([0, 7]), [2716826189, 292468403]);
    }

    /// From the test vectors of the Random123 library: zeros, ones, digits of π.
    #[test]
    fn ciphers_give_their_authors_answers() {
        const PI: [u32; 6] =
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344, 0xa409_3822, 0x299f_31d0];
        let w = &mut Plain;
        let ones = u32::MAX;
        assert_eq!(threefry2x32(w, [ones; 2], [ones; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        let got = threefry2x32(w, [PI[2], PI[3]], [PI[0], PI[1]]);
        assert_eq!(got, [0xc492_3a9c, 0x483d_f7a0]);
        let got = threefry4x32(w, [0; 4], [0; 4]);
        assert_eq!(got, [0x9c6c_a96a, 0xe17e_ae66, 0xfc10_ecd4, 0x5256_a7d8]);
        assert_eq!(philox2x32(w, 0, [0; 2]), [0xff1d_ae59, 0x6cd1_0df2]);
        assert_eq!(philox2x32(w, PI[2], [PI[0], PI[1]]), [0xdd7c_e038, 0xf62a_4c12]);
        let got = philox4x32(w, [0; 2], [0; 4]);
        assert_eq!(got, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let got = philox4x32(w, [PI[4], PI[5]], [PI[0], PI[1], PI[2], PI[3]]);
        assert_eq!(got, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }
}
