//! Buffers and steps.

use super::Checker;
use crate::print::Spot;
use crate::program::{
    BufferId, Carry, HostCall, IndexVar, LibraryCall, MatMul, Operand, Place, Sort, Step,
};
use crate::select::TopK;

use jaxrs_data::DType;

/// No program nests or follows loops so often; tables of counters stay small.
const MOST_COUNTERS: u32 = 1 << 20;

impl<'a> Checker<'a> {
    pub(super) fn buffers(&mut self) {
        let program = self.program;
        let few = program.n_index_vars <= MOST_COUNTERS;
        self.ensure(few, Spot::Program, format_args!("more than {MOST_COUNTERS} counters"));
        let sides = [(&program.inputs, "input"), (&program.outputs, "output")];
        for (ids, side) in sides {
            for (number, &id) in ids.iter().enumerate() {
                let place = match side {
                    "input" => Place::Input(number),
                    _ => Place::Output(number),
                };
                let found = program.buffers.get(id.0 as usize).is_some_and(|b| b.place == place);
                self.ensure(found, Spot::Program, format_args!("{side} {number} is not {id}"));
            }
        }
        for id in (0..program.buffers.len() as u32).map(BufferId) {
            let size = program[id].len.checked_mul(program[id].dtype.size_bytes());
            match size.is_some_and(|size| size <= isize::MAX as usize) {
                true => self.place(id),
                false => self.fault(Spot::Buffer(id), format_args!("{id} is larger than memory")),
            }
        }
        self.sharing();
    }

    fn place(&mut self, id: BufferId) {
        let (program, buffer, spot) = (self.program, &self.program[id], Spot::Buffer(id));
        match &buffer.place {
            Place::Input(number) => {
                let owns = program.inputs.get(*number) == Some(&id);
                self.ensure(owns, spot, format_args!("input {number} belongs to another buffer"));
            }
            Place::Output(number) => {
                let owns = program.outputs.get(*number) == Some(&id);
                self.ensure(owns, spot, format_args!("output {number} belongs to another buffer"));
            }
            Place::Constant(literal) => {
                let fits = literal.ty().dtype == buffer.dtype && literal.len() == buffer.len;
                let ty = literal.ty();
                self.ensure(fits, spot, format_args!("{id} does not fit its data, {ty}"));
            }
            Place::Arena(offset) => {
                let inside = offset.checked_add(buffer.size_bytes());
                let inside = inside.is_some_and(|end| end <= program.arena_bytes);
                self.ensure(inside, spot, format_args!("{id} ends outside the arena"));
                self.ensure(offset % 64 == 0, spot, format_args!("{id} is not aligned to 64"));
            }
            Place::Unassigned => {
                self.ensure(!self.assigned, spot, format_args!("{id} has no place"));
            }
        }
    }

    fn sharing(&mut self) {
        if !self.faults.is_empty() {
            return; // sizes may overflow
        }
        let (program, spot) = (self.program, Spot::Program);
        let shares = &program.shares_input;
        let fits = shares.is_empty() || shares.len() == program.outputs.len();
        self.ensure(fits, spot, "shares_input has not one entry for each output");
        for (output, input) in shares.iter().enumerate().filter_map(|(o, i)| i.map(|i| (o, i))) {
            let sizes = [program.outputs.get(output), program.inputs.get(input)].map(|id| {
                id.and_then(|id| program.buffers.get(id.0 as usize)).map(|b| b.size_bytes())
            });
            let same = sizes[0].is_some() && sizes[0] == sizes[1];
            let once = shares.iter().filter(|&&other| other == Some(input)).count() == 1;
            self.ensure(
                same,
                spot,
                format_args!("output {output} has not the size of input {input}"),
            );
            self.ensure(once, spot, format_args!("two outputs share input {input}"));
        }
    }

    /// Checks steps inside the loops whose counters are given.
    pub(super) fn steps(&mut self, steps: &'a [Step], counters: &mut Vec<(IndexVar, usize)>) {
        steps.iter().for_each(|step| self.step(step, counters));
    }

