package harness

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The users of a cluster with authentication. The manager's may read and write all keys, and nothing else.
const (
	rootUser     = "root" // etcd gives this name its meaning
	managerUser  = "manager"
	userPassword = "secret"
)

// Auth says whether the cluster has users, so that authentication can be turned on and off.
func (c *Cluster) Auth() bool { return c.auth }

// createUsers creates the users of a cluster and turns authentication on. It blocks until that is done, or ctx ends.
func (c *Cluster) createUsers(ctx context.Context) error {
	all := string([]byte{0})
	for _, step := range []struct {
		what string
		do   func(context.Context, Direct) error
		done error // what etcd answers if an earlier attempt was carried out
	}{
		{"add user root", func(ctx context.Context, d Direct) error {
			_, err := d.UserAdd(ctx, rootUser, userPassword)
			return err
		}, rpctypes.ErrUserAlreadyExist},
		{"add role root", func(ctx context.Context, d Direct) error {
			_, err := d.RoleAdd(ctx, rootUser)
			return err
		}, rpctypes.ErrRoleAlreadyExist},
		{"grant role root", func(ctx context.Context, d Direct) error {
			_, err := d.UserGrantRole(ctx, rootUser, rootUser)
			return err
		}, nil},
		{"add user manager", func(ctx context.Context, d Direct) error {
			_, err := d.UserAdd(ctx, managerUser, userPassword)
			return err
		}, rpctypes.ErrUserAlreadyExist},
		{"add role manager", func(ctx context.Context, d Direct) error {
			_, err := d.RoleAdd(ctx, managerUser)
			return err
		}, rpctypes.ErrRoleAlreadyExist},
		{"grant permission", func(ctx context.Context, d Direct) error {
			_, err := d.RoleGrantPermission(ctx, managerUser, all, all, clientv3.PermissionType(clientv3.PermReadWrite))
			return err
		}, nil},
		{"grant role manager", func(ctx context.Context, d Direct) error {
			_, err := d.UserGrantRole(ctx, managerUser, managerUser)
			return err
		}, nil},
	} {
		err := c.Ask(ctx, func(ctx context.Context, d Direct) error {
			err := step.do(ctx, d)
			if step.done != nil && errors.Is(err, step.done) {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return c.EnableAuth(ctx)
}

// EnableAuth turns authentication on. It blocks until the cluster has done it, or ctx ends. From then on requests of clients without a valid token are
// refused; watches that are open go on.
func (c *Cluster) EnableAuth(ctx context.Context) error {
	return c.change(ctx, "enable authentication", func(ctx context.Context, d Direct) error {
		_, err := d.AuthEnable(ctx)
		return err
	})
}

// DisableAuth turns authentication off. It blocks until the cluster has done it, or ctx ends. All tokens become invalid.
func (c *Cluster) DisableAuth(ctx context.Context) error {
	return c.change(ctx, "disable authentication", func(ctx context.Context, d Direct) error {
		_, err := d.AuthDisable(ctx)
		return err
	})
}

// ExpireTokens makes all tokens of the manager's user invalid, by giving the user its password once more. It blocks until the cluster has done it, or
// ctx ends.
func (c *Cluster) ExpireTokens(ctx context.Context) error {
	return c.change(ctx, "expire tokens", func(ctx context.Context, d Direct) error {
		_, err := d.UserChangePassword(ctx, managerUser, userPassword)
		return err
	})
}

func (c *Cluster) change(ctx context.Context, what string, do func(context.Context, Direct) error) error {
	if err := c.Ask(ctx, do); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
