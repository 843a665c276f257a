package inprocess

import (
	"crypto/tls"

	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/stormwatch/stormwatch/harness/certs"
)

// TLSInfo is etcd's own description of how to serve clients with these certificates. It is empty if c is nil. Clients must present a certificate, but
// its name does not stand for a user.
func TLSInfo(c *certs.Certificates) transport.TLSInfo {
	if c == nil {
		return transport.TLSInfo{}
	}
	f := c.Files()
	return transport.TLSInfo{CertFile: f.Certificate, KeyFile: f.Key, TrustedCAFile: f.ClientAuthority}
}

// ServerTLS is the configuration that etcd makes of TLSInfo. It reads the members' certificate for every new connection. It is nil if c is nil.
func ServerTLS(c *certs.Certificates) (*tls.Config, error) {
	if c == nil {
		return nil, nil
	}
	return TLSInfo(c).ServerConfig()
}

// Scheme is the scheme of the client URLs of members with these certificates.
func Scheme(c *certs.Certificates) string {
	if c == nil {
		return "http"
	}
	return "https"
}
