//! Values as rules see them: typed, and otherwise opaque.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use jaxrs_data::{Literal, Result, Scalar, Shape, Type};

use crate::{Cx, ops};

/// What can stand behind a [`Value`]: a literal, an array on a device, a tracer.
pub trait ValueNode: Any + Send + Sync + fmt::Debug {
    /// The type.
    fn ty(&self) -> &Type;
}

impl ValueNode for Literal {
    fn ty(&self) -> &Type {
        Literal::ty(self)
    }
}

/// Zero that is known to be: what a rule with symbolic zeros gets for the tangent or cotangent of what does not
/// move. It may stand wherever an array of zeros may.
#[derive(Debug)]
struct SymbolicZero(Type);

impl ValueNode for SymbolicZero {
    fn ty(&self) -> &Type {
        &self.0
    }
}

/// A concrete array or a tracer; clones share it.
#[derive(Clone, Debug)]
pub struct Value(Arc<dyn ValueNode>);

impl Value {
    /// A value over a node.
    pub fn new(node: impl ValueNode) -> Value {
        Value(Arc::new(node))
    }

    /// A constant.
    pub fn literal(literal: Literal) -> Value {
        Value::new(literal)
    }

    /// Zero of a type, without an array.
    pub fn symbolic_zero(ty: Type) -> Value {
        Value::new(SymbolicZero(ty))
    }

    /// Whether it is zero without an array.
    pub fn is_symbolic_zero(&self) -> bool {
        self.downcast_ref::<SymbolicZero>().is_some()
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        self.0.ty()
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.ty().shape
    }

    /// The node, if it is of this Rust type.
    pub fn downcast_ref<N: ValueNode>(&self) -> Option<&N> {
        let node: &dyn Any = &*self.0;
        node.downcast_ref()
    }

    /// Whether two values are one and the same.
    pub fn is_same(&self, other: &Value) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What tells this value from all others that are alive.
    pub fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }

    /// What knows the value without keeping it.
    pub fn downgrade(&self) -> WeakValue {
        WeakValue(Arc::downgrade(&self.0))
    }

    /// How many owners the value has.
    pub fn n_owners(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

/// A value that may be gone.
#[derive(Clone, Debug)]
pub struct WeakValue(Weak<dyn ValueNode>);

impl WeakValue {
    /// Whether it is this one.
    pub fn is_of(&self, value: &Value) -> bool {
        std::ptr::addr_eq(self.0.as_ptr(), Arc::as_ptr(&value.0))
    }

    /// Whether someone keeps it.
    pub fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// A tangent or cotangent: a known zero is a case, not an array.
#[derive(Clone, Debug)]
pub enum Tangent {
    /// Zero, of this type.
    Zero(Type),
    /// Anything else.
    Value(Value),
}

impl Tangent {
    /// The type.
    pub fn ty(&self) -> &Type {
        match self {
            Tangent::Zero(ty) => ty,
            Tangent::Value(value) => value.ty(),
        }
    }

    /// Whether it is a known zero.
    pub fn is_zero(&self) -> bool {
        matches!(self, Tangent::Zero(_))
    }

    /// The value, unless it is a known zero.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Tangent::Zero(_) => None,
            Tangent::Value(value) => Some(value),
        }
    }

    /// The value; a known zero becomes an array.
    pub fn instantiate(&self, cx: Cx<'_>) -> Result<Value> {
        match self {
            Tangent::Zero(ty) => ops::full(cx, ty, Scalar::Int(0)),
            Tangent::Value(value) => Ok(value.clone()),
        }
    }

    /// The value; a known zero stays one if `symbolic`, and becomes an array otherwise.
    pub fn for_rule(&self, cx: Cx<'_>, symbolic: bool) -> Result<Value> {
        match self {
            Tangent::Zero(ty) if symbolic => Ok(Value::symbolic_zero(ty.clone())),
            other => other.instantiate(cx),
        }
    }

    /// What a rule gave, where known zeros may be among it.
    pub fn from_rule(value: Value) -> Tangent {
        match value.is_symbolic_zero() {
            true => Tangent::Zero(value.ty().clone()),
            false => Tangent::Value(value),
        }
    }

    /// The image under a linear function; a known zero stays one, of the type given.
    pub fn map(&self, zero: &Type, f: impl FnOnce(&Value) -> Result<Value>) -> Result<Tangent> {
        match self {
            Tangent::Zero(_) => Ok(Tangent::Zero(zero.clone())),
            Tangent::Value(value) => f(value).map(Tangent::Value),
        }
    }

    /// The sum.
    pub fn add(&self, cx: Cx<'_>, other: &Tangent) -> Result<Tangent> {
        match (self, other) {
            (Tangent::Zero(_), other) => Ok(other.clone()),
            (_, Tangent::Zero(_)) => Ok(self.clone()),
            (Tangent::Value(a), Tangent::Value(b)) => ops::add_any(cx, a, b).map(Tangent::Value),
        }
    }
}

impl From<Value> for Tangent {
    fn from(value: Value) -> Tangent {
        Tangent::Value(value)
    }
}
