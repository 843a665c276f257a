package virtual

import (
	_ "unsafe" // for linkname

	"google.golang.org/grpc"
)

// globalDialOptions is a variable of gRPC: the options with which every client connection starts. By default gRPC dials through the
// network, which does not work in virtual time. This variable is the only way to give a dialer to clients that were made without one.
//
//go:linkname globalDialOptions google.golang.org/grpc.globalDialOptions
var globalDialOptions []grpc.DialOption

// dialByDefault makes o, an option with a dialer, the default of all client connections until restore is called.
func dialByDefault(o grpc.DialOption) (restore func()) {
	before := globalDialOptions
	globalDialOptions = append(before[:len(before):len(before)], o)
	return func() { globalDialOptions = before }
}
