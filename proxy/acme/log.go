package acme

import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// bridge hands certmagic's log on to ours. What it does is told at debug level,
// and what fails at the level of failed.
type bridge struct {
	log    *slog.Logger
	failed slog.Level
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
	return bridge{slog.New(b.log.Handler().WithAttrs(attributes(fields))), b.failed}
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
	b.log.LogAttrs(context.Background(), b.level(e.Level), "certmagic: "+e.Message, attributes(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (bridge) Sync() error { return nil }

func attributes(fields []zapcore.Field) []slog.Attr {
	values := zapcore.NewMapObjectEncoder()
	all := make([]slog.Attr, 0, len(fields))
	for _, f := range fields {
		f.AddTo(values)
		if v, has := values.Fields[f.Key]; has {
			all = append(all, slog.Any(f.Key, v))
		}
	}
	return all
}
