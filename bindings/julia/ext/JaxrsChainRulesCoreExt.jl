"Functions of Jaxrs inside of what ChainRules differentiates, such as Zygote; loaded with ChainRulesCore from Julia 1.9 on."
module JaxrsChainRulesCoreExt

using ChainRulesCore: ChainRulesCore, NoTangent, unthunk
using Jaxrs: JArray, vjp
using Jaxrs.Engine: Transformed, item

"A cotangent like the argument that it is of: arrays of Julia for arrays of Julia."
like(::JArray, ct) = ct
like(::Number, ct) = item(ct)
like(::Array, ct) = Array(ct)
like(::Any, ct) = ct

function ChainRulesCore.rrule(f::Transformed, arguments...)
    value, pullback = vjp(f, arguments...)
    return value, ct -> (NoTangent(), map(like, arguments, pullback(unthunk(ct)))...)
end

end
