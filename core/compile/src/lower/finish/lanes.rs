//! Which loop of a kernel vectors run along.

use jaxrs_kernel::{Along, Block, Inst, Kernel, Lanes, Loop, LoopKind, Strides, Target};

use super::cost;

/// Rows up to this length lie in the first cache together, as many as there are lanes.
const SHORT_ROW: usize = 64;
/// What the lanes of a sum cost to add up, in additions.
const JOIN_LANES: f64 = 12.0;
/// What one lane of a load or store costs whose neighbours are apart, in additions.
const APART: f64 = 2.0;

/// Chooses; a rule's wish counts unless it makes no sense.
pub(crate) fn choose(kernel: &Kernel, wish: Option<Lanes>, target: &Target) -> Lanes {
    let mut inner: Vec<&Loop> = Vec::new();
    innermost(&kernel.body, &mut inner);
    let has_domain = !kernel.domain.is_empty();
    let natural = match (has_domain, inner.is_empty()) {
        (false, true) => Lanes::Scalar,
        (false, false) => Lanes::Inner,
        (true, true) => Lanes::Domain,
        (true, false) => by_access(kernel, &inner, target),
    };
    match wish {
        Some(Lanes::Scalar) => Lanes::Scalar,
        Some(Lanes::Domain) if has_domain => Lanes::Domain,
        Some(Lanes::Inner) if !inner.is_empty() => Lanes::Inner,
        _ => natural,
    }
}

/// The loops with independent iterations that hold no others.
fn innermost<'k>(block: &'k Block, found: &mut Vec<&'k Loop>) {
    for inst in &block.insts {
        match inst {
            Inst::Loop(l) => {
                let before = found.len();
                innermost(&l.body, found);
                if found.len() == before && l.kind != LoopKind::Sequential {
                    found.push(l);
                }
            }
            Inst::While(w) => innermost(&w.body, found),
            _ => {}
        }
    }
}

/// Along which the innermost loops read and write neighbours.
fn by_access(kernel: &Kernel, inner: &[&Loop], target: &Target) -> Lanes {
    let lanes = target.lanes(4);
    let last = kernel.domain.len() - 1;
    let short = |n: usize| if n * 2 < lanes { 0.25 } else { 1.0 };
    let strides = Strides::new(kernel);
    let (mut along_domain, mut along_loop) = (0.0, 0.0);
    for l in inner {
        let weight = l.trips as f64;
        for inst in &l.body.insts {
            let (Inst::Load { position, .. } | Inst::Store { position, .. }) = inst else {
                continue;
            };
            let good = |along| match strides.of(*position, along) {
                Some(0) => 0.9,
                Some(1) => 1.0,
                _ => 0.0,
            };
            along_domain += weight * good(Along::Axis(last)) * short(kernel.domain[last]);
            along_loop += weight * good(Along::Counter(l.index)) * short(l.trips);
        }
    }
    if along_loop > along_domain && !rows_side_by_side(kernel, inner, &strides, lanes) {
        Lanes::Inner
    } else {
        Lanes::Domain
    }
}

/// Whether short rows are better worked on side by side, as so much is computed of each that lies outside its loops.
fn rows_side_by_side(
    kernel: &Kernel,
    inner: &[&Loop],
    strides: &Strides<'_>,
    lanes: usize,
) -> bool {
    let axis = kernel.domain.len() - 1;
    let is_inner = |inst: &Inst| match inst {
        Inst::Loop(l) => inner.iter().any(|&i| std::ptr::eq(i, l)),
        other => !matches!(other, Inst::While(_)),
    };
    let nested = !kernel.body.insts.iter().all(is_inner);
    if nested || inner.iter().any(|l| l.trips > SHORT_ROW) || kernel.domain[axis] < lanes {
        return false;
    }
    let last = Along::Axis(axis);
    let width = lanes as f64;
    let loops: f64 = inner.iter().map(|l| cost::block(&l.body) * l.trips as f64).sum();
    let outside = cost::block(&kernel.body) - loops;
    let in_vectors = |l: &&Loop| cost::block(&l.body) * l.trips.div_ceil(lanes) as f64 + JOIN_LANES;
    let along_rows = outside + inner.iter().map(in_vectors).sum::<f64>();
    let step = |inst: &Inst| match inst {
        Inst::Load { position, .. } | Inst::Store { position, .. }
            if !matches!(strides.of(*position, last), Some(0 | 1)) =>
        {
            APART
        }
        other => cost::inst(other) / width,
    };
    let across = |l: &&Loop| l.body.insts.iter().map(step).sum::<f64>() * l.trips as f64;
    let across_rows = outside / width + inner.iter().map(across).sum::<f64>();
    across_rows < along_rows
}
