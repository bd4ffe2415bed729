module jaxrs.example/go

go 1.24
