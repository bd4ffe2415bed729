//! Which loop of a kernel vectors run along.

use jaxrs_kernel::{Block, Inst, Kernel, Lanes, Loop, LoopKind, ScalarOp, Target, ValueId};

/// What a position's change along a loop is measured against.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Axis(usize),
    Counter(ValueId),
}

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
    if along_loop > along_domain { Lanes::Inner } else { Lanes::Domain }
}

/// How values change from one iteration to the next.
pub(crate) struct Strides<'k>(Vec<Option<&'k Inst>>);

impl<'k> Strides<'k> {
    pub(crate) fn new(kernel: &'k Kernel) -> Strides<'k> {
        let mut defs = vec![None; kernel.values.len()];
        kernel.visit(&mut |inst| match inst {
            Inst::Const { out, .. }
            | Inst::Point { out, .. }
            | Inst::Index { out, .. }
            | Inst::Op { out, .. }
            | Inst::Load { out, .. } => defs[out.0 as usize] = Some(inst),
            _ => {}
        });
        Strides(defs)
    }

    pub(crate) fn of(&self, value: ValueId, along: Along) -> Option<i64> {
        if along == Along::Counter(value) {
            return Some(1);
        }
        match self.0[value.0 as usize] {
            None | Some(Inst::Const { .. } | Inst::Index { .. }) => Some(0),
            Some(Inst::Point { axis, .. }) => Some((along == Along::Axis(*axis)).into()),
            Some(Inst::Op { op: ScalarOp::Add, args, .. }) => {
                Some(self.of(args[0], along)? + self.of(args[1], along)?)
            }
            Some(Inst::Op { op: ScalarOp::Sub, args, .. }) => {
                Some(self.of(args[0], along)? - self.of(args[1], along)?)
            }
            Some(Inst::Op { op: ScalarOp::Mul, args, .. }) => self
                .product(args[0], args[1], along)
                .or_else(|| self.product(args[1], args[0], along)),
            Some(Inst::Op { args, .. }) => self.fixed(args, along),
            Some(Inst::Load { position, .. }) => self.fixed(&[*position], along),
            Some(_) => None,
        }
    }

    fn product(&self, a: ValueId, b: ValueId, along: Along) -> Option<i64> {
        let step = self.of(a, along)?;
        match self.0[b.0 as usize] {
            Some(Inst::Const { value, .. }) => Some(step * value.as_i64()),
            _ => self.fixed(&[a, b], along),
        }
    }

    /// 0 if nothing of this changes.
    fn fixed(&self, values: &[ValueId], along: Along) -> Option<i64> {
        values.iter().all(|&value| self.of(value, along) == Some(0)).then_some(0)
    }
}
