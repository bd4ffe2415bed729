//! Two diagonalised halves and what lies between them.

use pulp::Arch;

use super::Part;
use super::deflation::{Support, Update};
use super::secular::{Root, Secular};
use crate::{Matrix, Real, Threads, product};

/// Roots that are one thread's at a time.
const ROOTS: usize = 32;

/// The eigenvalues and eigenvectors of two halves with an element beside the diagonal between them.
pub(super) fn merge<R: Real>(threads: Threads<'_>, halves: [Part<R>; 2], between: f64) -> Part<R> {
    let cut = halves[0].values.len();
    let mut update = joined(halves, between);
    let (kept, deflated) = update.deflate();
    let (k, n) = (kept.len(), update.values.len());
    let mut values = Vec::with_capacity(n);
    let mut vectors = Matrix::zeros(n, n);
    if k > 0 {
        let spectrum = Spectrum::new(threads, &update, &kept);
        values.extend(spectrum.roots.iter().map(|root| root.pole + root.distance));
        spectrum.vectors(threads, &update, &kept, cut, &mut vectors);
    }
    for (row, &i) in (k..).zip(&deflated) {
        values.push(update.values[i]);
        vectors.row_mut(row).copy_from_slice(update.vectors.row(i));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    Part { values, order, vectors }
}

/// Both halves' eigenvalues in ascending order, and the update that makes them one.
fn joined<R: Real>(halves: [Part<R>; 2], between: f64) -> Update<R> {
    let [first, second] = &halves;
    let (cut, n) = (first.values.len(), first.values.len() + second.values.len());
    let mut places: Vec<(f64, Support, usize)> = Vec::with_capacity(n);
    places.extend(first.order.iter().map(|&i| (first.values[i], Support::First, i)));
    places.extend(second.order.iter().map(|&i| (second.values[i], Support::Second, i)));
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut vectors = Matrix::zeros(n, n);
    let mut z = Vec::with_capacity(n);
    // The remainder is |ρ| v vᵀ, where v has two elements, the second one with ρ's sign.
    let half = 0.5f64.sqrt();
    for (row, &(_, support, i)) in places.iter().enumerate() {
        if support == Support::First {
            let own = first.vectors.row(i);
            vectors.row_mut(row)[..cut].copy_from_slice(own);
            z.push(half * own[cut - 1].to_f64());
        } else {
            let own = second.vectors.row(i);
            vectors.row_mut(row)[cut..].copy_from_slice(own);
            z.push(half.copysign(between) * own[0].to_f64());
        }
    }
    let values = places.iter().map(|place| place.0).collect();
    let supports = places.iter().map(|place| place.1).collect();
    Update { values, z, supports, vectors, rho: 2.0 * between.abs() }
}

/// The eigenvalues of an update without what was deflated, and what its eigenvectors are made of.
struct Spectrum {
    roots: Vec<Root>,
    /// Of each root, its distances from the poles: `dᵢ − λⱼ` is element `i` of row `j`.
    distances: Matrix<f64>,
    /// The `z` of which the roots are exactly the eigenvalues.
    z: Vec<f64>,
}

impl Spectrum {
    fn new<R: Real>(threads: Threads<'_>, update: &Update<R>, kept: &[usize]) -> Spectrum {
        let k = kept.len();
        let poles: Vec<f64> = kept.iter().map(|&i| update.values[i]).collect();
        let squares: Vec<f64> = kept.iter().map(|&i| update.z[i] * update.z[i]).collect();
        let precision = 2.0 * R::EPSILON.to_f64();
        let equation = Secular { poles: &poles, squares: &squares, rho: update.rho, precision };
        let mut roots = vec![Root::default(); k];
        let mut distances = Matrix::zeros(k, k);
        let mut products = vec![vec![1.0; k]; k.div_ceil(ROOTS)];
        let chunks = roots.chunks_mut(ROOTS).zip(distances.as_mut_slice().chunks_mut(ROOTS * k));
        let tasks = chunks.zip(&mut products).enumerate().collect();
        threads.each(tasks, |(chunk, ((roots, distances), products))| {
            Arch::new().dispatch(
                #[inline(always)]
                || solve(&equation, chunk * ROOTS, roots, distances, products),
            );
        });
        // Löwner's formula, which makes the vectors orthogonal (Gu & Eisenstat).
        let size = |i: usize| products.iter().fold(1.0, |z: f64, products| z * products[i]);
        let z = (0..k).map(|i| size(i).abs().sqrt().copysign(update.z[kept[i]])).collect();
        Spectrum { roots, distances, z }
    }

    /// The eigenvectors, in the first rows of a matrix.
    fn vectors<R: Real>(
        &self,
        threads: Threads<'_>,
        update: &Update<R>,
        kept: &[usize],
        cut: usize,
        out: &mut Matrix<R>,
    ) {
        let (k, n) = (kept.len(), out.cols());
        // Vectors that have zeros in one half lie together.
        let mut grouped: Vec<usize> = (0..k).collect();
        grouped.sort_by_key(|&i| update.supports[kept[i]]);
        let support = |i: &usize| update.supports[kept[*i]];
        let in_first = grouped.partition_point(|i| support(i) < Support::Second);
        let in_second = grouped.partition_point(|i| support(i) < Support::Both);
        let factors: Matrix<R> = self.factors(threads, &grouped);
        let rows = |from: &[usize], cols: std::ops::Range<usize>| {
            let rows = from.iter().map(|&i| &update.vectors.row(kept[i])[cols.clone()]);
            Matrix::from_rows(cols.len(), rows)
        };
        for (terms, cols) in [(0..in_first, 0..cut), (in_second..k, cut..n)] {
            let right = product::right(rows(&grouped[terms.clone()], cols.clone()).view());
            let left = product::left(factors.part(0..k, terms));
            product::add(threads, out, (0, cols.start), &left, &right);
        }
    }

    /// The eigenvectors of the update, in rows, whose elements are in an order.
    fn factors<R: Real>(&self, threads: Threads<'_>, order: &[usize]) -> Matrix<R> {
        let k = order.len();
        let mut out = Matrix::zeros(k, k);
        let tasks = out.as_mut_slice().chunks_mut(ROOTS * k).enumerate().collect();
        threads.each(tasks, |(chunk, rows): (usize, &mut [R])| {
            let mut own = vec![0.0; k];
            for (row, out) in rows.chunks_mut(k).enumerate() {
                let distances = self.distances.row(chunk * ROOTS + row);
                Arch::new().dispatch(
                    #[inline(always)]
                    || normalised(&self.z, distances, &mut own),
                );
                out.iter_mut().zip(order).for_each(|(out, &i)| *out = R::of(own[i]));
            }
        });
        out
    }
}

/// Some roots, the first of which is `first`, their distances from all poles, and their factors of the `z²`.
#[inline(always)]
fn solve(
    equation: &Secular<'_>,
    first: usize,
    roots: &mut [Root],
    distances: &mut [f64],
    products: &mut [f64],
) {
    let poles = equation.poles;
    let rows = distances.chunks_exact_mut(poles.len());
    for (j, (root, distances)) in (first..).zip(roots.iter_mut().zip(rows)) {
        *root = equation.root(j);
        for (distance, &pole) in distances.iter_mut().zip(poles) {
            *distance = (pole - root.pole) - root.distance;
        }
        let own = products[j] * distances[j];
        for ((product, &distance), &pole) in products.iter_mut().zip(&*distances).zip(poles) {
            *product *= distance / (pole - poles[j]);
        }
        products[j] = own;
    }
}

/// `zᵢ / (dᵢ − λ)`, of length one.
#[inline(always)]
fn normalised(z: &[f64], distances: &[f64], out: &mut [f64]) {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    for (i, ((out, &z), &distance)) in out.iter_mut().zip(z).zip(distances).enumerate() {
        *out = z / distance;
        sums[i % LANES] += *out * *out;
    }
    let length = sums.iter().sum::<f64>().sqrt();
    out.iter_mut().for_each(|out| *out /= length);
}
