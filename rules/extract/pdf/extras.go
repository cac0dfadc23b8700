package pdf

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// extras gives what stands beside the pages: form fields, the document's
// description, its outline and scripts, the data of an XFA form and the embedded
// files. The error is
// the output's.
func (q *queue) extras(root dict, out document.Output) error {
	f := q.file
	about := f.fields(root)
	info := f.dict(f.trailer["Info"])
	for _, key := range []name{"Title", "Subject", "Keywords"} {
		if t := f.said(info[key]); t != "" {
			about += t + "\n"
		}
	}
	for _, said := range []string{about, f.outline(root), f.scripts(root)} {
		if said == "" {
			continue
		}
		if err := out.Text("", strings.NewReader(said)); err != nil {
			return err
		}
	}
	if s := f.stream(root["Metadata"]); s != nil {
		if err := f.give("metadata.xml", s, out); err != nil {
			return err
		}
	}
	if s := f.formData(root); s != nil {
		if err := f.give("form.xml", s, out); err != nil {
			return err
		}
	}
	specs := append(q.files, f.nameTree(f.dict(root["Names"])["EmbeddedFiles"])...)
	specs = append(specs, f.array(root["AF"])...)
	seen := map[*stream]bool{}
	for _, spec := range specs {
		title, s := f.fileSpec(spec)
		if s == nil || seen[s] {
			continue
		}
		seen[s] = true
		if err := f.give(title, s, out); err != nil {
			return err
		}
	}
	return nil
}

// formData returns the data of an XFA form (ISO 32000-1, 12.7.8).
func (f *file) formData(root dict) *stream {
	xfa := f.resolve(f.dict(root["AcroForm"])["XFA"])
	if s, ok := xfa.(*stream); ok {
		return s
	}
	parts, _ := xfa.(array)
	for i := 0; i+1 < len(parts); i += 2 {
		if f.text(parts[i]) == "datasets" {
			return f.stream(parts[i+1])
		}
	}
	return nil
}

// maxNames bounds the nodes and the entries of a name tree.
const maxNames = 10_000

// nameTree lists the values of a name tree (ISO 32000-2, 7.9.6).
func (f *file) nameTree(root object) []object {
	var values []object
	stack, seen := []object{root}, map[ref]bool{}
	for n := 0; len(stack) > 0; n++ {
		if n == maxNames || len(values) > maxNames {
			f.note(fmt.Errorf("embedded files of a PDF: %w", document.ErrTooMany))
			break
		}
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if r, ok := top.(ref); ok {
			if seen[r] {
				continue
			}
			seen[r] = true
		}
		d := f.dict(top)
		names := f.array(d["Names"])
		for i := 1; i < len(names); i += 2 {
			values = append(values, names[i])
		}
		stack = append(stack, f.array(d["Kids"])...)
	}
	return values
}

// fileSpec returns the name and the content of a file specification (ISO
// 32000-2, 7.11.3); no content if the file is not inside the document.
func (f *file) fileSpec(obj object) (string, *stream) {
	d := f.dict(obj)
	title := "attachment"
	for _, key := range []name{"UF", "F"} {
		if t := f.text(d[key]); t != "" {
			title = documentText(t)
			break
		}
	}
	embedded := f.dict(d["EF"])
	for _, key := range []name{"UF", "F", "Unix", "DOS", "Mac"} {
		if s := f.stream(embedded[key]); s != nil {
			return title, s
		}
	}
	return title, nil
}

// give gives an embedded file to the output.
func (f *file) give(title string, s *stream, out document.Output) error {
	if f.crypt == nil && s.dict["Filter"] == nil && s.data == nil {
		raw := f.raw(s)
		return out.File(title, raw, raw.Size())
	}
	b, err := f.decode(s)
	if err != nil {
		f.note(err)
	}
	if len(b) == 0 {
		return nil
	}
	var content io.ReaderAt = bytes.NewReader(b)
	return out.File(title, content, int64(len(b)))
}
