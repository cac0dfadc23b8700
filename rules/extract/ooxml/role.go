package ooxml

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// role is what a part is for.
type role uint8

const (
	roleNone        role = iota // carries nothing to read
	roleRelations               // links between parts
	roleWorkbook                // names of sheets
	roleStrings                 // shared strings of a workbook
	roleStyles                  // number formats of a workbook
	roleSheet                   // a worksheet, or what an external one had
	roleDocument                // the main text
	roleFlow                    // paragraphs and tables: headers, notes, drawings
	roleVML                     // drawings of old: boxes of comments
	roleSlide                   // a slide
	roleComments                // comments of any kind
	roleLines                   // elements that hold one value each, such as properties
	roleRecords                 // the cached data of a pivot table
	rolePivot                   // the shared items of a pivot table
	roleBinWorkbook             // the same of XLSB
	roleBinStrings
	roleBinStyles
	roleBinSheet
	roleBinNotes
	roleFile // an embedded file of any format
)

// page tells whether the role counts against Limits.Pages.
func (r role) page() bool { return r == roleSheet || r == roleSlide || r == roleBinSheet }

// first tells whether the role is given out before notes, drawings and files.
func (r role) first() bool { return r.page() || r == roleDocument }

// rootRoles gives the role of an XML part by its root element.
var rootRoles = map[string]role{
	"Relationships": roleRelations,
	"workbook":      roleWorkbook,
	"sst":           roleStrings,
	"styleSheet":    roleStyles,
	"worksheet":     roleSheet, "macrosheet": roleSheet, "dialogsheet": roleSheet, "externalLink": roleSheet,
	"document":         roleDocument,
	"glossaryDocument": roleFlow, "hdr": roleFlow, "ftr": roleFlow, "footnotes": roleFlow, "endnotes": roleFlow,
	"sld":   roleSlide,
	"notes": roleFlow, "sldMaster": roleFlow, "sldLayout": roleFlow, "notesMaster": roleFlow, "handoutMaster": roleFlow,
	"wsDr": roleFlow, "drawing": roleFlow, "dataModel": roleFlow, "chartSpace": roleFlow, "chart": roleFlow, "userShapes": roleFlow,
	"xml":      roleVML,
	"comments": roleComments, "ThreadedComments": roleComments, "cmLst": roleComments,
	"pivotCacheRecords": roleRecords, "pivotCacheDefinition": rolePivot,
	"Properties": roleLines, "coreProperties": roleLines, "connections": roleLines, "queryTable": roleLines,
	"PageContents": roleFlow, "FixedPage": roleLines, "settings": roleFlow,
	"Types": roleNone, "theme": roleNone, "styles": roleNone, "fonts": roleNone, "fontTable": roleNone,
	"webSettings": roleNone, "numbering": roleNone, "people": roleNone, "personList": roleNone, "cmAuthorLst": roleNone,
	"authorLst": roleNone, "calcChain": roleNone, "metadata": roleNone, "presentation": roleNone, "viewPr": roleNone,
	"presentationPr": roleNone, "presProps": roleNone, "tblStyleLst": roleNone, "pivotTableDefinition": roleNone,
	"table": roleNone, "colorsDef": roleNone, "layoutDef": roleNone, "styleDef": roleNone, "chartStyle": roleNone,
	"colorStyle": roleNone, "datastoreItem": roleNone, "commentsEx": roleNone, "commentsIds": roleNone,
	"commentsExtensible": roleNone, "slicers": roleNone, "slicerCacheDefinition": roleNone, "chartsheet": roleNone,
	"ctrlProps": roleNone, "formControlPr": roleNone, "ocx": roleNone, "tagLst": roleNone, "singleXmlCells": roleNone,
	"MapInfo": roleNone, "revisions": roleNone, "headers": roleNone, "SignatureInfo": roleNone,
}

// recordRoles gives the role of a part of an XLSB by the number of its first
// record ([MS-XLSB] 2.3.1). What carries no cells has none.
var recordRoles = map[int]role{
	131: roleBinWorkbook, 159: roleBinStrings, 278: roleBinStyles, 129: roleBinSheet, 628: roleBinNotes,
}

// oleSignature begins a compound file: a VBA project or an embedded object.
const oleSignature = "\xd0\xcf\x11\xe0"

// dull are the extensions of parts that Office writes for itself alone: fonts
// under a cipher, settings of printers and controls.
var dull = map[string]bool{".odttf": true, ".fntdata": true}

// assignRoles looks at the start of every part.
func (rd *reader) assignRoles() {
	rd.roles = make(map[*xmlzip.Part]role, len(rd.archive.Parts))
	rd.byRole = make(map[role][]*xmlzip.Part)
	buf := make([]byte, 4<<10)
	for _, p := range rd.archive.Parts {
		if rd.ctx.Err() != nil {
			return
		}
		role := rd.roleOf(p, buf)
		rd.roles[p] = role
		rd.byRole[role] = append(rd.byRole[role], p)
	}
}

// roleOf tells a part by the first bytes of its content.
func (rd *reader) roleOf(p *xmlzip.Part, buf []byte) role {
	lower := strings.ToLower(p.Name)
	if dull[path.Ext(lower)] || strings.Contains(lower, "printersettings") || strings.Contains(lower, "/activex/") && strings.HasSuffix(lower, ".bin") ||
		lower == "xl/metadata" { // the last is Google's own
		return roleNone
	}
	r, err := rd.archive.Open(p)
	if err != nil {
		rd.note(err)
		return roleNone
	}
	defer r.Close()
	n, err := io.ReadFull(r, buf)
	if n == 0 {
		if err != io.EOF {
			rd.note(err)
		}
		return roleNone
	}
	head := buf[:n]
	if strings.HasSuffix(lower, ".bin") && strings.HasPrefix(lower, "xl/") && !strings.Contains(lower, "/embeddings/") &&
		!bytes.HasPrefix(head, []byte(oleSignature)) {
		id, size, _ := recordHead(head)
		if role, known := recordRoles[id]; known || size > maxRecord || bytes.IndexByte(head, 0) >= 0 {
			return role // none for parts of XLSB without cells, such as an index of rows
		}
		return roleFile // no records: each of those has a zero among its first
	}
	root, err := rootOf(head)
	if errors.Is(err, xmlzip.ErrDoctype) && !strings.Contains(lower, "/media/") { // pictures in SVG have one
		rd.note(err)
		return roleNone
	}
	if role, known := rootRoles[root]; known {
		return role
	}
	return roleFile
}

// rootOf returns the local name of the root element of the XML that begins
// with head, "" if it is none.
func rootOf(head []byte) (string, error) {
	trimmed := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	wide := bytes.HasPrefix(head, []byte("\xff\xfe<")) || bytes.HasPrefix(head, []byte("\xfe\xff\x00<"))
	if !wide && (len(trimmed) < 2 || trimmed[0] != '<') {
		return "", nil
	}
	// The root's tag may be longer than the head, and cut within quotes.
	var err error
	for _, end := range []string{">", `">`, "'>"} {
		s := xmlzip.NewScanner(io.MultiReader(bytes.NewReader(head), strings.NewReader(end)))
		s.AllowDoctype() // that of HTML and SVG; parts of our own are refused when they are read
		kind := xmlzip.Text
		for kind != xmlzip.Start && err == nil {
			kind, err = s.Next()
		}
		if err == nil || errors.Is(err, xmlzip.ErrDoctype) {
			return string(s.Name()), err
		}
		err = nil
	}
	return "", nil
}
