package tiproxy

import (
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/stormwatch/stormwatch/manager"
)

const registrationPrefix = "/topology/tiproxy/"

// Instance is what a TiProxy writes about itself to /topology/tiproxy/<address>/info.
type Instance struct {
	// Address is the host:port that names the instance. Empty: it registers nothing.
	Address    string
	Version    string
	GitHash    string
	StatusPort string
	DeployPath string
	// StartTimestamp is in Unix seconds. Zero: the time at which the registration is made.
	StartTimestamp int64
}

// Registration returns what a manager must register for the instance, for manager.Config and, if the instance changes, for
// [manager.Manager.SetRegistration]. It fails if the address is not host:port.
func (i Instance) Registration() (manager.Registration, error) {
	if i.Address == "" {
		return manager.Registration{}, nil
	}
	ip, port, err := net.SplitHostPort(i.Address)
	if err != nil {
		return manager.Registration{}, fmt.Errorf("registration address %q is not host:port: %w", i.Address, err)
	}
	if i.StartTimestamp == 0 {
		i.StartTimestamp = time.Now().Unix()
	}
	// As TiProxy writes it, ports are strings and the address is split. Marshaling strings and an integer cannot fail.
	info, _ := json.Marshal(struct {
		Version        string `json:"version"`
		GitHash        string `json:"git_hash"`
		IP             string `json:"ip"`
		Port           string `json:"port"`
		StatusPort     string `json:"status_port"`
		DeployPath     string `json:"deploy_path"`
		StartTimestamp int64  `json:"start_timestamp"`
	}{i.Version, i.GitHash, ip, port, i.StatusPort, i.DeployPath, i.StartTimestamp})
	own := registrationPrefix + i.Address
	return manager.Registration{
		Keys:      []manager.KeyValue{{Key: own + "/info", Value: string(info)}},
		Heartbeat: own + "/ttl",
	}, nil
}
