//go:build !race

package jaxrs

const memoryIsCounted = true
