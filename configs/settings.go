package configs

import (
	"bytes"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Setting is one setting in force, for people.
type Setting struct {
	// Name is the field as the file has it, such as smtp.max_size.
	Name string
	// Value is YAML, of one line or several, with secrets hidden; "" where
	// nothing is set.
	Value string
	// Origin says where it comes from: [FromDefault], [FromFlags], an
	// environment variable, or a file with its line.
	Origin string
}

// Where a setting comes from that is in no file and no variable.
const (
	FromDefault = "default"
	FromFlags   = "command line"
)

// Settings lists all settings of a configuration in the order of the file. src
// and environ are what it was loaded from; values that none of them has are taken
// for defaults.
func (c *Config) Settings(src *Source, environ []string) []Setting {
	given := map[string]bool{}
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		given[name] = true
	}
	var all []Setting
	_ = walk(reflect.ValueOf(c).Elem(), "", func(path string, field reflect.Value) error {
		s := Setting{Name: path, Value: valueText(field), Origin: FromDefault}
		if line := src.line(path); line > 0 {
			s.Origin = fmt.Sprintf("%s:%d", src.Name, line)
		}
		if name := variable(path); given[name] {
			s.Origin = name
		}
		all = append(all, s)
		return nil
	})
	return all
}

// Overlaid gives these settings, of which those that are others in before come
// from the command line.
func Overlaid(now, before []Setting) []Setting {
	for i := range now {
		if i < len(before) && now[i].Name == before[i].Name && now[i].Value != before[i].Value {
			now[i].Origin = FromFlags
		}
	}
	return now
}

// Differences names the settings that two configurations have other values
// for, secrets among them, in the order of the file.
func Differences(a, b *Config) []string {
	values := map[string]any{}
	_ = walk(reflect.ValueOf(a).Elem(), "", func(path string, field reflect.Value) error {
		values[path] = field.Interface()
		return nil
	})
	var names []string
	_ = walk(reflect.ValueOf(b).Elem(), "", func(path string, field reflect.Value) error {
		if !reflect.DeepEqual(values[path], field.Interface()) {
			names = append(names, path)
		}
		return nil
	})
	return names
}

// valueText writes a setting's value.
func valueText(field reflect.Value) string {
	if field.Type() == reflect.TypeFor[string]() {
		return Redacted(field.String())
	}
	if (field.Kind() == reflect.Slice || field.Kind() == reflect.Map) && field.Len() == 0 {
		return ""
	}
	text, err := yaml.Marshal(field.Interface())
	if err != nil {
		return "(cannot be shown)"
	}
	return strings.Trim(strings.TrimSpace(string(text)), `"`)
}

// Redact hides the passwords of all addresses.
func (c *Config) Redact() {
	_ = walk(reflect.ValueOf(c).Elem(), "", func(_ string, field reflect.Value) error {
		if field.Type() == reflect.TypeFor[string]() {
			field.SetString(Redacted(field.String()))
		}
		return nil
	})
}

// Redacted gives an address (RFC 3986) without the password that it has, and any
// other text as it is. A database's may have one among its parameters. Where it
// cannot be told which part is a password, nothing is shown.
func Redacted(text string) string {
	u, query, err := parseAddress(text)
	if err != nil || u.Scheme == "" {
		if strings.Contains(text, "@") && strings.Contains(text, "://") || strings.Contains(text, "password") && strings.Contains(text, "=") {
			return "(hidden)"
		}
		return text
	}
	hidden := false
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			query.Set(name, "xxxxx")
			hidden = true
		}
	}
	if hidden {
		u.RawQuery = query.Encode()
	}
	if _, has := u.User.Password(); !has && !hidden {
		return text
	}
	return u.Redacted()
}

// parseAddress reads an address and its parameters, all of them: [url.URL.Query]
// leaves out what is not well formed.
func parseAddress(text string) (*url.URL, url.Values, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	return u, query, err
}

// line is where a field stands in the file; 0: nowhere.
func (s *Source) line(field string) int {
	if s == nil || s.Name == "" {
		return 0
	}
	path, err := yaml.PathString("$." + field)
	if err != nil {
		return 0
	}
	node, err := path.ReadNode(bytes.NewReader(s.text))
	if err != nil || node == nil {
		return 0
	}
	return node.GetToken().Position.Line
}
