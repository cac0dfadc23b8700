package acme

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap/zapcore"
)

// mask takes the address of an account out of texts, and with it the names of the
// files that are called by it.
type mask struct{ address *regexp.Regexp } // nil: there is none

func maskOf(email string) mask {
	if email == "" {
		return mask{}
	}
	folder := certmagic.StorageKeys.Safe(email)
	return mask{regexp.MustCompile(`(?i)` + regexp.QuoteMeta(folder) + `(?:[/\\][^/\\:\s]*)?|` + regexp.QuoteMeta(email))}
}

func (m mask) text(s string) string {
	if m.address == nil {
		return s
	}
	return m.address.ReplaceAllLiteralString(s, "(acme.email)")
}

// bridge hands certmagic's log on to ours. What it does is told at debug level,
// and what fails at the level of failed.
type bridge struct {
	log    *slog.Logger
	failed slog.Level
	mask   mask
}

// level is ours for one of zap's.
func (b bridge) level(l zapcore.Level) slog.Level {
	if l >= zapcore.ErrorLevel {
		return b.failed
	}
	return slog.LevelDebug
}

// Enabled implements zapcore.Core.
func (b bridge) Enabled(l zapcore.Level) bool { return b.log.Enabled(context.Background(), b.level(l)) }

// With implements zapcore.Core.
func (b bridge) With(fields []zapcore.Field) zapcore.Core {
	return bridge{slog.New(b.log.Handler().WithAttrs(b.attributes(fields))), b.failed, b.mask}
}

// Check implements zapcore.Core.
func (b bridge) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if b.Enabled(e.Level) {
		return to.AddCore(e, b)
	}
	return to
}

// Write implements zapcore.Core.
func (b bridge) Write(e zapcore.Entry, fields []zapcore.Field) error {
	b.log.LogAttrs(context.Background(), b.level(e.Level), "certmagic: "+b.mask.text(e.Message), b.attributes(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (bridge) Sync() error { return nil }

func (b bridge) attributes(fields []zapcore.Field) []slog.Attr {
	values := zapcore.NewMapObjectEncoder()
	all := make([]slog.Attr, 0, len(fields))
	for _, f := range fields {
		f.AddTo(values)
		v, has := values.Fields[f.Key]
		if !has {
			continue
		}
		if whole := fmt.Sprint(v); b.mask.text(whole) != whole {
			v = b.mask.text(whole)
		}
		all = append(all, slog.Any(f.Key, v))
	}
	return all
}
