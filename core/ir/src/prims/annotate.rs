//! Remarks for compilers and devices: identities that one CPU in one process has nothing to do for.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, bail};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Effect, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// What is remarked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remark {
    /// `tie`: the second operand, once the first is there.
    Tie,
    /// `dce_sink`: the operand is to be computed though nobody needs it.
    DceSink,
    /// `shard_alike`: both operands are laid out alike over devices.
    ShardAlike,
    /// `device_put`: operands on a device.
    DevicePut,
    /// `sharding_constraint`: how the operand is laid out over devices.
    ShardingConstraint,
    /// `layout_constraint`: how the operand is laid out in memory.
    LayoutConstraint,
    /// `reshard`: how the operand is laid out over devices from here on.
    Reshard,
    /// `xla_metadata_value`: text for a compiler.
    XlaMetadataValue,
    /// `name`: what policies of `checkpoint` call the operand.
    Name,
    /// `optimization_barrier`: operands that are computed before anything that takes a result.
    OptimizationBarrier,
}

impl Remark {
    const ALL: [Remark; 10] = [
        Remark::Tie,
        Remark::DceSink,
        Remark::ShardAlike,
        Remark::DevicePut,
        Remark::ShardingConstraint,
        Remark::LayoutConstraint,
        Remark::Reshard,
        Remark::XlaMetadataValue,
        Remark::Name,
        Remark::OptimizationBarrier,
    ];

    fn name(self) -> &'static str {
        match self {
            Remark::Tie => "tie",
            Remark::DceSink => "dce_sink",
            Remark::ShardAlike => "shard_alike",
            Remark::DevicePut => "device_put",
            Remark::ShardingConstraint => "sharding_constraint",
            Remark::LayoutConstraint => "layout_constraint",
            Remark::Reshard => "reshard",
            Remark::XlaMetadataValue => "xla_metadata_value",
            Remark::Name => "name",
            Remark::OptimizationBarrier => "optimization_barrier",
        }
    }

    /// What its text is called.
    fn param(self) -> Option<&'static str> {
        match self {
            Remark::Tie | Remark::DceSink | Remark::ShardAlike | Remark::OptimizationBarrier => {
                None
            }
            Remark::Name => Some("name"),
            Remark::DevicePut => Some("devices"),
            Remark::ShardingConstraint => Some("sharding"),
            Remark::LayoutConstraint => Some("layout"),
            Remark::Reshard => Some("dst_sharding"),
            Remark::XlaMetadataValue => Some("xla_metadata_kvs"),
        }
    }

    /// How many operands it takes; any number, where nothing is said.
    fn n_operands(self) -> Option<usize> {
        match self {
            Remark::OptimizationBarrier => None,
            Remark::Tie | Remark::ShardAlike => Some(2),
            _ => Some(1),
        }
    }
}

/// An identity with a remark.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Annotate {
    /// What is remarked.
    pub remark: Remark,
    /// What it says of devices, layouts or compilers, as text; nothing here reads it.
    pub text: Arc<str>,
}

impl Annotate {
    /// Which of the operands are results.
    fn chosen<'a, T>(&self, operands: &'a [T]) -> &'a [T] {
        match self.remark {
            Remark::Tie => &operands[1..],
            Remark::DceSink => &[],
            _ => operands,
        }
    }

    /// Tangents behind one barrier: those that are there, which then wait for one another.
    fn all_behind(&self, cx: Cx<'_>, tangents: &[Tangent]) -> Result<SmallVec<[Tangent; 2]>> {
        let operands: Vec<Value> = program::values(tangents).collect();
        let mut behind = cx.bind(&self.clone().into(), &operands)?.into_iter();
        let tangent = |tangent: &Tangent| match tangent {
            Tangent::Zero(_) => tangent.clone(),
            Tangent::Value(value) => Tangent::Value(behind.next().unwrap_or(value.clone())),
        };
        Ok(tangents.iter().map(tangent).collect())
    }

    /// A tangent with the remark, where it is one about a single value.
    fn remarked(&self, cx: Cx<'_>, tangent: &Tangent) -> Result<Tangent> {
        match self.remark {
            Remark::Tie
            | Remark::DceSink
            | Remark::ShardAlike
            | Remark::Name
            | Remark::OptimizationBarrier => Ok(tangent.clone()),
            _ => {
                tangent.map(tangent.ty(), |t| ops::bind1(cx, self.clone(), std::slice::from_ref(t)))
            }
        }
    }
}

