"""Where operations go: the scope of the innermost function that is being traced, with the settings of `jax.config`."""
import contextlib
import ctypes

from ._library import CONTEXT, LIBRARY, SCOPE, Missing, create
from ._options import ContextOptions, ScopeConfig

DEFAULT_FLOAT, DEBUG, DTYPE_PROMOTION, RANK_PROMOTION, THREEFRY_PARTITIONABLE = 2, 32, 64, 128, 256
PROMOTIONS = {"standard": 0, "allow": 0, "strict": 1, "warn": 2, "raise": 3}
F32, F64 = 12, 13
DEBUG_NANS, NO_JIT, DEBUG_KEY_REUSE = 2, 8, 64
N_DEVICES = 4
ABI = LIBRARY.jaxrs_abi_version()


class Config:
    """The settings; `update` takes JAX's names."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.x64 = self.debug_nans = self.disable_jit = self.debug_key_reuse = False
        self.threefry_partitionable = True
        self.dtype_promotion, self.rank_promotion = "standard", "allow"

    def update(self, name, value):
        if name == "jax_enable_x64":
            self.x64 = value
        elif name == "jax_threefry_partitionable":
            self.threefry_partitionable = value
        else:
            raise Missing(f"the setting {name}")

    @contextlib.contextmanager
    def during(self, name, value):
        """The setting, within a `with`."""
        if not hasattr(self, name):
            raise Missing(f"the setting {name}")
        before = getattr(self, name)
        setattr(self, name, value)
        try:
            yield
        finally:
            setattr(self, name, before)

    def key(self):
        return tuple(vars(self).items())


CONFIG = Config()
STACK = []  # the scopes of callbacks that are running


def new_context():
    options = ContextOptions(num_devices=N_DEVICES, num_threads=1)
    return create(CONTEXT, "context_create", ABI, ctypes.byref(options))


ENGINE = new_context()


def configured(scope):
    """The scope with the settings that `CONFIG` has now."""
    flags = DEBUG_NANS * CONFIG.debug_nans | NO_JIT * CONFIG.disable_jit | DEBUG_KEY_REUSE * CONFIG.debug_key_reuse
    config = ScopeConfig(
        set_mask=DEFAULT_FLOAT | DEBUG | DTYPE_PROMOTION | RANK_PROMOTION | THREEFRY_PARTITIONABLE, default_float=F64 if CONFIG.x64 else F32,
        debug_flags=flags, dtype_promotion=PROMOTIONS[CONFIG.dtype_promotion], rank_promotion=PROMOTIONS[CONFIG.rank_promotion],
        threefry_partitionable=CONFIG.threefry_partitionable)
    return create(SCOPE, "scope_with", scope, ctypes.byref(config))


def root():
    """The scope in which operations run at once."""
    return configured(LIBRARY.jaxrs_context_scope(ENGINE))


ROOTS = {}


def current():
    """The innermost scope."""
    scope, configuration, cache = STACK[-1] if STACK else (None, None, ROOTS)
    key = CONFIG.key()
    if configuration == key:
        return scope
    if key not in cache:
        cache[key] = configured(scope) if scope else root()
    return cache[key]


@contextlib.contextmanager
def entered(scope):
    """Operations go to `scope`, which the library hands to a callback."""
    STACK.append((scope, CONFIG.key(), {}))
    try:
        yield
    finally:
        STACK.pop()


@contextlib.contextmanager
def outside():
    """Operations run at once, whatever is being traced."""
    saved, STACK[:] = STACK[:], []
    try:
        yield
    finally:
        STACK[:] = saved


def reset():
    """Forgets what a program left behind."""
    STACK.clear()
    CONFIG.reset()
