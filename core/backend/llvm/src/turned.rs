//! Loads across rows: where lanes lie far apart in memory but the iterations of a loop next to each other, the elements
//! of some iterations are read as rows, one for each lane, and turned in registers. Gathers would read every line of
//! memory once for each element.

use jaxrs_data::Result;
use jaxrs_kernel::{Along, BufferId, Inst, Kernel, Lanes, Loop, LoopKind, Strides, ValueId};
use rustc_hash::FxHashMap;

use crate::body::Body;
use crate::ir::V;
use crate::lanes::Val;

/// The most iterations that are turned together.
const MAX_ROWS: usize = 16;
/// The longest elements that are turned, in bits.
const MAX_BITS: u32 = 64;

/// The loads of a loop that are turned.
#[derive(Default)]
pub(crate) struct Turned {
    /// Of each load the vectors of the iterations that are being emitted, once they are there.
    loads: FxHashMap<ValueId, Vec<V>>,
    /// How many iterations are turned together.
    rows: usize,
    /// Which of these is being emitted.
    row: usize,
}

/// The loads of a loop along whose iterations they are contiguous, and across lanes not.
pub(crate) fn turned_loads(kernel: &Kernel, l: &Loop) -> Vec<ValueId> {
    let Some(last) = kernel.domain.len().checked_sub(1) else { return Vec::new() };
    if kernel.lanes != Lanes::Domain || l.kind != LoopKind::Map {
        return Vec::new();
    }
    let strides = Strides::new(kernel);
    let load = |inst: &Inst| match inst {
        Inst::Load { out, position, mask: None, .. } => {
            let across = strides.of(*position, Along::Axis(last))?;
            let along = strides.of(*position, Along::Counter(l.index))?;
            (along == 1 && across.unsigned_abs() > 1).then_some(*out)
        }
        _ => None,
    };
    l.body.insts.iter().filter_map(load).collect()
}

impl Body<'_, '_> {
    /// How many iterations of a loop are turned together; 1 where none are.
    pub(crate) fn turned_rows(&self, l: &Loop) -> usize {
        let rows = MAX_ROWS.min(self.width as usize);
        let fits = rows > 1 && self.mask.is_none() && l.trips.is_multiple_of(rows);
        if fits && !turned_loads(self.kernel, l).is_empty() { rows } else { 1 }
    }

    /// A loop without carried values, of several iterations at a time whose loads are turned.
    pub(crate) fn turned_loop(&mut self, l: &Loop, rows: usize) -> Result<()> {
        let ir = self.ir;
        let loads = turned_loads(self.kernel, l).into_iter().map(|load| (load, Vec::new()));
        let outside = self.turned.replace(Turned { loads: loads.collect(), rows, row: 0 });
        let done = self.stepped((l.trips, rows), &[], |body, counter, _| {
            for row in 0..rows {
                if let Some(turned) = &mut body.turned {
                    turned.row = row;
                }
                body.iteration(l, ir.add_nsw(counter, ir.i64(row as i64)), &[])?;
            }
            Ok(Vec::new())
        });
        self.turned = outside;
        done.map(drop)
    }

    /// The value of a load that is turned, if this is one.
    pub(crate) fn turned_load(
        &mut self,
        out: ValueId,
        buffer: BufferId,
        position: Val,
    ) -> Option<Val> {
        let turned = self.turned.as_ref()?;
        let (vectors, row) = (turned.loads.get(&out)?, turned.row);
        let Val::Affine { base, stride, .. } = position else { return None };
        if self.program[buffer].len == 0 || self.program[buffer].dtype.bits() > MAX_BITS {
            return None;
        }
        if let Some(&vector) = vectors.get(row) {
            return Some(Val::Varying(vector));
        }
        let vectors = self.rows_of_lanes(buffer, (base, stride), turned.rows);
        let first = vectors[row];
        self.turned.as_mut()?.loads.insert(out, vectors);
        Some(Val::Varying(first))
    }

    /// For each of some iterations the elements of all lanes.
    fn rows_of_lanes(&self, buffer: BufferId, (base, stride): (V, i64), rows: usize) -> Vec<V> {
        let ir = self.ir;
        let row = |lane: u32| {
            let position = ir.add(base, ir.i64(i64::from(lane) * stride));
            self.load_lanes(buffer, position, rows as u32)
        };
        let lanes: Vec<V> = (0..self.width).map(row).collect();
        let mut tiles = lanes.chunks(rows).map(|tile| self.transposed(tile));
        let first = tiles.next().unwrap_or_default();
        let all = tiles.fold((first, rows), |(whole, n), tile| {
            let together =
                whole.into_iter().zip(tile).map(|(a, b)| self.side_by_side(a, b, n, rows));
            (together.collect(), n + rows)
        });
        let dtype = self.program[buffer].dtype;
        all.0.into_iter().map(|v| self.registers_of(dtype, v)).collect()
    }

    /// As many vectors as each has elements, a power of two: after as many rounds as it has bits, in each of which the
    /// first half of the vectors is interleaved with the second.
    fn transposed(&self, tile: &[V]) -> Vec<V> {
        let n = tile.len() as u32;
        let interleaved = |from: u32| (0..n).map(move |i| from + i / 2 + i % 2 * n);
        let (low, high): (Vec<u32>, Vec<u32>) =
            (interleaved(0).collect(), interleaved(n / 2).collect());
        let mut vectors = tile.to_vec();
        for _ in 0..n.trailing_zeros() {
            let (first, second) = vectors.split_at(tile.len() / 2);
            let pairs = first.iter().zip(second);
            let both = |(&a, &b)| [self.ir.shuffle(a, b, &low), self.ir.shuffle(a, b, &high)];
            vectors = pairs.flat_map(both).collect();
        }
        vectors
    }

    /// One vector of two, the second of which may be shorter.
    fn side_by_side(&self, a: V, b: V, n: usize, m: usize) -> V {
        let (n, m) = (n as u32, m as u32);
        let widened: Vec<u32> = (0..n).map(|i| i % m).collect();
        let b = if n == m { b } else { self.ir.shuffle(b, b, &widened) };
        let lanes: Vec<u32> = (0..n + m).collect();
        self.ir.shuffle(a, b, &lanes)
    }
}
