//! Data mixed into keys.

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use super::seed::{check_integers, emit_long, long};
use super::words::{Emitted, Plain, key_of, key_words, split};
use super::{CIPHER_COST, check_keys, generator};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, Tangent, Value, ops};

/// `random_fold_in(keys, data)`: a new key from each key and integer. An operand may be a scalar, or have
/// axes of size 1 where the other has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomFoldIn;

fn shape_of(keys: &Type, data: &Type) -> Result<Shape> {
    let (x, y) = (&keys.shape, &data.shape);
    match (x.rank(), y.rank()) {
        (0, _) => return Ok(y.clone()),
        (_, 0) => return Ok(x.clone()),
        (a, b) if a == b => {}
        _ => bail!(Shape, "random_fold_in needs operands of one rank, got {keys} and {data}"),
    }
    let fits = |(&a, &b): (&usize, &usize)| a == b || a == 1 || b == 1;
    if !x.iter().zip(y.iter()).all(fits) {
        bail!(Shape, "random_fold_in needs operands of one shape, got {keys} and {data}");
    }
    Ok(x.iter().zip(y.iter()).map(|(&a, &b)| if a == 1 { b } else { a }).collect())
}

/// The position in an operand of what counts at an index of the result.
fn position(index: &[usize], shape: &Shape) -> usize {
    if shape.rank() == 0 {
        return 0;
    }
    let clipped: SmallVec<[usize; 4]> =
        index.iter().zip(shape.iter()).map(|(&i, &size)| if size == 1 { 0 } else { i }).collect();
    shape.ravel(&clipped)
}

/// The same in a kernel, as an index.
fn index_in(cx: &mut dyn Elements, k: usize, index: &[ValueId]) -> Index {
    let shape = cx.input_type(k).shape.clone();
    let zero = cx.builder().index(0);
    shape.iter().zip(index).map(|(&size, &i)| if size == 1 { zero } else { i }).collect()
}

fn mixes(keys: DType) -> bool {
    keys == DType::KeyUrbg
}

impl Primitive for RandomFoldIn {
    fn name(&self) -> &'static str {
        "random_fold_in"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        (name == "random_fold_in").then_some(Ok(RandomFoldIn))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let dtype = check_keys(self.name(), &inputs[0])?;
        check_integers(self.name(), "data", &inputs[1])?;
        let shape = shape_of(&inputs[0], &inputs[1])?;
        axes::check_addressable(self.name(), &shape, dtype)?;
        Ok(smallvec![Type::new(dtype, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (keys, data) = (&inputs[0], &inputs[1]);
        let (dtype, integers) = (keys.ty().dtype, data.ty());
        let shape = shape_of(keys.ty(), integers)?;
        Ok(smallvec![Literal::from_fn(Type::new(dtype, shape.clone()), |at| {
            let index = shape.unravel(at);
            let key = key_words(keys.get(position(&index, &keys.ty().shape)), dtype);
            let at = position(&index, &integers.shape);
            let value = data.get(if mixes(dtype) { 0 } else { at });
            let (value, at) = (long(value, integers.dtype), split(at as u64));
            key_of(&generator::fold_in(&mut Plain, dtype, &key, value, at))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let rank = inputs.iter().map(|x| x.ty().rank()).max().unwrap_or(0);
        let agrees = |(x, axis): (&Value, &Option<usize>)| match axis {
            None => x.ty().rank() == 0,
            Some(axis) => x.ty().rank() == rank && axes.iter().flatten().all(|other| other == axis),
        };
        if let (true, Some(&axis)) =
            (inputs.iter().zip(axes).all(agrees), axes.iter().flatten().next())
        {
            return Ok(linear::batched(ops::bind1(cx, *self, inputs)?, axis));
        }
        let mut aligned: SmallVec<[Value; 2]> = smallvec![];
        for (x, &axis) in inputs.iter().zip(axes) {
            aligned.push(aligned_to(cx, x, axis, inputs, axes)?);
        }
        Ok(linear::batched(ops::bind1(cx, *self, &aligned)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (dtype, integers) = (cx.input_type(0).dtype, cx.input_type(1).shape.clone());
        let (of_key, mut of_data) = (index_in(cx, 0, index), index_in(cx, 1, index));
        let key = cx.operand(0, &of_key)?;
        let at = index::ravel(cx.builder(), &of_data, &integers);
        if mixes(dtype) {
            let zero = cx.builder().index(0);
            of_data.iter_mut().for_each(|i| *i = zero);
        }
        let data = cx.operand(1, &of_data)?;
        let b = cx.builder();
        let (key, data) = (b.words_of_key(key), emit_long(b, data));
        let mut words = Emitted(b);
        let at = words.position(at, integers.numel());
        let child = generator::fold_in(&mut words, dtype, &key, data, at);
        Ok(b.key_of_words(dtype, &child))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    fn mixes_examples(&self, inputs: &[Type]) -> bool {
        mixes(inputs[0].dtype)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample_keys;
        use crate::prims::sample::{exact, hard, integers};
        let of = |dtype| {
            let fold =
                |keys: &[usize], data| exact(RandomFoldIn, vec![sample_keys(dtype, keys), data]);
            [
                fold(&[], integers(DType::U32, [], &[7])),
                fold(&[], hard(DType::I32, &[3])),
                fold(&[2, 3], hard(DType::U32, &[2, 3])),
                fold(&[2], integers(DType::I64, [], &[(5 << 32) + 1])),
                fold(&[1, 3], hard(DType::U32, &[2, 1])),
                fold(&[0], integers(DType::U8, [0], &[])),
            ]
        };
        super::key_types().flat_map(of).collect()
    }
}

/// An operand with its examples along axis 0, an axis of size 1 if it is the same for all, and as many axes
/// of size 1 behind as the examples of the other have more; a scalar that is the same for all stays one.
fn aligned_to(
    cx: Cx<'_>,
    x: &Value,
    axis: Option<usize>,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<Value> {
    let of_example =
        |(x, axis): (&Value, &Option<usize>)| x.ty().rank() - usize::from(axis.is_some());
    let rank = inputs.iter().zip(axes).map(of_example).max().unwrap_or(0);
    let front = match axis {
        None if x.ty().rank() == 0 => return Ok(x.clone()),
        None => ops::expand_dim(cx, x, 0)?,
        Some(axis) => ops::move_axis(cx, x, axis, 0)?,
    };
    let missing = rank + 1 - front.ty().rank();
    let shape: Shape =
        front.shape().iter().copied().chain(std::iter::repeat_n(1, missing)).collect();
    ops::reshape(cx, &front, &shape)
}
