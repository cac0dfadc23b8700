package configs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

func TestBucketSettings(t *testing.T) {
	whole := func() configs.S3 {
		return configs.S3{Endpoint: "https://s3.example:9000", Bucket: "held", AccessKey: "key", SecretKey: "secret", Addressing: "path", Timeout: 30 * time.Second}
	}
	for _, c := range []struct {
		change func(*configs.S3)
		want   string
	}{
		{func(*configs.S3) {}, ""},
		{func(s *configs.S3) { *s = configs.S3{} }, ""},
		{func(s *configs.S3) { s.Endpoint = "" }, "quarantine.s3.endpoint: empty: want the URL"},
		{func(s *configs.S3) { s.Endpoint = "s3.example" }, "quarantine.s3.endpoint: want a URL such as"},
		{func(s *configs.S3) { s.Endpoint = "https://s3.example/held" }, "without the bucket"},
		{func(s *configs.S3) { s.Endpoint = "https://key:open-sesame@s3.example" }, "or a password"},
		{func(s *configs.S3) { s.Bucket = "" }, "quarantine.s3.bucket: empty: want one"},
		{func(s *configs.S3) { s.AccessKey = "" }, "quarantine.s3.access_key: empty: want one"},
		{func(s *configs.S3) { s.SecretKey = "" }, "quarantine.s3.secret_key: empty: want one"},
		{func(s *configs.S3) { s.Addressing = "dns" }, `quarantine.s3.addressing: "dns": want auto or path or host`},
		{func(s *configs.S3) { s.Timeout = time.Hour }, "quarantine.s3.timeout: 1h0m0s: want 1s to 5m0s"},
		{func(s *configs.S3) { s.CA = "/nowhere/ca.pem" }, "quarantine.s3.ca: stat /nowhere/ca.pem"},
	} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=smtp://mail.example"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Quarantine.S3 = whole()
		c.change(&cfg.Quarantine.S3)
		err = cfg.Check(src)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sesame")) {
			t.Errorf("%+v: %v, want %q", cfg.Quarantine.S3, err, c.want)
		}
	}
}
