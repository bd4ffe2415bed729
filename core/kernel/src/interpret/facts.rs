//! What the planner learns about the values of a kernel before it emits code: which are sums of
//! counters, which differ between the lanes of a block, and which are needed at all.

use jaxrs_data::DType;

use super::affine::{Form, Var};
use crate::body::{Block, Inst, Kernel, Lanes, Loop, LoopKind, ValueId};

/// Facts about the values of a kernel, indexed by value.
pub(super) struct Facts {
    /// The value as a sum of counters.
    pub(super) forms: Vec<Option<Form>>,
    /// Whether the value differs between lanes.
    pub(super) varies: Vec<bool>,
    /// Whether the value itself is used, not only its form.
    pub(super) needed: Vec<bool>,
    /// The sizes of the domain after merging axes: a merged axis has size 1.
    pub(super) axes: Vec<usize>,
    /// The counter of the first axis; the others follow, then those of the loops.
    pub(super) first_axis: Var,
    /// The axis that lanes run along; none where they run along inner loops or there is one point.
    pub(super) lane_axis: Option<usize>,
    /// Whether a counter runs along the lanes.
    pub(super) is_lane: Vec<bool>,
}

/// Each value of a kernel as a sum of counters, and how far each counter counts; program loops' counters
/// come first and are left at 1.
pub(crate) fn forms(kernel: &Kernel, n_index_vars: usize) -> (Vec<Option<Form>>, Vec<usize>) {
    let facts = Facts::unmerged(kernel, n_index_vars);
    let mut sizes = vec![1; n_index_vars];
    sizes.extend(&kernel.domain);
    kernel.visit(&mut |inst| {
        if let Inst::Loop(l) = inst {
            sizes.push(l.trips);
        }
    });
    (facts.forms, sizes)
}

/// Lanes shorter than this are not worth the set-up of a block.
const SHORT: usize = 8;

/// An axis at least this long makes a good lane axis, so that the last one, whose elements lie side by
/// side, is taken.
const LONG: usize = 16;

impl Facts {
    pub(super) fn of(kernel: &Kernel, n_index_vars: usize) -> Facts {
        let mut facts = Facts::unmerged(kernel, n_index_vars);
        facts.find_needed(&kernel.body);
        facts.merge_axes(kernel);
        facts.choose_lanes(kernel);
        while facts.spread(&kernel.body) {}
        facts
    }

    /// Only the forms.
    fn unmerged(kernel: &Kernel, n_index_vars: usize) -> Facts {
        let n_vars = n_index_vars + kernel.domain.len();
        let mut facts = Facts {
            forms: vec![None; kernel.values.len()],
            varies: vec![false; kernel.values.len()],
            needed: vec![false; kernel.values.len()],
            axes: kernel.domain.clone(),
            first_axis: n_index_vars,
            lane_axis: None,
            is_lane: vec![false; n_vars],
        };
        facts.find_forms(kernel, &kernel.body);
        facts
    }

    pub(super) fn form(&self, value: ValueId) -> Option<&Form> {
        self.forms[value.0 as usize].as_ref()
    }

    pub(super) fn varies(&self, value: ValueId) -> bool {
        self.varies[value.0 as usize]
    }

    pub(super) fn needs(&self, value: ValueId) -> bool {
        self.needed[value.0 as usize]
    }

    /// The counter of a kernel loop.
    pub(super) fn loop_var(&self, l: &Loop) -> Var {
        self.form(l.index).map_or(0, |form| form.terms[0].0)
    }

    /// The factor of the counter that runs along the lanes.
    pub(super) fn lane_factor(&self, form: &Form) -> i64 {
        form.terms.iter().find(|term| self.is_lane[term.0]).map_or(0, |term| term.1)
    }

    fn set_form(&mut self, value: ValueId, form: Form) {
        self.forms[value.0 as usize] = Some(form);
    }

