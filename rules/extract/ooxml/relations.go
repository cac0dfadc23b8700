package ooxml

import (
	"bytes"
	"path"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// maxLinks is the number of links that are kept to find parts by.
const maxLinks = 2 * xmlzip.MaxParts

// relations are the links of all parts (ECMA-376 Part 2, 9.3): those to other
// parts by "source part\x00id", and those that lead out of the document to a person.
type relations struct {
	targets map[string]string
	outside []*xmlzip.Part // relationship parts that have such links
}

func (rd *reader) loadRelations() {
	rd.links.targets = make(map[string]string)
	for _, p := range rd.byRole[roleRelations] {
		s, c, err := rd.scan(p)
		if err != nil {
			rd.note(err)
			continue
		}
		outside := false
		for len(rd.links.targets) < maxLinks {
			kind, err := s.Next()
			if err != nil {
				rd.note(err)
				break
			}
			if kind != xmlzip.Start || string(s.Name()) != "Relationship" {
				continue
			}
			id, target, external := relationship(s)
			if external {
				outside = outside || personal(target)
				continue
			}
			source := sourceOf(p.Name)
			rd.links.targets[source+"\x00"+id] = resolve(source, target)
		}
		if outside {
			rd.links.outside = append(rd.links.outside, p)
		}
		c.Close()
	}
}

func relationship(s *xmlzip.Scanner) (id, target string, external bool) {
	for {
		name, value, ok := s.NextAttr()
		if !ok {
			return id, target, external
		}
		switch string(name) {
		case "Id":
			id = string(value)
		case "Target":
			target = string(value)
		case "TargetMode":
			external = string(value) == "External"
		}
	}
}

// personal tells whether a link leads to a person rather than a page.
func personal(target string) bool {
	return strings.HasPrefix(target, "mailto:") || strings.HasPrefix(target, "tel:")
}

// sourceOf returns the part whose links p holds: a/_rels/b.xml.rels is for a/b.xml.
func sourceOf(p string) string {
	dir, base := path.Split(p)
	return path.Join(path.Dir(strings.TrimSuffix(dir, "/")), strings.TrimSuffix(base, path.Ext(base)))
}

func resolve(source, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)
	}
	return path.Join(path.Dir(source), target)
}

// linked returns the part that a link of the source leads to, or nil.
func (rd *reader) linked(source, id string) *xmlzip.Part {
	target, ok := rd.links.targets[source+"\x00"+id]
	if !ok {
		return nil
	}
	return rd.archive.Find(target)
}

// external gives out the addresses behind links, one a line: a reader sees
// only "write to me", and a click shows the address.
func (rd *reader) external() error {
	for _, p := range rd.links.outside {
		s, c, err := rd.scan(p)
		if err != nil {
			rd.note(err)
			continue
		}
		err = rd.giveLines(placeOf(sourceOf(p.Name))+" links", func(dst []byte) ([]byte, bool) {
			for {
				kind, err := s.Next()
				if err != nil {
					rd.note(err)
					return dst, false
				}
				if kind != xmlzip.Start {
					continue
				}
				if _, target, external := relationship(s); external && personal(target) {
					address, _, _ := bytes.Cut([]byte(target[strings.IndexByte(target, ':')+1:]), []byte("?"))
					return append(append(dst, address...), '\n'), true
				}
			}
		})
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
