package proxy

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/emersion/go-smtp"
)

// mailParams writes the parameters of MAIL again as the client gave them:
// SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), RET and ENVID
// (RFC 3461), AUTH (RFC 4954). The error says that the mailbox of AUTH cannot be
// written so that it means the same.
func mailParams(o *smtp.MailOptions) ([]string, error) {
	var list []string
	if o.Size > 0 {
		list = append(list, fmt.Sprintf("SIZE=%d", o.Size))
	}
	if o.Body != "" {
		list = append(list, "BODY="+string(o.Body))
	}
	if o.UTF8 {
		list = append(list, "SMTPUTF8")
	}
	if o.RequireTLS {
		list = append(list, "REQUIRETLS")
	}
	if o.Return != "" {
		list = append(list, "RET="+string(o.Return))
	}
	if o.EnvelopeID != "" {
		list = append(list, "ENVID="+xtext(o.EnvelopeID))
	}
	if o.Auth != nil {
		value := "<>"
		if *o.Auth != "" {
			// go-smtp has taken the quotes of the mailbox away.
			mailbox, err := wire.QuotePath(*o.Auth, o.UTF8)
			if err != nil {
				return nil, err
			}
			value = xtext(mailbox)
		}
		list = append(list, "AUTH="+value)
	}
	return list, nil
}

// rcptParams writes the parameters of RCPT again: NOTIFY and ORCPT (RFC 3461).
func rcptParams(o *smtp.RcptOptions) []string {
	var list []string
	if len(o.Notify) > 0 {
		words := make([]string, len(o.Notify))
		for i, n := range o.Notify {
			words[i] = string(n)
		}
		list = append(list, "NOTIFY="+strings.Join(words, ","))
	}
	if o.OriginalRecipient != "" {
		value := xtext(o.OriginalRecipient)
		if o.OriginalRecipientType == smtp.DSNAddressTypeUTF8 {
			value = utf8xtext(o.OriginalRecipient)
		}
		list = append(list, "ORCPT="+strings.ToLower(string(o.OriginalRecipientType))+";"+value)
	}
	return list
}

// xtext encodes a value as RFC 3461 section 4 says.
func xtext(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '!' && c <= '~' && c != '+' && c != '=' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "+%02X", c)
		}
	}
	return b.String()
}

// utf8xtext encodes a value as utf-8-addr-xtext, RFC 6533 section 3.
func utf8xtext(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '!' && r <= '~' && r != '+' && r != '=' && r != '\\' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\x{%02X}`, r)
		}
	}
	return b.String()
}
