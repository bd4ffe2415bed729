"""Kernels for NVIDIA's processors, assembled by NVIDIA's own tool: the samples of all primitives, and what `jaxrs show` prints."""
import concurrent.futures
import os
import re
import shutil
import sys

from case import ROOT, TARGET, Case, command, must

# Of the 12.x line, which still knows the oldest processors.
ASSEMBLER = "nvidia-cuda-nvcc-cu12==12.9.86"
ENVIRONMENT = TARGET / "tools/nvcc"
FOLDER = TARGET / "ptx"
SAMPLES = ["cargo", "run", "--quiet", "--package", "jaxrs-nvptx", "--example", "kernels", "--"]
JAXRS = TARGET / "debug/jaxrs"
# One processor with all samples, and another with what it lacks.
OLDEST, USUAL = "sm_70", "sm_80"
NARROW = {"max", "min", "convert_element_type", "nextafter", "add", "mul", "exp", "reduce_max", "argmax", "clamp"}
CALL = re.compile(r"^\.extern \.func .* (\w+)$", re.M)


def tools():
    """The assembler and libdevice, which are installed where they are not there yet."""
    found = lambda name: next(iter(ENVIRONMENT.glob(f"lib/python*/site-packages/nvidia/cuda_nvcc/{name}")), None)
    if not found("bin/ptxas"):
        print(f"   ptx: installing {ASSEMBLER}", flush=True)
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        must(sys.executable, "-m", "venv", ENVIRONMENT)
        must(ENVIRONMENT / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ASSEMBLER)
    return found("bin/ptxas"), found("nvvm/libdevice/libdevice.10.bc")


def assembled(assembler, path, processor):
    """What the assembler says against a file. Functions of libdevice are linked later."""
    status, output = command(assembler, "-c", "-O1", f"-arch={processor}", path, "-o", path.with_suffix(".cubin"))
    return output if status or "warning" in output else ""


def cases():
    assembler, libdevice = tools()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    must(*SAMPLES, FOLDER, OLDEST, USUAL)
    paths = sorted(path for path in FOLDER.glob("*.ptx") if USUAL in path.name or path.name.split(".")[0] in NARROW)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        said = pool.map(lambda path: assembled(assembler, path, path.name.split(".")[1]), paths)
        for path, problem in zip(paths, said):
            yield Case.of(f"{path.name} assembles", problem)
    called = {name for path in paths for name in CALL.findall(path.read_text())}
    symbols = must(f"{must('llvm-config-19', '--bindir').strip()}/llvm-nm", "--defined-only", libdevice)
    unknown = sorted(called - {line.split()[-1] for line in symbols.splitlines()})
    yield Case.of("libdevice has what is called", "" if called and not unknown else f"{unknown} of {sorted(called)}")
    must("cargo", "build", "--quiet", "--package", "jaxrs-cli")
    for program in ("branches", "mlp_gradient", "scan"):
        for processor in ("sm_75", "sm_90a"):
            path = FOLDER / f"{program}.{processor}.ptx"
            must(JAXRS, "show", ROOT / f"tests/programs/{program}.jaxrs", "--as", "ptx", "--processor", processor, "--out", path)
            yield Case.of(f"{path.name} assembles", assembled(assembler, path, processor))
