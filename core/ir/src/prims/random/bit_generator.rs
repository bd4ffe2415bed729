//! The random bits of XLA: what its `RngBitGenerator` gives on a CPU.

use std::fmt;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use super::CIPHER_COST;
use super::bits::join_values;
use super::generator::{philox_bits, threefry_bits};
use super::words::{Emitted, Plain, Words, join, split};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// The algorithms by their names in JAX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RandomAlgorithm {
    /// The machine's own; on a CPU this is Philox.
    Default,
    /// Threefry-2x32.
    ThreeFry,
    /// Philox-4x32.
    Philox,
}

impl RandomAlgorithm {
    /// All of them.
    pub const ALL: [RandomAlgorithm; 3] =
        [RandomAlgorithm::Default, RandomAlgorithm::ThreeFry, RandomAlgorithm::Philox];

    /// The name, as programs print it.
    pub fn name(self) -> &'static str {
        match self {
            RandomAlgorithm::Default => "RNG_DEFAULT",
            RandomAlgorithm::ThreeFry => "RNG_THREE_FRY",
            RandomAlgorithm::Philox => "RNG_PHILOX",
        }
    }
}

impl fmt::Display for RandomAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `rng_bit_generator(state)`: the state after drawing, and an array of random unsigned integers. A state is
/// a `u32[4]` or a `u64[2]`. Integers of up to 32 bits are the low ones of 32.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RngBitGenerator {
    /// How bits are made.
    pub algorithm: RandomAlgorithm,
    /// `u8`, `u16`, `u32` or `u64`.
    pub dtype: DType,
    /// The shape of the integers.
    pub shape: Shape,
}

impl RngBitGenerator {
    fn is_wide(&self) -> bool {
        self.dtype == DType::U64
    }

    /// By how much the state's counter goes on: rows of four words, or of two.
    fn n_rows(&self) -> u64 {
        let n_words = self.shape.numel() as u64 * if self.is_wide() { 2 } else { 1 };
        match self.algorithm {
            RandomAlgorithm::ThreeFry if self.is_wide() => n_words / 2,
            RandomAlgorithm::ThreeFry if self.shape.rank() == 0 => 1,
            RandomAlgorithm::ThreeFry => halved(&self.shape).1.numel() as u64,
            _ => n_words.div_ceil(4),
        }
    }

    fn bits<W: Words>(&self, w: &mut W, state: &[W::Word], at: Place<W::Word>) -> [W::Word; 2] {
        match (at, self.algorithm) {
            (Place { row, word: Some(word) }, _) => {
                let [first, second] = threefry_bits(w, state, row);
                let chosen = w.choose(word, &[first, second]);
                [chosen, chosen]
            }
            (Place { row, word: None }, RandomAlgorithm::ThreeFry) => {
                let [first, second] = threefry_bits(w, state, row);
                [second, first]
            }
            (Place { row, word: None }, _) => philox_bits(w, state, row, self.is_wide()),
        }
    }

    /// Whether the two words of a row go to two elements, neighbours along an axis.
    fn is_interleaved(&self) -> bool {
        self.algorithm == RandomAlgorithm::ThreeFry && !self.is_wide()
    }

    /// Where the bits of the element at an index come from.
    fn place(&self, index: &[usize]) -> Place<u32> {
        if !self.is_interleaved() {
            return Place { row: split(self.shape.ravel(index) as u64), word: None };
        }
        let (axis, half) = halved(&self.shape);
        let Some(axis) = axis else { return Place { row: [0, 0], word: Some(0) } };
        let mut at: SmallVec<[usize; 4]> = index.into();
        at[axis] /= 2;
        Place { row: split(half.ravel(&at) as u64), word: Some(index[axis] as u32 % 2) }
    }

