//! Numbers that a seed determines.

/// A multiplicative generator whose high bits are given (Steele and Vigna, "Computationally easy,
/// spectrally good multipliers", 2021).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        self.0 >> 32
    }

    /// A number below a bound, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() as usize) % bound
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, cases: usize) -> bool {
        self.below(100) < cases
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Evenly between −1 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.next() as f64 / 2f64.powi(31) - 1.0
    }

    /// A generator for each number, the same for the same one.
    pub(crate) fn of_number(&self, x: f64) -> Random {
        Random::new(self.0 ^ x.to_bits())
    }

    /// A generator that goes its own way from here.
    pub(crate) fn fork(&mut self) -> Random {
        Random::new(self.next() << 32 | self.next())
    }
}
