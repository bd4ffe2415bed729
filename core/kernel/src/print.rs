//! The text form of programs; [`crate::parse`] reads it back.
//!
//! ```text
//! program (b0, b1) -> (b2, b3 shares 1) arena 128 counters 1
//! b0: f32[8] = input 0
//! b1: f32[8] = input 1
//! b2: f32[1] = output 0
//! b3: f32[8] = output 1
//! b4: f32[8] = arena 0
//! kernel "add" [8] lanes domain grain 0 {
//!   %0: i64 = point 0
//!   %1: f32 = load b0[%0]
//!   %2: f32 = const 2.0
//!   %3: f32 = mul %1, %2
//!   store b4[%0] = %3
//! }
//! repeat i0 < 3 (b4 <-> b4) {
//!   …
//! }
//! ```

use std::fmt::{self, Display, Write};

use crate::body::{Block, Carried, Inst, Kernel, Lanes, Loop, LoopKind, ValueId, WhileLoop};
use crate::program::{
    BufferId, Carry, HostCall, IndexVar, LibraryCall, MatMul, Operand, Place, Program, Sort, Step,
};
use crate::select::TopK;

impl Display for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Display for BufferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

impl Display for IndexVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "i{}", self.0)
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::default();
        printer.program(self)?;
        f.write_str(&printer.text)
    }
}

impl Program {
    /// The text of the program where each kernel is one line, which the caller gives, and constants are their types.
    pub fn outline(&self, kernel: &dyn Fn(&Kernel) -> String) -> String {
        let mut printer = Printer { outline: Some(kernel), ..Printer::default() };
        // Writing to a string does not fail.
        let _ = printer.program(self);
        printer.text
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::default();
        printer.kernel(self)?;
        f.write_str(&printer.text)
    }
}

/// A part of a program that an error is about.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'a> {
    /// A buffer.
    Buffer(BufferId),
    /// A step.
    Step(&'a Step),
    /// An instruction.
    Inst(&'a Inst),
    /// The program as a whole.
    Program,
}

/// The lines of a program around a part of it, the part itself marked.
pub(crate) fn excerpt(program: &Program, spot: Spot<'_>) -> String {
    const AROUND: usize = 3;
    let mut printer = Printer { spot: Some(spot), ..Printer::default() };
    // Writing to a string does not fail.
    let _ = printer.program(program);
    let numbered = printer.text.lines().enumerate();
    numbered
        .filter(|(number, _)| number.abs_diff(printer.marked) <= AROUND)
        .map(|(number, line)| {
            format!("\n  {} {line}", if number == printer.marked { '>' } else { '|' })
        })
        .collect()
}

/// Text so far, and the line of the part that is looked for.
#[derive(Default)]
struct Printer<'a> {
    text: String,
    indent: usize,
    line: usize,
    spot: Option<Spot<'a>>,
    marked: usize,
    outline: Option<&'a dyn Fn(&Kernel) -> String>,
}

/// Items with commas between them.
struct List<'a, T>(&'a [T]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| write!(f, "{}{item}", if i > 0 { ", " } else { "" }))
    }
}

