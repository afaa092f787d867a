package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/api/layout"
)

func checkpointText(origin string, leaves []hash) string {
	root := rootOf(leaves)
	return string(log.Checkpoint{Origin: origin, Size: uint64(len(leaves)), Hash: root[:]}.Marshal())
}

func tileName(size int) string {
	return layout.TilePath(0, 0, layout.PartialTileSize(0, 0, uint64(size)))
}

// selfSigned writes a certificate for the loopback address and its key, and returns their files.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	about := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private))
	cert, key = filepath.Join(t.TempDir(), "server.crt"), filepath.Join(t.TempDir(), "server.key")
	write(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))})))
	return cert, key
}
