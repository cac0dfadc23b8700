package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// data looks at the data folder, and at the quarantine in it.
func (e *examination) data(ctx context.Context) {
	const check = "data_dir"
	dir := e.cfg.DataDir
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		e.note(check, levelNote, "", "%s is not there yet: it is made at the first start", dir)
		return
	}
	if err != nil {
		e.note(check, levelFail, "let the relay's user reach it", "%v", err)
		return
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		e.note(check, levelWarn, "chmod 700 "+dir, "%s can be entered by others than its owner (mode %04o)", dir, mode)
	}
	if err := tryWriting(dir); err != nil {
		e.note(check, levelFail, "chown it to the relay's user, or run this as that user", "nothing can be written: %v", err)
		return
	}
	e.note(check, levelOK, "", "%s can be written", dir)
	if _, err := os.Stat(filepath.Join(dir, "quarantine.db")); err != nil && e.cfg.Quarantine.Database == "" {
		e.note(check, levelNote, "", "%s has no quarantine yet: it is made at the first start", dir)
		return
	}
	store, err := openStore(ctx, e.cfg)
	if err != nil {
		e.note(check, levelFail, "", "%v", err)
		return
	}
	if database := e.cfg.Quarantine.Database; database != "" {
		e.database(database)
	}
	defer store.Close() //nolint:errcheck // nothing was written
	for _, warning := range store.Warnings() {
		e.note("quarantine.key", levelWarn, "move it to where mail is reviewed, and name it there (quarantine.identity)", "%s", warning)
	}
	e.room(ctx, store)
	e.trail(ctx, store)
}

// database looks at how the quarantine's database is reached.
func (e *examination) database(address string) {
	const check = "quarantine.database"
	u, err := url.Parse(address)
	if err != nil {
		return // a store that opens has another form of it
	}
	host := cmp.Or(u.Query().Get("host"), u.Hostname()) // of two the first counts
	ip, err := netip.ParseAddr(host)
	local := host == "" || host == "localhost" || strings.HasPrefix(host, "/") || err == nil && ip.IsLoopback() // a socket's folder begins with /
	switch mode := u.Query().Get("sslmode"); {
	case !local && mode != "verify-full" && mode != "verify-ca":
		e.note(check, levelWarn, "add sslmode=verify-full to its address", "%s answers, but nothing makes sure that it is that server", host)
	default:
		e.note(check, levelOK, "", "PostgreSQL answers, and its schema fits")
	}
}

// tryWriting makes a file in a folder, and removes it.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// room looks at what is free, and at what waits.
func (e *examination) room(ctx context.Context, store *quarantine.Store) {
	s, err := store.Stats(ctx)
	if err != nil {
		e.note("quarantine", levelFail, "", "%v", err)
		return
	}
	reserve := int64(e.cfg.Quarantine.Reserve)
	free := fmt.Sprintf("%s are free; below %s (quarantine.reserve) nothing is held, and clients are told 452", bytesText(s.Free), bytesText(reserve))
	switch {
	case s.Free < reserve:
		e.note("room", levelFail, "make room", "%s", free)
	case s.Free < 4*reserve:
		e.note("room", levelWarn, "make room, or shorten quarantine.retention", "%s", free)
	default:
		e.note("room", levelOK, "", "%s", free)
	}
	if s.Held > 0 {
		l, do := levelNote, ""
		if e.now.Sub(s.OldestHeld) > 4*time.Hour {
			l, do = levelWarn, "decide: bulkhead incidents list --state open"
		}
		e.note("quarantine", l, do, "%d messages wait for a decision, the oldest since %s", s.Held, s.OldestHeld.Local().Format(time.DateTime))
	}
}

// ahead is how far the audit trail may be ahead of the clock.
const ahead = time.Minute

// trail looks at whether time has gone back since the last entry.
func (e *examination) trail(ctx context.Context, store *quarantine.Store) {
	page, err := store.AuditLog(ctx, quarantine.AuditLogQuery{Limit: 1})
	if err != nil {
		e.note("audit", levelFail, "run bulkhead audit verify", "%v", err)
		return
	}
	if len(page.Entries) > 0 && page.Entries[0].At.Sub(e.now) > ahead {
		e.note("clock", levelFail, "set the clock; retention and the audit trail go by it",
			"the last audit entry is of %s, which is yet to come", page.Entries[0].At.Local().Format(time.DateTime))
	}
}

// clock looks at whether anything keeps the clock right.
func (e *examination) clock(context.Context) {
	switch kept, known := clockKept(); {
	case !known:
		e.note("clock", levelNote, "", "it is %s; whether anything keeps it right is not known here", e.now.Format(time.RFC3339))
	case !kept:
		e.note("clock", levelWarn, "run an NTP client, such as chrony or systemd-timesyncd", "it is %s, and nothing keeps the clock right", e.now.Format(time.RFC3339))
	default:
		e.note("clock", levelOK, "", "it is %s, and the clock is kept right", e.now.Format(time.RFC3339))
	}
}

// running asks the relay that runs, if one does.
func (e *examination) running(ctx context.Context) {
	const check = "relay"
	good, text, err := askRunning(ctx, e.cfg, "/readyz")
	switch {
	case err != nil:
		e.note(check, levelNote, "", "none answers at %s (metrics.address)", e.cfg.Metrics.Address)
	case !good:
		e.note(check, levelFail, "look at its log", "the one at %s takes no mail: %s", e.cfg.Metrics.Address, strings.TrimSpace(text))
	default:
		e.note(check, levelOK, "", "the one at %s takes mail", e.cfg.Metrics.Address)
	}
}
