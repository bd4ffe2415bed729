//! Joining leading axes of a kernel's domain that its body never tells apart: `x + y` over `[m, n]`
//! becomes one loop over `m·n` points.

use jaxrs_data::SmallVec;
use jaxrs_kernel::{Block, Inst, Kernel, ScalarOp, ValueId};

/// Drops axes of size 1, and joins as many leading axes as possible.
pub(crate) fn collapse(kernel: &mut Kernel) {
    let axes: Vec<usize> = (0..kernel.domain.len()).filter(|&a| kernel.domain[a] != 1).collect();
    let n_joined = (2..=axes.len()).rev().find(|&n| may_join(kernel, &axes[..n])).unwrap_or(1);
    let joined = &axes[..n_joined.min(axes.len())];
    let rows = row_numbers(kernel, joined);
    rewrite(&mut kernel.body, &mut |inst| match *inst {
        Inst::Op { out, .. } if n_joined > 1 && rows.contains(&out) => {
            *inst = Inst::Point { out, axis: 0 };
        }
        Inst::Point { out, axis } => {
            let place = axes.iter().position(|&a| a == axis).unwrap_or(0);
            *inst = Inst::Point { out, axis: (place + 1).saturating_sub(n_joined) };
        }
        _ => {}
    });
    let dims = &kernel.domain;
    let mut domain = Vec::new();
    if !joined.is_empty() {
        domain.push(joined.iter().map(|&axis| dims[axis]).product());
    }
    domain.extend(axes[joined.len()..].iter().map(|&axis| dims[axis]));
    kernel.domain = domain;
}

/// The definitions of all values that are operations, constants or coordinates.
struct Defs<'a>(Vec<Option<&'a Inst>>);

impl<'a> Defs<'a> {
    fn new(kernel: &'a Kernel) -> Defs<'a> {
        let mut defs = vec![None; kernel.values.len()];
        kernel.visit(&mut |inst| {
            if let Inst::Const { out, .. } | Inst::Point { out, .. } | Inst::Op { out, .. } = inst {
                defs[out.0 as usize] = Some(inst);
            }
        });
        Defs(defs)
    }

    /// Whether a value is the row-major position of the point within the given axes.
    fn is_row(&self, value: ValueId, axes: &[usize], dims: &[usize]) -> bool {
        let [rest @ .., last] = axes else { return false };
        let def = self.0[value.0 as usize];
        if rest.is_empty() {
            return matches!(def, Some(Inst::Point { axis, .. }) if axis == last);
        }
        let Some(Inst::Op { op: ScalarOp::Add, args, .. }) = def else { return false };
        let Some(Inst::Op { op: ScalarOp::Mul, args: factors, .. }) = self.0[args[0].0 as usize]
        else {
            return false;
        };
        let is_dim = matches!(
            self.0[factors[1].0 as usize],
            Some(Inst::Const { value, .. }) if value.as_i64() == dims[*last] as i64
        );
        is_dim && self.is_row(args[1], &[*last], dims) && self.is_row(factors[0], rest, dims)
    }
}

fn row_numbers(kernel: &Kernel, axes: &[usize]) -> Vec<ValueId> {
    let defs = Defs::new(kernel);
    let mut rows = Vec::new();
    kernel.visit(&mut |inst| {
        if let Inst::Op { out, op: ScalarOp::Add, .. } = inst
            && defs.is_row(*out, axes, &kernel.domain)
        {
            rows.push(*out);
        }
    });
    rows
}

/// Whether the body reads coordinates along the axes through their row-major position alone.
fn may_join(kernel: &Kernel, axes: &[usize]) -> bool {
    let defs = Defs::new(kernel);
    let mut seen = vec![false; kernel.values.len()];
    let mut open: SmallVec<[ValueId; 16]> = SmallVec::new();
    kernel.visit(&mut |inst| roots(inst, &mut open));
    while let Some(value) = open.pop() {
        if std::mem::replace(&mut seen[value.0 as usize], true)
            || defs.is_row(value, axes, &kernel.domain)
        {
            continue;
        }
        match defs.0[value.0 as usize] {
            Some(Inst::Point { axis, .. }) if axes.contains(axis) => return false,
            Some(Inst::Op { args, .. }) => open.extend(args.iter().copied()),
            _ => {}
        }
    }
    true
}

/// The values that an instruction with effects, or one that encloses others, needs.
fn roots(inst: &Inst, open: &mut SmallVec<[ValueId; 16]>) {
    match inst {
        Inst::Load { position, mask, .. } => {
            open.push(*position);
            open.extend(*mask);
        }
        Inst::Store { position, value, mask, .. } => {
            open.extend([*position, *value]);
            open.extend(*mask);
        }
        Inst::Loop(l) => {
            open.extend(l.carried.iter().map(|c| c.init));
            open.extend(l.body.yields.iter().copied());
        }
        Inst::While(w) => {
            open.extend(w.carried.iter().map(|c| c.init));
            open.extend(w.condition.yields.iter().chain(&w.body.yields).copied());
        }
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } | Inst::Op { .. } => {}
    }
}

fn rewrite(block: &mut Block, f: &mut dyn FnMut(&mut Inst)) {
    for inst in &mut block.insts {
        f(inst);
        match inst {
            Inst::Loop(l) => rewrite(&mut l.body, f),
            Inst::While(w) => {
                rewrite(&mut w.condition, f);
                rewrite(&mut w.body, f);
            }
            _ => {}
        }
    }
}
