# Arrays in and out, Base's functions, indices.

@testset "memory goes in and comes out" begin
    for data in (Float32[1.5, -2], [1.5 2 3; 4 5 6], Int32[-1], [1 << 60], UInt8[255], [0x8000000000000000], [true false], [1.0 + 2im],
                 fill(3.0f0), zeros(Float16, 0, 3), reshape(collect(1:24), 2, 3, 4))
        x = JArray(data)
        @test Array(x) == data
        @test eltype(x) == eltype(data) && size(x) == size(data)
    end
    @test string(JArray([1.0 2 3; 4 5 6])) == "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]:f64[2,3]"
    @test sprint(show, MIME"text/plain"(), JArray(Float32[1 2; 3 4])) == "2×2 JArray{Float32,2}:\n 1.0  2.0\n 3.0  4.0"
    @test Array(JArray(1:2:7)) == [1, 3, 5, 7]
    @test JArray{Float32}([1, 2]) isa JArray{Float32,1}
    @test jx.item(JArray(7)) == 7 && Float64(JArray(2.5f0)) === 2.5
end

@testset "numbers take the element type of what they meet" begin
    x = JArray(Float32[1, 2])
    @test eltype(x .+ 1) == eltype(x .* 0.5) == eltype(x .* pi) == Float32
    @test eltype(JArray(Int32[1]) .* 2) == Int32
    @test eltype(JArray(Int32[1]) .* 2.5) == Float32
    @test eltype(JArray([1.0]) .* 0.1) == Float64
    @test eltype(x .* Float64[1, 2]) == Float64
    @test jx.with_default_float(() -> eltype(jx.zeros((2,))), Float64) == Float64
end

@testset "element types that Julia has not" begin
    x = JArray{jx.BFloat16}(Float32[1, 1.00390625, -3])
    @test eltype(x) == jx.BFloat16
    @test Float32.(Array(x)) == Float32[1, 1, -3]
    @test Array(Float32.(x)) == Float32[1, 1, -3]
    @test Float64(jx.Float8_e4m3fn(0.3)) == 0.3125
    @test Int(jx.Int4(-7)) == -7
    @test eltype(jx.random_key(0)) == jx.Key{:fry}
    @test near(jx.random_normal(jx.random_key(0), (2,)), [1.6226422, 2.0252647])
end

data = reshape(Float32[sin(k) for k in 1:24], 2, 3, 4)

@testset "broadcasting is Julia's" begin
    a, b, c = Float32[1 2 3; 4 5 6], Float32[10, 20], Float32[7 8 9]
    x, y, z = JArray(a), JArray(b), JArray(c)
    @test near(x .+ y, a .+ b)
    @test near(x .* z .- y ./ 2 .+ x .^ 2, a .* c .- b ./ 2 .+ a .^ 2)
    @test near(JArray(data) .+ y, data .+ b)
    @test near(y .+ z, b .+ c)
    @test near((v -> v > 2 ? 1 : 0).(a) .+ x, (v -> v > 2 ? 1 : 0).(a) .+ a)
    relu(v) = max(v, zero(v))
    softplus(v) = log1p(exp(v))
    @test near(relu.(x .- 3), relu.(a .- 3)) && near(softplus.(x), softplus.(a))
    @test near((v -> 3).(x), fill(3, 2, 3))
    @test Array(x .> 2) == (a .> 2)
    @test near(ifelse.(x .> 2, x, -x), ifelse.(a .> 2, a, -a))
    @test near(clamp.(x, 2, 4), clamp.(a, 2, 4))
    @test near(muladd.(x, 2, x), muladd.(a, 2, a))
    @test eltype(Float64.(x)) == Float64
    @test near(x + x - x, a) && near(2x / 4, a ./ 2) && near(-x, -a)
    @test near(jx.relu.(x), a)
    target = zeros(Float32, 2, 3)
    target .= x .+ 1
    @test target == a .+ 1
    @test failure(() -> x .= 1) isa Exception
    @test Array(abs2.(JArray([3 + 4im]))) == [25.0]
    for f in (sin, cos, tanh, exp, sqrt, abs, sign, floor, abs2, cbrt, log1p, exp10, sinpi, cospi, inv)
        @test near(f.(x ./ 7), f.(a ./ 7))
    end
    for f in (max, min, hypot, rem, mod, atan, ^, /, div, fld)
        @test near(f.(x, y), f.(a, b); atol = 1e-4 * maximum(abs, f.(a, b)))
    end
end

@testset "arrays without axes are numbers" begin
    t = JArray(2.0)
    @test near(3t^2 + sin(t) / 2 - 1, 12 + sin(2) / 2 - 1)
    @test near(t * JArray([1.0, 2]), [2, 4]) && near([1.0, 2] * t, [2, 4]) && near(JArray([1.0, 2]) / t, [0.5, 1])
    @test jx.item(t > 1) === true
end

@testset "indices are Julia's" begin
    x = JArray(data)
    for index in ((1, 2, 3), (:, 2, :), (2, 1:2, 4:-1:2), (:, 1:2:3, 1), (1, :, [4, 1]), (:, [3, 1], [1, 4]), ([2, 1], :, [1, 3]),
                  (:, [true, false, true], 2), (:, :, 3:2), (5,), (3:9,), ([24, 1],), (:,), (CartesianIndex(2, 3), 4), (2, 3, 4, 1),
                  (:, [1 3; 2 1], 2), (1:2, 1, [2]))
        got = x[index...]
        expected = data[index...]
        @test expected isa Number ? jx.item(got) == expected : Array(got) == expected
    end
    @test jx.item(x[end]) == data[end] && Array(x[data .> 0.5]) == data[data .> 0.5]
    @test Array(x[:, JArray([2, 3]), 1]) == data[:, [2, 3], 1]
    @test near(jx.jit((x, i) -> x[1, i, 2])(x, 3), data[1, 3, 2])
    @test failure(() -> x[3, 1, 1]) isa BoundsError && failure(() -> x[:, [4], 1]) isa BoundsError && failure(() -> x[25]) isa BoundsError
    @test [jx.item(v) for v in JArray([1, 2, 3])] == [1, 2, 3]
    @test Array(view(x, 1, :, :)) == data[1, :, :] && Array(selectdim(x, 2, 3)) == data[:, 3, :]