    fn step(&mut self, step: &'a Step, counters: &mut Vec<(IndexVar, usize)>) {
        let spot = Spot::Step(step);
        match step {
            Step::Kernel(kernel) => self.kernel(step, kernel, counters),
            Step::Library(LibraryCall::MatMul(call)) => self.mat_mul(spot, call, counters),
            Step::Library(LibraryCall::Sort(call)) => self.sort(spot, call),
            Step::Library(LibraryCall::TopK(call)) => self.top_k(spot, call),
            Step::Library(LibraryCall::Host(call)) => self.host(spot, call),
            Step::Copy { from, to } => {
                if self.exist(spot, &[*from, *to]) {
                    self.alike(spot, *from, *to);
                    self.apart(spot, *from, *to);
                    self.writable(spot, *to);
                }
            }
            Step::Repeat { index, trips, carries, body } => {
                let known = index.0 < self.program.n_index_vars;
                self.ensure(known, spot, format_args!("there is no counter {index}"));
                let taken = counters.iter().any(|counter| counter.0 == *index);
                self.ensure(!taken, spot, format_args!("{index} counts an enclosing loop"));
                self.carries(spot, carries);
                if known {
                    counters.push((*index, *trips));
                    self.steps(body, counters);
                    counters.pop();
                }
            }
            Step::While { carries, condition, predicate, body } => {
                self.scalar(spot, *predicate, DType::Bool);
                self.carries(spot, carries);
                self.steps(condition, counters);
                self.steps(body, counters);
            }
            Step::Switch { index, branches } => {
                self.scalar(spot, *index, DType::I32);
                self.ensure(!branches.is_empty(), spot, "a switch needs a branch");
                branches.iter().for_each(|branch| self.steps(branch, counters));
            }
        }
    }

    /// Whether all buffers exist.
    pub(super) fn exist(&mut self, spot: Spot<'a>, ids: &[BufferId]) -> bool {
        let missing = ids.iter().find(|id| id.0 as usize >= self.program.buffers.len());
        if let Some(id) = missing {
            self.fault(spot, format_args!("there is no buffer {id}"));
        }
        missing.is_none()
    }

    pub(super) fn writable(&mut self, spot: Spot<'a>, id: BufferId) {
        let reads = matches!(self.program[id].place, Place::Input(_) | Place::Constant(_));
        self.ensure(!reads, spot, format_args!("{id} is only read, but is written here"));
    }

    fn alike(&mut self, spot: Spot<'a>, a: BufferId, b: BufferId) {
        let (x, y) = (&self.program[a], &self.program[b]);
        let same = x.dtype == y.dtype && x.len == y.len;
        self.ensure(same, spot, format_args!("{a} and {b} differ in type or length"));
    }

    fn apart(&mut self, spot: Spot<'a>, a: BufferId, b: BufferId) {
        let overlap = self.program.may_overlap(a, b);
        self.ensure(!overlap, spot, format_args!("{a} and {b} share memory"));
    }

    fn scalar(&mut self, spot: Spot<'a>, id: BufferId, dtype: DType) {
        if self.exist(spot, &[id]) {
            let fits = self.program[id].dtype == dtype && self.program[id].len == 1;
            self.ensure(fits, spot, format_args!("{id} is not one {dtype}"));
        }
    }

    fn carries(&mut self, spot: Spot<'a>, carries: &[Carry]) {
        for &Carry { current, next } in carries {
            if !self.exist(spot, &[current, next]) {
                continue;
            }
            self.alike(spot, current, next);
            for id in [current, next] {
                let place = &self.program[id].place;
                let movable = matches!(place, Place::Arena(_) | Place::Unassigned);
                let message = format_args!("{id} is carried, but does not lie in the arena");
                self.ensure(movable || current == next, spot, message);
            }
            if current == next {
                self.writable(spot, current);
            } else {
                self.apart(spot, current, next);
            }
        }
    }

    fn mat_mul(&mut self, spot: Spot<'a>, call: &MatMul, counters: &[(IndexVar, usize)]) {
        let MatMul { batch, m, n, k, lhs, rhs, out } = call;
        if !self.exist(spot, &[lhs.buffer, rhs.buffer, out.buffer]) {
            return;
        }
        let dtypes = [lhs, rhs, out].map(|operand| self.program[operand.buffer].dtype);
        let fits = matches!(dtypes[0].real_part(), DType::F32 | DType::F64);
        let fits = fits && dtypes == [dtypes[0]; 3];
        self.ensure(
            fits,
            spot,
            format_args!("mat_mul takes f32, f64, c64 or c128, not {dtypes:?}"),
        );
        self.operand(spot, lhs, [*batch, *m, *k], counters);
        self.operand(spot, rhs, [*batch, *k, *n], counters);
        self.operand(spot, out, [*batch, *m, *n], counters);
        self.writable(spot, out.buffer);
        self.apart(spot, lhs.buffer, out.buffer);
        self.apart(spot, rhs.buffer, out.buffer);
    }

