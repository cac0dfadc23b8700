package configs

import (
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Notify says who is told of held mail, and how.
type Notify struct {
	// From is the address that notices come from. Empty: bulkhead@HOSTNAME.
	From string `yaml:"from"`
	// Link is the console's address for people, such as
	// https://bulkhead.example. Empty: notices have no link.
	Link string `yaml:"link"`
	// Templates is a folder of texts that take the place of the built-in ones.
	Templates string `yaml:"templates"`
	// Digest is the time between two digests; 0: none.
	Digest   time.Duration `yaml:"digest"`
	Mail     NotifyMail    `yaml:"mail"`
	Webhooks []Webhook     `yaml:"webhooks"`
	Sender   NotifySender  `yaml:"sender"`
}

// NotifyMail is how reviewers are told by mail.
type NotifyMail struct {
	To       []string `yaml:"to"`
	Language string   `yaml:"language"`
	Events   []string `yaml:"events"` // kinds of event
}

// Webhook is a program that is told.
type Webhook struct {
	// URL is hidden, since the address of a chat's hook is its secret.
	URL      Secret   `yaml:"url"`
	Form     string   `yaml:"form"`     // json or slack
	Language string   `yaml:"language"` // empty: en
	Secret   Secret   `yaml:"secret"`   // keys the signature
	Events   []string `yaml:"events"`   // kinds of event; none: as for mail by default
}

// NotifySender is what senders are told.
type NotifySender struct {
	Held      bool     `yaml:"held"`     // of a hold and of its release
	Returned  bool     `yaml:"returned"` // of what will not be delivered
	Policies  []string `yaml:"policies"` // whose holds are told; none: all
	Listed    []string `yaml:"listed"`   // addresses and domains told without a login
	Languages []string `yaml:"languages"`
}

// EventKinds are the kinds of event that can be told.
func EventKinds() []string {
	return []string{"incident_opened", "run_braked", "expiring", "expired", "released", "refused", "release_failed"}
}

// UsualEvents are the kinds that are told unless said otherwise.
func UsualEvents() []string {
	return []string{"incident_opened", "expiring", "expired", "release_failed"}
}

func defaultNotify() Notify {
	return Notify{
		Digest: time.Hour,
		Mail:   NotifyMail{Language: "en", Events: UsualEvents()},
		Sender: NotifySender{Returned: true, Languages: []string{"en"}},
	}
}

// minHookSecret is the least length of a webhook's secret, in bytes.
const minHookSecret = 16

func (c *Config) checkNotify(wrong report) {
	n := &c.Notify
	if n.From != "" && !isAddress(n.From) {
		wrong("notify.from", "%q is not an address: want one such as bulkhead@office.example", n.From)
	}
	if n.Link != "" && !isWebAddress(n.Link) {
		wrong("notify.link", "%q: want the console's address, such as https://bulkhead.example", n.Link)
	}
	if n.Templates != "" {
		if info, err := os.Stat(n.Templates); err != nil || !info.IsDir() {
			wrong("notify.templates", "%s is not a folder", n.Templates)
		}
	}
	if n.Digest != 0 && n.Digest < time.Minute {
		wrong("notify.digest", "%v: want a minute or more, or 0s for none", n.Digest)
	}
	for i, to := range n.Mail.To {
		if !isAddress(to) {
			wrong(fmt.Sprintf("notify.mail.to[%d]", i), "%q is not an address: want one such as review@office.example", to)
		}
	}
	checkKinds("notify.mail.events", n.Mail.Events, wrong)
	for i, w := range n.Webhooks {
		checkWebhook(fmt.Sprintf("notify.webhooks[%d]", i), w, wrong)
	}
	for i, l := range n.Sender.Listed {
		if l == "" || strings.ContainsAny(l, " <>") {
			wrong(fmt.Sprintf("notify.sender.listed[%d]", i), "%q: want an address or a domain", l)
		}
	}
	if (n.Sender.Held || n.Sender.Returned) && len(n.Sender.Languages) == 0 {
		wrong("notify.sender.languages", "none: want at least one, such as [en]")
	}
	c.checkSenderPolicies(wrong)
}

func (c *Config) checkSenderPolicies(wrong report) {
	specs, err := c.policySpecs()
	if err != nil {
		return // it is reported with the policies
	}
	var names []string
	for _, spec := range specs {
		names = append(names, spec.Name)
	}
	for i, name := range c.Notify.Sender.Policies {
		if !slices.Contains(names, name) {
			wrong(fmt.Sprintf("notify.sender.policies[%d]", i), "%q: no such policy: want one of %s", name, strings.Join(names, ", "))
		}
	}
}

// checkWebhook never repeats the URL, which may be a secret.
func checkWebhook(field string, w Webhook, wrong report) {
	if !isWebAddress(string(w.URL)) {
		wrong(field+".url", "want an address such as https://chat.example/hooks/1")
	}
	oneOf(field+".form", w.Form, wrong, "json", "slack")
	if w.Secret != "" && len(w.Secret) < minHookSecret {
		wrong(field+".secret", "want %d characters or more", minHookSecret)
	}
	checkKinds(field+".events", w.Events, wrong)
}

func checkKinds(field string, kinds []string, wrong report) {
	for i, k := range kinds {
		oneOf(fmt.Sprintf("%s[%d]", field, i), k, wrong, EventKinds()...)
	}
}

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
