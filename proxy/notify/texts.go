package notify

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"
)

// The built-in texts: NAME.LANGUAGE.txt are templates (text/template), whose
// first line is "Subject: …"; words.LANGUAGE.yaml says what the field types are
// called.
//
//go:embed templates
var builtIn embed.FS

// BuiltIn gives the built-in texts, to begin one's own from.
func BuiltIn() (fs.FS, error) { return fs.Sub(builtIn, "templates") }

// names are the texts that each language has.
func names() []string { return []string{"reviewer", "digest", "sender", "returned"} }

// texts are the texts in every language.
type texts struct {
	zone      *time.Location
	templates map[string]*template.Template // by file name
	words     map[string]map[string]string  // of field types, by language
}

// text is a rendered notice.
type text struct{ subject, body string }

// view is what a template sees.
type view struct {
	Event
	Link   string // of the incident in the console, "" for none
	Host   string
	Digest Digest
	// Reason is for a returned message: refused or expired.
	Reason string
}

func (n *Notifier) view(e *Event) view {
	v := view{Event: *e, Host: n.cfg.Host}
	if n.cfg.Link != "" && e.Incident != "" {
		v.Link = n.cfg.Link + "/incidents/" + e.Incident
	}
	return v
}

// senderView is what a template to a sender sees: not who decided.
func (n *Notifier) senderView(e *Event) view {
	v := n.view(e)
	v.By = ""
	return v
}

// loadTexts reads the built-in texts and those of a folder over them. A folder
// may bring further languages, whole ones only.
func loadTexts(folder string, zone *time.Location) (*texts, error) {
	inside, err := BuiltIn()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if err := readTexts(files, inside); err != nil {
		return nil, err
	}
	if folder != "" {
		if err := readTexts(files, os.DirFS(folder)); err != nil {
			return nil, fmt.Errorf("templates: %s: %w", folder, err)
		}
	}
	t := &texts{zone: zone, templates: map[string]*template.Template{}, words: map[string]map[string]string{}}
	for name, content := range files {
		if language, is := strings.CutSuffix(strings.TrimPrefix(name, "words."), ".yaml"); is && strings.HasPrefix(name, "words.") {
			var words map[string]string
			if err := yaml.Unmarshal(content, &words); err != nil {
				return nil, fmt.Errorf("templates: %s: %w", name, err)
			}
			t.words[language] = words
			continue
		}
		if err := t.parse(name, string(content)); err != nil {
			return nil, err
		}
	}
	return t, t.complete()
}

// maxText bounds a file of texts, in bytes.
const maxText = 64 << 10

func readTexts(into map[string][]byte, dir fs.FS) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".txt" && ext != ".yaml" {
			continue
		}
		content, err := fs.ReadFile(dir, e.Name())
		if err != nil {
			return err
		}
		if len(content) > maxText {
			return fmt.Errorf("%s: larger than %d bytes", e.Name(), maxText)
		}
		into[e.Name()] = content
	}
	return nil
}

func (t *texts) parse(name, content string) error {
	base, _, _ := strings.Cut(name, ".")
	if !slices.Contains(names(), base) {
		return fmt.Errorf("templates: %s: no such notice: want one of %s, as in reviewer.en.txt", name, strings.Join(names(), ", "))
	}
	language := strings.TrimSuffix(strings.TrimPrefix(name, base+"."), ".txt")
	parsed, err := template.New(name).Option("missingkey=error").Funcs(t.functions(language)).Parse(content)
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	t.templates[name] = parsed
	return nil
}

// complete reports what is missing or does not work, tried on one event of each
// kind.
func (t *texts) complete() error {
	for _, language := range t.languages() {
		for _, name := range names() {
			for _, kind := range append(Kinds(), string(digestKind)) {
				v := view{Event: Event{Kind: Kind(kind), Fields: []string{"person.name"}}}
				v.Digest.Incidents = []Line{{}}
				if _, err := t.render(name, language, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// languages lists the languages that there are words for.
func (t *texts) languages() []string {
	var all []string
	for language := range t.words {
		all = append(all, language)
	}
	slices.Sort(all)
	return all
}

func (t *texts) has(language string) bool { return slices.Contains(t.languages(), language) }

// functions are what templates may call.
func (t *texts) functions(language string) template.FuncMap {
	return template.FuncMap{
		// count counts a thing in the singular or the plural.
		"count": func(n any, one, many string) string {
			if s := fmt.Sprint(n); s != "1" {
				return s + " " + many
			}
			return "1 " + one
		},
		// kinds names field types in plain words.
		"kinds": func(types []string) string {
			var all []string
			for _, f := range types {
				word := t.words[language][f]
				if word == "" {
					word = t.words[language]["other"]
				}
				if word != "" && !slices.Contains(all, word) {
					all = append(all, word)
				}
			}
			return strings.Join(all, ", ")
		},
		"when": func(at time.Time) string { return at.In(t.zone).Format("2006-01-02 15:04 MST") },
		"set":  func(at time.Time) bool { return !at.IsZero() },
	}
}

// errNoSubject says what a template must begin with.
var errNoSubject = errors.New(`the first line is not "Subject: …"`)

func (t *texts) render(name, language string, v view) (text, error) {
	file := name + "." + language + ".txt"
	parsed := t.templates[file]
	if parsed == nil {
		return text{}, fmt.Errorf("templates: %s is missing", file)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, v); err != nil {
		return text{}, fmt.Errorf("templates: %w", err)
	}
	first, body, _ := strings.Cut(b.String(), "\n")
	subject, is := strings.CutPrefix(first, "Subject: ")
	if !is {
		return text{}, fmt.Errorf("templates: %s: %w", file, errNoSubject)
	}
	return text{subject: strings.TrimSpace(subject), body: strings.TrimSpace(body) + "\n"}, nil
}

// renderAll renders a notice in several languages, one below the other; the
// first gives the subject.
func (t *texts) renderAll(name string, languages []string, v view) (text, error) {
	var all text
	for i, language := range languages {
		one, err := t.render(name, language, v)
		if err != nil {
			return text{}, err
		}
		if i == 0 {
			all = one
			continue
		}
		all.body += "\n" + strings.Repeat("-", 64) + "\n\n" + one.body
	}
	return all, nil
}
