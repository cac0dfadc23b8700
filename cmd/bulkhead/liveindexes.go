package main

import (
	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// openedIndex is an index in use, and its files.
type openedIndex struct {
	index *exact.Index
	files watched
}

// open opens an index in the place of the one before.
func (l *live) open(i int) error {
	x, o := l.indexes[i], &l.opened[i]
	o.files = watch(x.Path, x.KeyFile)
	secret, err := index.ReadKey(x.KeyFile)
	if err != nil {
		return err
	}
	opened, err := index.Open(x.Name, x.Path, secret)
	if err != nil {
		return err
	}
	o.index = opened
	return nil
}

// reloadIndexes opens those whose files have changed, or with force all.
func (l *live) reloadIndexes(force bool, r *reloading) {
	for i, x := range l.indexes {
		o := &l.opened[i]
		if !force && !o.files.others() {
			continue
		}
		before := o.index.Version()
		err := l.open(i)
		l.metrics.Index(x.Name, err == nil)
		if !r.tried("index", x.Name, err) {
			l.log.Error("index not taken; the one before stays in use", "index", x.Name, "version", before, "error", err)
			continue
		}
		info := o.index.About()
		l.metrics.IndexIs(x.Name, info.Records, info.Built)
		l.log.Info("index taken", "index", x.Name, "version", o.index.Version(), "before", before,
			"records", info.Records, "built", info.Built)
	}
}
