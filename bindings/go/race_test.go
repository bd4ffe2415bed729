//go:build race

package jaxrs

// The race detector's own records grow.
const memoryIsCounted = false
