package main

import (
	"log/slog"
	"os"

	"github.com/bulkhead-dlp/bulkhead/proxy/worker"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// parserWorkerCommand is the life of a worker process, started by newWorkers.
type parserWorkerCommand struct{}

// Run reads archives for the process that started this one.
func (parserWorkerCommand) Run() error {
	return worker.Serve(os.Stdin, os.Stdout, foreign.Read)
}

// newWorkers returns the processes that run parsers which are not ours. None
// is started before it is needed. A nil log is silence.
func newWorkers(log *slog.Logger) *worker.Pool {
	return worker.New(worker.Config{Program: ownProgram(), Args: []string{"bulkhead", "parser-worker"}, Log: log})
}

// ownProgram is the file of this very program, even if another version has
// been put in its place meanwhile.
func ownProgram() string {
	const same = "/proc/self/exe" // Linux
	if _, err := os.Stat(same); err == nil {
		return same
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
