package quarantine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// newsChannel is the schema's own.
const newsChannel = "'bulkhead_' || md5(current_schema())"

func (d *postgresDatabase) tells() bool { return true }

func (d *postgresDatabase) announce(ctx context.Context, by querier, text string) error {
	if _, err := by.ExecContext(ctx, "SELECT pg_notify("+newsChannel+", ?)", text); err != nil {
		return fmt.Errorf("tell other relays: %w", err)
	}
	return nil
}

// listen has a connection of its own. A server that has gone without a word is found
// out by asking it now and then: its answer comes after all that it had to tell.
func (d *postgresDatabase) listen(ctx context.Context, to line) error {
	config := d.config.Copy()
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { to.heard(n.Payload) }
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return withoutPassword(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it was only read
	var channel string
	if err := conn.QueryRow(connecting, "SELECT "+newsChannel).Scan(&channel); err != nil {
		return err
	}
	began := time.Now()
	if _, err := conn.Exec(connecting, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	to.open()
	for {
		to.proven(began)
		if err := heed(ctx, conn.PgConn(), began.Add(tryEvery)); err != nil {
			return err
		}
		began = time.Now()
		if err := try(ctx, conn); err != nil {
			return err
		}
	}
}

// heed lets what is told be heard until then.
func heed(ctx context.Context, conn *pgconn.PgConn, until time.Time) error {
	waiting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for {
		if err := conn.WaitForNotification(waiting); err != nil {
			if ctx.Err() == nil && waiting.Err() != nil && !conn.IsClosed() {
				return nil
			}
			return err
		}
	}
}

func try(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, tryWait)
	defer cancel()
	return conn.Ping(ctx)
}
