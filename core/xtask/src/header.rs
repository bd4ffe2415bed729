//! The C header, from the signatures and comments of exported functions.

use crate::{Result, read};

/// An exported function, in C's words.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) returns: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) doc: Vec<String>,
    /// The section of the header.
    section: &'static str,
}

/// A parameter: its type, its name, and both together as C writes them.
pub(crate) struct Parameter {
    pub(crate) kind: String,
    pub(crate) name: String,
    declared: String,
}

/// Files of the library and the sections that their functions go to.
const FILES: &[(&str, &str)] = &[
    ("version", "versions"),
    ("error", "errors"),
    ("context", "contexts"),
    ("statistics", "contexts"),
    ("scope", "scopes"),
    ("array", "arrays"),
    ("array_host", "arrays and host memory"),
    ("dlpack", "arrays and host memory"),
    ("dtype", "element types"),
    ("results", "lists of results"),
    ("bytes", "text and data"),
    ("function", "functions"),
    ("transforms", "transforms: from functions to functions; indices count arguments"),
    ("rules", "functions with derivatives of their own, and passes apart"),
    ("gradient", "functions with derivatives of their own, and passes apart"),
    ("linear", "linear functions, equations that are differentiated as such, and Taylor mode"),
    ("recompute", "recomputation: what reverse mode keeps"),
    ("spmd", "batching rules, and several devices"),
    (
        "control",
        "control flow: bodies are functions, which may close over tracers of enclosing scopes",
    ),
    (
        "reduction",
        "control flow: bodies are functions, which may close over tracers of enclosing scopes",
    ),
    ("reference", "references: arrays that programs change"),
    ("profile", "profiles"),
    (
        "ode",
        "differential equations: right-hand sides are functions, which may close over tracers of enclosing scopes",
    ),
    ("optimize", "minima, and derivatives held against differences"),
    ("host", "host functions: code of the caller's that programs call while they run"),
    ("checkify", "checks, and errors as data"),
    ("program", "programs"),
    ("import", "programs"),
    ("attrs", "operations by name"),
    ("operation", "operations by name"),
];

/// All exported functions.
pub(crate) fn functions(operations: &str) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    for (file, section) in FILES {
        functions.extend(exported(&read(format!("capi/src/{file}.rs"))?, section)?);
    }
    functions.extend(exported(operations, "operations")?);
    Ok(functions)
}

/// What a body has to call, so that no panic leaves it: the gate, or a function that goes through it.
const GATES: &[&str] = &["gate(", "guard(", "transformed(", "evaluated(", "run(", "set("];

/// Functions that cannot panic.
const CONSTANT: &[&str] = &["jaxrs_abi_version", "jaxrs_version_string", "jaxrs_api_hash"];

/// Exported functions whose bodies do not go through the gate.
pub(crate) fn ungated(operations: &str) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let files = FILES.iter().map(|(file, _)| read(format!("capi/src/{file}.rs")));
    for source in files.chain([Ok(operations.to_owned())]) {
        for part in source?.split(MARK).skip(1) {
            let name = part.split('(').next().unwrap_or_default();
            let body = part.split("\n}\n").next().unwrap_or_default();
            if !CONSTANT.contains(&name) && !GATES.iter().any(|gate| body.contains(gate)) {
                problems.push(format!("{name} does not go through the gate"));
            }
        }
    }
    Ok(problems)
}

const MARK: &str = "#[unsafe(no_mangle)]\npub extern \"C\" fn ";

fn exported(source: &str, section: &'static str) -> Result<Vec<Function>> {
    let mut functions = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find(MARK) {
        let (before, after) = (&rest[..start], &rest[start + MARK.len()..]);
        let (signature, _) =
            after.split_once('{').ok_or_else(|| format!("no body after {after:.40}"))?;
        functions.push(function(before, signature, section)?);
        rest = after;
    }
    Ok(functions)
}

