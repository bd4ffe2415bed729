package jaxrs

// #include "shim.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// Array is a concrete array, or a tracer while a function is traced. Immutable; any goroutine may use it.
type Array struct {
	handle  *C.jaxrs_array
	scope   *Scope // where operations on it go
	cleanup runtime.Cleanup
}

// Bytes of arrays that were made since the last collection: Go does not see the library's memory.
var unseen atomic.Int64

const collectAfter = 256 << 20

// wrap takes over a reference.
func (s *Scope) wrap(handle *C.jaxrs_array) *Array {
	a := &Array{handle: handle, scope: s}
	a.cleanup = runtime.AddCleanup(a, func(handle *C.jaxrs_array) { C.jaxrs_array_release(handle) }, handle)
	if unseen.Add(int64(C.shim_weight(handle))) > collectAfter {
		unseen.Store(0)
		runtime.GC()
	}
	return a
}

func (s *Scope) done(handle *C.jaxrs_array, err *C.jaxrs_error) *Array {
	if err != nil {
		raise(err)
	}
	return s.wrap(handle)
}

func (a *Array) ptr() *C.jaxrs_array {
	if a == nil {
		return nil
	}
	return a.handle
}

// Close releases the array before the garbage collector would. Nothing may use it any more.
func (a *Array) Close() {
	if a == nil || a.handle == nil {
		return
	}
	a.cleanup.Stop()
	C.jaxrs_array_release(a.handle)
	a.handle = nil
}

// DType is the element type.
func (a *Array) DType() DType {
	defer runtime.KeepAlive(a)
	return DType(C.jaxrs_array_dtype(a.ptr()))
}

// Shape are the sizes along the axes.
func (a *Array) Shape() []int {
	defer runtime.KeepAlive(a)
	shape := unsafe.Slice((*int)(unsafe.Pointer(C.jaxrs_array_shape(a.ptr()))), int(C.jaxrs_array_ndim(a.ptr())))
	return append([]int{}, shape...)
}

// Size is the number of elements.
func (a *Array) Size() int {
	defer runtime.KeepAlive(a)
	return int(C.jaxrs_array_size(a.ptr()))
}

// IsTracer says whether the value is not known because a function is being traced.
func (a *Array) IsTracer() bool {
	defer runtime.KeepAlive(a)
	return C.jaxrs_array_is_tracer(a.ptr()) != 0
}

// IsWeak says whether the element type gives way to that of others.
func (a *Array) IsWeak() bool {
	defer runtime.KeepAlive(a)
	return C.jaxrs_array_is_weak(a.ptr()) != 0
}

// Item is the only element.
func (a *Array) Item() (value float64, err error) {
	defer caught(&err)
	var out C.double
	check(C.jaxrs_array_item_f64(a.ptr(), &out))
	runtime.KeepAlive(a)
	return float64(out), nil
}

// String are the elements as text; for a tracer its type.
func (a *Array) String() string {
	var bytes *C.jaxrs_bytes
	err := C.jaxrs_array_print(a.ptr(), &bytes)
	runtime.KeepAlive(a)
	if err != nil {
		return "invalid array: " + Catch(func() { raise(err) }).Error()
	}
	return bytesText(bytes)
}

func bytesText(bytes *C.jaxrs_bytes) string {
	defer C.jaxrs_bytes_release(bytes)
	return C.GoStringN((*C.char)(C.jaxrs_bytes_data(bytes)), C.int(C.jaxrs_bytes_len(bytes)))
}

// Element is a type of Go that is an element type of arrays.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | complex64 | complex128
}

// DTypeOf is the element type that corresponds to a type of Go.
func DTypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case int8:
		return I8
	case int16:
		return I16
	case int32:
		return I32
	case int64:
		return I64
	case uint8:
		return U8
	case uint16:
		return U16
	case uint32:
		return U32
	case uint64:
		return U64
	case float32:
		return F32
	case float64:
		return F64
	case complex64:
		return C64
	default:
		return C128
	}
}

// Place is where an array can be made: a [Context] or a [Scope].
type Place interface{ where() *Scope }

// From is an array of a copy of data, in row-major order; without a shape it has one axis.
func From[T Element](p Place, data []T, shape ...int) (*Array, error) {
	if shape == nil {
		shape = []int{len(data)}
	}
	var zero T
	return FromBytes(p, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(zero))), DTypeOf[T](), shape)
}

