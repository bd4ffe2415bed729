//! Data that goes from examples to other examples.

mod resolve;

use std::sync::Arc;

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail, smallvec};

use super::{AxisNames, names_param, read_names, unbound};
use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::{axes, linear, nary};
use crate::{
    Batched, Cx, Jvp, MappedAxis, Operand, Param, ParamReader, Params, Tangent, Value, ops,
};

/// Moves data between the examples of a named axis. Linear; each kind's transpose is of some kind too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisExchange {
    /// The axis, in a list of one.
    axis_name: AxisNames,
    /// The number of examples.
    pub axis_size: usize,
    /// What goes where.
    pub how: Exchange,
}

/// What goes where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// `all_gather`: each gets the values of all, along a new axis or, tiled, joined along one.
    Gather {
        /// The axis.
        dimension: usize,
        /// Whether joined.
        tiled: bool,
    },
    /// `reduce_scatter`: each gets its part of the sum of all; the transpose of `all_gather`.
    ReduceScatter {
        /// The axis that is cut.
        dimension: usize,
        /// Whether parts keep the axis.
        tiled: bool,
    },
    /// `all_to_all`: part `k` of each goes to example `k`, which joins what it gets.
    AllToAll {
        /// The axis that is cut; its size is a multiple of the number of examples.
        split: usize,
        /// The axis that parts are joined along.
        concat: usize,
    },
    /// `ppermute`: the value of the first of each pair goes to the second.
    Permute {
        /// Pairs of source and destination; no number twice on either side.
        pairs: Vec<(usize, usize)>,
    },
}

impl AxisExchange {
    /// An exchange along an axis of this name and size.
    pub fn new(axis_name: Arc<str>, axis_size: usize, how: Exchange) -> AxisExchange {
        AxisExchange { axis_name: smallvec![axis_name], axis_size, how }
    }

    fn with(&self, how: Exchange) -> AxisExchange {
        AxisExchange { how, ..self.clone() }
    }

    fn transposed(&self) -> AxisExchange {
        self.with(match &self.how {
            &Exchange::Gather { dimension, tiled } => Exchange::ReduceScatter { dimension, tiled },
            &Exchange::ReduceScatter { dimension, tiled } => Exchange::Gather { dimension, tiled },
            &Exchange::AllToAll { split, concat } => {
                Exchange::AllToAll { split: concat, concat: split }
            }
            Exchange::Permute { pairs } => {
                Exchange::Permute { pairs: pairs.iter().map(|&(from, to)| (to, from)).collect() }
            }
        })
    }

    /// The same along operands that have one more axis before all others.
    fn shifted(&self) -> AxisExchange {
        self.with(match self.how.clone() {
            Exchange::Gather { dimension, tiled } => {
                Exchange::Gather { dimension: dimension + 1, tiled }
            }
            Exchange::ReduceScatter { dimension, tiled } => {
                Exchange::ReduceScatter { dimension: dimension + 1, tiled }
            }
            Exchange::AllToAll { split, concat } => {
                Exchange::AllToAll { split: split + 1, concat: concat + 1 }
            }
            permute @ Exchange::Permute { .. } => permute,
        })
    }

    fn axis_in_range(&self, ty: &Type, axis: usize, new: bool) -> Result<()> {
        if axis >= ty.rank() + usize::from(new) {
            bail!(InvalidArgument, "{} needs an axis of {ty}, got {axis}", self.name());
        }
        Ok(())
    }

    fn check_multiple(&self, ty: &Type, axis: usize) -> Result<()> {
        self.axis_in_range(ty, axis, false)?;
        if self.axis_size == 0 || !ty.shape[axis].is_multiple_of(self.axis_size) {
            bail!(
                Shape,
                "{} cuts axis {axis} of {ty} for the {} examples of axis '{}', which does not divide it",
                self.name(),
                self.axis_size,
                self.axis_name[0]
            );
        }
        Ok(())
    }

    fn out_shape(&self, ty: &Type) -> Result<Shape> {
        let n = self.axis_size;
        let mut sizes = ty.shape.to_vec();
        match self.how {
            Exchange::Gather { dimension, tiled: false } => {
                self.axis_in_range(ty, dimension, true)?;
                sizes.insert(dimension, n);
            }
            Exchange::Gather { dimension, tiled: true } => {
                self.axis_in_range(ty, dimension, false)?;
                sizes[dimension] *= n;
            }
            Exchange::ReduceScatter { dimension, tiled: false } => {
                self.axis_in_range(ty, dimension, false)?;
                if sizes.remove(dimension) != n {
                    bail!(
                        Shape,
                        "reduce_scatter needs axis {dimension} of {ty} to have the size of axis '{}', which is {n}",
                        self.axis_name[0]
                    );
                }
            }
            Exchange::ReduceScatter { dimension, tiled: true } => {
                self.check_multiple(ty, dimension)?;
                sizes[dimension] /= n;
            }
            Exchange::AllToAll { split, concat } => {
                self.check_multiple(ty, split)?;
                self.axis_in_range(ty, concat, false)?;
                sizes[split] /= n;
                sizes[concat] *= n;
            }
            Exchange::Permute { ref pairs } => self.check_pairs(pairs)?,
        }
        let shape = Shape::from(sizes.as_slice());
        axes::check_addressable(self.name(), &shape, ty.dtype)?;
        Ok(shape)
    }

