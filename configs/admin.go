package configs

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Admin is where the console is.
type Admin struct {
	Address string `yaml:"address"`
	// Hosts are names by which people reach the console, such as that of a
	// reverse proxy before it, beside addresses, localhost and the name in
	// notify.link. It answers to no other (DNS rebinding).
	Hosts []string `yaml:"hosts"`
}

// ConsoleHosts are the names by which people reach the console: admin.hosts,
// and the one in notify.link.
func (c *Config) ConsoleHosts() []string {
	link, err := url.Parse(c.Notify.Link)
	if err != nil || link.Hostname() == "" {
		return c.Admin.Hosts
	}
	return append(slices.Clone(c.Admin.Hosts), link.Hostname())
}

func (c *Config) checkAdmin(wrong report) {
	checkAddress("admin.address", c.Admin.Address, wrong)
	for i, host := range c.Admin.Hosts {
		if !isHostName(host) {
			wrong(fmt.Sprintf("admin.hosts[%d]", i), "%q is not a name: want one such as bulkhead.example, without a port; addresses and localhost need none", host)
		}
	}
}

// isHostName reports whether a browser can send a name in Host: letters, digits
// and inner hyphens in labels of up to 63 (RFC 1123, section 2.1), and no
// address.
func isHostName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	return true
}
