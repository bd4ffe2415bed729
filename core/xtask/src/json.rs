//! The description of the interface as JSON, for bindings.

use jaxrs_api::table::{self, Attr, Attribute, Op, Results};

use crate::header::Function;

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn object(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{}: {value}", quoted(name)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// One line a function and an operation, so that changes read well.
fn lines(items: impl Iterator<Item = String>) -> String {
    format!("[\n    {}\n  ]", items.collect::<Vec<_>>().join(",\n    "))
}

fn default(value: Attr<'_>) -> String {
    match value {
        Attr::I64(v) | Attr::Axis(Some(v)) => v.to_string(),
        // JSON has no NaN and no infinities; elsewhere they are words, too.
        Attr::F64(v) if !v.is_finite() => quoted(&v.to_string().to_lowercase()),
        Attr::F64(v) => format!("{v:?}"),
        Attr::Bool(v) => v.to_string(),
        Attr::I64s(v) => list(v.iter().map(i64::to_string)),
        Attr::DType(Some(dtype)) => quoted(dtype.name()),
        Attr::Str(word) => quoted(word),
        Attr::Axis(None) | Attr::DType(None) => "null".to_owned(),
    }
}

fn attribute(attribute: &Attribute) -> String {
    let mut fields = vec![
        ("name", quoted(attribute.name)),
        ("kind", quoted(&format!("{:?}", attribute.kind).to_lowercase())),
    ];
    if let Some(value) = attribute.default {
        fields.push(("default", default(value)));
    }
    fields.push(("doc", quoted(attribute.doc)));
    object(&fields)
}

fn operation(group: &str, op: &Op) -> String {
    let operands = op.operands.iter().map(|operand| {
        object(&[("name", quoted(operand.name)), ("variadic", operand.variadic.to_string())])
    });
    object(&[
        ("name", quoted(op.name)),
        ("group", quoted(group)),
        ("doc", quoted(op.doc)),
        ("operands", list(operands)),
        ("attributes", list(op.attributes.iter().map(attribute))),
        ("results", quoted(if op.results == Results::One { "one" } else { "list" })),
    ])
}

fn function(function: &Function) -> String {
    let parameters = function
        .parameters
        .iter()
        .map(|p| object(&[("name", quoted(&p.name)), ("type", quoted(&p.kind))]));
    object(&[
        ("name", quoted(&function.name)),
        ("returns", quoted(&function.returns)),
        ("parameters", list(parameters)),
        ("doc", quoted(&function.doc.join("\n"))),
    ])
}

/// The whole description.
pub(crate) fn description(functions: &[Function]) -> String {
    let ops =
        table::GROUPS.iter().flat_map(|(group, ops)| ops.iter().map(|op| operation(group, op)));
    format!(
        "{{\n  \"version\": {},\n  \"abi\": {{\"major\": 0, \"minor\": 1}},\n  \"functions\": {},\n  \"ops\": {}\n}}\n",
        quoted(env!("CARGO_PKG_VERSION")),
        lines(functions.iter().map(function)),
        lines(ops)
    )
}
