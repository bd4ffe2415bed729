# The extension for ChainRules, against what it uses of ChainRulesCore: the package itself needs a network.

@testset "transformed functions have a rule of ChainRules" begin
    mktempdir() do folder
        write(joinpath(folder, "ChainRulesCore.jl"), """
            module ChainRulesCore
            struct NoTangent end
            unthunk(x) = x
            function rrule end
            end
            """)
        push!(LOAD_PATH, folder)
        # The extension names the package as one that it needs, so that it is loaded from here as if it stood alone.
        rules = Base.require(Main, :ChainRulesCore)
        source = read(joinpath(@__DIR__, "../ext/JaxrsChainRulesCoreExt.jl"), String)
        Core.eval(Main, Meta.parse(source[findfirst("module", source)[1]:end]))
        pop!(LOAD_PATH)
        value, pullback = Base.invokelatest(rules.rrule, jx.jit((x, y, z) -> x .* y .+ z), [1.0, 2.0], JArray([3.0, 4.0]), 5.0)
        @test near(value, [8, 13])
        none, dx, dy, dz = Base.invokelatest(pullback, [1.0, 10.0])
        @test none isa rules.NoTangent
        @test dx isa Vector{Float64} && dx == [3, 40] && dy isa JArray && near(dy, [1, 20]) && dz == 11
    end
end
