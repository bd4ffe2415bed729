# Trains a neural network (64-256-128-10) on 1,797 real images of handwritten digits, with Adam.
#
#     julia train_digits.jl digits.csv [epochs]
#
# One training step is one compiled function: loss, gradient and update.
using Jaxrs, Printf, Statistics
const jx = Jaxrs

const IMAGES, PIXELS, CLASSES, TRAINING, BATCH = 1797, 64, 10, 1437, 64
const STEPS = TRAINING ÷ BATCH

struct Layer{W,B}
    w::W
    b::B
end

"The network is a vector of layers; the last one has no activation."
function logits(network, x)
    for (i, layer) in enumerate(network)
        x = x * layer.w .+ layer.b'
        i < length(network) && (x = max.(x, 0))
    end
    return x
end

"The mean cross-entropy."
loss(network, x, labels) = -mean(sum(jx.log_softmax(logits(network, x); axes = 2) .* labels; dims = 2))

"One step of Adam, the number t from 1 on: the new state, and the loss."
function adam(state, t, x, labels)
    value, g = jx.value_and_grad(loss)(state.network, x, labels)
    m = jx.tree_map((old, d) -> 0.9 .* old .+ 0.1 .* d, state.m, g)
    v = jx.tree_map((old, d) -> 0.999 .* old .+ 0.001 .* d .^ 2, state.v, g)
    # As both moments start at zero.
    grown1, grown2 = 1 - 0.9^t, 1 - 0.999^t
    network = jx.tree_map((p, m, v) -> p .- 1e-3 .* (m ./ grown1) ./ (sqrt.(v ./ grown2) .+ 1e-8), state.network, m, v)
    return (network = network, m = m, v = v), value
end

"Weights from a normal distribution (He et al. 2015), biases and moments zero."
function initial()
    sizes = [PIXELS, 256, 128, CLASSES]
    network = map(1:3) do i
        Layer(jx.random_normal(jx.random_key(99 + i), (sizes[i], sizes[i+1])) .* sqrt(2 / sizes[i]), jx.zeros((sizes[i+1],)))
    end
    zeros_like(tree) = jx.tree_map(p -> zero.(p), tree)
    return (network = network, m = zeros_like(network), v = zeros_like(network))
end

function main(path, epochs)
    rows = [parse.(Int, split(line, ',')) for line in eachline(path)]
    x = JArray(Float32[rows[i][k] / 16 for i in 1:IMAGES, k in 1:PIXELS])
    digits = JArray(Int32[row[PIXELS+1] for row in rows])
    labels = jx.one_hot(digits, CLASSES; dtype = Float32)
    order = jx.random_permutation(jx.random_key(0), IMAGES) .+ 1 # positions in Julia are from 1
    for_training, for_testing = order[1:TRAINING], order[TRAINING+1:end]
    test_x, test_digits = x[for_testing, :], digits[for_testing]

    step = jx.jit(adam; donate = 1) # the old state gives its memory to the new one
    accuracy = jx.jit((network, x, digits) -> mean(jx.argmax(logits(network, x); axis = 2) .== digits))
    state, number, reached, spent = initial(), 0, 0.0, 0.0
    for epoch in 1:epochs
        shuffled = for_training[jx.random_permutation(jx.random_key(999 + epoch), TRAINING) .+ 1]
        total, start = 0.0, time()
        for i in 1:STEPS
            chosen = shuffled[(i-1)*BATCH+1:i*BATCH]
            state, value = step(state, Float32(number += 1), x[chosen, :], labels[chosen, :])
            total += jx.item(value)
        end
        epoch > 1 && (spent += time() - start)
        (epoch % 3 == 0 || epoch in (1, epochs)) || continue
        reached = jx.item(accuracy(state.network, test_x, test_digits))
        @printf("epoch %2d  loss %.4f  test accuracy %.4f\n", epoch, total / STEPS, reached)
    end
    ok = reached >= (epochs >= 30 ? 0.97 : 0.9)
    @printf("train_digits: %s accuracy=%.4f step_ms=%.3f\n", ok ? "ok" : "failed", reached, 1000 * spent / max(epochs - 1, 1) / STEPS)
    return ok
end

exit(main(ARGS[1], parse(Int, get(ARGS, 2, "30"))) ? 0 : 1)
