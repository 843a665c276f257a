package virtual

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/etcdserver"
)

// seam finds an unexported field of a server that was made and not started, and checks its type before anybody touches it. name is what the
// seam is for, path the field's. An etcd that has moved the field gets an error that says so.
func seam[T any](s *etcdserver.EtcdServer, name string, path ...string) (*T, error) {
	v := reflect.ValueOf(s).Elem()
	for i, field := range path {
		if v.Kind() != reflect.Struct || !v.FieldByName(field).IsValid() {
			return nil, moved(name, "there is no EtcdServer."+strings.Join(path[:i+1], "."))
		}
		v = v.FieldByName(field)
	}
	if want := reflect.TypeFor[T](); v.Type() != want {
		return nil, moved(name, fmt.Sprintf("EtcdServer.%s is of type %v, not %v", strings.Join(path, "."), v.Type(), want))
	}
	return (*T)(unsafe.Pointer(v.UnsafeAddr())), nil
}

// moved is the error of a seam that an upgrade of etcd took away.
func moved(name, what string) error {
	return fmt.Errorf("etcd v%s moved something: %s; the seam %q of harness/virtual must be found again", version.Version, what, name)
}