impl Printer<'_> {
    fn line(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line += 1;
        writeln!(self.text, "{:1$}{text}", "", 2 * self.indent)
    }

    fn braced(
        &mut self,
        head: fmt::Arguments<'_>,
        inside: impl FnOnce(&mut Self) -> fmt::Result,
        tail: &str,
    ) -> fmt::Result {
        self.line(format_args!("{head} {{"))?;
        self.indent += 1;
        inside(self)?;
        self.indent -= 1;
        if tail.is_empty() { self.line(format_args!("}}")) } else { Ok(()) }
    }

    fn program(&mut self, program: &Program) -> fmt::Result {
        let outputs: Vec<String> = (program.outputs.iter().enumerate())
            .map(|(number, output)| match program.shares_input.get(number) {
                Some(Some(input)) => format!("{output} shares {input}"),
                _ => output.to_string(),
            })
            .collect();
        let (inputs, outputs) = (List(&program.inputs), List(&outputs));
        self.line(format_args!(
            "program ({inputs}) -> ({outputs}) arena {} counters {}",
            program.arena_bytes, program.n_index_vars
        ))?;
        for id in (0..program.buffers.len() as u32).map(BufferId) {
            self.buffer(program, id)?;
        }
        self.steps(&program.steps)
    }

    fn buffer(&mut self, program: &Program, id: BufferId) -> fmt::Result {
        if matches!(self.spot, Some(Spot::Buffer(spot)) if spot == id) {
            self.marked = self.line;
        }
        let buffer = &program[id];
        let place = match &buffer.place {
            Place::Input(number) => format!("input {number}"),
            Place::Output(number) => format!("output {number}"),
            Place::Arena(offset) => format!("arena {offset}"),
            Place::Unassigned => "unassigned".to_owned(),
            Place::Constant(literal) if self.outline.is_some() => {
                format!("constant {}", literal.ty())
            }
            Place::Constant(literal) => {
                let elements: Vec<_> = literal.iter().collect();
                format!("constant {} {{{}}}", literal.ty(), List(&elements))
            }
        };
        self.line(format_args!("{id}: {}[{}] = {place}", buffer.dtype, buffer.len))
    }

    fn steps(&mut self, steps: &[Step]) -> fmt::Result {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> fmt::Result {
        if matches!(self.spot, Some(Spot::Step(spot)) if std::ptr::eq(spot, step)) {
            self.marked = self.line;
        }
        match (step, self.outline) {
            (Step::Kernel(kernel), Some(outline)) => self.line(format_args!("{}", outline(kernel))),
            (step, _) => self.whole_step(step),
        }
    }

    fn whole_step(&mut self, step: &Step) -> fmt::Result {
        match step {
            Step::Kernel(kernel) => self.kernel(kernel),
            Step::Library(LibraryCall::MatMul(call)) => self.mat_mul(call),
            Step::Library(LibraryCall::Sort(call)) => self.sort(call),
            Step::Library(LibraryCall::TopK(call)) => self.top_k(call),
            Step::Library(LibraryCall::Host(call)) => self.host(call),
            Step::Copy { from, to } => self.line(format_args!("copy {from} -> {to}")),
            Step::Repeat { index, trips, carries, body } => {
                let head = format_args!("repeat {index} < {trips} ({})", List(carries));
                self.braced(head, |p| p.steps(body), "")
            }
            Step::While { carries, condition, predicate, body } => {
                let head = format_args!("while {predicate} ({})", List(carries));
                self.braced(head, |p| p.steps(condition), "do")?;
                self.braced(format_args!("}} do"), |p| p.steps(body), "")
            }
            Step::Switch { index, branches } => {
                let Some((last, others)) = branches.split_last() else {
                    return self.line(format_args!("switch {index}"));
                };
                let mut head = format!("switch {index}");
                for branch in others {
                    self.braced(format_args!("{head}"), |p| p.steps(branch), "or")?;
                    head = "} or".to_owned();
                }
                self.braced(format_args!("{head}"), |p| p.steps(last), "")
            }
        }
    }

    fn mat_mul(&mut self, call: &MatMul) -> fmt::Result {
        let MatMul { batch, m, n, k, lhs, rhs, out } = call;
        self.line(format_args!("mat_mul {batch} {m} {n} {k} ({lhs}, {rhs}) -> {out}"))
    }

    fn sort(&mut self, call: &Sort) -> fmt::Result {
        let Sort { outer, len, inner, n_keys, inputs, outputs } = call;
        let (inputs, outputs) = (List(inputs), List(outputs));
        self.line(format_args!(
            "sort {outer} {len} {inner} keys {n_keys} ({inputs}) -> ({outputs})"
        ))
    }

    fn top_k(&mut self, call: &TopK) -> fmt::Result {
        let TopK { outer, len, inner, k, ranking, input, values, positions } = call;
        self.line(format_args!(
            "top_k {outer} {len} {inner} {k} {ranking} {input} -> ({values}, {positions})"
        ))
    }

    /// Printed for people only: a routine has no text that could be read back.
    fn host(&mut self, call: &HostCall) -> fmt::Result {
        let (name, params) = (call.routine.name(), call.routine.params());
        let (inputs, outputs) = (List(&call.inputs), List(&call.outputs));
        self.line(format_args!("host {name:?} {params:?} ({inputs}) -> ({outputs})"))
    }

    fn kernel(&mut self, kernel: &Kernel) -> fmt::Result {
        let Kernel { name, domain, lanes, grain, .. } = kernel;
        let lanes = match lanes {
            Lanes::Domain => "domain",
            Lanes::Inner => "inner",
            Lanes::Scalar => "scalar",
        };
        let head = format_args!("kernel {name:?} [{}] lanes {lanes} grain {grain}", List(domain));
        self.braced(
            head,
            |p| {
                p.undefined(kernel)?;
                p.block(kernel, &kernel.body)
            },
            "",
        )
    }

    /// Values that passes have left without a definition still have a type.
    fn undefined(&mut self, kernel: &Kernel) -> fmt::Result {
        let mut undefined = vec![true; kernel.values.len()];
        kernel.visit(&mut |inst| {
            for value in inst.defined() {
                if let Some(undefined) = undefined.get_mut(value.0 as usize) {
                    *undefined = false;
                }
            }
        });
        for (value, _) in undefined.iter().enumerate().filter(|(_, undefined)| **undefined) {
            self.line(format_args!("%{value}: {} = undefined", kernel.values[value]))?;
        }
        Ok(())
    }

    fn block(&mut self, kernel: &Kernel, block: &Block) -> fmt::Result {
        block.insts.iter().try_for_each(|inst| self.inst(kernel, inst))?;
        match block.yields.is_empty() {
            true => Ok(()),
            false => self.line(format_args!("yield {}", List(&block.yields))),
        }
    }

    fn inst(&mut self, kernel: &Kernel, inst: &Inst) -> fmt::Result {
        if matches!(self.spot, Some(Spot::Inst(spot)) if std::ptr::eq(spot, inst)) {
            self.marked = self.line;
        }
        let typed = |out: &ValueId| Typed(kernel, *out);
        match inst {
            Inst::Const { out, value } => self.line(format_args!("{} = const {value}", typed(out))),
            Inst::Point { out, axis } => self.line(format_args!("{} = point {axis}", typed(out))),
            Inst::Index { out, var } => self.line(format_args!("{} = index {var}", typed(out))),
            Inst::Op { out, op, args } => {
                self.line(format_args!("{} = {} {}", typed(out), op.name(), List(args)))
            }
            Inst::Load { out, buffer, position, mask } => self.line(format_args!(
                "{} = load {buffer}[{position}]{}",
                typed(out),
                condition(*mask)
            )),
            Inst::Store { buffer, position, value, mask } => {
                self.line(format_args!("store {buffer}[{position}] = {value}{}", condition(*mask)))
            }
            Inst::Loop(l) => self.counted(kernel, l),
            Inst::While(w) => self.while_loop(kernel, w),
        }
    }

    fn counted(&mut self, kernel: &Kernel, l: &Loop) -> fmt::Result {
        let kind = match &l.kind {
            LoopKind::Sequential => "sequential".to_owned(),
            LoopKind::Map => "map".to_owned(),
            LoopKind::Reduce(ops) => {
                let ops: Vec<_> = ops.iter().map(|op| op.op().name()).collect();
                format!("reduce {}", ops.join(" "))
            }
        };
        let carried = carried(kernel, &l.carried);
        let head = format_args!("{kind} {} < {} ({carried})", l.index, l.trips);
        self.braced(head, |p| p.block(kernel, &l.body), "")
    }

    fn while_loop(&mut self, kernel: &Kernel, w: &WhileLoop) -> fmt::Result {
        let carried = carried(kernel, &w.carried);
        self.braced(format_args!("while ({carried})"), |p| p.block(kernel, &w.condition), "do")?;
        self.braced(format_args!("}} do"), |p| p.block(kernel, &w.body), "")
    }
}

/// A value with its type, where it is defined.
struct Typed<'a>(&'a Kernel, ValueId);

impl Display for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.values.get(self.1.0 as usize) {
            Some(dtype) => write!(f, "{}: {dtype}", self.1),
            None => write!(f, "{}: ?", self.1),
        }
    }
}

fn condition(mask: Option<ValueId>) -> String {
    mask.map(|mask| format!(" if {mask}")).unwrap_or_default()
}

fn carried(kernel: &Kernel, carried: &[Carried]) -> String {
    let items: Vec<String> = carried
        .iter()
        .map(|c| format!("{} = {} -> {}", Typed(kernel, c.param), c.init, c.result))
        .collect();
    items.join(", ")
}

impl Display for Carry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <-> {}", self.current, self.next)
    }
}

/// `b0 @ 4 + 12 i0 [6, 3, 1]`: offset, step of a loop counter, strides of batch, row and column.
impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.buffer, self.offset)?;
        if let Some((var, step)) = self.step {
            write!(f, " + {step} {var}")?;
        }
        write!(f, " [{}, {}, {}]", self.batch_stride, self.row_stride, self.col_stride)
    }
}
