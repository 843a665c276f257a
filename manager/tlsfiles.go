package manager

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"google.golang.org/grpc/credentials"
)

// TLSFiles are PEM files that may change while they are in use: every new connection uses their content at that time,
// and open connections are not affected. While the content cannot be used, for instance because it is only partly
// written, the last usable content is used. If there was never a usable content, each connection fails with a
// [*TLSFilesError], and is tried again as after any other failure.
type TLSFiles struct {
	// CA has the root certificates that a server's certificate is verified with. Empty: those of Target.TLS, or the
	// system's.
	CA string
	// Cert and Key are the manager's client certificate and its key. Both or neither.
	Cert, Key string
}

// TLSFilesError says which file of a cluster cannot be used.
type TLSFilesError struct {
	Cluster, File string
	Err           error
}

func (e *TLSFilesError) Error() string {
	return fmt.Sprintf("TLS file %q of cluster %q: %v", e.File, e.Cluster, e.Err)
}

func (e *TLSFilesError) Unwrap() error { return e.Err }

var errNoCertificate = errors.New("there is no certificate in it")

// tlsSource knows the TLS configuration of a cluster at any time.
type tlsSource struct {
	cluster string
	base    *tls.Config
	files   TLSFiles

	mu sync.Mutex
	// raw is what the files held when config was made of them.
	raw    [3][]byte
	config *tls.Config
}

func newTLSSource(target Target) *tlsSource {
	base := target.TLS
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &tlsSource{cluster: target.Cluster, base: base, files: target.TLSFiles}
}

func (s *tlsSource) fromFiles() bool { return s.files != TLSFiles{} }

// current returns a configuration that the caller owns. It reads the files each time: connections are rare, the files are
// small, and a watch on the files could be late.
func (s *tlsSource) current() (*tls.Config, error) {
	if !s.fromFiles() {
		return s.base.Clone(), nil
	}
	raw, err := s.read()
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.config == nil
	for i := range raw {
		fresh = fresh || !bytes.Equal(raw[i], s.raw[i])
	}
	if err == nil && fresh {
		var config *tls.Config
		if config, err = s.build(raw); err == nil {
			s.raw, s.config = raw, config
		}
	}
	if s.config == nil {
		return nil, err
	}
	return s.config.Clone(), nil
}

func (s *tlsSource) read() (raw [3][]byte, err error) {
	for i, file := range []string{s.files.CA, s.files.Cert, s.files.Key} {
		if file == "" {
			continue
		}
		if raw[i], err = os.ReadFile(file); err != nil {
			return raw, &TLSFilesError{Cluster: s.cluster, File: file, Err: err}
		}
	}
	return raw, nil
}

func (s *tlsSource) build(raw [3][]byte) (*tls.Config, error) {
	config := s.base.Clone()
	if s.files.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(raw[0]) {
			return nil, &TLSFilesError{Cluster: s.cluster, File: s.files.CA, Err: errNoCertificate}
		}
	}
	if s.files.Cert != "" {
		pair, err := tls.X509KeyPair(raw[1], raw[2])
		if err != nil {
			return nil, &TLSFilesError{Cluster: s.cluster, File: s.files.Cert, Err: err}
		}
		config.Certificates, config.GetClientCertificate = []tls.Certificate{pair}, nil
	}
	return config, nil
}

// fileCredentials are gRPC's TLS credentials, made anew for each handshake. A single tls.Config with callbacks would not
// be enough: crypto/tls has a callback for the client's certificate but none for the root certificates, and
// VerifyConnection does not receive the name of a server that was dialed by address.
type fileCredentials struct{ source *tlsSource }

func (c fileCredentials) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config, err := c.source.current()
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
}

func (c fileCredentials) ServerHandshake(net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.ErrUnsupported
}

func (c fileCredentials) Info() credentials.ProtocolInfo {
	return credentials.NewTLS(c.source.base).Info()
}

func (c fileCredentials) Clone() credentials.TransportCredentials { return c }

func (c fileCredentials) OverrideServerName(string) error { return errors.ErrUnsupported }
