//! Programs without control flow.

use crate::check;

#[test]
fn chains_of_elementwise_operations_become_one_kernel() {
    let program = check(
        "{ lambda ; a:f32[4,5] b:f32[4,5]. let
            c:f32[4,5] = sin a
            d:f32[4,5] = mul c b
            e:f32[4,5] = add d c
          in (e,) }",
    );
    assert_eq!(program.steps.len(), 1);
}

#[test]
fn results_may_be_inputs_constants_and_repeated() {
    check("{ lambda ; a:f32[3]. let b:f32[3] = neg a in (a, b, b, 1.5:f32[]) }");
}