    fn operand(
        &mut self,
        spot: Spot<'a>,
        operand: &Operand,
        sizes: [usize; 3],
        counters: &[(IndexVar, usize)],
    ) {
        let mut steps: Vec<(usize, isize)> = Vec::new();
        if let Some((var, step)) = operand.step {
            match counters.iter().find(|counter| counter.0 == var) {
                Some(&(_, trips)) => steps.push((trips, step)),
                None => self.fault(spot, format_args!("no loop around counts {var}")),
            }
        }
        steps.extend(sizes.into_iter().zip([
            operand.batch_stride,
            operand.row_stride,
            operand.col_stride,
        ]));
        if steps.iter().any(|&(size, _)| size == 0) {
            return;
        }
        let reach = |wanted: fn(&isize) -> bool| -> i128 {
            let steps = steps.iter().filter(|(_, stride)| wanted(stride));
            steps.map(|&(size, stride)| (size as i128 - 1) * stride as i128).sum()
        };
        let low = operand.offset as i128 + reach(|stride| *stride < 0);
        let high = operand.offset as i128 + reach(|stride| *stride > 0);
        let fits = low >= 0 && high < self.program[operand.buffer].len as i128;
        self.ensure(fits, spot, format_args!("{operand} reaches from {low} to {high}"));
    }

    fn sort(&mut self, spot: Spot<'a>, call: &Sort) {
        let Sort { outer, len, inner, n_keys, inputs, outputs } = call;
        let fits = inputs.len() == outputs.len() && (1..=inputs.len()).contains(n_keys);
        self.ensure(fits, spot, "a sort needs as many outputs as inputs, and a key among them");
        if !self.exist(spot, inputs) || !self.exist(spot, outputs) {
            return;
        }
        for (&input, &output) in inputs.iter().zip(outputs) {
            self.alike(spot, input, output);
            let total = outer.checked_mul(*len).and_then(|total| total.checked_mul(*inner));
            let fits = Some(self.program[input].len) == total;
            self.ensure(
                fits,
                spot,
                format_args!("{input} has not {outer} × {len} × {inner} elements"),
            );
            self.writable(spot, output);
            for &other in inputs.iter().chain(outputs.iter().filter(|&&other| other != output)) {
                self.apart(spot, output, other);
            }
        }
    }

    fn top_k(&mut self, spot: Spot<'a>, call: &TopK) {
        let TopK { outer, len, inner, k, input, values, positions, .. } = call;
        if !self.exist(spot, &[*input, *values, *positions]) {
            return;
        }
        let total = |len: &usize| outer.checked_mul(*len).and_then(|n| n.checked_mul(*inner));
        for (id, n) in [(input, len), (values, k), (positions, k)] {
            let fits = Some(self.program[*id].len) == total(n);
            self.ensure(fits, spot, format_args!("{id} has not {outer} × {n} × {inner} elements"));
        }
        let (dtype, given) = (self.program[*input].dtype, self.program[*values].dtype);
        let fits = dtype == given
            && !dtype.is_complex()
            && self.program[*positions].dtype == DType::I32
            && k <= len
            && i32::try_from(*len).is_ok();
        self.ensure(
            fits,
            spot,
            "top_k needs real elements, i32 positions, and no more than there are",
        );
        for (output, others) in [(values, [input, positions]), (positions, [input, values])] {
            self.writable(spot, *output);
            others.into_iter().for_each(|other| self.apart(spot, *output, *other));
        }
    }

    fn host(&mut self, spot: Spot<'a>, call: &HostCall) {
        let HostCall { inputs, outputs, .. } = call;
        if !self.exist(spot, inputs) || !self.exist(spot, outputs) {
            return;
        }
        for &output in outputs {
            self.writable(spot, output);
            for &other in inputs.iter().chain(outputs.iter().filter(|&&other| other != output)) {
                self.apart(spot, output, other);
            }
        }
    }
}