    fn find_forms(&mut self, kernel: &Kernel, block: &Block) {
        for inst in &block.insts {
            match inst {
                Inst::Const { out, value } if kernel.dtype(*out) == DType::I64 => {
                    self.set_form(*out, Form::constant(value.as_i64()));
                }
                Inst::Point { out, axis } => self.set_form(*out, Form::var(self.first_axis + axis)),
                Inst::Index { out, var } => self.set_form(*out, Form::var(var.0 as usize)),
                Inst::Op { out, op, args } if kernel.dtype(*out) == DType::I64 => {
                    let known: Vec<_> = args.iter().map(|&arg| self.form(arg)).collect();
                    self.forms[out.0 as usize] = Form::of(*op, &known);
                }
                Inst::Loop(l) => {
                    self.set_form(l.index, Form::var(self.is_lane.len()));
                    self.is_lane.push(false);
                    self.find_forms(kernel, &l.body);
                }
                Inst::While(w) => {
                    self.find_forms(kernel, &w.condition);
                    self.find_forms(kernel, &w.body);
                }
                Inst::Const { .. } | Inst::Op { .. } | Inst::Load { .. } | Inst::Store { .. } => {}
            }
        }
    }

    fn need(&mut self, value: ValueId) {
        self.needed[value.0 as usize] = true;
    }

