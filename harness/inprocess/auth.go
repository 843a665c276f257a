package inprocess

import (
	"context"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// authClient has the calls with which an operator turns authentication on and off and changes users.
type authClient struct {
	pb.AuthClient
	calls *calls
}

func (a authClient) AuthEnable(ctx context.Context, r *pb.AuthEnableRequest, o ...grpc.CallOption) (*pb.AuthEnableResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.AuthEnable, r, o)
}

func (a authClient) AuthDisable(ctx context.Context, r *pb.AuthDisableRequest, o ...grpc.CallOption) (*pb.AuthDisableResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.AuthDisable, r, o)
}

func (a authClient) UserAdd(ctx context.Context, r *pb.AuthUserAddRequest, o ...grpc.CallOption) (*pb.AuthUserAddResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.UserAdd, r, o)
}

func (a authClient) UserChangePassword(
	ctx context.Context, r *pb.AuthUserChangePasswordRequest, o ...grpc.CallOption,
) (*pb.AuthUserChangePasswordResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.UserChangePassword, r, o)
}

func (a authClient) UserGrantRole(
	ctx context.Context, r *pb.AuthUserGrantRoleRequest, o ...grpc.CallOption,
) (*pb.AuthUserGrantRoleResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.UserGrantRole, r, o)
}

func (a authClient) RoleAdd(ctx context.Context, r *pb.AuthRoleAddRequest, o ...grpc.CallOption) (*pb.AuthRoleAddResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.RoleAdd, r, o)
}

func (a authClient) RoleGrantPermission(
	ctx context.Context, r *pb.AuthRoleGrantPermissionRequest, o ...grpc.CallOption,
) (*pb.AuthRoleGrantPermissionResponse, error) {
	return unary(a.calls, ctx, a.AuthClient.RoleGrantPermission, r, o)
}

// rootWatcher opens watches as the user root. They are not counted.
type rootWatcher struct {
	clientv3.Watcher
	calls *calls
}

// Watch opens a watch.
func (w rootWatcher) Watch(ctx context.Context, key string, o ...clientv3.OpOption) clientv3.WatchChan {
	return w.Watcher.Watch(w.calls.asRoot(ctx), key, o...)
}
