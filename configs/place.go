package configs

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// place finds what is wrong in a YAML node that is to become a value of type
// want, by reading each setting alone. at is the field as its user wrote it.
func place(src *Source, node ast.Node, want reflect.Type, at string) []error {
	wrong := func(n ast.Node, field, format string, args ...any) error {
		return &Fault{File: src.Name, Line: n.GetToken().Position.Line, Field: field, What: fmt.Sprintf(format, args...)}
	}
	var found []error
	switch {
	case node.Type() == ast.NullType:
		return nil // as if it were not there
	case reflect.PointerTo(want).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
	case want.Kind() == reflect.Struct:
		group, is := node.(ast.MapNode)
		if !is {
			return []error{wrong(node, at, "want settings such as %s: …", fieldNames(want)[0])}
		}
		for i := group.MapRange(); i.Next(); {
			key := i.Key().String()
			field, known := fieldOf(want, key)
			if !known {
				found = append(found, wrong(i.Key(), join(at, key), "no such setting: want one of %s", strings.Join(fieldNames(want), ", ")))
				continue
			}
			found = append(found, place(src, i.Value(), field.Type, join(at, key))...)
		}
		return found
	case want.Kind() == reflect.Map:
		group, is := node.(ast.MapNode)
		if !is {
			return []error{wrong(node, at, "want names, each with its settings")}
		}
		for i := group.MapRange(); i.Next(); {
			found = append(found, place(src, i.Value(), want.Elem(), join(at, i.Key().String()))...)
		}
		return found
	case want.Kind() == reflect.Slice:
		list, is := node.(*ast.SequenceNode)
		if !is {
			return []error{wrong(node, at, "want a list")}
		}
		for i, item := range list.Values {
			found = append(found, place(src, item, want.Elem(), fmt.Sprintf("%s[%d]", at, i))...)
		}
		return found
	}
	if err := yaml.NodeToValue(node, reflect.New(want).Interface()); err != nil {
		found = append(found, wrong(node, at, "%s", explain(err, want)))
	}
	return found
}

// explain words why a value is none of a type, and what would be.
func explain(err error, want reflect.Type) string {
	var typed yaml.Error
	switch {
	case want == reflect.TypeFor[time.Duration]():
		return "want a time such as 500ms, 30s or 5m"
	case want == reflect.TypeFor[netip.Prefix]():
		return "want a network such as 10.0.0.0/8"
	case !errors.As(err, &typed):
		return err.Error()
	case want.Kind() == reflect.Bool:
		return "want true or false"
	case want.Kind() == reflect.String:
		return "want text"
	case want.Kind() == reflect.Int || want.Kind() == reflect.Int64:
		return "want a whole number"
	case want.Kind() == reflect.Float64:
		return "want a number"
	}
	return typed.GetMessage()
}

// fieldOf returns the field of a group of settings that a YAML key names.
func fieldOf(group reflect.Type, key string) (reflect.StructField, bool) {
	for i := range group.NumField() {
		if f := group.Field(i); f.Tag.Get("yaml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// fieldNames returns the keys of a group of settings.
func fieldNames(group reflect.Type) []string {
	var names []string
	for i := range group.NumField() {
		names = append(names, group.Field(i).Tag.Get("yaml"))
	}
	return names
}

func join(group, key string) string {
	if group == "" {
		return key
	}
	return group + "." + key
}
