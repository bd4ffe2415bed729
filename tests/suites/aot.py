"""`jaxrs aot`: C programs that link an object and no library of ours give the bits of `jaxrs run`."""
import re
import shutil

from arrays import elements, npy, raw, values
from case import ROOT, TARGET, Case, command, must

FOLDER = TARGET / "aot"
JAXRS = TARGET / "debug/jaxrs"

# Reads inputs from files, calls the function, and writes outputs to files.
MAIN = """#include <stdio.h>
#include <stdlib.h>
#include "program.h"

static void *file(const char *kind, int k, size_t bytes, const char *mode, void *data) {
    char name[32];
    snprintf(name, sizeof name, "%s%d.raw", kind, k);
    FILE *f = fopen(name, mode);
    if (!data) data = malloc(bytes + 1);
    size_t moved = *mode == 'r' ? fread(data, 1, bytes, f) : fwrite(data, 1, bytes, f);
    if (moved != bytes || fclose(f)) exit(3);
    return data;
}

int main(void) {
    size_t in[] = {IN_BYTES 0}, out[] = {OUT_BYTES 0};
    enum { N = sizeof in / sizeof *in - 1, M = sizeof out / sizeof *out - 1 };
    const void *inputs[N + 1] = {0};
    void *outputs[M + 1], *workspace = malloc(program_WORKSPACE_BYTES + 1);
    for (int k = 0; k < N; k++) inputs[k] = file("in", k, in[k], "rb", 0);
    for (int k = 0; k < M; k++) outputs[k] = malloc(out[k] + 1);
    if (program_WORKSPACE_BYTES && program(inputs, outputs, 0) != 1) return 4;
    for (int again = 0; again < 2; again++)
        if (program(inputs, outputs, workspace)) return 5;
    for (int k = 0; k < M; k++) file("out", k, out[k], "wb", outputs[k]);
    return 0;
}
"""

UNARY = "{{ lambda ; a:{ty}[{n}]. let b:{ty}[{n}] = {op} a in (b,) }}"
MATMUL = "dot_general[dimension_numbers=((1,), (0,), (), ()) preferred_element_type=None]"
MLP = f"""{{ lambda ; a:f32[40,64] b:f32[64] c:f32[64,7] d:f32[96,40] e:f32[96,7]. let
    f:f32[96,64] = {MATMUL} d a
    g:f32[96,64] = broadcast_in_dim[broadcast_dimensions=(1,) shape=(96, 64)] b
    h:f32[96,64] = add f g
    i:f32[96,64] = tanh h
    j:f32[96,7] = {MATMUL} i c
    k:f32[96,7] = sub j e
    l:f32[96,7] = integer_pow[y=2] k
    m:f32[] = reduce_sum[axes=(0, 1)] l
  in (m,) }}"""

PROGRAMS = {
    "elementwise": "{ lambda ; a:f32[1000] b:f32[1000]. let c:f32[1000] = sin a; d:f32[1000] = mul c b; e:f32[1000] = exp d in (e, c) }",
    "row sums": "{ lambda ; a:f32[300,500]. let b:f32[300] = reduce_sum[axes=(1,)] a; c:f32[] = reduce_max[axes=(0,)] b in (b, c) }",
    "a large reduction": "{ lambda ; a:f32[2000000]. let b:f32[2000000] = mul a a; c:f32[] = reduce_sum[axes=(0,)] b in (c,) }",
    "a product by the library": f"{{ lambda ; a:f32[200,300] b:f32[300,100]. let c:f32[200,100] = {MATMUL} a b in (c,) }}",
    "a product in double": f"{{ lambda ; a:f64[64,700] b:f64[700,50]. let c:f64[64,50] = {MATMUL} a b in (c,) }}",
    "products of two types": f"{{ lambda ; a:f64[20,30] b:f64[30,40] c:f32[20,30] d:f32[30,40]. let e:f64[20,40] = {MATMUL} a b; f:f32[20,40] = {MATMUL} c d in (e, f) }}",
    "a sort": "{ lambda ; a:f32[30,50] b:i32[30,50]. let c:f32[30,50] d:i32[30,50] = sort[dimension=1 is_stable=true num_keys=1] a b in (c, d) }",
    "the largest": "{ lambda ; a:f32[30,50]. let c:f32[30,5] d:i32[30,5] = top_k[axis=1 k=5 operand=None] a in (c, d) }",
    "functions by the C library": "{ lambda ; a:f64[50] b:f64[50]. let c:f64[50] = pow a b; d:f64[50] = rem b a; e:f64[50] = atan2 a b in (c, d, e) }",
    "functions that come along": "{ lambda ; a:f64[50]. let b:f64[50] = erf_inv a; c:f64[50] = lgamma a; d:f64[50] = erf a in (b, c, d) }",
    "large arguments": UNARY.format(ty="f32", n=50, op="cos"),
    "a Fourier transform": "{ lambda ; a:f32[4,30]. let b:c64[4,16] = fft[fft_lengths=(30,) fft_type=2] a; c:f32[4,30] = fft[fft_lengths=(30,) fft_type=3] b in (c,) }",
    "decompositions": "{ lambda ; a:f64[3,6,6]. let b:f64[3,6,6] c:i32[3,6] d:i32[3,6] = lu a; e:f64[3,6,6] f:f64[3,6] = eigh[lower=true sort_eigenvalues=true subset_by_index=None] a; g:f64[3,6] = svd[compute_uv=false full_matrices=false subset_by_index=None] a in (b, c, d, e, f, g) }",
    "a decomposition of small numbers": "{ lambda ; a:f32[5,5]. let b:f32[5,5] = mul a 1e-30:f32[]; c:f32[5,5] d:f32[5,5] = qr[full_matrices=false pivoting=false use_magma=None] b in (c, d) }",
    "a constant": "{ lambda ; a:f64[3]. let b:i32[3] = iota[dimension=0 dtype=i32 shape=(3,)]; c:f64[3] = convert_element_type[new_dtype=f64 weak_type=false] b; d:f64[3] = add a c in (d, b) }",
    "no inputs": "{ lambda ; . let a:i32[4] = iota[dimension=0 dtype=i32 shape=(4,)] in (a, 2.5:f32[]) }",
    "no elements": "{ lambda ; a:f32[0,3]. let b:f32[0,3] = sin a; c:f32[3] = reduce_sum[axes=(0,)] a in (b, c) }",
    "denormal numbers": "{ lambda ; a:f32[20]. let b:f32[20] = mul a 1e-38:f32[] in (b,) }",
}
SCALES = {"large arguments": 1e8}
REFUSED = {
    "pure_callback": "{ lambda ; a:f32[8]. let b:f32[8] = pure_callback[callback=simulator result_types=\"f32[8]\" vmap_method=none] a in (b,) }",
    "debug_print": "{ lambda ; a:f32[]. let debug_print[fmt=\"{}\" names=\"\" ordered=false] a in (a,) }",
}


