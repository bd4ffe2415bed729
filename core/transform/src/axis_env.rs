//! The named axes around an operation.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result};
use jaxrs_ir::MappedAxis;

/// Named axes, innermost first. Equal environments give equal programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct AxisEnv(Option<Arc<Bound>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bound {
    axis: MappedAxis,
    outer: AxisEnv,
}

impl AxisEnv {
    /// The environment with one more axis inside.
    pub(crate) fn with(&self, axis: MappedAxis) -> AxisEnv {
        AxisEnv(Some(Arc::new(Bound { axis, outer: self.clone() })))
    }

    fn iter(&self) -> impl Iterator<Item = &MappedAxis> {
        let first = self.0.as_deref();
        std::iter::successors(first, |bound| bound.outer.0.as_deref()).map(|bound| &bound.axis)
    }

    /// The axis that an operation names.
    pub(crate) fn find(&self, operation: &str, name: &str) -> Result<&MappedAxis> {
        let is_it = |axis: &&MappedAxis| axis.name.as_deref() == Some(name);
        self.iter().find(is_it).ok_or_else(|| self.unbound(operation, name))
    }

    #[cold]
    fn unbound(&self, operation: &str, name: &str) -> Error {
        let known: Vec<&str> = self.iter().filter_map(|axis| axis.name.as_deref()).collect();
        let known = match known.is_empty() {
            true => "no axis has a name".to_owned(),
            false => format!("the named axes are [{}]", known.join(", ")),
        };
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!("{operation} needs the axis '{name}', which is not bound here: {known}"),
        )
    }
}
