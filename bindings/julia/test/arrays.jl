# Arrays in and out, Base's functions, indices.

@testset "memory goes in and comes out" begin
    for data in (Float32[1.5, -2], [1.5 2 3; 4 5 6], Int32[-1], [1 << 60], UInt8[255], [0x8000000000000000], [true false], [1.0 + 2im],
                 fill(3.0f0), zeros(Float16, 0, 3), reshape(collect(1:24), 2, 3, 4))
        x = JArray(data)
        @test Array(x) == data
        @test eltype(x) == eltype(data) && size(x) == size(data)
    end
    @test string(JArray([1.0 2 3; 4 5 6])) == "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]:f64[2,3]"
end
