package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"

	"github.com/stormwatch/stormwatch/manager"
)

// defaultCluster is the name of the one cluster that the older proxy.pd-addrs describes.
const defaultCluster = "default"

// clustersKey is the key of the list of clusters.
const clustersKey = "proxy.backend-clusters"

// file is the part of TiProxy's configuration that is about clusters. The rest is ignored.
type file struct {
	Proxy struct {
		PDAddrs         string    `toml:"pd-addrs"`
		BackendClusters []cluster `toml:"backend-clusters"`
	} `toml:"proxy"`
	Security struct {
		ClusterTLS tlsFiles `toml:"cluster-tls"`
	} `toml:"security"`
}

type cluster struct {
	Name      string    `toml:"name"`
	PDAddrs   string    `toml:"pd-addrs"`
	NSServers []string  `toml:"ns-servers"`
	TLS       *tlsFiles `toml:"cluster-tls"`
}

type tlsFiles struct {
	CA   string `toml:"ca"`
	Cert string `toml:"cert"`
	Key  string `toml:"key"`
}

func (f tlsFiles) target() manager.TLSFiles {
	return manager.TLSFiles{CA: f.CA, Cert: f.Cert, Key: f.Key}
}

// Load reads a file and makes targets of it; see [Parse].
func Load(path string) ([]manager.Target, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{File: path, Reason: "it cannot be read: " + err.Error(), Err: err}
	}
	return Parse(path, data)
}

// Parse makes targets of the text of a configuration, in the order of the text, with names and addresses trimmed. name
// is the file name in errors. Each cluster needs a name of its own and at least one address, host:port, with or without
// http:// or https:// before it. A key of a cluster that is not in the package's documentation is an error, since a
// misspelt key would have no effect. The error is an [*Error], or several joined.
func Parse(name string, data []byte) ([]manager.Target, error) {
	text := string(data)
	var f file
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	p := parser{name: name, places: locate(text, len(f.Proxy.BackendClusters))}
	p.refuseUnknown(meta.Undecoded())
	shared := f.Security.ClusterTLS.target()
	if len(f.Proxy.BackendClusters) == 0 {
		if addresses := strings.TrimSpace(f.Proxy.PDAddrs); addresses != "" {
			p.at = p.places.single
			p.add(cluster{Name: defaultCluster, PDAddrs: addresses}, shared)
		}
	}
	for i, c := range f.Proxy.BackendClusters {
		p.at = p.places.cluster(i)
		p.add(c, shared)
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return p.targets, nil
}

// typeFault matches the TOML library's message for a value of a wrong type, which has the line in its text only.
var typeFault = regexp.MustCompile(`^toml: line (\d+) \(last key "([^"]*)"\): (.*)$`)

func syntaxError(name string, err error) error {
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return &Error{File: name, Line: syntax.Position.Line, Key: syntax.LastKey, Reason: syntax.Message, Err: err}
	}
	if m := typeFault.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		return &Error{File: name, Line: line, Key: m[2], Reason: m[3], Err: err}
	}
	return &Error{File: name, Reason: err.Error(), Err: err}
}

// parser collects the targets of a file and everything that is wrong with it.
type parser struct {
	name    string
	places  places
	at      place
	targets []manager.Target
	errs    []error
}

func (p *parser) refuse(cluster, key, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	p.errs = append(p.errs, &Error{
		File: p.name, Line: p.at.line(key), Cluster: cluster, Key: key, Reason: err.Error(), Err: errors.Unwrap(err),
	})
}

func (p *parser) refuseUnknown(keys []toml.Key) {
	for _, key := range keys {
		if rest, ok := strings.CutPrefix(key.String(), clustersKey+"."); ok {
			p.refuse("", clustersKey, "there is no key %q", rest)
		}
	}
}

// add adds the target of one cluster, or everything that is wrong with it.
func (p *parser) add(c cluster, shared manager.TLSFiles) {
	before := len(p.errs)
	target := manager.Target{Cluster: strings.TrimSpace(c.Name), NameServers: c.NSServers, TLSFiles: shared}
	if c.TLS != nil {
		target.TLSFiles = c.TLS.target()
	}
	if target.Cluster == "" {
		p.refuse("", "name", "the name is empty")
	}
	for _, earlier := range p.targets {
		if earlier.Cluster == target.Cluster {
			p.refuse(target.Cluster, "name", "the name occurs twice")
		}
	}
	for raw := range strings.SplitSeq(c.PDAddrs, ",") {
		address := strings.TrimSpace(raw)
		if reason := addressFault(address); reason != "" {
			p.refuse(target.Cluster, "pd-addrs", "address %q: %s", address, reason)
		}
		target.Endpoints = append(target.Endpoints, address)
	}
	if len(p.errs) == before {
		p.validate(target)
	}
	// Add the target also if it is wrong, so that another cluster with the same name is reported.
	p.targets = append(p.targets, target)
}

// validate also checks what the manager requires of a target.
func (p *parser) validate(target manager.Target) {
	var wrong *manager.TargetError
	err := target.Validate()
	switch {
	case err == nil:
	case errors.As(err, &wrong) && wrong.NameServer != "":
		p.refuse(target.Cluster, "ns-servers", "%q: %w", wrong.NameServer, err)
	case errors.As(err, &wrong) && wrong.Endpoint != "":
		p.refuse(target.Cluster, "pd-addrs", "%w", err)
	default:
		p.refuse(target.Cluster, "", "%w", err)
	}
}

// addressFault says why something is not the address of a PD, which unlike an endpoint of a manager always has a
// port.
func addressFault(address string) string {
	rest := address
	if scheme, host, ok := strings.Cut(address, "://"); ok {
		if scheme != "http" && scheme != "https" {
			return "its scheme is neither http nor https"
		}
		rest = strings.TrimSuffix(host, "/")
	}
	host, port, err := net.SplitHostPort(rest)
	switch {
	case rest == "":
		return "it is empty"
	case err != nil || host == "":
		return "it is not host:port"
	case strings.ContainsFunc(host, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/?#@", r) }):
		return "its host is no name of a host"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "its port is not between 1 and 65535"
	}
	return ""
}
