package inprocess

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"go.etcd.io/etcd/api/v3/version"
)

// Field returns a pointer to an unexported field. in is a pointer to a struct, path are the names of the fields that lead to it, through
// pointers too, and T is the type that it must have. seam says what the field is needed for; the error names it if etcd has moved or
// changed the field.
func Field[T any](seam string, in any, path ...string) (*T, error) {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, Moved(seam, fmt.Sprintf("%v is to be found in a %T", path, in))
	}
	v = v.Elem()
	root := v.Type().Name()
	for i, name := range path {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || !v.FieldByName(name).IsValid() {
			return nil, Moved(seam, "there is no "+root+"."+strings.Join(path[:i+1], "."))
		}
		v = v.FieldByName(name)
	}
	if want := reflect.TypeFor[T](); v.Type() != want {
		return nil, Moved(seam, fmt.Sprintf("%s.%s is of type %v, not %v", root, strings.Join(path, "."), v.Type(), want))
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr())), nil
}

// Moved is the error for a field or variable that this version of etcd does not have where seam needs it.
func Moved(seam, what string) error {
	return fmt.Errorf("etcd v%s moved something: %s; the seam %q must be found again", version.Version, what, seam)
}
