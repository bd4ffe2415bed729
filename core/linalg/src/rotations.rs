//! Rotations of rows that lie one after another, collected and applied together (as in Van Zee, van de Geijn &
//! Quintana-Ortí, Restructuring the Tridiagonal and Bidiagonal QR Algorithms for Performance, ACM TOMS 40, 2014).

use pulp::{Arch, Simd, WithSimd};

use crate::{Matrix, Real, Threads};

/// Bytes in a row of a strip: four of the longest vectors.
const STRIP_BYTES: usize = 256;
/// Rotations that are collected.
const MANY: usize = 1 << 14;

/// Rotations of neighbours, upwards or downwards.
struct Sweep {
    /// The upper row of the first rotation.
    first: usize,
    upwards: bool,
    /// Where its cosines and sines end.
    end: usize,
}

/// A matrix in strips of columns, whose rows are rotated.
pub(crate) struct Rotated<'a, R> {
    strips: Vec<Vec<R>>,
    rows: usize,
    cols: usize,
    sweeps: Vec<Sweep>,
    /// Cosines and sines.
    angles: Vec<(R, R)>,
    threads: Threads<'a>,
}

fn width<R>() -> usize {
    STRIP_BYTES / size_of::<R>()
}

impl<'a, R: Real> Rotated<'a, R> {
    /// The matrix of ones on the diagonal.
    pub(crate) fn identity(threads: Threads<'a>, n: usize) -> Rotated<'a, R> {
        let width = width::<R>();
        let strip = |start: usize| {
            let mut strip = vec![R::ZERO; n * width];
            (start..(start + width).min(n)).for_each(|i| strip[i * width + i - start] = R::ONE);
            strip
        };
        let strips = (0..n).step_by(width).map(strip).collect();
        Rotated { strips, rows: n, cols: n, sweeps: Vec::new(), angles: Vec::new(), threads }
    }

    /// Begins a sweep of rotations of rows `first` and `first + 1`, and so on, downwards or upwards.
    pub(crate) fn sweep(&mut self, first: usize, upwards: bool) {
        if self.angles.len() > MANY {
            self.apply();
        }
        self.sweeps.push(Sweep { first, upwards, end: self.angles.len() });
    }

    /// Adds a rotation to the sweep: `(x, y)` becomes `(c x + s y, c y − s x)`.
    pub(crate) fn turn(&mut self, c: R, s: R) {
        self.angles.push((c, s));
        if let Some(sweep) = self.sweeps.last_mut() {
            sweep.end = self.angles.len();
        }
    }

    /// Changes the sign of a row.
    pub(crate) fn negate(&mut self, i: usize) {
        self.apply();
        let width = width::<R>();
        for strip in &mut self.strips {
            strip[i * width..][..width].iter_mut().for_each(|x| *x = -*x);
        }
    }

    fn apply(&mut self) {
        let (sweeps, angles) = (&self.sweeps, &self.angles);
        if !angles.is_empty() {
            self.threads.each(self.strips.iter_mut().collect(), |strip| {
                Arch::new().dispatch(Turns { strip, sweeps, angles });
            });
        }
        self.sweeps.clear();
        self.angles.clear();
    }

    /// The matrix whose columns are these rows, in an order.
    pub(crate) fn into_columns(mut self, order: &[usize]) -> Matrix<R> {
        self.apply();
        let width = width::<R>();
        let mut out = Matrix::zeros(self.cols, self.rows);
        for i in 0..self.cols {
            let strip = &self.strips[i / width];
            for (out, &row) in out.row_mut(i).iter_mut().zip(order) {
                *out = strip[row * width + i % width];
            }
        }
        out
    }
}

/// What happens to a strip.
struct Turns<'a, R> {
    strip: &'a mut [R],
    sweeps: &'a [Sweep],
    angles: &'a [(R, R)],
}

impl<R: Real> WithSimd for Turns<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match STRIP_BYTES / size_of::<R::Vector<S>>() {
            4 => turns::<R, S, 4>(simd, self),
            8 => turns::<R, S, 8>(simd, self),
            16 => turns::<R, S, 16>(simd, self),
            32 => turns::<R, S, 32>(simd, self),
            _ => turns::<R, S, 64>(simd, self),
        }
    }
}

#[inline(always)]
fn turns<R: Real, S: Simd, const VECTORS: usize>(simd: S, turns: Turns<'_, R>) {
    let strip = R::vectors_mut::<S>(turns.strip);
    let zero = R::splat(simd, R::ZERO);
    let mut start = 0;
    for sweep in turns.sweeps {
        let angles = &turns.angles[start..sweep.end];
        start = sweep.end;
        // The row that this rotation shares with the next one stays in registers.
        let mut at = if sweep.upwards { sweep.first + 1 } else { sweep.first };
        let mut own = [zero; VECTORS];
        own.copy_from_slice(&strip[at * VECTORS..][..VECTORS]);
        for &(c, s) in angles {
            let next = if sweep.upwards { at - 1 } else { at + 1 };
            // The same rotation, seen from its lower row.
            let s = if sweep.upwards { -s } else { s };
            let (c, s, minus_s) = (R::splat(simd, c), R::splat(simd, s), R::splat(simd, -s));
            let mut others = [zero; VECTORS];
            others.copy_from_slice(&strip[next * VECTORS..][..VECTORS]);
            let done = &mut strip[at * VECTORS..][..VECTORS];
            for k in 0..VECTORS {
                let (x, y) = (own[k], others[k]);
                done[k] = R::mul_add(simd, c, x, R::mul_add(simd, s, y, zero));
                own[k] = R::mul_add(simd, c, y, R::mul_add(simd, minus_s, x, zero));
            }
            at = next;
        }
        strip[at * VECTORS..][..VECTORS].copy_from_slice(&own);
    }
}