    fn check_pairs(&self, pairs: &[(usize, usize)]) -> Result<()> {
        for (k, &(from, to)) in pairs.iter().enumerate() {
            if from >= self.axis_size || to >= self.axis_size {
                bail!(
                    InvalidArgument,
                    "ppermute needs pairs of numbers below {}, got ({from}, {to})",
                    self.axis_size
                );
            }
            if pairs[..k].iter().any(|pair| pair.0 == from || pair.1 == to) {
                bail!(
                    InvalidArgument,
                    "ppermute needs distinct sources and destinations, got {pairs:?}"
                );
            }
        }
        Ok(())
    }
}

impl Primitive for AxisExchange {
    fn name(&self) -> &'static str {
        match self.how {
            Exchange::Gather { .. } => "all_gather",
            Exchange::ReduceScatter { .. } => "reduce_scatter",
            Exchange::AllToAll { .. } => "all_to_all",
            Exchange::Permute { .. } => "ppermute",
        }
    }

    fn params(&self) -> Params {
        let mut params = match &self.how {
            Exchange::Gather { dimension, tiled } => vec![
                ("all_gather_dimension", Param::size(*dimension)),
                ("tiled", Param::Bool(*tiled)),
            ],
            Exchange::ReduceScatter { dimension, tiled } => {
                vec![("scatter_dimension", Param::size(*dimension)), ("tiled", Param::Bool(*tiled))]
            }
            Exchange::AllToAll { split, concat } => vec![
                ("concat_axis", Param::size(*concat)),
                ("split_axis", Param::size(*split)),
                ("tiled", Param::Bool(true)),
            ],
            Exchange::Permute { pairs } => {
                let lists = pairs.iter().map(|&(from, to)| vec![from as i64, to as i64]);
                vec![("perm", Param::IntLists(lists.collect()))]
            }
        };
        params.push(("axis_name", names_param(&self.axis_name)));
        params.push(("axis_size", Param::size(self.axis_size)));
        params.sort_by_key(|(name, _)| *name);
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<AxisExchange>> {
        if !["all_gather", "reduce_scatter", "all_to_all", "ppermute"].contains(&name) {
            return None;
        }
        Some(parse(name, &ParamReader::new(name, params)))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        Ok(smallvec![inputs[0].with_shape(self.out_shape(&inputs[0])?)])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        unbound(self)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(self.clone(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let cotangent = linear::cotangent(cotangents)?;
        let back = ops::bind1(cx, self.transposed(), std::slice::from_ref(cotangent))?;
        Ok(linear::cotangents(inputs, back))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let value = axes::to_front(cx, size, &inputs[0], axes[0])?;
        Ok(linear::batched(ops::bind1(cx, self.shifted(), &[value])?, 0))
    }

    fn axis_names(&self) -> &[Arc<str>] {
        &self.axis_name
    }

    fn batch_collective(
        &self,
        cx: Cx<'_>,
        axis: &MappedAxis,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        resolve::resolve(&self.how, cx, axis, &inputs[0], axes[0])
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        unbound(self)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // Alone it has no axis: `vmap` resolves it, and is tested with it.
        Vec::new()
    }
}

fn parse(name: &str, read: &ParamReader<'_>) -> Result<AxisExchange> {
    let how = match name {
        "all_gather" => Exchange::Gather {
            dimension: read.size("all_gather_dimension")?,
            tiled: read.bool("tiled")?,
        },
        "reduce_scatter" => Exchange::ReduceScatter {
            dimension: read.size("scatter_dimension")?,
            tiled: read.bool("tiled")?,
        },
        "all_to_all" => Exchange::AllToAll {
            split: read.size("split_axis")?,
            concat: read.size("concat_axis")?,
        },
        _ => {
            let mut pairs = Vec::new();
            for pair in read.int_lists("perm")? {
                match pair[..] {
                    [from, to] if from >= 0 && to >= 0 => pairs.push((from as usize, to as usize)),
                    _ => return Err(read.error(format_args!("needs pairs in perm, got {pair:?}"))),
                }
            }
            Exchange::Permute { pairs }
        }
    };
    Ok(AxisExchange {
        axis_name: read_names(read, "axis_name")?,
        axis_size: read.size("axis_size")?,
        how,
    })
}
