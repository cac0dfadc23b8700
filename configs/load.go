package configs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/strictyaml"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Load returns the defaults, overlaid with the file at path (none if path is
// "") and the environment, which is in the form of os.Environ. It is not
// validated yet, since flags may still change it: call Check.
func Load(path string, environ []string) (Config, *Source, error) {
	cfg := Default()
	src := &Source{Name: path}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return cfg, src, fmt.Errorf("configuration: %w", err)
		}
		src.text = text
		if err := strictyaml.Guard(func() error { return decode(src, &cfg) }); err != nil {
			return cfg, src, fmt.Errorf("configuration: %w", inFile(path, err))
		}
	}
	if err := overlay(&cfg, environ); err != nil {
		return cfg, src, err
	}
	return cfg, src, nil
}

// decode reads one YAML document, strictly. One without any setting leaves the
// defaults as they are.
func decode(src *Source, cfg *Config) error {
	file, err := parser.ParseBytes(src.text, 0)
	if err != nil {
		return syntax(src.Name, err)
	}
	documents := withSettings(file.Docs)
	switch len(documents) {
	case 0:
		return nil
	case 1:
	default:
		return &Fault{File: src.Name, Line: documents[1].GetToken().Position.Line,
			What: `a second document after "---": want one document`}
	}
	err = yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(documents[0].Body, cfg)
	if err == nil {
		return nil
	}
	if wrong := place(src, documents[0].Body, reflect.TypeFor[Config](), ""); len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	return syntax(src.Name, err)
}

// inFile names the file of an error that has no place in it.
func inFile(name string, err error) error {
	if errors.Is(err, strictyaml.ErrParser) {
		return &Fault{File: name, What: err.Error()}
	}
	return err
}

// withSettings returns the documents that hold more than comments.
func withSettings(all []*ast.DocumentNode) []*ast.DocumentNode {
	return slices.DeleteFunc(slices.Clone(all), func(d *ast.DocumentNode) bool {
		_, comments := d.Body.(*ast.CommentGroupNode)
		return d.Body == nil || comments || d.Body.Type() == ast.NullType
	})
}

// syntax words an error of the YAML itself, with its place.
func syntax(name string, err error) *Fault {
	var placed yaml.Error
	if errors.As(err, &placed) && placed.GetToken() != nil {
		at := placed.GetToken().Position
		return &Fault{File: name, Line: at.Line, Column: at.Column, What: placed.GetMessage()}
	}
	return &Fault{File: name, What: err.Error()}
}

// prefix begins the name of every environment variable that is a setting.
const prefix = "BULKHEAD_"

// overlay sets fields from the environment: BULKHEAD_ and the field's path in
// capitals, joined by "_". Values are YAML, so that lists can be given too.
func overlay(cfg *Config, environ []string) error {
	values := map[string]string{}
	for _, e := range environ {
		if name, value, found := strings.Cut(e, "="); found && strings.HasPrefix(name, prefix) {
			values[name] = value
		}
	}
	return walk(reflect.ValueOf(cfg).Elem(), "", func(path string, field reflect.Value) error {
		name := variable(path)
		value, given := values[name]
		if !given {
			return nil
		}
		if err := strictyaml.Decode([]byte(value), field.Addr().Interface()); err != nil {
			return fmt.Errorf("environment variable %s: %s", name, explain(err, field.Type()))
		}
		return nil
	})
}

// variable is the environment variable of a setting.
func variable(path string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// walk calls visit for every setting that is not a group of settings, with its
// name as the file has it.
func walk(group reflect.Value, at string, visit func(string, reflect.Value) error) error {
	for i := range group.NumField() {
		path, field := join(at, group.Type().Field(i).Tag.Get("yaml")), group.Field(i)
		if field.Kind() == reflect.Struct {
			if err := walk(field, path, visit); err != nil {
				return err
			}
			continue
		}
		if err := visit(path, field); err != nil {
			return err
		}
	}
	return nil
}

// EnvironmentNames returns the environment variables that are settings, in the
// order of the file.
func EnvironmentNames() []string {
	cfg := Default()
	var names []string
	_ = walk(reflect.ValueOf(&cfg).Elem(), "", func(path string, _ reflect.Value) error {
		names = append(names, variable(path))
		return nil
	})
	return names
}

// Source is the text that a configuration was read from, for errors that name
// a line.
type Source struct {
	Name string
	text []byte
}

// At returns where a field stands: "file:line: ", or the file's name alone.
func (s *Source) At(field string) string {
	if s.Name == "" {
		return ""
	}
	if line := s.line(field); line > 0 {
		return fmt.Sprintf("%s:%d: ", s.Name, line)
	}
	return s.Name + ": "
}
