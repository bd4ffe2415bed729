package jaxrs

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"sync"
)

// Trees are arrays, structs, slices, arrays of Go, maps with text as keys, and pointers to trees, in any nesting. What else
// is in them is constant; fields that are not exported are left alone.

var arrayType = reflect.TypeFor[*Array]()

// Types that were looked at, and whether arrays may be in them.
var holds sync.Map

func holdsArrays(t reflect.Type) bool {
	if known, ok := holds.Load(t); ok {
		return known.(bool)
	}
	holds.Store(t, false) // where it holds itself
	found := t == arrayType
	if !found {
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				found = found || t.Field(i).IsExported() && holdsArrays(t.Field(i).Type)
			}
		case reflect.Slice, reflect.Array, reflect.Pointer, reflect.Map:
			found = holdsArrays(t.Elem())
		case reflect.Interface:
			found = true
		}
	}
	holds.Store(t, found)
	return found
}

// rebuilt is a copy of a tree with f(leaf) in the place of each leaf, in order. It writes to key, unless that is nil, what
// else decides the structure.
func rebuilt(v reflect.Value, f func(*Array) *Array, key *strings.Builder) reflect.Value {
	t := v.Type()
	if t == arrayType {
		return reflect.ValueOf(f(v.Interface().(*Array)))
	}
	if !holdsArrays(t) {
		if key != nil {
			fmt.Fprintf(key, "%v;", v.Interface())
		}
		return v
	}
	out := reflect.New(t).Elem()
	out.Set(v)
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				out.Field(i).Set(rebuilt(v.Field(i), f, key))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(rebuilt(v.Index(i), f, key))
		}
	case reflect.Slice:
		note(key, v.Len())
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(t, v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(rebuilt(v.Index(i), f, key))
		}
	case reflect.Map:
		rebuildMap(out, v, f, key)
	case reflect.Pointer, reflect.Interface:
		note(key, v.IsNil())
		if !v.IsNil() {
			inner := rebuilt(v.Elem(), f, key)
			if t.Kind() == reflect.Pointer {
				out.Set(reflect.New(t.Elem()))
				out.Elem().Set(inner)
			} else {
				note(key, inner.Type())
				out.Set(inner)
			}
		}
	}
	return out
}

func rebuildMap(out, v reflect.Value, f func(*Array) *Array, key *strings.Builder) {
	if v.Type().Key().Kind() != reflect.String {
		fail(ErrInvalidArgument, "a tree has a %v, but keys of maps have to be text", v.Type())
	}
	note(key, v.Len())
	if v.IsNil() {
		return
	}
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
	for _, k := range keys {
		note(key, k.String())
		out.SetMapIndex(k, rebuilt(v.MapIndex(k), f, key))
	}
}

func note(key *strings.Builder, what any) {
	if key != nil {
		fmt.Fprintf(key, "%v;", what)
	}
}

// leavesOf are the arrays of trees, in order.
func leavesOf(trees ...any) []*Array {
	var leaves []*Array
	for _, tree := range trees {
		rebuilt(reflect.ValueOf(tree), func(a *Array) *Array {
			leaves = append(leaves, a)
			return a
		}, nil)
	}
	return leaves
}

// filled is a tree like another, with these arrays.
func filled[T any](like T, leaves []*Array) T {
	next := 0
	v := reflect.ValueOf(&like).Elem()
	out := rebuilt(v, func(*Array) *Array {
		if next == len(leaves) {
			fail(ErrInvalidArgument, "there are fewer arrays than the tree has leaves: %d", len(leaves))
		}
		next++
		return leaves[next-1]
	}, nil)
	if next != len(leaves) {
		fail(ErrInvalidArgument, "there are %d arrays, but the tree has %d leaves", len(leaves), next)
	}
	return out.Interface().(T)
}

// cleared is a tree without its arrays.
func cleared(tree any) any {
	return rebuilt(reflect.ValueOf(tree), func(*Array) *Array { return nil }, nil).Interface()
}

// TreeLeaves are the arrays of a tree, in order.
func TreeLeaves[T any](tree T) []*Array { return leavesOf(tree) }

// TreeUnflatten is a tree like another, with these arrays.
func TreeUnflatten[T any](like T, leaves []*Array) T { return filled(like, leaves) }

// TreeMap is a tree whose leaves are f of the leaves at the same place of all trees.
func TreeMap[T any](f func(leaves ...*Array) *Array, tree T, more ...T) T {
	all := make([][]*Array, 1+len(more))
	all[0] = leavesOf(tree)
	for i, other := range more {
		if all[i+1] = leavesOf(other); len(all[i+1]) != len(all[0]) {
			fail(ErrInvalidArgument, "TreeMap needs trees of one structure, got %d and %d leaves", len(all[0]), len(all[i+1]))
		}
	}
	out := make([]*Array, len(all[0]))
	for i := range out {
		leaves := make([]*Array, len(all))
		for k := range all {
			leaves[k] = all[k][i]
		}
		out[i] = f(leaves...)
	}
	return filled(tree, out)
}

// TreeMap1 is [TreeMap] of one tree.
func TreeMap1[T any](tree T, f func(a *Array) *Array) T {
	return TreeMap(func(leaves ...*Array) *Array { return f(leaves[0]) }, tree)
}

// TreeMap2 is [TreeMap] of two trees.
func TreeMap2[T any](tree, other T, f func(a, b *Array) *Array) T {
	return TreeMap(func(leaves ...*Array) *Array { return f(leaves[0], leaves[1]) }, tree, other)
}

// TreeMap3 is [TreeMap] of three trees.
func TreeMap3[T any](tree, second, third T, f func(a, b, c *Array) *Array) T {
	return TreeMap(func(leaves ...*Array) *Array { return f(leaves[0], leaves[1], leaves[2]) }, tree, second, third)
}
