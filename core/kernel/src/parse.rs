//! Reads the text form of programs that [`print`](crate::print) writes. `;` starts a comment.

mod kernel;
mod tokens;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, complex_parts};

use crate::program::{
    Buffer, BufferId, Carry, IndexVar, LibraryCall, MatMul, Operand, Place, Program, Sort, Step,
};
use crate::select::{Ranking, TopK};
use tokens::Tokens;

/// Reads a program. It need not be well formed beyond its grammar: [`check`](crate::check::check) says
/// whether it is.
pub fn parse(text: &str) -> Result<Program> {
    let mut tokens = Tokens::of(text);
    let program = tokens.program()?;
    tokens.end()?;
    Ok(program)
}

/// Reads an array as programs print constants: `f32[2,2] {1.0, 2.0, 3.0, 4.0}`.
pub fn parse_literal(text: &str) -> Result<Literal> {
    let mut tokens = Tokens::of(text);
    let literal = tokens.literal()?;
    tokens.end()?;
    Ok(literal)
}

impl Tokens<'_> {
    fn program(&mut self) -> Result<Program> {
        self.expect("program")?;
        let inputs = self.list("(", ")", Tokens::buffer_id)?;
        self.expect("->")?;
        let outputs = self.list("(", ")", |t| {
            let id = t.buffer_id()?;
            Ok((id, if t.accept("shares") { Some(t.number()?) } else { None }))
        })?;
        self.expect("arena")?;
        let arena_bytes = self.number()?;
        self.expect("counters")?;
        let n_index_vars = self.number()?;
        let (outputs, shares_input) = outputs.into_iter().unzip();
        let mut program = Program {
            inputs,
            outputs,
            shares_input,
            arena_bytes,
            n_index_vars,
            ..Program::default()
        };
        while self.peek_is_buffer(program.buffers.len()) {
            program.buffers.push(self.buffer()?);
        }
        while !self.is_at_end() {
            program.steps.push(self.step()?);
        }
        Ok(program)
    }

    fn buffer_id(&mut self) -> Result<BufferId> {
        self.numbered("b", "a buffer").map(BufferId)
    }

    fn index_var(&mut self) -> Result<IndexVar> {
        self.numbered("i", "a counter").map(IndexVar)
    }

    fn dtype(&mut self) -> Result<DType> {
        let word = self.word()?;
        DType::from_name(word).ok_or_else(|| self.error("an element type", word))
    }

    fn peek_is_buffer(&self, number: usize) -> bool {
        self.peek().strip_prefix('b').is_some_and(|rest| rest.parse() == Ok(number))
    }

    fn buffer(&mut self) -> Result<Buffer> {
        self.buffer_id()?;
        self.expect(":")?;
        let dtype = self.dtype()?;
        self.expect("[")?;
        let len = self.number()?;
        self.expect("]")?;
        self.expect("=")?;
        let place = match self.word()? {
            "input" => Place::Input(self.number()?),
            "output" => Place::Output(self.number()?),
            "arena" => Place::Arena(self.number()?),
            "unassigned" => Place::Unassigned,
            "constant" => Place::Constant(self.literal()?),
            word => return Err(self.error("a place", word)),
        };
        Ok(Buffer { dtype, len, place })
    }

    fn literal(&mut self) -> Result<Literal> {
        let name = self.word()?;
        let strong = name.trim_start_matches('~');
        let dtype = DType::from_name(strong).ok_or_else(|| self.error("a type", name))?;
        let dims: Vec<usize> = self.list("[", "]", Tokens::number)?;
        let ty = Type::new(dtype, Shape::new(&dims)).with_weak(name.len() > strong.len());
        let elements = self.list("{", "}", |t| t.scalar(dtype))?;
        let needed = dims.iter().try_fold(1usize, |total, &dim| total.checked_mul(dim));
        if needed != Some(elements.len()) {
            return Err(self.error(&format!("the elements of {ty}"), &elements.len().to_string()));
        }
        Ok(Literal::from_scalars(ty, &elements))
    }

    fn scalar(&mut self, dtype: DType) -> Result<Scalar> {
        if dtype.is_complex() {
            self.expect("(")?;
            let word = self.word()?;
            self.expect(")")?;
            let text = format!("({word})");
            let parts = complex_parts(&text);
            let parsed = parts.and_then(|(re, im)| Some((re.parse().ok()?, im.parse().ok()?)));
            return parsed
                .map(|(re, im)| Scalar::Complex(re, im))
                .ok_or_else(|| self.error(&format!("a {dtype}"), word));
        }
        let word = self.word()?;
        let value = match dtype {
            DType::Bool => word.parse().ok().map(Scalar::Bool),
            _ if dtype.is_signed() => word.parse().ok().map(Scalar::Int),
            _ if dtype.is_unsigned() => word.parse().ok().map(Scalar::Uint),
            _ => word.parse().ok().map(Scalar::Float),
        };
        value.ok_or_else(|| self.error(&format!("a {dtype}"), word))
    }

    fn steps(&mut self) -> Result<Vec<Step>> {
        self.expect("{")?;
        let mut steps = Vec::new();
        while !self.accept("}") {
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Step> {
        Ok(match self.word()? {
            "kernel" => Step::Kernel(self.kernel()?),
            "mat_mul" => Step::Library(LibraryCall::MatMul(self.mat_mul()?)),
            "sort" => Step::Library(LibraryCall::Sort(self.sort()?)),
            "top_k" => Step::Library(LibraryCall::TopK(self.top_k()?)),
            "copy" => {
                let from = self.buffer_id()?;
                self.expect("->")?;
                Step::Copy { from, to: self.buffer_id()? }
            }
            "repeat" => {
                let index = self.index_var()?;
                self.expect("<")?;
                let (trips, carries) = (self.number()?, self.carries()?);
                Step::Repeat { index, trips, carries, body: self.steps()? }
            }
            "while" => {
                let (predicate, carries) = (self.buffer_id()?, self.carries()?);
                let condition = self.steps()?;
                self.expect("do")?;
                Step::While { carries, condition, predicate, body: self.steps()? }
            }
            "switch" => {
                let (index, mut branches) = (self.buffer_id()?, Vec::new());
                if self.peek() == "{" {
                    branches.push(self.steps()?);
                    while self.accept("or") {
                        branches.push(self.steps()?);
                    }
                }
                Step::Switch { index, branches }
            }
            word => return Err(self.error("a step", word)),
        })
    }

    fn carries(&mut self) -> Result<Vec<Carry>> {
        self.list("(", ")", |t| {
            let current = t.buffer_id()?;
            t.expect("<->")?;
            Ok(Carry { current, next: t.buffer_id()? })
        })
    }

    fn mat_mul(&mut self) -> Result<MatMul> {
        let [batch, m, n, k] = [self.number()?, self.number()?, self.number()?, self.number()?];
        self.expect("(")?;
        let lhs = self.operand()?;
        self.expect(",")?;
        let rhs = self.operand()?;
        self.expect(")")?;
        self.expect("->")?;
        Ok(MatMul { batch, m, n, k, lhs, rhs, out: self.operand()? })
    }

    fn operand(&mut self) -> Result<Operand> {
        let buffer = self.buffer_id()?;
        self.expect("@")?;
        let offset = self.number()?;
        let step = match self.accept("+") {
            true => {
                let step = self.number()?;
                Some((self.index_var()?, step))
            }
            false => None,
        };
        self.expect("[")?;
        let batch_stride = self.number()?;
        self.expect(",")?;
        let row_stride = self.number()?;
        self.expect(",")?;
        let col_stride = self.number()?;
        self.expect("]")?;
        Ok(Operand { buffer, offset, step, batch_stride, row_stride, col_stride })
    }

    fn sort(&mut self) -> Result<Sort> {
        let [outer, len, inner] = [self.number()?, self.number()?, self.number()?];
        self.expect("keys")?;
        let n_keys = self.number()?;
        let inputs = self.list("(", ")", Tokens::buffer_id)?;
        self.expect("->")?;
        let outputs = self.list("(", ")", Tokens::buffer_id)?;
        Ok(Sort { outer, len, inner, n_keys, inputs, outputs })
    }

    fn top_k(&mut self) -> Result<TopK> {
        let [outer, len, inner, k] =
            [self.number()?, self.number()?, self.number()?, self.number()?];
        let word = self.word()?;
        let ranking: Ranking = word.parse().map_err(|()| self.error("a ranking", word))?;
        let input = self.buffer_id()?;
        self.expect("->")?;
        self.expect("(")?;
        let values = self.buffer_id()?;
        self.expect(",")?;
        let positions = self.buffer_id()?;
        self.expect(")")?;
        Ok(TopK { outer, len, inner, k, ranking, input, values, positions })
    }
}
