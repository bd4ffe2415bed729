# A small reader of JSON, as none comes with Julia. Numbers stay text, so that 64-bit integers and floats are read as what they are.
module Json

struct Number
    text::String
end

mutable struct Reader
    text::String
    at::Int
end

read(text::AbstractString) = value(Reader(String(text), 1))

peek(r::Reader) = codeunit(r.text, r.at) |> Char
function next(r::Reader)
    c = peek(r)
    r.at += 1
    return c
end

function expect(r::Reader, word::String)
    SubString(r.text, r.at, r.at + length(word) - 1) == word || error("no $word at $(r.at) of $(r.text)")
    r.at += length(word)
end

function spaces(r::Reader)
    while r.at <= ncodeunits(r.text) && isspace(peek(r))
        r.at += 1
    end
end

function value(r::Reader)
    spaces(r)
    c = peek(r)
    c == '{' && return object(r)
    c == '[' && return list(r)
    c == '"' && return string(r)
    c == 't' && return (expect(r, "true"); true)
    c == 'f' && return (expect(r, "false"); false)
    c == 'n' && return (expect(r, "null"); nothing)
    return number(r)
end

function items(f, r::Reader, last::Char)
    next(r)
    spaces(r)
    peek(r) == last && return next(r)
    while true
        f()
        spaces(r)
        next(r) == last && return
    end
end

function object(r::Reader)
    out = Dict{String,Any}()
    items(r, '}') do
        spaces(r)
        key = string(r)
        spaces(r)
        expect(r, ":")
        out[key] = value(r)
    end
    return out
end

function list(r::Reader)
    out = Any[]
    items(() -> push!(out, value(r)), r, ']')
    return out
end

const ESCAPES = Dict('n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f')

function string(r::Reader)
    out = IOBuffer()
    next(r)
    while (byte = codeunit(r.text, r.at); r.at += 1; byte != UInt8('"'))
        if byte != UInt8('\\')
            write(out, byte)
        elseif (c = next(r)) == 'u'
            print(out, Char(parse(UInt16, SubString(r.text, r.at, r.at + 3); base = 16)))
            r.at += 4
        else
            print(out, get(ESCAPES, c, c))
        end
    end
    return String(take!(out))
end

function number(r::Reader)
    from = r.at
    while r.at <= ncodeunits(r.text) && peek(r) in "+-.0123456789eE"
        r.at += 1
    end
    return Number(r.text[from:r.at-1])
end

end
