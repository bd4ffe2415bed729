"""`jax.checkpoint_policies`: what checkpoint may keep, by the words of the library."""


class _Policy:
    """A policy; calling one that takes names or policies gives another."""

    def __init__(self, words):
        self.words = words

    def __call__(self, *parts):
        return _Policy(f"{self.words}({', '.join(p.words if isinstance(p, _Policy) else repr(p) for p in parts)})")


checkpoint_dots, checkpoint_dots_with_no_batch_dims = _Policy("checkpoint_dots"), _Policy("checkpoint_dots_with_no_batch_dims")
dots_saveable, dots_with_no_batch_dims_saveable = _Policy("dots_saveable"), _Policy("dots_with_no_batch_dims_saveable")
everything_saveable, nothing_saveable = _Policy("everything_saveable"), _Policy("nothing_saveable")
save_only_these_names, save_any_names_but_these = _Policy("save_only_these_names"), _Policy("save_any_names_but_these")
save_anything_except_these_names = _Policy("save_anything_except_these_names")
save_from_both_policies = _Policy("save_from_both_policies")
offload_dot_with_no_batch_dims = _Policy("offload_dot_with_no_batch_dims")
save_and_offload_only_these_names = _Policy("save_and_offload_only_these_names")
