//! Calls of programs that a compiler may know under a name.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, smallvec};

use super::call;
use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Param, ParamReader, Params, Prim, Tangent, Value};

/// A call of a program under a name and version that others may have a routine for; we run the program. As in
/// JAX it has no derivative: whoever knows the name knows nothing of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Composite {
    /// The name: `my.op`.
    pub name: Arc<str>,
    /// Of which version.
    pub version: i64,
    /// What else is said of it, as text.
    pub attributes: Arc<str>,
    /// What it computes.
    pub jaxpr: Arc<Jaxpr>,
}

impl Composite {
    fn of(&self, jaxpr: Arc<Jaxpr>) -> Prim {
        Composite { jaxpr, ..self.clone() }.into()
    }
}

impl Primitive for Composite {
    fn name(&self) -> &'static str {
        "composite"
    }

    fn params(&self) -> Params {
        vec![
            ("attributes", Param::Name(self.attributes.to_string())),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("name", Param::Name(self.name.to_string())),
            ("version", Param::Int(self.version)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Composite>> {
        let read = ParamReader::new(name, params);
        (name == "composite").then(|| {
            Ok(Composite {
                name: read.name("name")?.into(),
                version: read.int("version")?,
                attributes: read.name("attributes")?.into(),
                jaxpr: read.jaxpr("jaxpr")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("composite", &self.jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.jaxpr, inputs)
    }

    fn jvp(&self, _cx: Cx<'_>, _primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        Err(Error::new(
            ErrorKind::Unimplemented,
            format_args!(
                "composite {} has no derivative; wrap it in a function with custom_jvp or custom_vjp",
                self.name
            ),
        ))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        call::batch(cx, &self.jaxpr, size, inputs, axes, |jaxpr| self.of(jaxpr))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        let composite = |jaxpr| Composite {
            name: "test.function".into(),
            version: 1,
            attributes: "".into(),
            jaxpr,
        };
        let sample = super::sample::of_program(composite);
        vec![crate::prims::Sample { smooth: false, ..sample }]
    }
}
