# Trees: arrays and numbers in tuples, named tuples, vectors, dictionaries and structs, in any nesting.

# What a tree is without its leaves. It is compared and hashed by content, so that caches find it.
abstract type TreeDef end
struct LeafDef <: TreeDef end
struct ConstantDef <: TreeDef
    value::Any
end
struct NodeDef <: TreeDef
    kind::Any
    keys::Any
    children::Vector{TreeDef}
end

Base.:(==)(a::ConstantDef, b::ConstantDef) = isequal(a.value, b.value)
Base.:(==)(a::NodeDef, b::NodeDef) = a.kind === b.kind && a.keys == b.keys && a.children == b.children
Base.hash(a::LeafDef, h::UInt) = hash(0x1eaf, h)
Base.hash(a::ConstantDef, h::UInt) = hash(a.value, hash(0xc025, h))
Base.hash(a::NodeDef, h::UInt) = hash(a.children, hash(a.keys, hash(objectid(a.kind), h)))

"An error as data: `message(e)` says what failed, `nothing` if nothing did; `throw_error(e)` throws it."
struct CheckError
    code::Any
    values::Any
end

const Leaf = Union{Number,AbstractArray{<:Number},JArray}

"Appends the leaves of a tree, in order; gives what is left of it."
function flatten!(leaves::Vector{Any}, @nospecialize(x))
    x isa Leaf && (push!(leaves, x); return LeafDef())
    x isa Tuple && return NodeDef(Tuple, nothing, children!(leaves, x))
    x isa NamedTuple && return NodeDef(NamedTuple, keys(x), children!(leaves, values(x)))
    x isa AbstractVector && return NodeDef(Vector, nothing, children!(leaves, x))
    x isa AbstractDict && return dict_def!(leaves, x)
    is_node(x) || return ConstantDef(x)
    return struct_def!(leaves, x)
end

children!(leaves, @nospecialize(xs)) = TreeDef[flatten!(leaves, x) for x in Any[xs...]]

function dict_def!(leaves, x)
    names = sort!(collect(Any, keys(x)); by = repr)
    return NodeDef(Dict, names, TreeDef[flatten!(leaves, x[k]) for k in names])
end

"Structs of users' are nodes; functions, texts and what Base and this module have are constants."
is_node(@nospecialize(x)) = isstructtype(typeof(x)) && fieldcount(typeof(x)) > 0 &&
    !(x isa Union{Function,Type,Module,Symbol,AbstractString}) && !(parentmodule(typeof(x)) in (Core, Base, Engine)) || x isa CheckError

function struct_def!(leaves, @nospecialize(x))
    before = length(leaves)
    T = typeof(x)
    children = TreeDef[flatten!(leaves, getfield(x, i)) for i in 1:fieldcount(T)]
    # A struct without arrays is constant as a whole, and need not be built again.
    return length(leaves) == before ? ConstantDef(x) : NodeDef(Base.typename(T).wrapper, nothing, children)
end

"""
    rebuild(T, fields)

A struct of type `T` with other fields. Types whose constructor does not take their fields in order have a method of their own.
"""
rebuild(T, fields) = T(fields...)

function unflatten!(def::TreeDef, leaves, next::Ref{Int})
    def isa LeafDef && (next[] += 1; return leaves[next[]-1])
    def isa ConstantDef && return def.value
    node = def::NodeDef
    children = Any[unflatten!(child, leaves, next) for child in node.children]
    node.kind === Tuple && return (children...,)
    node.kind === NamedTuple && return NamedTuple{node.keys}((children...,))
    node.kind === Vector && return identity.(children)
    node.kind === Dict && return Dict(k => v for (k, v) in zip(node.keys, children))
    return rebuild(node.kind, children)
end

count_leaves(::LeafDef) = 1
count_leaves(::ConstantDef) = 0
count_leaves(def::NodeDef) = mapreduce(count_leaves, +, def.children; init = 0)

"A tree of this structure with these leaves."
function tree_unflatten(def::TreeDef, leaves)
    length(leaves) == count_leaves(def) ||
        throw(JaxrsError(:invalid_argument, "there are $(length(leaves)) leaves for a tree of $(count_leaves(def))"))
    return unflatten!(def, leaves, Ref(1))
end

"The arrays and numbers of a tree, in order, and its structure."
function tree_flatten(tree)
    leaves = Any[]
    def = flatten!(leaves, tree)
    return leaves, def
end

"The arrays and numbers of a tree, in order."
tree_leaves(tree) = tree_flatten(tree)[1]

"A tree whose leaves are `f` of the leaves at the same place of all trees."
function tree_map(f, tree, more...)
    leaves, def = tree_flatten(tree)
    others = map(tree_flatten, more)
    for (_, other) in others
        other == def || throw(JaxrsError(:invalid_argument, "tree_map needs trees of one structure"))
    end
    return tree_unflatten(def, Any[f(x, (other[i] for (other, _) in others)...) for (i, x) in enumerate(leaves)])
end
