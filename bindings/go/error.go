package jaxrs

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"runtime/debug"
)

// Code says what kind of error an [Error] is. It is an error itself, for errors.Is.
type Code uint32

// Kinds of errors.
const (
	ErrInvalidArgument Code = iota + 1
	ErrShape
	ErrDType
	ErrTracerEscaped  // a tracer was used after its trace finished
	ErrTracerScope    // tracers of unrelated traces, or an inner in an outer scope
	ErrConcretization // a tracer was asked for its value
	ErrCallback       // a function of the caller's failed
	ErrUnimplemented
	ErrOutOfMemory
	ErrCompile
	ErrDevice
	ErrIO
	ErrIncompatible
	ErrCancelled
	ErrForked
	ErrWouldDeadlock
	ErrInternal
	ErrCheck // a check of the program's own failed, or a value is NaN
)

var codeNames = [...]string{"ok", "invalid argument", "shape", "dtype", "tracer escaped", "tracer scope", "concretization",
	"callback", "unimplemented", "out of memory", "compile", "device", "io", "incompatible", "cancelled", "forked",
	"would deadlock", "internal", "check"}

func (c Code) Error() string {
	if int(c) < len(codeNames) {
		return "jaxrs: " + codeNames[c]
	}
	return fmt.Sprintf("jaxrs: code %d", uint32(c))
}

// Error is what went wrong. errors.Is compares it with a [Code], and looks into the error that a callback returned.
type Error struct {
	code            Code
	message, detail string
	stack           []byte
	cause           error
}

func (e *Error) Error() string { return e.message }

// Code is the kind of the error.
func (e *Error) Code() Code { return e.code }

// Detail is the message with the operations and traces that the error passed.
func (e *Error) Detail() string { return e.detail }

// Stack is where in the caller's program the operation failed.
func (e *Error) Stack() string { return string(e.stack) }

// Is says whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.code }

func (e *Error) Unwrap() error { return e.cause }

func fail(code Code, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	panic(&Error{code: code, message: message, detail: message, stack: debug.Stack()})
}

// userPanic is a panic of the caller's on its way through the library.
type userPanic struct{ value any }

// raise panics with what a call of the library gave: the error of an operation, or what a callback panicked with.
func raise(err *C.jaxrs_error) {
	var length C.size_t
	if payload := C.shim_error_payload(err); payload != 0 {
		value := cgo.Handle(payload).Value()
		C.jaxrs_error_release(err)
		collectPayloads()
		panic(value)
	}
	message := C.jaxrs_error_message(err, &length)
	e := &Error{code: Code(C.jaxrs_error_code(err)), message: C.GoStringN(message, C.int(length)), stack: debug.Stack()}
	detail := C.jaxrs_error_detail(err, &length)
	e.detail = C.GoStringN(detail, C.int(length))
	C.jaxrs_error_release(err)
	panic(e)
}

func check(err *C.jaxrs_error) {
	if err != nil {
		raise(err)
	}
}

// carrying makes an error of a recovered value, which comes back out of the call that ran the callback.
func carrying(value any) *C.jaxrs_error {
	code, message := ErrCallback, fmt.Sprint("panic: ", value)
	switch v := value.(type) {
	case userPanic: // on its way through several functions
	case *Error:
		code, message = v.code, v.message
	case runtime.Error:
		value = userPanic{v}
	case error:
		message = v.Error()
	default:
		value = userPanic{v}
	}
	payload := cgo.NewHandle(value)
	return C.shim_error(C.jaxrs_code(code), text(message), C.size_t(len(message)), C.uintptr_t(payload))
}

// caught turns a panic of an operation into an error. Panics of the caller's go on with their own value.
func caught(err *error) {
	switch value := recover().(type) {
	case nil:
	case userPanic:
		panic(value.value)
	case error:
		if _, ok := value.(runtime.Error); ok {
			panic(value)
		}
		*err = value
	default:
		panic(value)
	}
}

// Catch runs f, whose operations panic where they fail, and gives the error. Panics of f's own go through.
func Catch(f func()) (err error) {
	defer caught(&err)
	f()
	return nil
}

// Must gives value, and panics with err unless that is nil; inside of a traced function the error comes out of the
// outermost call.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// IsError says whether err is an [Error] of a kind.
func IsError(err error, code Code) bool { return errors.Is(err, code) }

// collectPayloads lets go of values whose errors are gone.
func collectPayloads() {
	var handles [16]C.uintptr_t
	for {
		n := int(C.shim_poll_payloads(&handles[0], C.size_t(len(handles))))
		for _, handle := range handles[:n] {
			cgo.Handle(handle).Delete()
		}
		if n < len(handles) {
			return
		}
	}
}
