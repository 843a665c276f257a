// Package certs makes the certificates of a cluster that serves its clients over TLS, and renews, replaces and expires them while it runs.
//
//	authority of the members ──► certificate of the members, in a file that etcd reads for every new connection
//	authority of the clients ──► certificate of the clients, in their tls.Config
//
// A certificate counts only when a connection is made, so whatever happens to it, connections that are open go on.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Certificates are the certificates of one cluster. The keys follow from the cluster's name and the times from the clock at the call, so they are
// the same in each run of a seed in virtual time. Its methods are safe for concurrent use.
type Certificates struct {
	files   Files
	cluster string
	clients *authority // the members trust it from start to end: etcd reads the file with it only when it starts

	mu       sync.Mutex // guards the fields below
	serial   int64      // of the last certificate that was issued to the members
	members  *authority // the one whose certificates the members present
	replaced int        // how many authorities the members have had
	config   *tls.Config
}

// Files are the files that a member needs, in PEM: its certificate, the key of it, and the authority that its clients' certificates must be of. The
// certificate's file is replaced when the certificate is; the others stay as they are.
type Files struct{ Certificate, Key, ClientAuthority string }

// validity is how long a certificate is valid: longer than any run.
const validity = 10 * 365 * 24 * time.Hour

// New makes the certificates of a cluster, and creates the directory for the files of its members.
func New(dir, cluster string) (*Certificates, error) {
	c := &Certificates{
		files: Files{
			Certificate: filepath.Join(dir, "member.crt"), Key: filepath.Join(dir, "member.key"), ClientAuthority: filepath.Join(dir, "clients.crt"),
		},
		cluster: cluster,
	}
	if err := c.create(dir); err != nil {
		return nil, fmt.Errorf("certificates of cluster %s: %w", cluster, err)
	}
	return c, nil
}

func (c *Certificates) create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var err error
	if c.clients, err = newAuthority(c.cluster, "clients"); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.memberKey())
	if err != nil {
		return err
	}
	if err := write(c.files.Key, "PRIVATE KEY", der); err != nil {
		return err
	}
	if err := write(c.files.ClientAuthority, "CERTIFICATE", c.clients.certificate.Raw); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replace()
}

// Files are the files of the members. Their names never change.
func (c *Certificates) Files() Files { return c.files }

// Client is the TLS configuration with which a client reaches the members that present a certificate of the current authority. Until the next
// Rotate it is the same pointer. The caller must not change it.
func (c *Certificates) Client() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

// Rotate gives the members a certificate of a new authority, and makes a new configuration for clients: one that trusts the new authority and not the
// old one.
func (c *Certificates) Rotate() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.replace(); err != nil {
		return fmt.Errorf("rotate the certificates of cluster %s: %w", c.cluster, err)
	}
	return nil
}

// Rotated says whether Rotate was called.
func (c *Certificates) Rotated() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replaced > 1
}

// Expire gives the members a certificate of the current authority that has just expired, as if the time of theirs had come.
func (c *Certificates) Expire() error {
	if err := c.issue(time.Now().Add(-time.Second)); err != nil {
		return fmt.Errorf("expire the certificates of cluster %s: %w", c.cluster, err)
	}
	return nil
}

// Renew gives the members a valid certificate of the current authority.
func (c *Certificates) Renew() error {
	if err := c.issue(time.Now().Add(validity)); err != nil {
		return fmt.Errorf("renew the certificates of cluster %s: %w", c.cluster, err)
	}
	return nil
}

// replace replaces the members' authority. The caller holds c.mu.
func (c *Certificates) replace() error {
	c.replaced++
	members, err := newAuthority(c.cluster, fmt.Sprintf("members %d", c.replaced))
	if err != nil {
		return err
	}
	pair, err := c.clients.issueClient()
	if err != nil {
		return err
	}
	c.members = members
	c.config = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool(), Certificates: []tls.Certificate{pair}}
	c.config.RootCAs.AddCert(members.certificate)
	return c.issueLocked(time.Now().Add(validity))
}

// issue issues a certificate to the members.
func (c *Certificates) issue(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issueLocked(until)
}

// issueLocked is issue. The caller holds c.mu.
func (c *Certificates) issueLocked(until time.Time) error {
	c.serial++
	der, err := c.members.issueMember(c.cluster, c.memberKey(), c.serial, until)
	if err != nil {
		return err
	}
	return write(c.files.Certificate, "CERTIFICATE", der)
}

// write replaces a file at once, so that nobody reads a half of it.
func write(file, kind string, der []byte) error {
	next := file + ".next"
	if err := os.WriteFile(next, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(next, file)
}
