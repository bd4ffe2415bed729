//! Checks that a program makes of its own values.

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, SmallVec, Type, bail};
use jaxrs_kernel::ReduceOp;

use crate::format::Format;
use crate::lower::{Lowering, Steps};
use crate::prims::{ArgReduce, DynamicSlice, Primitive};
use crate::rules::program;
use crate::{Batched, Cx, Effect, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `check(predicate, values…)`: that the predicate holds; if it does not, the format and the values say what
/// is wrong. Run on its own it fails at once; in a program that is compiled, `checkify` makes data of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// What is said where it fails.
    pub format: Format,
    /// Whether it counts only where `checkify` asks for it, and does nothing elsewhere.
    pub debug: bool,
}

impl Check {
    /// The text of a failure.
    pub fn message(&self, values: &[Literal]) -> Result<String> {
        Ok(format!("{} (`check` failed)", self.format.text(values)?))
    }

    /// The refusal of a check that nobody functionalized.
    #[cold]
    pub fn not_functionalized(&self) -> Error {
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!(
                "check({:?}) is part of a program that is compiled, where it can only give its error as \
                 data: apply checkify to the function before jit",
                self.format.source()
            ),
        )
    }
}

impl Primitive for Check {
    fn name(&self) -> &'static str {
        "check"
    }

    fn params(&self) -> Params {
        vec![
            ("debug", Param::Bool(self.debug)),
            ("fmt", Param::Name(self.format.source().to_owned())),
            ("names", Param::Name(self.format.names().join(" "))),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "check")
            .then(|| Ok(Check { format: Format::read(&read)?, debug: read.bool("debug")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let Some((predicate, values)) = inputs.split_first() else {
            bail!(InvalidArgument, "check takes a predicate and values, got nothing");
        };
        if !predicate.same_ignoring_weak(&Type::scalar(DType::Bool)) {
            bail!(Dtype, "check needs a predicate bool[], got {predicate}");
        }
        self.format.check(values)?;
        Ok(SmallVec::new())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        if !self.debug && !inputs[0].get(0).is_nonzero() {
            bail!(Check, "{}", self.message(&inputs[1..])?);
        }
        Ok(SmallVec::new())
    }

    fn effect(&self) -> Effect {
        Effect::Unordered
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        cx.bind(&self.clone().into(), primals)?;
        Ok(Jvp { primals: SmallVec::new(), tangents: SmallVec::new() })
    }

    /// That it holds for all examples, told by the first for which it does not.
    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
        let done = Batched { outputs: SmallVec::new(), axes: SmallVec::new() };
        if size == 0 {
            return Ok(done);
        }
        let (mut holds, mut first) = (inputs[0].clone(), ops::scalar(DType::I32, 0.0));
        if flags[0] {
            let order = ops::convert(cx, &holds, DType::I32)?;
            let smallest = ArgReduce { is_max: false, axis: 0, index_dtype: DType::I32 };
            first = ops::bind1(cx, smallest, &[order])?;
            holds = ops::reduce(cx, ReduceOp::And, &holds, jaxrs_data::Axes::all(1))?;
        }
        let mut operands = vec![holds];
        for (value, &batched) in inputs.iter().zip(&flags).skip(1) {
            operands.push(if batched { example(cx, value, &first)? } else { value.clone() });
        }
        cx.bind(&self.clone().into(), &operands)?;
        Ok(done)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        if self.debug { Ok(()) } else { Err(self.not_functionalized()) }
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        Vec::new()
    }
}

/// The example of this number.
fn example(cx: Cx<'_>, value: &Value, number: &Value) -> Result<Value> {
    let zero = Value::literal(Literal::scalar(DType::I32, Scalar::Int(0)));
    let slice_sizes = value.shape().without(0).with(0, 1);
    let mut operands = vec![value.clone(), number.clone()];
    operands.extend((1..value.ty().rank()).map(|_| zero.clone()));
    let slice = ops::bind1(cx, DynamicSlice { slice_sizes }, &operands)?;
    ops::squeeze(cx, &slice, [0])
}
