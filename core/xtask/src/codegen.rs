//! Generated files: each is made in memory, then written or compared.

use crate::{
    Result, conformance, cpp, go, header, json, julia, node, operations, read, reference, root,
};

/// Path and content of each generated file.
fn files() -> Result<Vec<(&'static str, String)>> {
    let operations = operations::source()?;
    let functions = header::functions(&operations)?;
    Ok(vec![
        ("capi/src/ops_generated.rs", operations),
        ("include/jaxrs/jaxrs.h", header::header(&functions)?),
        ("include/jaxrs/jaxrs_api.json", json::description(&functions)),
        ("capi/OPERATIONS.md", reference::text()),
        ("bindings/conformance/cases.jsonl", conformance::cases()?),
        ("bindings/cpp/include/jaxrs/dtypes.hpp", cpp::dtypes()),
        ("bindings/cpp/include/jaxrs/ops.hpp", cpp::operations()),
        ("bindings/cpp/OPERATIONS.md", cpp::reference()),
        ("bindings/cpp/tests/operations_by_name.hpp", cpp::cases()),
        ("bindings/go/dtypes.go", go::dtypes()),
        ("bindings/go/attributes.go", go::attributes::source()),
        ("bindings/go/ops.go", go::operations()),
        ("bindings/go/operations_by_name_test.go", go::cases::source()),
        ("bindings/go/OPERATIONS.md", go::reference()),
        ("bindings/julia/src/dtypes.jl", julia::dtypes()),
        ("bindings/julia/src/ops.jl", julia::operations()),
        ("bindings/julia/OPERATIONS.md", julia::reference()),
        ("bindings/node/lib/ops.js", node::operations()),
        ("bindings/node/lib/ops.d.ts", node::types()),
        ("bindings/node/OPERATIONS.md", node::reference()),
    ])
}

pub(crate) fn write() -> Result {
    for (path, content) in files()? {
        if read(path).is_ok_and(|old| old == content) {
            continue;
        }
        println!("writing {path}");
        std::fs::write(root().join(path), content).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

pub(crate) fn check() -> Result {
    let stale: Vec<&str> = files()?
        .into_iter()
        .filter(|(path, content)| read(path).as_ref() != Ok(content))
        .map(|(path, _)| path)
        .collect();
    match stale.is_empty() {
        true => Ok(()),
        false => Err(format!("stale, run `cargo xtask codegen`: {}", stale.join(", "))),
    }
}
