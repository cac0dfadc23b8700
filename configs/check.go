package configs

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
)

// Check reports everything that is wrong with a configuration, each with its
// place, the field and what would be right; nil if nothing is.
func (c *Config) Check(src *Source) error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, &Fault{File: src.Name, Line: src.line(field), Field: field, What: fmt.Sprintf(format, args...)})
	}
	if len(c.Listeners) == 0 && !c.Milter.On() {
		wrong("listeners", "none: want at least one with an address, or milter.listen")
	}
	for i, l := range c.Listeners {
		c.checkListener(fmt.Sprintf("listeners[%d]", i), l, wrong)
	}
	checkFolder("data_dir", c.DataDir, wrong)
	if c.Upstream.URL == "" {
		wrong("upstream.url", "empty: want the server that mail goes on to, such as smtp://mail.example:25 or maildir:/tmp/mail")
	}
	if r := c.Quarantine.Recipient; r != "" && !strings.HasPrefix(r, "age1") {
		wrong("quarantine.recipient", "want a public key such as age-keygen prints, age1…")
	}
	c.checkDatabase(wrong)
	c.checkACME(wrong)
	c.checkMilter(wrong)
	c.checkAdmin(wrong)
	checkAddress("metrics.address", c.Metrics.Address, wrong)
	oneOf("degraded", c.Degraded, wrong, "defer", "pass-clean")
	oneOf("smtp.line_ends", c.SMTP.LineEnds, wrong, "refuse", "normalise")
	oneOf("log.format", c.Log.Format, wrong, "text", "json")
	oneOf("log.level", c.Log.Level, wrong, "debug", "info", "warn", "error")
	c.checkBounds(wrong)
	c.checkRetention(wrong)
	c.checkS3(wrong)
	c.checkNotify(wrong)
	c.checkRun(wrong)
	c.checkEvents(wrong)
	c.checkTracing(wrong)
	if c.Review.TwoPeopleFrom < 0 {
		wrong("review.two_people_from", "%d: want a number of people, or 0 for never", c.Review.TwoPeopleFrom)
	}
	for i, a := range c.Review.TestTo {
		if at := strings.LastIndexByte(a, '@'); at < 0 || at == len(a)-1 || strings.ContainsAny(a, " <>") {
			wrong(fmt.Sprintf("review.test_to[%d]", i), "%q: want an address, or a domain such as @office.example", a)
		}
	}
	for i, d := range c.OwnDomains {
		if d == "" || strings.ContainsAny(d, "@ /") {
			wrong(fmt.Sprintf("own_domains[%d]", i), "%q is not a domain: want one such as example.org", d)
		}
	}
	c.checkIndexes(wrong)
	if err := rules.CheckHeaderWords(c.Lexicon); err != nil {
		wrong("lexicon", "%s", err)
	}
	if _, err := c.CompilePolicies(); err != nil {
		// The error begins with its policy: policies[1] "name": …
		field, what, _ := strings.Cut(err.Error(), " ")
		wrong(strings.TrimSuffix(field, ":"), "%s", what)
	}
	return errors.Join(errs...)
}

// checkRetention reports periods of policies that there are not: a misspelt one
// would never be found out otherwise.
func (c *Config) checkRetention(wrong report) {
	specs, err := c.policySpecs()
	if err != nil {
		return // it is reported with the policies
	}
	var names []string
	for _, spec := range specs {
		names = append(names, spec.Name)
	}
	for name := range c.Quarantine.Retention.Policies {
		if !slices.Contains(names, name) {
			wrong("quarantine.retention.policies."+name, "no such policy: want one of %s", strings.Join(names, ", "))
		}
	}
}

type report func(field, format string, args ...any)

func (c *Config) checkListener(field string, l Listener, wrong report) {
	checkAddress(field+".address", l.Address, wrong)
	checkPair(field+".tls", l.TLS.Cert, l.TLS.Key, wrong)
	if l.TLS.Implicit && l.TLS.Cert == "" {
		wrong(field+".tls.implicit", "needs cert and key, or cert: acme")
	}
	if l.TLS.Cert == ByACME {
		return
	}
	for _, file := range []struct{ name, path string }{{"cert", l.TLS.Cert}, {"key", l.TLS.Key}} {
		if file.path == "" {
			continue
		}
		if _, err := os.Stat(file.path); err != nil {
			wrong(field+".tls."+file.name, "%v", err)
		}
	}
}

