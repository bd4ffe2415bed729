//! The instructions of one small kernel, to read. The machine's features are left out.
#![allow(clippy::unwrap_used, reason = "tests that fail may panic")]

use expect_test::expect;
use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::{BodyBuilder, Compare, Kernel, Lanes, Place, Program, ScalarOp, Step};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::Pool;

#[test]
fn a_masked_load_and_a_select_along_lanes() {
    let n = 20;
    let mut p = Program::default();
    let input = p.add_buffer(DType::F64, n, Place::Input(0));
    let output = p.add_buffer(DType::F64, n, Place::Output(0));
    (p.inputs, p.outputs, p.shares_input) = (vec![input], vec![output], vec![None]);
    let mut b = BodyBuilder::new();
    let i = b.point(0);
    let one = b.index(1);
    let before = b.op(ScalarOp::Sub, &[i, one]);
    let has_before = b.compare(Compare::Ge, i, one);
    let x = b.load(input, DType::F64, before, Some(has_before));
    let half = b.constant(DType::F64, Scalar::Float(0.5));
    let y = b.mul(x, half);
    b.store(output, i, y, None);
    let (values, body) = b.finish();
    let (name, domain, lanes, grain) = (String::new(), vec![n], Lanes::Domain, 0);
    p.steps.push(Step::Kernel(Kernel { name, domain, lanes, grain, values, body }));
    let options = LlvmOptions { vector_bytes: Some(32), ..LlvmOptions::default() };
    let backend = LlvmBackend::new(Pool::new(1), options).unwrap();
    let text = backend.instructions(&p).unwrap();
    let body = text.lines().skip_while(|line| !line.starts_with("define"));
    let body: Vec<&str> = body.take_while(|line| !line.starts_with('}')).collect();
    let body = body.join("\n").replace(" #0 {", " {");
    expect![[r#"
        define hidden void @jaxrs_entry(ptr %0, ptr %1, ptr %2, ptr %3) {
          %5 = getelementptr ptr, ptr %0, i64 10
          %6 = load ptr, ptr %5, align 8
          %7 = getelementptr ptr, ptr %1, i64 0
          %8 = load ptr, ptr %7, align 8
          %9 = getelementptr ptr, ptr %2, i64 0
          %10 = load ptr, ptr %9, align 8
          br i1 true, label %11, label %28

        11:                                               ; preds = %11, %4
          %12 = phi i64 [ 0, %4 ], [ %26, %11 ]
          %13 = mul nsw i64 %12, 4
          %14 = sub i64 %13, 1
          %15 = sub i64 1, %13
          %16 = call i64 @llvm.smin.i64(i64 %15, i64 4)
          %17 = call i64 @llvm.smax.i64(i64 %16, i64 -1)
          %18 = trunc i64 %17 to i32
          %19 = insertelement <4 x i32> poison, i32 %18, i32 0
          %20 = shufflevector <4 x i32> %19, <4 x i32> poison, <4 x i32> zeroinitializer
          %21 = icmp sge <4 x i32> <i32 0, i32 1, i32 2, i32 3>, %20
          %22 = getelementptr double, ptr %8, i64 %14
          %23 = call contract <4 x double> @llvm.masked.load.v4f64.p0(ptr %22, i32 8, <4 x i1> %21, <4 x double> zeroinitializer)
          %24 = fmul contract <4 x double> %23, <double 5.000000e-01, double 5.000000e-01, double 5.000000e-01, double 5.000000e-01>
          %25 = getelementptr double, ptr %10, i64 %13
          store <4 x double> %24, ptr %25, align 8
          %26 = add nsw i64 %12, 1
          %27 = icmp slt i64 %26, 1
          br i1 %27, label %11, label %28

        28:                                               ; preds = %11, %4
          br i1 true, label %29, label %39

        29:                                               ; preds = %29, %28
          %30 = phi i64 [ 1, %28 ], [ %37, %29 ]
          %31 = mul nsw i64 %30, 4
          %32 = sub i64 %31, 1
          %33 = getelementptr double, ptr %8, i64 %32
          %34 = load <4 x double>, ptr %33, align 8
          %35 = fmul contract <4 x double> %34, <double 5.000000e-01, double 5.000000e-01, double 5.000000e-01, double 5.000000e-01>
          %36 = getelementptr double, ptr %10, i64 %31
          store <4 x double> %35, ptr %36, align 8
          %37 = add nsw i64 %30, 1
          %38 = icmp slt i64 %37, 5
          br i1 %38, label %29, label %39

        39:                                               ; preds = %29, %28
          ret void"#]].assert_eq(body.trim_end());
}