fn function(before: &str, signature: &str, section: &'static str) -> Result<Function> {
    let mut doc: Vec<String> = before
        .lines()
        .rev()
        .take_while(|line| line.starts_with("///"))
        .map(|line| line.trim_start_matches('/').trim().replace("*/", "* /"))
        .map(|line| line.replace("\\[", "[").replace("\\]", "]")) // escaped for rustdoc only
        .collect();
    doc.reverse();
    let (name, rest) = signature.split_once('(').ok_or("a signature without parameters")?;
    if doc.is_empty() {
        return Err(format!("{name} has no documentation"));
    }
    let end = rest.rfind(')').ok_or("a signature that does not end")?;
    let returns = rest[end + 1..].trim().trim_start_matches("->").trim();
    let returns = if returns.is_empty() { "void".to_owned() } else { c_type(returns)? };
    let parameters = split(&rest[..end])
        .into_iter()
        .map(|parameter| {
            let (name, kind) =
                parameter.split_once(": ").ok_or_else(|| format!("parameter {parameter:?}"))?;
            c_parameter(name.trim(), kind.trim())
        })
        .collect::<Result<_>>()?;
    Ok(Function { name: name.to_owned(), returns, parameters, doc, section })
}

/// Parameters at commas that are not inside brackets.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn c_parameter(name: &str, kind: &str) -> Result<Parameter> {
    if kind == "Option<DropFn>" {
        let declared = format!("void (*{name})(void* userdata)");
        return Ok(Parameter {
            kind: "void (*)(void*)".to_owned(),
            name: name.to_owned(),
            declared,
        });
    }
    let kind = c_type(kind)?;
    Ok(Parameter { declared: format!("{kind} {name}"), name: name.to_owned(), kind })
}

/// The inside of `Outer<…>`.
fn inside<'a>(kind: &'a str, outer: &str) -> Option<&'a str> {
    kind.strip_prefix(outer)?.strip_prefix('<')?.strip_suffix('>')
}

fn c_type(kind: &str) -> Result<String> {
    let plain = match kind {
        "Status" | "*mut ErrorHandle" => "jaxrs_error*",
        "Text" | "*const c_char" => "const char*",
        "Opaque" | "*mut c_void" => "void*",
        "*const c_void" => "const void*",
        "*const i64" => "const int64_t*",
        "Option<TraceFn>" => "jaxrs_trace_fn",
        "Option<HostFn>" => "jaxrs_host_fn",
        "Option<GradientFn>" => "jaxrs_gradient_fn",
        "Option<SolveFn>" => "jaxrs_solve_fn",
        "Option<PolicyFn>" => "jaxrs_policy_fn",
        "Option<VmapRuleFn>" => "jaxrs_vmap_rule_fn",
        "Dtype" => "jaxrs_dtype",
        "Code" => "jaxrs_code",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "i64" => "int64_t",
        "usize" => "size_t",
        "isize" => "intptr_t",
        "f64" => "double",
        "c_void" => "void",
        "ManagedTensor" => "struct DLManagedTensorVersioned",
        "Aval" => "jaxrs_aval",
        "Stats" => "jaxrs_stats",
        "Cost" => "jaxrs_cost",
        "Memory" => "jaxrs_memory",
        "ContextOptions" => "jaxrs_context_options",
        "ScopeConfig" => "jaxrs_scope_config",
        "FnOptions" => "jaxrs_fn_options",
        "DiffOptionsC" => "jaxrs_diff_options",
        "VmapOptionsC" => "jaxrs_vmap_options",
        "ShardMapOptionsC" => "jaxrs_shard_map_options",
        "JitOptionsC" => "jaxrs_jit_options",
        "DtypeInfo" => "jaxrs_dtype_info",
        "crate::options::Device" => "jaxrs_device",
        _ => return c_compound(kind),
    };
    Ok(plain.to_owned())
}

