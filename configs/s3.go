package configs

import (
	"net/url"
	"os"
	"time"
)

// S3 is a bucket in an S3-compatible store, in which the content of held mail is.
// It is not used without an endpoint.
type S3 struct {
	// Endpoint is its URL without the bucket: https://s3.example:9000.
	Endpoint string `yaml:"endpoint"`
	Bucket   string `yaml:"bucket"`
	// Prefix is put before the names of objects.
	Prefix    string `yaml:"prefix"`
	Region    string `yaml:"region"`
	AccessKey string `yaml:"access_key"`
	SecretKey Secret `yaml:"secret_key"`
	// CA is a PEM file of roots that are trusted, "" for the system's.
	CA string `yaml:"ca"`
	// Addressing is how requests name the bucket: auto, path or host.
	Addressing string `yaml:"addressing"`
	// Timeout bounds a request with its repeats, beside the time for its bytes.
	Timeout time.Duration `yaml:"timeout"`
}

// On reports whether a bucket is used.
func (s *S3) On() bool { return s.Endpoint != "" }

func defaultS3() S3 {
	return S3{Region: "us-east-1", Addressing: "auto", Timeout: 30 * time.Second}
}

func (c *Config) checkS3(wrong report) {
	s := &c.Quarantine.S3
	if !s.On() {
		if s.Bucket != "" {
			wrong("quarantine.s3.endpoint", "empty: want the URL of the store that the bucket is in, such as https://s3.example:9000")
		}
		return
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		wrong("quarantine.s3.endpoint", "want a URL such as https://s3.example:9000, without the bucket or a password")
	}
	for _, needed := range []struct{ name, value string }{
		{"bucket", s.Bucket}, {"access_key", s.AccessKey}, {"secret_key", string(s.SecretKey)},
	} {
		if needed.value == "" {
			wrong("quarantine.s3."+needed.name, "empty: want one")
		}
	}
	oneOf("quarantine.s3.addressing", s.Addressing, wrong, "auto", "path", "host")
	if s.Timeout < time.Second || s.Timeout > maxWait {
		wrong("quarantine.s3.timeout", "%v: want 1s to %v, since clients wait ten minutes", s.Timeout, maxWait)
	}
	if s.CA != "" {
		if _, err := os.Stat(s.CA); err != nil {
			wrong("quarantine.s3.ca", "%v", err)
		}
	}
}