    fn need_all<'a>(&mut self, values: impl IntoIterator<Item = &'a ValueId>) {
        values.into_iter().for_each(|&value| self.need(value));
    }

    fn need_position(&mut self, position: ValueId, mask: Option<ValueId>) {
        if self.form(position).is_none() {
            self.need(position);
        }
        self.need_all(&mask);
    }

    /// Backwards, so that uses come before definitions. Whatever a loop carries counts as used.
    fn find_needed(&mut self, block: &Block) {
        for inst in block.insts.iter().rev() {
            match inst {
                Inst::Store { position, value, mask, .. } => {
                    self.need(*value);
                    self.need_position(*position, *mask);
                }
                Inst::Load { out, position, mask, .. } if self.needs(*out) => {
                    self.need_position(*position, *mask);
                }
                Inst::Op { out, args, .. } if self.needs(*out) && self.form(*out).is_none() => {
                    self.need_all(args);
                }
                Inst::Loop(l) => {
                    l.carried.iter().for_each(|carried| self.need(carried.init));
                    self.need_all(&l.body.yields);
                    self.find_needed(&l.body);
                }
                Inst::While(w) => {
                    w.carried.iter().for_each(|carried| self.need(carried.init));
                    self.need_all(w.body.yields.iter().chain(&w.condition.yields));
                    self.find_needed(&w.body);
                    self.find_needed(&w.condition);
                }
                _ => {}
            }
        }
    }

    /// Makes one axis of two neighbours wherever every form steps through them as through one, so that
    /// blocks are long.
    fn merge_axes(&mut self, kernel: &Kernel) {
        let mut live: Vec<ValueId> = (0..kernel.values.len() as u32)
            .map(ValueId)
            .filter(|&value| self.needs(value))
            .collect();
        kernel.visit(&mut |inst| match inst {
            Inst::Load { out, position, .. } if self.needs(*out) => live.push(*position),
            Inst::Store { position, .. } => live.push(*position),
            _ => {}
        });
        let axes: Vec<usize> = (0..self.axes.len()).filter(|&axis| self.axes[axis] != 1).collect();
        for pair in axes.windows(2) {
            let (outer, inner) = (self.first_axis + pair[0], self.first_axis + pair[1]);
            let size = self.axes[pair[1]] as i64;
            let steps_as_one =
                |form: &Form| form.factor(outer) == form.factor(inner).wrapping_mul(size);
            if live.iter().filter_map(|&value| self.form(value)).all(steps_as_one) {
                self.axes[pair[1]] *= std::mem::replace(&mut self.axes[pair[0]], 1);
                for form in self.forms.iter_mut().flatten() {
                    form.terms.retain(|term| term.0 != outer);
                }
            }
        }
    }

    fn choose_lanes(&mut self, kernel: &Kernel) {
        let mut inner = Vec::new();
        innermost(&kernel.body, &mut inner);
        let trips = inner.iter().map(|l| l.trips).max().unwrap_or(0);
        let axis = match self.axes.last() {
            Some(&last) if last >= LONG => Some(self.axes.len() - 1),
            _ => (0..self.axes.len()).max_by_key(|&axis| self.axes[axis]),
        };
        let points = axis.map_or(1, |axis| self.axes[axis]);
        let prefers_inner = kernel.lanes == Lanes::Inner && trips >= LONG;
        if prefers_inner || (points < SHORT && trips > points) {
            for l in inner {
                let var = self.loop_var(l);
                self.is_lane[var] = true;
            }
        } else if let Some(axis) = axis {
            self.is_lane[self.first_axis + axis] = true;
            self.lane_axis = Some(axis);
        }
    }

    /// One pass of spreading "differs between lanes" along uses; whether it learnt anything. Loops make
    /// several passes necessary.
    fn spread(&mut self, block: &Block) -> bool {
        let mut learnt = false;
        for inst in &block.insts {
            learnt |= match inst {
                Inst::Const { .. } => false,
                Inst::Point { out, .. } | Inst::Index { out, .. } => self.spread_form(*out),
                Inst::Op { out, .. } if self.form(*out).is_some() => self.spread_form(*out),
                Inst::Op { out, args, .. } => {
                    let varies = args.iter().any(|&arg| self.varies(arg));
                    self.mark(*out, varies)
                }
                Inst::Load { out, position, mask, .. } => {
                    let varies =
                        self.varies(*position) || mask.is_some_and(|mask| self.varies(mask));
                    self.mark(*out, varies)
                }
                Inst::Store { .. } => false,
                Inst::Loop(l) => self.spread_loop(l),
                Inst::While(w) => {
                    let mut inside = self.spread(&w.condition) | self.spread(&w.body);
                    let ends = w.condition.yields.iter().any(|&value| self.varies(value));
                    for (c, &next) in w.carried.iter().zip(&w.body.yields) {
                        let varies =
                            ends || [c.init, c.param, next].iter().any(|&v| self.varies(v));
                        inside |= self.mark(c.param, varies) | self.mark(c.result, varies);
                    }
                    inside
                }
            };
        }
        learnt
    }

    fn spread_loop(&mut self, l: &Loop) -> bool {
        let mut learnt = self.spread_form(l.index) | self.spread(&l.body);
        let along_lanes = self.is_lane[self.loop_var(l)];
        for (c, &next) in l.carried.iter().zip(&l.body.yields) {
            // A reduction along the lanes gives one value for all of them.
            let varies = self.varies(c.init) || (!along_lanes && self.varies(next));
            learnt |= self.mark(c.result, varies);
            learnt |= l.kind == LoopKind::Sequential && self.mark(c.param, varies);
        }
        learnt
    }

    fn spread_form(&mut self, value: ValueId) -> bool {
        let varies = self.form(value).is_some_and(|form| self.lane_factor(form) != 0);
        self.mark(value, varies)
    }

    fn mark(&mut self, value: ValueId, varies: bool) -> bool {
        varies && !std::mem::replace(&mut self.varies[value.0 as usize], true)
    }
}

/// The parallel loops that hold no parallel loop.
fn innermost<'a>(block: &'a Block, found: &mut Vec<&'a Loop>) {
    for inst in &block.insts {
        match inst {
            Inst::Loop(l) => {
                let before = found.len();
                innermost(&l.body, found);
                if found.len() == before && l.kind != LoopKind::Sequential {
                    found.push(l);
                }
            }
            Inst::While(w) => {
                innermost(&w.condition, found);
                innermost(&w.body, found);
            }
            _ => {}
        }
    }
}
