//! Reading recorded rows.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{DType, Literal, Scalar, Shape, Type};
use jaxrs_ir::Param;
use serde_json::Value as Json;

/// One recorded application.
pub(crate) struct Row {
    pub(crate) op: String,
    /// As JSON.
    pub(crate) params: Json,
    pub(crate) inputs: Vec<Literal>,
    pub(crate) outputs: Vec<Literal>,
    pub(crate) derivatives: Option<Derivatives>,
    /// Calls and lines that the host saw, as JSON.
    pub(crate) events: Vec<Json>,
    /// Whether JAX refuses it.
    pub(crate) is_refused: bool,
}

/// Entries of operands that are not floats are missing; so are cotangents where JAX has none.
pub(crate) struct Derivatives {
    pub(crate) tangents: Vec<Option<Literal>>,
    pub(crate) jvp: Vec<Literal>,
    pub(crate) cotangents: Option<Vec<Literal>>,
    pub(crate) vjp: Vec<Option<Literal>>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op, self.params)?;
        for x in &self.inputs {
            write!(f, " {}", x.ty())?;
        }
        Ok(())
    }
}

impl Row {
    /// The parameters as a primitive reads them.
    pub(crate) fn prim_params(&self) -> Vec<(String, Param)> {
        let params = self.params.as_object().unwrap();
        params.iter().map(|(key, value)| (key.clone(), param(value))).collect()
    }

    pub(crate) fn shape(&self) -> Shape {
        shape(&self.params["shape"])
    }

    pub(crate) fn dtype(&self) -> DType {
        DType::from_name(self.params["dtype"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn int(&self, key: &str) -> i64 {
        self.params[key].as_i64().unwrap()
    }

    pub(crate) fn float(&self, key: &str) -> f64 {
        self.params[key].as_f64().unwrap()
    }
}

/// What stands in a file.
pub(crate) fn text(file: &str) -> String {
    let path = format!("{}/../../tests/recorded/{file}.jsonl", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// All rows of a file.
pub(crate) fn read(file: &str) -> Vec<Row> {
    text(file).lines().map(|line| row(&serde_json::from_str(line).unwrap())).collect()
}

fn row(json: &Json) -> Row {
    Row {
        op: json["op"].as_str().unwrap().to_owned(),
        params: json["params"].clone(),
        inputs: literals(&json["inputs"]),
        outputs: literals(&json["outputs"]),
        derivatives: json.get("jvp").map(|jvp| Derivatives {
            tangents: optional_literals(&json["tangents"]),
            jvp: literals(jvp),
            cotangents: json.get("cotangents").map(literals),
            vjp: json.get("vjp").map(optional_literals).unwrap_or_default(),
        }),
        events: json["events"].as_array().cloned().unwrap_or_default(),
        is_refused: json.get("refused").is_some(),
    }
}

fn param(json: &Json) -> Param {
    match json {
        Json::Bool(value) => Param::Bool(*value),
        Json::String(text) if text.starts_with('{') => {
            Param::Jaxpr(Arc::new(text.parse().unwrap()))
        }
        Json::String(name) => {
            DType::from_name(name).map_or(Param::Name(name.clone()), Param::DType)
        }
        Json::Array(items) if items.iter().all(Json::is_array) && !items.is_empty() => {
            Param::IntLists(lists(items))
        }
        Json::Array(items) => Param::Ints(ints(items)),
        Json::Null => Param::None,
        other => Param::Int(other.as_i64().unwrap_or_else(|| panic!("no parameter: {other}"))),
    }
}

fn ints(items: &[Json]) -> Vec<i64> {
    items.iter().map(|item| item.as_i64().unwrap()).collect()
}

/// Lists of numbers, with one level of nesting more taken away (`dimension_numbers` of `dot_general`).
fn lists(items: &[Json]) -> Vec<Vec<i64>> {
    let inner = |item: &Json| item.as_array().unwrap().clone();
    let nested = items.iter().map(inner).any(|item| item.iter().any(Json::is_array));
    if nested {
        items.iter().flat_map(|item| lists(&inner(item))).collect()
    } else {
        items.iter().map(|item| ints(&inner(item))).collect()
    }
}

fn shape(json: &Json) -> Shape {
    ints(json.as_array().unwrap()).iter().map(|&dim| dim as usize).collect()
}

pub(crate) fn literals(json: &Json) -> Vec<Literal> {
    json.as_array().unwrap().iter().map(literal).collect()
}

fn optional_literals(json: &Json) -> Vec<Option<Literal>> {
    json.as_array().unwrap().iter().map(|item| (!item.is_null()).then(|| literal(item))).collect()
}

fn literal(json: &Json) -> Literal {
    let dtype = DType::from_name(json["dtype"].as_str().unwrap()).unwrap();
    let data: Vec<Scalar> =
        json["data"].as_array().unwrap().iter().map(|x| scalar(dtype, x)).collect();
    Literal::from_scalars(Type::new(dtype, shape(&json["shape"])), &data)
}

fn scalar(dtype: DType, json: &Json) -> Scalar {
    match json {
        Json::Bool(value) => Scalar::Bool(*value),
        Json::Array(parts) => {
            let part = |k: usize| scalar(dtype.real_part(), &parts[k]).as_f64();
            Scalar::Complex(part(0), part(1))
        }
        Json::String(key) if dtype.is_key() => {
            Scalar::Key(u128::from_str_radix(key.trim_start_matches("0x"), 16).unwrap())
        }
        Json::String(name) => Scalar::Float(name.parse().unwrap()),
        Json::Number(n) if dtype.is_float() => Scalar::Float(n.as_f64().unwrap()),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| Scalar::Uint(n.as_u64().unwrap()), Scalar::Int).cast(dtype)
        }
        other => panic!("no element: {other}"),
    }
}
