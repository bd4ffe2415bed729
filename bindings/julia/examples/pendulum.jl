# Fits a simulator to data: the damping and the drive of a pendulum, by gradient descent through the solver.
#
#     julia pendulum.jl [states [steps]]
#
#     angle'' = -sin(angle) - damping angle' + drive cos(2/3 t)
#
# RK4 (a scan) from many initial states (a vmap) is differentiated as a whole.
using Jaxrs, Printf, Statistics
const jx = Jaxrs

moved(y, h, k) = map((a, b) -> a .+ b .* h, y, k)
slope(model, y, t) = (angle = y.speed, speed = model.drive * cos(t * (2 / 3)) - sin(y.angle) - model.damping * y.speed)

"The state after all steps of Runge and Kutta. The steps close over the model."
solver(steps, dt) = (model, start) -> begin
    step = jx.checkpoint() do y, t
        k1 = slope(model, y, t)
        k2 = slope(model, moved(y, dt / 2, k1), t + dt / 2)
        k3 = slope(model, moved(y, dt / 2, k2), t + dt / 2)
        k4 = slope(model, moved(y, dt, k3), t + dt)
        moved(y, dt / 6, moved(moved(moved(k1, 2, k2), 2, k3), 1, k4)), nothing
    end
    first(jx.scan(step, start, jx.arange(0, steps; dtype = Float32) .* dt))
end

function main(states, steps)
    rounds, truth, noise, rate, momentum = 24, (damping = 0.25f0, drive = 0.6f0), 0.05, 0.03, 0.5
    solve_all = jx.vmap(solver(steps, 5 / steps); in_axes = (nothing, 1))
    loss(model, starts, seen) = begin
        ends = solve_all(model, starts)
        mean((ends.angle .- seen.angle) .^ 2 .+ (ends.speed .- seen.speed) .^ 2)
    end
    descend = jx.jit(jx.value_and_grad(loss))

    uniform(seed, bound) = jx.random_uniform(jx.random_key(seed), (states,); dtype = Float32, low = -bound, high = bound)
    starts = (angle = uniform(1, 1.5), speed = uniform(2, 1))
    exact = jx.jit(solve_all)(truth, starts)
    normal(seed) = jx.random_normal(jx.random_key(seed), (states,))
    seen = moved(exact, noise, (angle = normal(3), speed = normal(4)))

    p, velocity = [0.0, 0.0], [0.0, 0.0]
    for round in 0:rounds-1
        error, g = descend((damping = Float32(p[1]), drive = Float32(p[2])), starts, seen)
        velocity .= momentum .* velocity .- rate .* [jx.item(g.damping), jx.item(g.drive)]
        p .+= velocity
        (round % 4 == 0 || round == rounds - 1) || continue
        @printf("round %2d  error %.5f  damping %.4f  drive %.4f\n", round, jx.item(error), p...)
    end
    ok = abs(p[1] - truth.damping) < 0.01 && abs(p[2] - truth.drive) < 0.01
    @printf("pendulum: %s damping=%.4f drive=%.4f\n", ok ? "ok" : "failed", p...)
    return ok
end

exit(main(parse(Int, get(ARGS, 1, "10000")), parse(Int, get(ARGS, 2, "2000"))) ? 0 : 1)
