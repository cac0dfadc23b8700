package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
	"github.com/bulkhead-dlp/bulkhead/proxy/worker"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

type scanCommand struct {
	remote
	Paths  []string `arg:"" optional:"" name:"path" help:"Files and folders; \"-\" or nothing is standard input."`
	Config string   `type:"existingfile" env:"BULKHEAD_CONFIG" placeholder:"FILE" help:"Configuration file (YAML), for its policies and bounds."`
	Format string   `enum:"text,json" default:"text" help:"text for people, json for programs: one object a file, on one line."`
	From   string   `placeholder:"ADDR" help:"Envelope sender; else that of the message's header."`
	To     []string `placeholder:"ADDR" help:"Envelope recipients; else those of the message's header."`

	Index   []string `type:"existingfile" placeholder:"FILE" help:"Also look for the records of these exact-match indexes."`
	KeyFile string   `type:"existingfile" placeholder:"FILE" help:"The key that they were built with."`
}

// Help implements kong.HelpProvider.
func (scanCommand) Help() string {
	return `Messages (.eml and other RFC 5322 files, told by content) are judged as such;
anything else as the attachment of an otherwise empty message.

Exit status: 0 nothing held, 1 something held or rejected, 2 an error.

With --server a running relay judges, by its policies and indexes; nothing is kept.

Examples:
  bulkhead scan customers.csv
  bulkhead scan --index customers.idx --key-file index.key mail.eml
  bulkhead scan --format json --to ana@example.org mail/ archive.mbox
  bulkhead scan --server https://bulkhead.example --token-file scan.token mail.eml
  cat message.eml | bulkhead scan -`
}

// Run scans what it is told to.
func (c scanCommand) Run(ctx context.Context, p program) error {
	scan, done, err := c.judge(p)
	if err != nil {
		return err
	}
	defer done()
	files, failed := listFiles(c.Paths)
	bar := newProgress(p.stderr, "scanned", len(files))
	held := false
	for i, path := range files {
		bar.set(i)
		result, err := scan(ctx, path, p.stdin)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", path, err))
			continue
		}
		bar.clear()
		if err := writeResult(p.stdout, c.Format, result); err != nil {
			return err
		}
		held = held || result.Stopped()
	}
	bar.clear()
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if held {
		return errFound{}
	}
	return nil
}

// judge gives what judges one file, here or on a server, and what ends it.
func (c scanCommand) judge(p program) (scan func(context.Context, string, io.Reader) (*api.Scan, error), done func(), err error) {
	if c.Server != "" {
		if len(c.Index) > 0 {
			return nil, nil, errors.New("a server has indexes of its own: leave out --index")
		}
		server, err := c.client(p)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, path string, stdin io.Reader) (*api.Scan, error) {
			return c.ask(ctx, server, path, stdin)
		}, func() {}, nil
	}
	cfg, src, err := configs.Load(c.Config, p.environ)
	if err != nil {
		return nil, nil, err
	}
	cfg.Upstream.URL = "maildir:" // a scan sends nothing
	if len(c.Index) > 0 && c.KeyFile == "" {
		return nil, nil, errors.New("--index needs --key-file: the key that the index was built with")
	}
	for _, path := range c.Index {
		cfg.Indexes = append(cfg.Indexes, configs.Index{Name: indexName(path), Path: path, KeyFile: c.KeyFile})
	}
	if err := cfg.Check(src); err != nil {
		return nil, nil, err
	}
	s, err := newScanner(c, &cfg)
	if err != nil {
		return nil, nil, err
	}
	return s.scan, s.close, nil
}

// ask has a server judge one file.
func (c scanCommand) ask(ctx context.Context, server *apiclient.Client, path string, stdin io.Reader) (*api.Scan, error) {
	content := io.NopCloser(stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		content = file
	}
	defer content.Close() //nolint:errcheck // read only
	result, err := server.Scan(ctx, apiclient.Question{Name: filepath.Base(path), Content: content, From: c.From, To: c.To, Evidence: true})
	if err != nil {
		return nil, err
	}
	result.Path = path // as it was given here
	return &result, nil
}

// scanner judges files.
type scanner struct {
	command scanCommand
	adviser adviser
	workers *worker.Pool
}

func newScanner(c scanCommand, cfg *configs.Config) (*scanner, error) {
	live, err := newLive(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	workers := newWorkers(nil)
	bounds, err := limits(cfg, os.TempDir(), workers)
	if err != nil {
		return nil, err
	}
	return &scanner{c, adviser{live: live, limits: bounds}, workers}, nil
}

// close ends the processes that scans have started.
func (s *scanner) close() {
	s.workers.Close() //nolint:errcheck // killed, whatever they say
}

// listFiles returns the files to scan, those of folders in their order by
// name, and what could not be listed.
func listFiles(paths []string) (files []string, failed []error) {
	if len(paths) == 0 {
		return []string{"-"}, nil
	}
	for _, path := range paths {
		if path == "-" {
			files = append(files, path)
			continue
		}
		err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
			if err != nil {
				failed = append(failed, err)
				return nil
			}
			if entry.Type().IsRegular() || at == path && !entry.IsDir() {
				files = append(files, at)
			}
			return nil
		})
		if err != nil {
			failed = append(failed, err)
		}
	}
	return files, failed
}

func (s *scanner) scan(ctx context.Context, path string, stdin io.Reader) (*api.Scan, error) {
	file, err := openInput(path, stdin)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	a, err := s.adviser.advise(ctx, submission{
		Name: path, Content: extract.Source{ReaderAt: file, Size: info.Size()}, From: s.command.From, To: s.command.To})
	if err != nil {
		return nil, err
	}
	result := api.NewScan(path, info.Size(), &a.Verdict, a.Evidence.Findings, a.Took)
	return &result, nil
}

// openInput opens a file, or copies standard input to one without a name.
func openInput(path string, stdin io.Reader) (*os.File, error) {
	if path != "-" {
		return os.Open(path)
	}
	file, err := tempfile.Unnamed("")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, stdin); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func writeResult(w io.Writer, format string, r *api.Scan) error {
	if format == "json" {
		r.Evidence = nil // that is for people
		return json.NewEncoder(w).Encode(r)
	}
	return writeText(w, r)
}
