package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
)

// mailing is the accident as it happened: one text to many customers, by one
// tool. A statement of the reader's own to each of them is its control.
type mailing struct {
	title  string
	copies int
	// to makes the i-th copy.
	to func(i int) scene
	// hold is true if it is to be one incident of which nothing has left.
	hold bool
}

// mailings makes the mailings of so many copies, each to a customer of the list.
func mailings(copies int) []mailing {
	customers := makeCustomers(customerCount)
	table := csvOf(customers)
	reader := func(i int) string { return customers[i%len(customers)][6] }
	return []mailing{
		{fmt.Sprintf("the accident as it happened: the same text to %d of these customers", copies), copies,
			func(i int) scene { return letter("", "bulletins@mailer.example", reader(i), table) }, true},
		{fmt.Sprintf("the control: a statement to each of %d customers", copies), copies,
			func(i int) scene {
				return letter("", "billing@bills.example", reader(i), bill(customers[i%len(customers)]))
			}, false},
	}
}

// bill is a letter to one customer about nobody else.
func bill(c []string) string {
	return fmt.Sprintf("Dear %s,\n\nthis is the statement of your account %s.\n\nproduct: %s\nto pay: %s\n\n"+
		"The sum is taken from your bank account in ten days.\n", c[2], c[1], c[3], c[4])
}

// run sends a mailing and tells what became of it as a whole. It reports
// whether that was to be expected.
func (d *demo) run(ctx context.Context, m mailing) (ok bool, err error) {
	before, err := d.arrived()
	if err != nil {
		return false, err
	}
	room, err := d.relay.store.Stats(ctx)
	if err != nil {
		return false, err
	}
	bar := newProgress(d.out, "copies", m.copies)
	began := time.Now()
	for i := range m.copies {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		bar.set(i)
		if _, err := d.send(m.to(i)); err != nil {
			return false, fmt.Errorf("copy %d: %w", i+1, err)
		}
	}
	bar.clear()
	each := time.Since(began) / time.Duration(m.copies)
	after, err := d.arrived()
	if err != nil {
		return false, err
	}
	held, _, err := d.relay.store.List(ctx, quarantine.Query{From: m.to(0).from, Limit: 1})
	if err != nil {
		return false, err
	}
	if len(held) == 0 {
		d.passed += m.copies
		fmt.Fprintf(d.out, "   %d of %d delivered, %s a copy; no incident\n", after-before, m.copies, round(each))
		return !m.hold && after-before == m.copies, nil
	}
	i, err := d.relay.store.Incident(ctx, held[0].Incident)
	if err != nil {
		return false, err
	}
	d.held += i.Copies
	d.kept += i.Subjects
	fmt.Fprintf(d.out, "   HELD as one incident, %s: %d copies held, %d delivered, %d people, %s a copy\n",
		i.ID, i.Copies, after-before, i.Subjects, round(each))
	if err := d.account(ctx, i.ID, room.Stored); err != nil {
		return false, err
	}
	return m.hold && i.Copies == m.copies && after == before && i.Subjects == customerCount, nil
}

// account tells how much room the copies of an incident take, beside what the
// quarantine took before, and writes its breach record.
func (d *demo) account(ctx context.Context, incident string, before int64) error {
	room, err := d.relay.store.Stats(ctx)
	if err != nil {
		return err
	}
	in, err := gatherIncident(ctx, d.relay.store, incident)
	if err != nil {
		return err
	}
	incidentsReport{}.complete(&in)
	if err := d.relay.store.RecordIncident(ctx, incident, quarantine.ActReported, "demo", "html"); err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(d.maildir), incident+".html")
	if err := writeNew(path, report.New(in).WriteHTML); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   on disk they take %s more, since the text is kept once; the breach record, while this is up: %s\n", bytesText(room.Stored-before), path)
	return nil
}

// arrived counts what the upstream has.
func (d *demo) arrived() (int, error) {
	files, err := os.ReadDir(filepath.Join(d.maildir, "new"))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("looking into the upstream's mailbox: %w", err)
	}
	return len(files), nil
}