    /// The same in a kernel.
    fn emit_place(&self, b: &mut BodyBuilder, at: &[ValueId]) -> Place<ValueId> {
        if !self.is_interleaved() {
            let position = index::ravel(b, at, &self.shape);
            let row = Emitted(b).position(position, self.shape.numel());
            return Place { row, word: None };
        }
        let (axis, half) = halved(&self.shape);
        let mut at = Index::from_slice(at);
        let mut word = b.index(0);
        if let Some(axis) = axis {
            let two = b.index(2);
            word = b.op(ScalarOp::Rem, &[at[axis], two]);
            at[axis] = b.op(ScalarOp::Div, &[at[axis], two]);
        }
        let position = index::ravel(b, &at, &half);
        let row = Emitted(b).position(position, half.numel());
        Place { row, word: Some(b.cast(word, DType::U32)) }
    }
}

/// The row of a stream that bits come from, and the word in it, where each row has two elements.
struct Place<T> {
    row: [T; 2],
    word: Option<T>,
}

/// The axis along which XLA's Threefry puts the two words of a row, and the shape that the rows have: the
/// first even axis, else the longest.
fn halved(shape: &Shape) -> (Option<usize>, Shape) {
    let even = shape.iter().position(|size| size % 2 == 0);
    let longest = || (0..shape.rank()).rev().max_by_key(|&axis| shape[axis]);
    let Some(axis) = even.or_else(longest) else { return (None, Shape::scalar()) };
    let halve = |(i, &size): (usize, &usize)| if i == axis { size.div_ceil(2) } else { size };
    (Some(axis), shape.iter().enumerate().map(halve).collect())
}

/// The words of a state.
fn words_of(state: &Literal) -> SmallVec<[u32; 4]> {
    let bits = |x: Scalar| match x {
        Scalar::Uint(value) => value,
        other => other.as_i64() as u64,
    };
    match state.ty().dtype {
        DType::U64 => state.iter().flat_map(|x| [bits(x) as u32, (bits(x) >> 32) as u32]).collect(),
        _ => state.iter().map(|x| bits(x) as u32).collect(),
    }
}

/// The same in a kernel.
fn load_state(cx: &mut dyn Elements) -> Result<SmallVec<[ValueId; 4]>> {
    let ty = cx.input_type(0).clone();
    let mut words = SmallVec::new();
    for k in 0..ty.numel() {
        let at = cx.builder().index(k as i64);
        let value = cx.operand(0, &[at])?;
        let b = cx.builder();
        words.push(b.cast(value, DType::U32));
        if ty.dtype == DType::U64 {
            let places = b.constant(DType::U64, Scalar::Uint(32));
            let high = b.op(ScalarOp::ShiftRightLogical, &[value, places]);
            words.push(b.cast(high, DType::U32));
        }
    }
    Ok(words)
}

/// The state with its counter, the last two words, so much further.
fn advanced<W: Words>(w: &mut W, state: &[W::Word], by: u64) -> [W::Word; 4] {
    let by = split(by).map(|word| w.word(word));
    let (_, [high, low]) = w.add_long([state[3], state[2]], by);
    [state[0], state[1], low, high]
}

