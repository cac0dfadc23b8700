package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// newUpstream makes the upstream of a configuration. It does not connect.
func newUpstream(cfg *configs.Config) (*upstream.Server, error) {
	u := cfg.Upstream
	roots, err := readRoots("upstream.ca", u.CA)
	if err != nil {
		return nil, err
	}
	server, err := upstream.New(upstream.Config{
		URL: u.URL, Username: u.Username, Password: string(u.Password), Hello: hostname(cfg), TLS: roots,
		Chunking: u.Chunking, PoolSize: u.PoolSize, PoolIdle: u.PoolIdle,
		Timeouts: upstream.Timeouts{Connect: u.ConnectTimeout, Command: u.CommandTimeout, Final: u.FinalTimeout},
	})
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	return server, nil
}

// readRoots returns a TLS configuration that trusts the certificates in a PEM
// file, nil for the system's if there is no file. Errors name the setting.
func readRoots(setting, file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %s holds no certificate in PEM form", setting, file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// hostname returns the relay's name.
func hostname(cfg *configs.Config) string {
	if cfg.Hostname != "" {
		return cfg.Hostname
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}
