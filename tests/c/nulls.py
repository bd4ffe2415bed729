"""Writes a C test that passes NULL in every pointer position of every function: nulls.py HEADER > nulls_test.c

Where NULL is allowed (`MAY_BE_NULL`, and pointers whose length is 0) the call may succeed; everywhere else it has to fail
with INVALID_ARGUMENT and name the parameter. Functions that give no error have to survive.
"""
import re
import sys

# Parameters for which NULL has a meaning, in every function that has one of that name.
MAY_BE_NULL = {"userdata", "drop", "payload", "opts", "o", "attrs", "dev", "byte_strides", "payload_tag", "len"}

# And in some functions only.
MAY_BE_NULL_IN = {"jaxrs_reduce_window": {"window_strides", "pads", "base_dilation", "window_dilation"},
                  "jaxrs_custom_linear_solve": {"transpose_solve"},
                  **{solver: {"preconditioner"} for solver in ("jaxrs_cg", "jaxrs_bicgstab", "jaxrs_gmres")}}

# A valid value for each parameter type; what is not here is a number.
VALID = {
    "jaxrs_context*": "c->ctx", "jaxrs_scope*": "c->s", "const jaxrs_array*": "x->array", "jaxrs_array*": "x->array",
    "jaxrs_array* const*": "&x->array", "jaxrs_results*": "x->results", "const jaxrs_results*": "x->results",
    "jaxrs_fn*": "x->fn", "jaxrs_fn* const*": "&x->fn", "jaxrs_program*": "x->program",
    "const jaxrs_program*": "x->program", "jaxrs_exec*": "x->exec", "const jaxrs_exec*": "x->exec", "jaxrs_attrs*": "x->attrs",
    "const jaxrs_attrs*": "x->attrs", "const char*": '"name"', "const int64_t*": "x->numbers",
    "const uint32_t*": "x->indices", "jaxrs_trace_fn": "identity", "jaxrs_vmap_rule_fn": "identity_for_all", "jaxrs_host_fn": "nothing",
    "jaxrs_solve_fn": "itself", "jaxrs_gradient_fn": "with_identity", "jaxrs_policy_fn": "always",
    "jaxrs_ref*": "x->ref", "const jaxrs_ref*": "x->ref", "jaxrs_ref**": "&x->out_ref",
    "jaxrs_host*": "x->host", "const jaxrs_host*": "x->host", "jaxrs_host**": "&x->out_host",
    "jaxrs_cost*": "&x->cost", "jaxrs_memory*": "&x->memory", "const jaxrs_aval*": "&x->aval",
    "const void*": "x->data", "void*": "x->data", "jaxrs_dtype": "JAXRS_F32", "jaxrs_stats*": "&x->stats", "jaxrs_dtype_info*": "&x->dtype_info", "jaxrs_dtype*": "&x->out_u32", "uint32_t*": "&x->out_u32",
    "jaxrs_bytes*": "x->bytes", "const jaxrs_bytes*": "x->bytes", "uint64_t*": "&x->out_u64", "double*": "&x->out_f64",
    "size_t*": "&x->out_size", "const void**": "&x->out_data", "jaxrs_array**": "&x->out_array", "jaxrs_fn**": "&x->out_fn",
    "jaxrs_program**": "&x->out_program", "jaxrs_bytes**": "&x->out_bytes", "jaxrs_results**": "&x->out_results",
    "jaxrs_attrs**": "&x->out_attrs", "jaxrs_scope**": "&x->out_scope", "jaxrs_context**": "&x->out_context",
    "jaxrs_exec**": "&x->out_exec", "void**": "(void**)&x->out_data", "struct DLManagedTensorVersioned**": "&x->out_tensor",
}

NUMBERS = {"maxiter": "-1", "restart": "0", "header_abi_version": "JAXRS_ABI_VERSION", "length": "-1", "nbytes": "4", "dst_nbytes": "4", "axis_size": "-1"}
PURE_HANDLES = re.compile(r"_(retain|release)$")


def parameters(text):
    """(type, name) of each parameter."""
    text = re.sub(r"\bvoid\s*\(\s*\*\s*(\w+)\s*\)\s*\([^)]*\)", r"CALLBACK \1", text)
    found = []
    for part in filter(lambda p: p not in ("", "void"), (p.strip() for p in text.split(","))):
        kind, name = re.match(r"(.*?)(\w+)$", part, re.S).groups()
        kind = re.sub(r"\s*\*", "*", " ".join(kind.split())).replace("*const", "* const")
        found.append((re.sub(r"\bstruct (jaxrs_\w+)", r"\1", kind), name))
    return found


def functions(header):
    header = re.sub(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*(\\\n[^\n]*)*", "", header, flags=re.S | re.M)
    header = re.sub(r"typedef[^;{]*(\{[^}]*\})?[^;]*;", "", header)
    header = re.sub(r"JAXRS_API|JAXRS_MUST_USE", "", header)
    for match in re.finditer(r"([\w*\s]+?)\b(jaxrs_\w+)\s*\(((?:[^()]|\([^()]*\))*)\)\s*;", header):
        yield " ".join(match[1].split()).replace(" *", "*"), match[2], parameters(match[3])


def is_pointer(kind):
    return "*" in kind or kind == "CALLBACK" or kind.endswith("_fn")


def valid(kind, name, previous):
    if kind in VALID:
        return VALID[kind]
    if name == "nbytes" and previous[0] in ("size_t*",):
        return VALID["size_t*"]
    return "NULL" if is_pointer(kind) else NUMBERS.get(name, "1")


def calls(kind, name, params):
    """One line of C for each pointer position of a function."""
    values = [valid(t, n, params[i - 1] if i else ("", "")) for i, (t, n) in enumerate(params)]
    outs = [i for i, value in enumerate(values) if value == VALID["jaxrs_fn**"]]
    for i in outs[1:]:  # two functions do not go to one place
        values[i] = "&x->out_other_fn"
    for i, (parameter_kind, parameter) in enumerate(params):
        if not is_pointer(parameter_kind):
            continue
        args = ", ".join("NULL" if k == i else value for k, value in enumerate(values))
        call = f"{name}({args})"
        if kind != "jaxrs_error*" or name.startswith("jaxrs_error_new"):
            yield survives(kind, name, call)
        elif parameter in MAY_BE_NULL | MAY_BE_NULL_IN.get(name, set()) or parameter_kind == "CALLBACK":
            yield f"    jaxrs_error_release({call});"
        else:
            yield f'    FAILS({call}, JAXRS_ERR_INVALID_ARGUMENT, "{parameter}");'
        yield "    reset(x);"


def survives(kind, name, call):
    if kind == "jaxrs_error*":
        return f"    jaxrs_error_release({call});"
    if name.endswith("_retain"):
        return f"    EXPECT({call} == NULL);"
    return f"    {call};" if kind == "void" else f"    (void){call};"


def main(path):
    print(f"/* Made by tests/c/nulls.py; not committed. */\n#include \"nulls.h\"\n")
    for kind, name, params in functions(open(path).read()):
        lines = list(calls(kind, name, params))
        if lines:
            print(f"CASE({name}_refuses_null) {{\n    things* x = make_things(c);\n" + "\n".join(lines) + "\n    drop_things(x);\n}\n")


main(sys.argv[1])