impl Primitive for Annotate {
    fn name(&self) -> &'static str {
        self.remark.name()
    }

    fn params(&self) -> Params {
        let text = || Param::Name(self.text.to_string());
        self.remark.param().map(|key| (key, text())).into_iter().collect()
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let remark = Remark::ALL.into_iter().find(|remark| remark.name() == name)?;
        let read = ParamReader::new(name, params);
        let text = remark.param().map_or(Ok(""), |key| read.name(key));
        Some(text.map(|text| Annotate { remark, text: text.into() }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        if let Some(needed) = self.remark.n_operands().filter(|&needed| needed != inputs.len()) {
            bail!(
                InvalidArgument,
                "{} takes {needed} operands, got {}",
                self.remark.name(),
                inputs.len()
            );
        }
        if inputs.is_empty() {
            bail!(InvalidArgument, "{} takes at least 1 operand, got none", self.remark.name());
        }
        Ok(self.chosen(inputs).into())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        Ok(self.chosen(inputs).into())
    }

    /// A sink is kept wherever it stands.
    fn effect(&self) -> Effect {
        match self.remark {
            Remark::DceSink => Effect::Unordered,
            _ => Effect::None,
        }
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let primals = cx.bind(&self.clone().into(), primals)?;
        if self.remark == Remark::OptimizationBarrier {
            return Ok(Jvp { primals, tangents: self.all_behind(cx, tangents)? });
        }
        let tangents = self.chosen(tangents).iter().map(|t| self.remarked(cx, t));
        Ok(Jvp { primals, tangents: tangents.collect::<Result<_>>()? })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        if self.remark == Remark::OptimizationBarrier {
            return Ok(self.all_behind(cx, cotangents)?.into_iter().collect());
        }
        let n_dropped = inputs.len() - cotangents.len();
        let dropped = inputs[..n_dropped].iter().map(|x| Ok(Tangent::Zero(x.ty().clone())));
        let kept = inputs[n_dropped..].iter().zip(cotangents).map(|(input, ct)| match input {
            Operand::Linear(_) => self.remarked(cx, ct),
            Operand::Known(value) => Ok(Tangent::Zero(value.ty().clone())),
        });
        dropped.chain(kept).collect()
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let outputs = cx.bind(&self.clone().into(), inputs)?;
        Ok(Batched { outputs, axes: self.chosen(axes).into() })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        match self.remark {
            Remark::DceSink => Lowering::Steps,
            _ => Lowering::Elements,
        }
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        // Asking for the operand is what has it computed.
        cx.input(0).map(drop)
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let n_dropped = usize::from(self.remark == Remark::Tie);
        cx.operand(output + n_dropped, index)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, finite, hard};
        use jaxrs_data::DType;
        let mut samples = Vec::new();
        for remark in Remark::ALL {
            let text = if remark.param().is_some() { "any" } else { "" };
            let prim = Annotate { remark, text: text.into() };
            let n = remark.n_operands().unwrap_or(3);
            for dtype in DType::ALL {
                let inputs = vec![hard(dtype, &[2, 4]); n];
                samples.push(crate::prims::Sample { smooth: false, ..exact(prim.clone(), inputs) });
            }
            for shape in [&[2, 3][..], &[], &[1, 2], &[0, 2]] {
                let x = finite(jaxrs_data::DType::F32, shape);
                samples.push(exact(prim.clone(), vec![x; n]));
            }
        }
        samples
    }
}
