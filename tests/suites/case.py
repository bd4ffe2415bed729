"""What a suite yields, and how it runs commands."""
import dataclasses
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "target"


@dataclasses.dataclass
class Case:
    """One test, or the counts of a program that ran many."""
    name: str
    passed: int
    failed: int
    output: str = ""

    @staticmethod
    def success(name):
        return Case(name, 1, 0)

    @staticmethod
    def failure(name, output):
        return Case(name, 0, 1, output)

    @staticmethod
    def of(name, problem):
        """`problem` is what is wrong, or empty."""
        return Case.failure(name, problem) if problem else Case.success(name)


def command(*args, env=None, cwd=ROOT, timeout=2400):
    """Runs a command; gives its exit status and what it wrote to both streams."""
    try:
        done = subprocess.run([str(a) for a in args], cwd=cwd, env={**os.environ, **(env or {})}, timeout=timeout,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout


def case(name, *args, **options):
    """The case that a command succeeds."""
    status, output = command(*args, **options)
    return Case.of(name, status and f"$ {' '.join(map(str, args))}\nexit status {status}\n{output}")


def must(*args, **options):
    """The output of a command that other cases rest on."""
    status, output = command(*args, **options)
    if status:
        raise RuntimeError(f"`{' '.join(map(str, args))}` gave {status}:\n{output}")
    return output
