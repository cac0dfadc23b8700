package main

import (
	"fmt"
	"runtime"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/ocr"
	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/proxy/worker"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// limits returns the bounds of an inspection. Parts that need random access
// and do not fit in memory go to files without a name in dir; parsers that
// are not ours run in the workers. The error says that the program for pictures
// is missing.
func limits(cfg *configs.Config, dir string, workers *worker.Pool) (extract.Limits, error) {
	l := extract.DefaultLimits()
	in := cfg.Inspection
	l.Bytes, l.PartBytes, l.Ratio = int64(in.Bytes), int64(in.PartBytes), in.Ratio
	l.Depth, l.Parts, l.Entries, l.Cells = in.Depth, in.Parts, in.Entries, in.Cells
	l.Time = in.Deadline
	l.Scratch = func() (extract.Scratch, error) { return newScratch(dir) }
	l.Isolate = workers.Isolate
	if in.OCR.Command == "" {
		return l, nil
	}
	pictures, err := ocr.New(ocr.Config{
		Command: in.OCR.Command, Languages: in.OCR.Languages, Timeout: in.OCR.Timeout, Concurrent: runtime.GOMAXPROCS(0),
	})
	if err != nil {
		return l, fmt.Errorf("inspection.ocr.command: %w", err)
	}
	l.Recognise = pictures.Recognise
	return l, nil
}

// newScratch opens temporary space that is gone when it is closed, or when the
// process ends.
func newScratch(dir string) (extract.Scratch, error) { return tempfile.Unnamed(dir) }

// wireConfig returns the bounds of clients' connections.
func wireConfig(cfg *configs.Config) wire.Config {
	w := wire.Config{
		Limits: wire.Limits{
			Connections: cfg.SMTP.MaxConnections, PerClient: cfg.SMTP.MaxPerClient, Errors: cfg.SMTP.MaxErrors,
			Recipients: cfg.SMTP.MaxRecipients, PerMinute: wire.Rates(cfg.SMTP.PerMinute),
		},
		Timeouts: wire.Timeouts{
			Command: cfg.SMTP.IdleTimeout, Message: cfg.SMTP.DataTimeout, MinRate: int64(cfg.SMTP.MinRate),
		},
	}
	if cfg.SMTP.LineEnds == "normalise" {
		w.LineEnds = wire.Normalise
	}
	return w
}