fn c_compound(kind: &str) -> Result<String> {
    let body = |name: &str| -> Result<String> {
        let name = name.trim_end_matches("Body").trim_end_matches("Handle").to_lowercase();
        Ok(format!("jaxrs_{name}"))
    };
    if let Some(inner) = inside(kind, "In") {
        return Ok(format!("const {}*", body(inner)?));
    }
    if let Some(inner) = inside(kind, "Shared") {
        return Ok(format!("{}*", body(inner)?));
    }
    if let Some(inner) = inside(kind, "Handles") {
        return Ok(format!("{}* const*", body(inner)?));
    }
    if let Some(inner) = inside(kind, "List") {
        return Ok(format!("const {}*", c_type(inner)?));
    }
    if let Some(inner) = inside(kind, "Out") {
        return Ok(format!("{}*", c_type(inner)?));
    }
    if let Some(inner) = kind.strip_prefix("*mut ") {
        let inner = inside(inner, "Handle").unwrap_or(inner);
        return if inner.ends_with("Body") || inner.ends_with("Handle") {
            Ok(format!("{}*", body(inner)?))
        } else {
            Ok(format!("{}*", c_type(inner)?))
        };
    }
    Err(format!("no C type is known for {kind}"))
}

const WIDTH: usize = 120;

/// The whole header.
pub(crate) fn header(functions: &[Function]) -> Result<String> {
    let mut text = String::new();
    let mut section = "";
    for function in functions {
        if function.section != section {
            section = function.section;
            text.push_str(&format!("/* ---- {section} ---- */\n\n"));
        }
        text.push_str(&comment(&function.doc));
        text.push_str(&declaration(function));
        text.push('\n');
    }
    Ok(read("capi/jaxrs.h.in")?.replace("@FUNCTIONS@\n", &text))
}

fn comment(doc: &[String]) -> String {
    let lines: Vec<String> = doc.iter().map(|line| line.replace("`", "")).collect();
    match lines.as_slice() {
        [line] if line.len() + 8 <= WIDTH => format!("/** {line} */\n"),
        _ => {
            let lines = folded(&lines).into_iter();
            let text: String =
                lines.map(|line| format!(" * {line}").trim_end().to_owned() + "\n").collect();
            format!("/**\n{text} */\n")
        }
    }
}

/// Lines of documentation, those that are too wide cut: what is left over goes to the front of the next line of its
/// paragraph. Items of lists go on below their text.
fn folded(lines: &[String]) -> Vec<String> {
    let mut folded: Vec<String> = Vec::new();
    let mut left = String::new();
    for line in lines {
        let goes_on = !line.is_empty() && !line.starts_with([' ', '-', '|']);
        if !goes_on && !left.is_empty() {
            folded.push(std::mem::take(&mut left));
        }
        let is_item = line.starts_with("- ");
        let mut text = if left.is_empty() { line.clone() } else { format!("{left} {line}") };
        left.clear();
        while let Some(end) = place_to_cut(&text) {
            let rest = text.split_off(end).trim_start().to_owned();
            folded.push(std::mem::take(&mut text));
            left = rest;
            text = if is_item { format!("  {left}") } else { left.clone() };
        }
        if is_item || left.is_empty() {
            folded.push(text);
            left.clear();
        }
    }
    folded.extend((!left.is_empty()).then_some(left));
    folded
}

/// The last space of a line that is too wide before it is.
fn place_to_cut(line: &str) -> Option<usize> {
    let most = WIDTH - " * ".len();
    let mut spaces = line.char_indices().filter(|&(at, c)| c == ' ' && (3..=most).contains(&at));
    spaces.next_back().map(|(at, _)| at).filter(|_| line.len() > most)
}

fn declaration(function: &Function) -> String {
    let must_use = if function.returns == "jaxrs_error*" && !function.name.contains("error_new") {
        "JAXRS_MUST_USE "
    } else {
        ""
    };
    let mut line = format!("JAXRS_API {must_use}{} {}(", function.returns, function.name);
    if function.parameters.is_empty() {
        return line + "void);\n";
    }
    let mut text = String::new();
    let last = function.parameters.len() - 1;
    for (i, parameter) in function.parameters.iter().enumerate() {
        let piece = format!("{}{}", parameter.declared, if i == last { ");" } else { "," });
        if line.len() + piece.len() + 1 > WIDTH && !line.trim().is_empty() {
            text.push_str(line.trim_end());
            text.push('\n');
            line = "    ".to_owned();
        }
        let space = if line.ends_with(['(', ' ']) { "" } else { " " };
        line.push_str(space);
        line.push_str(&piece);
    }
    text + &line + "\n"
}
