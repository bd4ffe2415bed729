# All tests: `julia --project=bindings/julia bindings/julia/test/runtests.jl`, with JAXRS_LIBRARY the path of the library.
using Test, LinearAlgebra, Statistics, Jaxrs
const jx = Jaxrs

include("json.jl")
include("support.jl")

const FILES = isempty(ARGS) ? ["arrays", "transforms", "errors", "programs", "chain_rules", "conformance", "threads", "memory"] : ARGS

"How many tests of a set passed, and how many did not."
function counts(set::Test.DefaultTestSet)
    passes, fails, errors, broken, more_passes, more_fails, more_errors, more_broken = Test.get_test_counts(set)
    return passes + more_passes, fails + errors + more_fails + more_errors
end
counts(e::Test.TestSetException) = (e.pass, e.fail + e.error)

passed, failed = counts(try
    @testset "Jaxrs" begin
        for file in FILES
            include("$file.jl")
        end
    end
catch e
    e isa Test.TestSetException ? e : rethrow()
end)
println("$passed passed, $failed failed")
exit(failed == 0 ? 0 : 1)
