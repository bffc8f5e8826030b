// The certificates of one control plane: an authority of its own, one serving
// certificate for loopback, one client certificate per user, and the key that
// signs service account tokens. The authority's key is never written: a data
// folder cannot mint a second administrator.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const validFor = 10 * 365 * 24 * time.Hour

func certificatesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "certificates FOLDER FILE=USER[::GROUP]...",
		Short: "write ca.crt, server.*, service-account.key and FILE.crt, FILE.key per user",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return writeCertificates(args[0], args[1:])
		},
	}
}

func writeCertificates(folder string, users []string) error {
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	if err := write(folder, "ca.crt", "CERTIFICATE", authority.certificate.Raw); err != nil {
		return err
	}
	server := template(pkix.Name{CommonName: "kube-apiserver"})
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	server.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	if err := authority.issue(folder, "server", server); err != nil {
		return err
	}
	for _, user := range users {
		file, subject, found := strings.Cut(user, "=")
		if !found {
			return fmt.Errorf("%q is not FILE=USER[::GROUP]", user)
		}
		// Two colons, because user names such as system:kube-scheduler hold one.
		name, group, grouped := strings.Cut(subject, "::")
		client := template(pkix.Name{CommonName: name})
		if grouped {
			client.Subject.Organization = []string{group}
		}
		client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if err := authority.issue(folder, file, client); err != nil {
			return err
		}
	}
	signer, err := newKey()
	if err != nil {
		return err
	}
	return writeKey(folder, "service-account.key", signer)
}

type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority() (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	root := template(pkix.Name{CommonName: "tre-fleet development cluster"})
	root.IsCA = true
	root.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key}, err
}

func (a *authority) issue(folder, file string, leaf *x509.Certificate) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	if err := write(folder, file+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(folder, file+".key", key)
}

func template(subject pkix.Name) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err)
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(validFor),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// writeKey uses the older of the two forms: the API server takes the public key
// for service account tokens from no other.
func writeKey(folder, file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return write(folder, file, "EC PRIVATE KEY", der)
}

func write(folder, file, kind string, der []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return os.WriteFile(filepath.Join(folder, file), text, 0o600)
}
