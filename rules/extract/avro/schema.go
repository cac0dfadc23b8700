package avro

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// kind is a type of Avro 1.11, section "Schema Declaration".
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt // and long: the encoding is the same
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindFixed
	kindEnum
	kindArray
	kindMap
	kindUnion
	kindRecord
)

// logical is what a number or bytes stand for.
type logical uint8

const (
	plain logical = iota
	date
	milliseconds
	microseconds
	nanoseconds
	decimal
)

// schema is a type, and the columns of the table that its values go into.
type schema struct {
	kind    kind
	logical logical
	scale   int
	size    int      // of a fixed
	symbols []string // of an enum
	items   []*schema
	from    int // the first of its columns
	to      int // behind the last of them
}

// Bounds that no schema of use comes near.
const (
	maxColumns = 4096
	maxNodes   = 16384
	maxSymbols = 65536
	maxPaths   = 4 << 20 // bytes of all names, each with the path to it
)

// parser turns the JSON of a schema into a tree. A named type that is used
// again is laid out again, since its values go into other columns.
type parser struct {
	named   map[string]definition
	columns []string // names, in order
	paths   int      // bytes of all paths
	nodes   int
	depth   int
	deepest int
}

// definition is the JSON of a named type and the namespace around it.
type definition struct {
	object map[string]any
	space  string
}

// parse reads a schema and returns it with the names of its columns.
func parse(text []byte, depth int) (*schema, []string, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, nil, fmt.Errorf("schema of an Avro file: %w", document.ErrDamaged)
	}
	p := &parser{named: make(map[string]definition), deepest: depth}
	root, err := p.node(v, "", "")
	if err != nil {
		return nil, nil, err
	}
	return root, p.columns, nil
}

var errSchema = fmt.Errorf("schema of an Avro file: %w", document.ErrDamaged)

// node lays out a type whose column or columns are named by path.
func (p *parser) node(v any, path, space string) (*schema, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.nodes++; p.depth > p.deepest || p.nodes > maxNodes || len(p.columns) > maxColumns {
		return nil, fmt.Errorf("schema of an Avro file: %w", document.ErrTooDeep)
	}
	if p.paths > maxPaths {
		return nil, fmt.Errorf("names of an Avro file: %w", document.ErrTooBig)
	}
	s := &schema{from: len(p.columns)}
	var err error
	switch v := v.(type) {
	case string:
		err = p.name(s, v, path, space)
	case []any:
		s.kind = kindUnion
		err = p.union(s, v, path, space)
	case map[string]any:
		err = p.object(s, v, path, space)
	default:
		return nil, errSchema
	}
	s.to = len(p.columns)
	return s, err
}

// name lays out a primitive type or one that was defined before.
func (p *parser) name(s *schema, name, path, space string) error {
	primitive := map[string]kind{"null": kindNull, "boolean": kindBoolean, "int": kindInt, "long": kindInt, "float": kindFloat,
		"double": kindDouble, "bytes": kindBytes, "string": kindString}
	if k, ok := primitive[name]; ok {
		if s.kind = k; k != kindNull {
			p.columns = append(p.columns, path)
		}
		return nil
	}
	d, ok := p.named[fullName(name, space)]
	if !ok {
		if d, ok = p.named[name]; !ok {
			return errSchema
		}
	}
	return p.object(s, d.object, path, d.space)
}

func (p *parser) union(s *schema, branches []any, path, space string) error {
	some := 0
	for _, b := range branches {
		if b != "null" {
			some++
		}
	}
	for i, b := range branches {
		to := path
		if some > 1 {
			to = p.step(path, branchName(b, i))
		}
		item, err := p.node(b, to, space)
		if err != nil {
			return err
		}
		s.items = append(s.items, item)
	}
	return nil
}

func branchName(v any, i int) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if name, ok := v["name"].(string); ok {
			return name
		}
	}
	return fmt.Sprint(i + 1)
}

func (p *parser) object(s *schema, o map[string]any, path, space string) error {
	name, _ := o["name"].(string)
	if ns, ok := o["namespace"].(string); ok {
		space = ns
	} else if i := strings.LastIndexByte(name, '.'); i >= 0 {
		space = name[:i]
	}
	kindName, isName := o["type"].(string)
	if !isName { // {"type": {…}} around another type
		inner, err := p.node(o["type"], path, space)
		if err == nil {
			*s = *inner
		}
		return err
	}
	if name != "" {
		p.named[fullName(name, space)] = definition{o, space}
	}
	switch kindName {
	case "record", "error":
		s.kind = kindRecord
		return p.fields(s, o, path, space)
	case "enum":
		s.kind = kindEnum
		for _, symbol := range list(o["symbols"]) {
			text, _ := symbol.(string)
			if s.symbols = append(s.symbols, text); len(s.symbols) > maxSymbols {
				return errSchema
			}
		}
		p.columns = append(p.columns, path)
	case "fixed":
		size, ok := o["size"].(float64)
		if !ok || size < 0 || size > maxValue {
			return errSchema
		}
		s.kind, s.size = kindFixed, int(size)
		p.columns = append(p.columns, path)
	case "array":
		s.kind = kindArray
		return p.item(s, o["items"], path, space)
	case "map":
		s.kind = kindMap
		p.columns = append(p.columns, p.step(path, "key"))
		return p.item(s, o["values"], path, space)
	default:
		if err := p.name(s, kindName, path, space); err != nil {
			return err
		}
	}
	s.meaning(o)
	return nil
}

func (p *parser) item(s *schema, v any, path, space string) error {
	item, err := p.node(v, path, space)
	s.items = []*schema{item}
	return err
}

func (p *parser) fields(s *schema, o map[string]any, path, space string) error {
	for _, f := range list(o["fields"]) {
		field, _ := f.(map[string]any)
		name, ok := field["name"].(string)
		if !ok {
			return errSchema
		}
		item, err := p.node(field["type"], p.step(path, name), space)
		if err != nil {
			return err
		}
		s.items = append(s.items, item)
	}
	return nil
}

// meaning takes the logical type, which is a hint: an unknown one leaves the
// values as they are.
func (s *schema) meaning(o map[string]any) {
	name, _ := o["logicalType"].(string)
	switch name {
	case "date":
		s.logical = date
	case "timestamp-millis", "local-timestamp-millis":
		s.logical = milliseconds
	case "timestamp-micros", "local-timestamp-micros":
		s.logical = microseconds
	case "timestamp-nanos", "local-timestamp-nanos":
		s.logical = nanoseconds
	case "decimal":
		s.logical = decimal
		if scale, ok := o["scale"].(float64); ok && scale >= 0 && scale <= 100 {
			s.scale = int(scale)
		}
	}
}

func list(v any) []any { l, _ := v.([]any); return l }

func fullName(name, space string) string {
	if space == "" || strings.Contains(name, ".") {
		return name
	}
	return space + "." + name
}

// step is the path to what stands inside another.
func (p *parser) step(path, name string) string {
	if path == "" {
		return name
	}
	p.paths += len(path) + 1 + len(name)
	return path + "." + name
}