// checkPair reports a certificate without its key, or the other way round.
func checkPair(field, cert, key string, wrong report) {
	switch {
	case cert == ByACME && key != "":
		wrong(field, "want no key with cert: acme; a file of that name is ./acme")
	case cert != ByACME && (cert == "") != (key == ""):
		wrong(field, "want both cert and key, or neither, or cert: acme alone")
	}
}

func (c *Config) checkBounds(wrong report) {
	positive := func(field string, n int64) {
		if n <= 0 {
			wrong(field, "%d: want more than 0", n)
		}
	}
	positive("smtp.max_size", int64(c.SMTP.MaxSize))
	positive("smtp.max_hops", int64(c.SMTP.MaxHops))
	positive("smtp.max_connections", int64(c.SMTP.MaxConnections))
	positive("smtp.max_per_client", int64(c.SMTP.MaxPerClient))
	positive("smtp.max_errors", int64(c.SMTP.MaxErrors))
	if n := c.SMTP.MaxRecipients; n < 100 {
		wrong("smtp.max_recipients", "%d: want at least 100, which clients may count on (RFC 5321)", n)
	}
	for _, rate := range []struct {
		field string
		n     int
	}{{"connections", c.SMTP.PerMinute.Connections}, {"messages", c.SMTP.PerMinute.Messages}, {"recipients", c.SMTP.PerMinute.Recipients}} {
		if rate.n < 0 {
			wrong("smtp.per_minute."+rate.field, "%d: want a number, or 0 for no bound", rate.n)
		}
	}
	positive("inspection.bytes", int64(c.Inspection.Bytes))
	positive("inspection.part_bytes", int64(c.Inspection.PartBytes))
	positive("inspection.ratio", c.Inspection.Ratio)
	positive("inspection.depth", int64(c.Inspection.Depth))
	positive("inspection.parts", int64(c.Inspection.Parts))
	positive("inspection.entries", int64(c.Inspection.Entries))
	positive("inspection.cells", c.Inspection.Cells)
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"smtp.idle_timeout", c.SMTP.IdleTimeout}, {"smtp.data_timeout", c.SMTP.DataTimeout},
		{"inspection.deadline", c.Inspection.Deadline}, {"inspection.ocr.timeout", c.Inspection.OCR.Timeout}, {"upstream.connect_timeout", c.Upstream.ConnectTimeout},
		{"upstream.command_timeout", c.Upstream.CommandTimeout}, {"upstream.final_timeout", c.Upstream.FinalTimeout},
	} {
		if d.value < time.Millisecond {
			wrong(d.field, "%v: want a time such as 30s or 5m", d.value)
		}
	}
}

func (c *Config) checkIndexes(wrong report) {
	if len(c.Indexes) > MaxIndexes {
		wrong("indexes", "%d: want at most %d", len(c.Indexes), MaxIndexes)
	}
	names := map[string]bool{}
	for i, x := range c.Indexes {
		field := fmt.Sprintf("indexes[%d]", i)
		if x.Name == "" || strings.Trim(x.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			wrong(field+".name", "%q: want letters, digits, \"-\" and \"_\"", x.Name)
		}
		if names[x.Name] {
			wrong(field+".name", "%q: given twice", x.Name)
		}
		names[x.Name] = true
		for _, file := range []struct{ name, path string }{{"path", x.Path}, {"key_file", x.KeyFile}} {
			if _, err := os.Stat(file.path); err != nil {
				wrong(field+"."+file.name, "%v", err)
			}
		}
	}
}

// checkFolder reports a folder that neither is one nor can be made.
func checkFolder(field, path string, wrong report) {
	if path == "" {
		wrong(field, "empty: want a folder")
		return
	}
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir():
			wrong(field, "%s is not a folder: want one, or one that can be made", at)
			return
		case err == nil || at == filepath.Dir(at):
			return
		}
	}
}

func checkAddress(field, address string, wrong report) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		wrong(field, "%q: want HOST:PORT, such as 127.0.0.1:2525", address)
	}
}

func oneOf(field, value string, wrong report, want ...string) {
	if !slices.Contains(want, value) {
		wrong(field, "%q: want %s", value, strings.Join(want, " or "))
	}
}

// CompilePolicies compiles the policies in force: the configured ones, or the
// defaults.
func (c *Config) CompilePolicies() (*rules.Policies, error) {
	specs, err := c.policySpecs()
	if err != nil {
		return nil, err
	}
	return rules.CompilePolicies(specs, c.OwnDomains)
}

// policySpecs returns the configured policies, or the defaults.
func (c *Config) policySpecs() ([]rules.PolicySpec, error) {
	if len(c.Policies) > 0 {
		return c.Policies, nil
	}
	return rules.ParsePolicies(policies.Name, policies.Default())
}