// FromBytes is an array of a copy of the bytes of its elements.
func FromBytes(p Place, data []byte, dtype DType, shape []int) (a *Array, err error) {
	defer caught(&err)
	var out *C.jaxrs_array
	failed := C.jaxrs_array_from_host(p.where().handle(), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), C.jaxrs_dtype(dtype),
		numbers(shape), C.size_t(len(shape)), nil, nil, &out)
	return p.where().done(out, failed), nil
}

// Borrow is an array over data, which may not be changed as long as the array or a result that shares it is in use. Memory
// that is not aligned to 64 bytes is copied; [Aligned] makes some that is.
func Borrow[T Element](p Place, data []T, shape ...int) (a *Array, err error) {
	defer caught(&err)
	if shape == nil {
		shape = []int{len(data)}
	}
	var zero T
	pinner := new(runtime.Pinner)
	if len(data) > 0 {
		pinner.Pin(&data[0])
	}
	var out *C.jaxrs_array
	failed := C.shim_borrow(p.where().handle(), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)*int(unsafe.Sizeof(zero))),
		C.jaxrs_dtype(DTypeOf[T]()), numbers(shape), C.size_t(len(shape)), C.uintptr_t(cgo.NewHandle(pinner)), &out)
	p.where().ctx.collect()
	return p.where().done(out, failed), nil
}

// Aligned is memory for n elements that [Borrow] does not have to copy.
func Aligned[T Element](n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	memory := make([]byte, n*size+64)
	offset := -int(uintptr(unsafe.Pointer(&memory[0]))) & 63
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[offset])), n)
}

// Values is a copy of the elements, in row-major order.
func Values[T Element](a *Array) (data []T, err error) {
	defer caught(&err)
	if a.DType() != DTypeOf[T]() {
		fail(ErrDType, "the elements are %v, but %v were asked for", a.DType(), DTypeOf[T]())
	}
	data = make([]T, a.Size())
	var zero T
	check(C.jaxrs_array_to_host(a.ptr(), unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)*int(unsafe.Sizeof(zero))), nil))
	runtime.KeepAlive(a)
	return data, nil
}

// Bytes is a copy of the bytes of the elements.
func (a *Array) Bytes() (data []byte, err error) {
	defer caught(&err)
	var memory unsafe.Pointer
	var size C.size_t
	check(C.jaxrs_array_host_view(a.ptr(), &memory, &size))
	data = C.GoBytes(memory, C.int(size))
	runtime.KeepAlive(a)
	return data, nil
}

func (s *Scope) where() *Scope { return s }

func (d DType) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return "none"
}

// ---- what generated operations use ----

func text(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// numbers is a list for the library: int has 64 bits where the library runs.
func numbers(list []int) *C.int64_t { return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(list))) }

func handles(arrays []*Array) []*C.jaxrs_array {
	list := make([]*C.jaxrs_array, len(arrays))
	for i, a := range arrays {
		list[i] = a.ptr()
	}
	return list
}

func first(list []*C.jaxrs_array) **C.jaxrs_array { return unsafe.SliceData(list) }

// Attr is an attribute of an operation, made by one of the functions With...
type Attr struct {
	name    string
	kind    attrKind
	integer int64
	real    float64
	list    []int
	text    string
}

type attrKind uint8

const (
	kindInt attrKind = iota
	kindBool
	kindDType
	kindReal
	kindList
	kindText
)

// settle puts given attributes in the place of defaults.
func settle(op string, at []Attr, given []Attr) []Attr {
next:
	for _, attr := range given {
		for i := range at {
			if at[i].name == attr.name && at[i].kind == attr.kind {
				at[i] = attr
				continue next
			}
		}
		fail(ErrInvalidArgument, "%s has no attribute %q of this kind", op, attr.name)
	}
	return at
}

// results is a list of the library's.
type results struct{ handle *C.jaxrs_results }

func newResults() results {
	var r results
	check(C.jaxrs_results_new(&r.handle))
	return r
}

func (r results) done(s *Scope, err *C.jaxrs_error) []*Array {
	defer C.jaxrs_results_release(r.handle)
	if err != nil {
		raise(err)
	}
	arrays := make([]*Array, int(C.jaxrs_results_len(r.handle)))
	for i := range arrays {
		arrays[i] = s.wrap(C.jaxrs_results_get(r.handle, C.size_t(i)))
	}
	return arrays
}
