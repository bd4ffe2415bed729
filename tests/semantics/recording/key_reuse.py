"""Writes key_reuse.tsv: programs under `jax.debug_key_reuse`, and what JAX says of them. Needs JAX 0.10."""
import os
import pathlib

os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
from jax import lax
from jax.errors import KeyReuseError

PROGRAMS = {
    "drawn_twice": 'k=jax.random.key(0); jax.random.normal(k); jax.random.normal(k)',
    "split_then_drawn": 'k=jax.random.key(0); jax.random.split(k); jax.random.normal(k)',
    "children": 'k=jax.random.key(0); a,b=jax.random.split(k); jax.random.normal(a); jax.random.normal(b)',
    "child_drawn_twice_by_index": 'k=jax.random.key(0); ks=jax.random.split(k,4); jax.random.normal(ks[0]); jax.random.normal(ks[1]); jax.random.normal(ks[0])',
    "child_drawn_twice": 'k=jax.random.key(0); ks=jax.random.split(k,4); x=ks[0]; jax.random.normal(x); jax.random.normal(x)',
    "folded_in": 'k=jax.random.key(0); jax.random.fold_in(k,1); jax.random.normal(k)',
    "folded_in_after": 'k=jax.random.key(0); jax.random.normal(k); jax.random.fold_in(k,1)',
    "clone": 'k=jax.random.key(0); jax.random.normal(k); jax.random.normal(jax.random.clone(k))',
    "data_after": 'k=jax.random.key(0); jax.random.normal(k); jax.random.key_data(k)',
    "mapped_twice": 'k=jax.random.key(0); ks=jnp.array([jax.random.key(1),jax.random.key(2)]); jax.vmap(jax.random.normal)(ks); jax.vmap(jax.random.normal)(ks)',
    "jitted_twice": 'k=jax.random.key(0); f=jax.jit(jax.random.normal); f(k); f(k)',
    "twice_in_jit": 'k=jax.random.key(0); jax.jit(lambda k: jax.random.normal(k)+jax.random.normal(k))(k)',
    "cond_draws": 'k=jax.random.key(0); lax.cond(True, lambda k: jax.random.normal(k), lambda k: 0., k); jax.random.normal(k)',
    "cond_leaves": 'k=jax.random.key(0); lax.cond(True, lambda k: 1., lambda k: 0., k); jax.random.normal(k)',
    "scan_carry_drawn": 'k=jax.random.key(0); lax.scan(lambda c,_:(c,jax.random.normal(c)), k, None, length=3)',
    "scan_carry_split": 'k=jax.random.key(0); lax.scan(lambda c,_:(lambda a,b:(a,jax.random.normal(b)))(*jax.random.split(c)), k, None, length=3)',
    "scan_constant": 'k=jax.random.key(0); lax.scan(lambda c,_:(c,jax.random.normal(k)), 0., None, length=3)',
    "while_drawn": 'k=jax.random.key(0); lax.while_loop(lambda c: c[1]<3, lambda c:(c[0],c[1]+jax.random.uniform(c[0])), (k,0.))',
    "while_split": 'k=jax.random.key(0); lax.while_loop(lambda c: c[1]<3, lambda c:(lambda a,b:(a,c[1]+jax.random.uniform(b)))(*jax.random.split(c[0])), (k,0.))',
    "while_result": 'k=jax.random.key(0); r=lax.while_loop(lambda c: c[1]<3, lambda c:(lambda a,b:(a,c[1]+jax.random.uniform(b)))(*jax.random.split(c[0])), (k,0.)); jax.random.normal(r[0])',
    "while_argument_after": 'k=jax.random.key(0); r=lax.while_loop(lambda c: c[1]<3, lambda c:(lambda a,b:(a,c[1]+jax.random.uniform(b)))(*jax.random.split(c[0])), (k,0.)); jax.random.normal(k)',
    "words": 'k=jax.random.PRNGKey(0); jax.random.normal(k); jax.random.normal(k)',
    "slices_apart": 'ks=jax.random.split(jax.random.key(0),4); jax.vmap(jax.random.normal)(ks[:2]); jax.vmap(jax.random.normal)(ks[2:])',
    "slices_meet": 'ks=jax.random.split(jax.random.key(0),4); jax.vmap(jax.random.normal)(ks[:2]); jax.vmap(jax.random.normal)(ks[1:])',
    "slices_apart_in_jit": 'ks=jax.random.split(jax.random.key(0),4); jax.jit(lambda ks: jax.vmap(jax.random.normal)(ks[:2]).sum()+jax.vmap(jax.random.normal)(ks[2:]).sum())(ks)',
    "slices_meet_in_jit": 'ks=jax.random.split(jax.random.key(0),4); jax.jit(lambda ks: jax.vmap(jax.random.normal)(ks[:2]).sum()+jax.vmap(jax.random.normal)(ks[1:]).sum())(ks)',
    "elements_in_jit": 'ks=jax.random.split(jax.random.key(0),4); jax.jit(lambda ks: jax.random.normal(ks[0])+jax.random.normal(ks[1]))(ks)',
    "grad_once": 'k=jax.random.key(0); jax.grad(lambda x: x*jax.random.normal(k))(1.)',
    "grad_twice": 'k=jax.random.key(0); f=jax.grad(lambda x: x*jax.random.normal(k)); f(1.); f(1.)',
    "checkpoint_then_drawn": 'k=jax.random.key(0); jax.checkpoint(lambda k: jax.random.normal(k))(k); jax.random.normal(k)',
    "grad_of_checkpoint": 'k=jax.random.key(0); jax.grad(jax.checkpoint(lambda x,k: jnp.sin(x*jax.random.normal(k))))(1.,k)',
    "two_samplers": 'k=jax.random.key(0); jax.random.uniform(k); jax.random.bernoulli(k)',
    "gamma_twice": 'k=jax.random.key(0); jax.random.gamma(k,1.); jax.random.gamma(k,1.)',
    "compared": 'k=jax.random.key(0); k==k; jax.random.normal(k)',
    "where": 'a,b=jax.random.key(1),jax.random.key(2); c=jnp.where(True,a,b); jax.random.normal(c)',
    "stacked": 'a,b=jax.random.key(1),jax.random.key(2); c=jnp.stack([a,b]); jax.vmap(jax.random.normal)(c); jax.random.normal(a)',
    "reshaped": 'ks=jax.random.split(jax.random.key(0),4); r=jnp.reshape(ks,(2,2)); jax.vmap(jax.vmap(jax.random.normal))(r); jax.vmap(jax.random.normal)(ks)',
    "broadcast": 'k=jax.random.key(0); b=jnp.broadcast_to(k,(3,)); jax.vmap(jax.random.normal)(b); jax.random.normal(k)',
    "permutation_twice": 'k=jax.random.key(0); jax.random.permutation(k,5); jax.random.permutation(k,5)',
    "element_set": 'ks=jax.random.split(jax.random.key(0),4); ks=ks.at[0].set(jax.random.key(9)); jax.vmap(jax.random.normal)(ks)',
    "update_after": 'n=jax.random.key(9); ks=jax.random.split(jax.random.key(0),4); ks.at[0].set(n); jax.random.normal(n)',
    "fori_fold_in": 'k=jax.random.key(0); lax.fori_loop(0,3,lambda i,x:x+jax.random.normal(jax.random.fold_in(k,i)),0.)',
    "fori_constant": 'k=jax.random.key(0); lax.fori_loop(0,3,lambda i,x:x+jax.random.normal(k),0.)',
    "map_twice": 'ks=jax.random.split(jax.random.key(0),3); lax.map(jax.random.normal, ks); lax.map(jax.random.normal, ks)',
    "scan_carry_left": 'k=jax.random.key(0); lax.scan(lambda c,_:(c,0.), k, None, length=3); jax.random.normal(k)',
    "scan_result_and_argument": 'k=jax.random.key(0); r,_=lax.scan(lambda c,_:(c,0.), k, None, length=3); jax.random.normal(r); jax.random.normal(k)',
    "identity_in_jit": 'k=jax.random.key(0); f=jax.jit(lambda k:k); jax.random.normal(f(k)); jax.random.normal(k)',
    "split_in_jit": 'k=jax.random.key(0); f=jax.jit(lambda k: jax.random.split(k)); jax.random.normal(f(k)[0]); jax.random.normal(k)',
    "element_then_all": 'ks=jax.random.split(jax.random.key(0),4); jax.random.normal(ks[0]); jax.vmap(jax.random.normal)(ks)',
    "captured_then_drawn": 'k=jax.random.key(0); jax.jit(lambda: jax.random.normal(k))(); jax.random.normal(k)',
    "captured_twice": 'k=jax.random.key(0); jax.jit(lambda: jax.random.normal(k))(); jax.jit(lambda: jax.random.normal(k))()',
    "transposed_vector": 'ks=jax.random.split(jax.random.key(0),4).T; jax.vmap(jax.random.normal)(ks)',
    "reversed_in_jit": 'ks=jax.random.split(jax.random.key(0),4); jax.jit(lambda ks: jax.vmap(jax.random.normal)(ks[::-1]))(ks)',
    "reversed": 'ks=jax.random.split(jax.random.key(0),4); jax.vmap(jax.random.normal)(ks[::-1])',
    "gathered": 'ks=jax.random.split(jax.random.key(0),4); i=jnp.arange(2); jax.vmap(jax.random.normal)(ks[i]); jax.vmap(jax.random.normal)(ks)',
    "sliced_then_indexed": 'ks=jax.random.split(jax.random.key(0),4); lax.slice(ks,(0,),(2,)); jax.random.normal(ks[0])',
    "words_and_back": 'k=jax.random.key(0); jax.random.normal(jax.random.wrap_key_data(jax.random.key_data(k))); jax.random.normal(k)',
    "switch_draws_twice": 'k=jax.random.key(0); lax.switch(0,[lambda k: jax.random.normal(k), lambda k: jax.random.normal(k)+jax.random.uniform(k)],k)',
    "choice_then_categorical": 'k=jax.random.key(0); jax.random.choice(k,5,(2,),replace=False); jax.random.categorical(k,jnp.zeros(3))',
}


def outcome(program):
    """What the last expression of a program is, or that a key is used twice."""
    names = {"jax": jax, "jnp": jnp, "lax": lax}
    try:
        exec(program, names)
    except KeyReuseError:
        return "raises KeyReuseError"
    return "int32[]:0"


def main():
    with open(pathlib.Path(__file__).parent.parent / "key_reuse.tsv", "w") as out:
        print("id", "area", "program", "expected", sep="\t", file=out)
        for name, text in PROGRAMS.items():
            lines = ["with jax.debug_key_reuse(True):", *("    " + line for line in text.split("; "))]
            program = "\n".join(lines) + "\n"
            print(f"key_reuse.{name}", "random", program.replace("\n", "\\n") + "jnp.int32(0)", outcome(program), sep="\t", file=out)


if __name__ == "__main__":
    main()
