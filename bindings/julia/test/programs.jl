# Programs: as text, compiled, and in files: what is saved here, and what versions of the library wrote (tests/programs).

const KEPT = joinpath(@__DIR__, "../../../tests/programs")

@testset "programs are text, and are called" begin
    f(p) = (y = sin.(p.x) .+ p.x,)
    program = jx.make_jaxpr(f)((x = JArray(Float32[0, 1]),))
    @test occursin("sin a", string(program)) && occursin("define", jx.program_text(program, :llvm))
    @test near(program(JArray(Float32[0, 1]))[1], [0, 1.841471])
    @test near(jx.compile(program)(JArray(Float32[0, 1]))[1], [0, 1.841471])
end

@testset "saved programs are called" begin
    program = jx.make_jaxpr(x -> sin.(x) .+ x)(JArray(Float32[0, 1]))
    bytes = jx.save(program)
    @test near(jx.load(bytes)(JArray(Float32[0, 1]))[1], [0, 1.841471])
    mktempdir() do folder
        path = joinpath(folder, "program.jaxrs")
        jx.save(path, program)
        @test string(jx.load(path)) == string(program)
    end
    @test failure(() -> jx.load(UInt8[1, 2, 255])).code === :invalid_argument
    @test near(jx.load(jx.save(program; format = :stablehlo))(JArray(Float32[0, 1]))[1], [0, 1.841471])
    @test occursin("stablehlo.sine", jx.program_text(program, :stablehlo))
end

@testset "files of jax.export are read and written" begin
    path = joinpath(@__DIR__, "../../../core/stablehlo/testdata/any_size.jaxexport")
    @test occursin("argument 0 is f32[?,4]", failure(() -> jx.load(path)).message)
    program = jx.load(path, jx.aval(Float32, 1, 4))
    x = JArray(Float32[1 2 3 4])
    @test near(program(x)[1], [1 2; 3 4])
    @test near(jx.load(jx.save(program; format = :jax_export, vjp_order = 1))(x)[1], [1 2; 3 4])
    @test near(jx.load(path, x)(x)[1], [1 2; 3 4])
end

@testset "compiled programs are saved and called" begin
    executable = jx.compile(jx.make_jaxpr(x -> sin.(x) .+ x)(JArray(Float32[0, 1])))
    bytes = jx.save(executable)
    @test near(jx.load_executable(bytes)(JArray(Float32[0, 1]))[1], [0, 1.841471])
    @test failure(() -> jx.load_executable(bytes[1:end-9])).code === :invalid_argument
end

"An array of cases.txt."
function described(words)
    rank = parse(Int, words[2])
    sizes = parse.(Int, words[3:2+rank])
    values = parse.(Float64, words[3+rank:end])
    T = Jaxrs.Engine.TYPE_OF[Jaxrs.Engine.dtype_code(words[1])]
    return JArray{T}(Jaxrs.Engine.reversed(reshape(values, Tuple(reverse(sizes)))))
end

@testset "kept programs give what they gave" begin
    programs, inputs, outputs, name = 0, Any[], Any[], ""
    for line in eachline(joinpath(KEPT, "cases.txt"))
        words = split(line)
        isempty(words) && continue
        word, rest = words[1], words[2:end]
        if word == "program"
            programs, inputs, outputs, name = programs + 1, Any[], Any[], rest[1]
        elseif word == "in"
            push!(inputs, described(rest))
        elseif word == "out"
            isempty(outputs) && (outputs = Any[jx.load(joinpath(KEPT, "$name.jaxrs"))(inputs...)...])
            got, expected = popfirst!(outputs), described(rest)
            @test typeof(got) == typeof(expected) && size(got) == size(expected) && near(Float64.(got), Float64.(expected))
        elseif word == "refused"
            code = parse(Int, rest[2])
            @test failure(() -> jx.load(joinpath(KEPT, "$(rest[1]).jaxrs"))).code === Jaxrs.Engine.CODES[code+1]
        end
    end
    @test programs == 5
end
