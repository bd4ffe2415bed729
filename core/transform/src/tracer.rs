//! What stands behind values: arrays and tracers.

use jaxrs_data::Type;
use jaxrs_ir::{Value, ValueNode};
use jaxrs_runtime::Array;

#[derive(Debug)]
struct ArrayNode(Array);

impl ValueNode for ArrayNode {
    fn ty(&self) -> &Type {
        self.0.ty()
    }
}

pub(crate) fn concrete(array: Array) -> Value {
    Value::new(ArrayNode(array))
}
