//! Programs as text: what each of `testdata/*.jaxpr` compiles to stands beside it. `UPDATE_EXPECT=1`
//! writes the expectations anew.

use std::path::PathBuf;

use expect_test::expect_file;

#[test]
fn programs_compile_to_what_stands_beside_them() {
    for name in [
        "accumulating_scan",
        "batched_scan",
        "batched_while",
        "gelu",
        "layer_norm_gradient",
        "mlp_gradient",
        "scalar_scan",
        "softmax",
        "stencil_scan",
        "switch",
        "update_scan",
    ] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let path = folder.join(format!("{name}.jaxpr"));
        let text = std::fs::read_to_string(path).expect("the file is there");
        let program = crate::check(&text);
        expect_file![folder.join(format!("{name}.program"))].assert_eq(&program.to_string());
    }
}