def types(comment):
    """Element type, shape and bytes of each line of a list in the header."""
    found = re.findall(r"\[\d+\] (\w+)\[([\d,]*)\], (\d+) bytes", comment)
    return [(dtype, [int(n) for n in dims.split(",") if n], int(size)) for dtype, dims, size in found]


def compiled(name, source):
    """The folder of a program, which is compiled to an object there, and the types of its inputs and outputs."""
    folder = FOLDER / name.replace(" ", "_")
    folder.mkdir(parents=True)
    must(JAXRS, "aot", source, "-o", folder / "program")
    header = (folder / "program.h").read_text()
    inputs, outputs = header.split("/* inputs:")[1].split(" * outputs:")
    return folder, types(inputs), types(outputs.split("*/")[0])


def problem(name, source):
    folder, inputs, outputs = compiled(name, source)
    for k, (dtype, shape, _) in enumerate(inputs):
        data = raw(dtype, values(dtype, shape, phase=k, scale=SCALES.get(name, 1.0)))
        (folder / f"in{k}.raw").write_bytes(data)
        (folder / f"in{k}.npy").write_bytes(npy(dtype, shape, data))
    must(JAXRS, "run", source, *[folder / f"in{k}.npy" for k in range(len(inputs))], "--out", folder)
    sizes = [f"-D{kind}_BYTES={''.join(f'{size},' for *_, size in of)}" for kind, of in (("IN", inputs), ("OUT", outputs))]
    (folder / "main.c").write_text(MAIN)
    must("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", *sizes, "main.c", "program.o", "-o", "main", "-lm", cwd=folder)
    if "jaxrs" in must("ldd", folder / "main"):
        return "it links a library of ours"
    must("./main", cwd=folder)
    for k in range(len(outputs)):
        if (folder / f"out{k}.raw").read_bytes() != elements((folder / f"out{k}.npy").read_bytes()):
            return f"output {k} has other bits than jaxrs run gives"
    return ""


def sources():
    """The programs by name, in files."""
    for name, text in PROGRAMS.items():
        path = FOLDER / f"{name.replace(' ', '_')}.jaxpr"
        path.write_text(text)
        yield name, path
    loss, gradient = FOLDER / "mlp.jaxpr", FOLDER / "mlp_gradient.jaxrs"
    loss.write_text(MLP)
    must(JAXRS, "grad", loss, "--argnums", "0,1,2", "-o", gradient)
    yield "the gradient of an MLP", gradient
    for name in ("mlp_gradient", "scan", "branches", "random"):
        yield f"the kept program {name}", ROOT / f"tests/programs/{name}.jaxrs"


def names_of_two():
    """Two objects in one program do not meet."""
    folder = FOLDER / "two"
    folder.mkdir()
    for name in ("first", "second"):
        must(JAXRS, "aot", FOLDER / "a_product_by_the_library.jaxpr", "-o", folder / name)
    (folder / "main.cpp").write_text('#include "first.h"\n#include "second.h"\nint main() { return first == second; }\n')
    must("g++", "-Wall", "-Wextra", "-Werror", "main.cpp", "first.o", "second.o", "-o", "main", "-lm", cwd=folder)
    public = [line.split()[-1] for line in must("nm", "--defined-only", "--extern-only", folder / "first.o").splitlines()]
    return "" if public == ["first"] else f"the object shows {', '.join(public)}"


def cases():
    must("cargo", "build", "--quiet", "--package", "jaxrs-cli", "--package", "jaxrs-standalone")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, source in sources():
        yield Case.of(f"{name}: the same bits", problem(name, source))
    yield Case.of("two objects in one program, with one name each", names_of_two())
    for primitive, text in REFUSED.items():
        path = FOLDER / f"{primitive}.jaxpr"
        path.write_text(text)
        status, output = command(JAXRS, "aot", path, "-o", FOLDER / primitive)
        said = status == 3 and f"{primitive} cannot be compiled ahead of time" in output
        yield Case.of(f"{primitive} is refused by name", "" if said else f"exit status {status}: {output}")
    for out in ("no-name", "1st", ""):
        status, output = command(JAXRS, "aot", FOLDER / "mlp.jaxpr", "-o", FOLDER / out if out else "")
        yield Case.of(f"'{out}' is no function", "" if status == 1 and "which" in output else f"exit status {status}: {output}")
