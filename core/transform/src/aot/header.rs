//! The C header of a program that was compiled ahead of time.

use std::fmt::Write as _;

use jaxrs_data::{DType, Type};

use crate::ClosedJaxpr;

/// The C type of an element, and what else there is to say of it.
fn element(dtype: DType) -> (&'static str, &'static str) {
    match dtype {
        DType::Bool => ("uint8_t", " of 0 or 1"),
        DType::I8 => ("int8_t", ""),
        DType::I16 => ("int16_t", ""),
        DType::I32 => ("int32_t", ""),
        DType::I64 => ("int64_t", ""),
        DType::U8 => ("uint8_t", ""),
        DType::U16 => ("uint16_t", ""),
        DType::U32 => ("uint32_t", ""),
        DType::U64 => ("uint64_t", ""),
        DType::F32 => ("float", ""),
        DType::F64 => ("double", ""),
        DType::F16 => ("uint16_t", ", the bits of IEEE 754 binary16"),
        DType::BF16 => ("uint16_t", ", the upper bits of floats"),
        DType::C64 => ("float", ", real and imaginary part by turns"),
        DType::C128 => ("double", ", real and imaginary part by turns"),
        _ if dtype.is_key() => ("uint32_t", ", the words of keys"),
        _ => ("uint8_t", ", one element a byte"),
    }
}

/// `float[2][3]: f32[2,3]`, or what stands for it.
fn described(ty: &Type) -> String {
    let (_, note) = element(ty.dtype);
    format!("{ty}, {} bytes, row-major{note}", ty.size_bytes())
}

/// The header: what the function takes and gives, how large its workspace is, and the function with types.
pub fn header(
    symbol: &str,
    program: &ClosedJaxpr,
    workspace_bytes: usize,
    processor: &str,
    features: &str,
) -> String {
    let inputs: Vec<&Type> = program.jaxpr.in_types().skip(program.consts.len()).collect();
    let outputs: Vec<&Type> = program.jaxpr.out_types().collect();
    let guard = format!("JAXRS_AOT_{}_H", symbol.to_uppercase());
    let features: Vec<&str> =
        features.split(',').filter_map(|feature| feature.strip_prefix('+')).collect();
    let mut text = format!(
        "/* {symbol}: compiled by jaxrs {}. Link {symbol}.o and -lm; no other library is needed.\n",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(text, " * Made for {processor}; it needs a processor with these features:");
    for line in features.chunks(12) {
        let _ = writeln!(text, " *   {}", line.join(" "));
    }
    let _ = writeln!(
        text,
        " */\n#ifndef {guard}\n#define {guard}\n#include <stddef.h>\n#include <stdint.h>\n"
    );
    let _ = writeln!(text, "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n");
    let _ = writeln!(
        text,
        "/* The bytes of memory that a call works in. */\n#define {symbol}_WORKSPACE_BYTES ((size_t){workspace_bytes})\n"
    );
    list(&mut text, "inputs", &inputs);
    list(&mut text, "outputs", &outputs);
    let _ = writeln!(
        text,
        " * The workspace is aligned as by malloc, and may be NULL where no bytes are needed. Outputs overlap neither inputs\n\
         \x20* nor the workspace. Calls from several threads at once need workspaces of their own. Gives 0, 1 where the\n\
         \x20* workspace is missing, or 2 where a routine fails. */\nint {symbol}(const void *const *inputs, void *const *outputs, void *workspace);\n"
    );
    typed(&mut text, symbol, &inputs, &outputs);
    let _ = writeln!(text, "#ifdef __cplusplus\n}}\n#endif\n#endif");
    text
}

fn list(text: &mut String, name: &str, types: &[&Type]) {
    let start = if name == "inputs" { "/*" } else { " *" };
    let _ = writeln!(text, "{start} {name}:");
    for (k, ty) in types.iter().enumerate() {
        let _ = writeln!(text, " *   [{k}] {}", described(ty));
    }
}

/// The same function with a parameter for each input and output.
fn typed(text: &mut String, symbol: &str, inputs: &[&Type], outputs: &[&Type]) {
    let names = |name: &str, n: usize| (0..n).map(|k| format!("{name}{k}")).collect::<Vec<_>>();
    let (ins, outs) = (names("in", inputs.len()), names("out", outputs.len()));
    let mut params: Vec<String> = Vec::new();
    for (name, ty) in ins.iter().zip(inputs) {
        params.push(format!("const {} *{name}", element(ty.dtype).0));
    }
    for (name, ty) in outs.iter().zip(outputs) {
        params.push(format!("{} *{name}", element(ty.dtype).0));
    }
    params.push("void *workspace".to_owned());
    // C has no arrays of no elements.
    let array = |names: &[String]| if names.is_empty() { "0".to_owned() } else { names.join(", ") };
    let _ = writeln!(
        text,
        "/* The same, with types. */\nstatic inline int {symbol}_call({}) {{\n    \
         const void *inputs[] = {{{}}};\n    void *outputs[] = {{{}}};\n    \
         return {symbol}(inputs, outputs, workspace);\n}}\n",
        params.join(", "),
        array(&ins),
        array(&outs),
    );
}