end

@testset "places are changed in a copy" begin
    x = JArray(data)
    for (index, value) in (((1, 2, 3), 9), ((:, 2, :), 1), ((2, 1:2, 1:3), [1.0 2 3; 4 5 6]), ((:, [1, 3], [2, 4]), reshape(1.0:8, 2, 2, 2)),
                           ((5,), 3), (([1, 7],), [1.0, 2]), ((:, :, 4:-1:3), 0))
        expected = copy(data)
        value isa Number && !(data[index...] isa Number) ? (expected[index...] .= value) : (expected[index...] = value)
        @test near(x.at[index...].set(value), expected)
    end
    @test near(x.at[1, :, 1].add(1), (y = copy(data); y[1, :, 1] .+= 1; y))
    @test near(x.at[1, :, 1].multiply(2).at[1, :, 1].divide(2), data)
    @test near(JArray([1.0, 2]).at[[1, 1]].add(1), [3, 2]) # both count
    @test near(JArray([1.0, 2]).at[2].get(), 2)
    @test near(Base.setindex(JArray([1.0, 2]), 5, 1), [5, 2])
    @test failure(() -> x[1, 1, 1] = 2) isa JaxrsError
end

@testset "functions of whole arrays are Julia's" begin
    x = JArray(data)
    for f in (sum, prod, maximum, minimum, mean, std, var), dims in (1, 2, (1, 3))
        @test near(f(x; dims = dims), f(data; dims = dims))
    end
    for f in (sum, maximum, mean, std, median, norm)
        @test near(f(x), f(data); atol = 1e-4)
    end
    @test near(sum(abs2, x), sum(abs2, data); atol = 1e-4) && near(mapreduce(abs, max, x), mapreduce(abs, max, data))
    @test jx.item(any(x .> 2)) === false && jx.item(all(isfinite, x)) === true && jx.item(count(x .> 0)) == count(data .> 0)
    v, m = data[:, 1, 1], data[:, :, 1]
    u, w = JArray(v), JArray(m)
    @test near(cumsum(w; dims = 2), cumsum(m; dims = 2)) && near(sort(w; dims = 2, rev = true), sort(m; dims = 2, rev = true))
    @test Array(sortperm(JArray([3.0, 1, 2]))) == [2, 3, 1] && jx.item(argmax(JArray([3.0, 5, 2]))) == 2
    for sizes in ((4, 6), (24,), (3, 2, 2, 2), (:, 8))
        @test Array(reshape(x, sizes...)) == reshape(data, sizes...)
    end
    @test Array(vec(w)) == vec(m) && Array(permutedims(x, (3, 1, 2))) == permutedims(data, (3, 1, 2))
    @test Array(reverse(x; dims = 3)) == reverse(data; dims = 3) && Array(dropdims(x[:, 1:1, :]; dims = 2)) == data[:, 1, :]
    @test Array(hcat(w, v)) == hcat(m, v) && Array(vcat(w, w)) == vcat(m, m) && Array(cat(w, w; dims = 3)) == cat(m, m; dims = 3)
    @test Array([u; u]) == [v; v] && Array([w w]) == [m m]
    @test map(+, w, w) isa JArray
end

@testset "products and equations" begin
    a, b = Float32[4 1; 1 3], Float32[1, 2]
    x, y = JArray(a), JArray(b)
    @test near(x * x, a * a) && near(x * y, a * b) && near(y * y', b * b') && near(x' * a, a' * a) && near(a * y, a * b)
    @test near(x \ y, a \ b) && near(inv(x), inv(a)) && near(det(x), det(a)) && near(tr(x), tr(a)) && near(dot(y, y), dot(b, b))
    @test near(JArray([1 + 2im 3im])', [1 - 2im, -3im])
    @test near(jx.einsum((x, y), "ij,j->i"), a * b) && near(jx.einsum(x, y, "ij,j->i"), a * b)
    q, r = jx.qr(x)
    @test near(q * r, a)
    @test JArray([1, 2]) == [1, 2] && JArray([1, 2]) != JArray([1, 3])
end

@testset "operations take axes from 1" begin
    x = JArray(Float32[1 2 3; 4 5 6])
    @test near(jx.reduce_sum(x; axes = 1), [5, 7, 9]) && near(jx.reduce_sum(x; axes = (1, 2)), 21)
    @test near(jx.concatenate((x, x); axis = 2), [1 2 3 1 2 3; 4 5 6 4 5 6])
    @test size(jx.expand_dims(x, 3)) == (2, 3, 1) && near(jx.sort(-x; axis = -1), -[3 2 1; 6 5 4])
    @test occursin("axes are counted from 1", failure(() -> jx.reduce_sum(x; axes = 0)).message)
    @test occursin("reduce_sum has no attribute axis", failure(() -> jx.reduce_sum(x; axis = 1)).msg)
    @test occursin("reduce_sum(x; axes = []", string(@doc jx.reduce_sum))
end