impl Primitive for RngBitGenerator {
    fn name(&self) -> &'static str {
        "rng_bit_generator"
    }

    fn params(&self) -> Params {
        vec![
            ("algorithm", Param::Name(self.algorithm.name().to_owned())),
            ("dtype", Param::DType(self.dtype)),
            ("shape", Param::sizes(&self.shape)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "rng_bit_generator").then(|| {
            let name = read.name("algorithm")?;
            let known = RandomAlgorithm::ALL.into_iter().find(|known| known.name() == name);
            let unknown = || read.error(format_args!("knows no algorithm {name}"));
            let algorithm = known.ok_or_else(unknown)?;
            let (dtype, shape) = (read.dtype("dtype")?, read.sizes("shape")?);
            Ok(RngBitGenerator { algorithm, dtype, shape })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let state = (inputs[0].dtype, &*inputs[0].shape);
        if state != (DType::U32, &[4][..]) && state != (DType::U64, &[2][..]) {
            bail!(Dtype, "rng_bit_generator needs u32[4] or u64[2] as state, got {}", inputs[0]);
        }
        if !self.dtype.is_unsigned() || self.dtype.is_narrow() {
            bail!(Dtype, "rng_bit_generator: unsupported dtype {}", self.dtype);
        }
        axes::check_addressable(self.name(), &self.shape, self.dtype)?;
        let bits = Type::new(self.dtype, self.shape.clone());
        Ok(smallvec![inputs[0].with_weak(false), bits])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let state = words_of(&inputs[0]);
        let next = advanced(&mut Plain, &state, self.n_rows());
        let out = inputs[0].ty().with_weak(false);
        let next = Literal::from_fn(out.clone(), |k| match out.dtype {
            DType::U64 => Scalar::Uint(join([next[2 * k + 1], next[2 * k]])),
            _ => Scalar::Uint(next[k].into()),
        });
        let bits = Literal::from_fn(Type::new(self.dtype, self.shape.clone()), |position| {
            let place = self.place(&self.shape.unravel(position));
            let [high, low] = self.bits(&mut Plain, &state, place);
            let value = if self.is_wide() { join([high, low]) } else { low.into() };
            Scalar::Uint(value).rounded(self.dtype)
        });
        Ok(smallvec![next, bits])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    /// As in JAX, the first state draws for all examples, and is the only one that goes on.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let states = axes::to_front(cx, size, &inputs[0], axes[0])?;
        if size == 0 {
            let none = Literal::full(Type::new(self.dtype, self.shape.with(0, 0)), Scalar::Uint(0));
            let outputs = smallvec![states, Value::literal(none)];
            return Ok(Batched { outputs, axes: smallvec![Some(0), Some(0)] });
        }
        let first = ops::slice_in_dim(cx, &states, 0, 0, 1)?;
        let all = RngBitGenerator { shape: self.shape.with(0, size), ..self.clone() };
        let mut drawn = cx.bind(&all.into(), &[ops::squeeze(cx, &first, [0])?])?;
        let next = ops::expand_dim(cx, &drawn[0], 0)?;
        let rest = ops::slice_in_dim(cx, &states, 0, 1, size)?;
        drawn[0] = ops::concatenate(cx, &[next, rest], 0)?;
        Ok(Batched { outputs: drawn, axes: smallvec![Some(0), Some(0)] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, at: &[ValueId]) -> Result<ValueId> {
        let state = load_state(cx)?;
        let is_long = cx.input_type(0).dtype == DType::U64;
        let b = cx.builder();
        if output == 1 {
            let place = self.emit_place(b, at);
            let bits = self.bits(&mut Emitted(b), &state, place);
            return Ok(join_values(b, bits, self.dtype));
        }
        let next = advanced(&mut Emitted(b), &state, self.n_rows());
        let which = b.cast(at[0], DType::U32);
        if !is_long {
            return Ok(Emitted(b).choose(which, &next));
        }
        let halves = [[next[1], next[0]], [next[3], next[2]]];
        let [first, second] = halves.map(|words| join_values(b, words, DType::U64));
        Ok(Emitted(b).choose(which, &[first, second]))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    fn mixes_examples(&self, _inputs: &[Type]) -> bool {
        true
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, integers};
        let state = || integers(DType::U32, [4], &[11, 22, 33, 44]);
        // The counter is about to overflow.
        let full = || integers(DType::U64, [2], &[-1, -2]);
        let draw = |algorithm, dtype, shape: &[usize], state| {
            exact(RngBitGenerator { algorithm, dtype, shape: shape.into() }, vec![state])
        };
        let of = |algorithm| {
            let mut samples: Vec<_> = [DType::U8, DType::U16, DType::U32, DType::U64]
                .into_iter()
                .flat_map(|dtype| {
                    [draw(algorithm, dtype, &[3, 5], state()), draw(algorithm, dtype, &[7], full())]
                })
                .collect();
            let shapes = [&[][..], &[0], &[2, 3], &[3, 3, 3], &[5, 1, 3]];
            samples.extend(shapes.map(|shape| draw(algorithm, DType::U32, shape, state())));
            samples
        };
        RandomAlgorithm::ALL.into_iter().flat_map(of).collect()
    }
}
