package certs

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// authority is a certificate authority.
type authority struct {
	key         ed25519.PrivateKey
	certificate *x509.Certificate
}

// newAuthority makes an authority with a certificate of its own.
func newAuthority(cluster, name string) (*authority, error) {
	a := &authority{key: key(cluster, name)}
	template := template(cluster+" "+name, 1, time.Now().Add(validity))
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := a.sign(template, template, a.key)
	if err != nil {
		return nil, err
	}
	a.certificate, err = x509.ParseCertificate(der)
	return a, err
}

// issueMember issues a certificate to the members of a cluster, under the names that the engines give them.
func (a *authority) issueMember(cluster string, of ed25519.PrivateKey, serial int64, until time.Time) ([]byte, error) {
	template := template(cluster+" member", serial, until)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames, template.IPAddresses = []string{"*." + cluster}, []net.IP{net.IPv4(127, 0, 0, 1)}
	return a.sign(template, a.certificate, of)
}

// issueClient issues a certificate to clients.
func (a *authority) issueClient() (tls.Certificate, error) {
	of := key(a.certificate.Subject.CommonName, "client")
	template := template("client", 2, time.Now().Add(validity))
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := a.sign(template, a.certificate, of)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: of}, err
}

func (a *authority) sign(template, parent *x509.Certificate, of ed25519.PrivateKey) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, template, parent, of.Public(), a.key) // with Ed25519 nothing is drawn
}

func (c *Certificates) memberKey() ed25519.PrivateKey { return key(c.cluster, "member") }

// key is the key of somebody in a cluster. It follows from the names, so that no run draws randomness for it: the keys protect nothing. Signatures of
// Ed25519 have no randomness in them either, and always the same length.
func key(cluster, of string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(cluster + "/" + of))
	return ed25519.NewKeyFromSeed(seed[:])
}

// template is a certificate that is valid from long ago.
func template(name string, serial int64, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-validity), NotAfter: until,
	}
}
