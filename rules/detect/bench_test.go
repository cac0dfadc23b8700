package detect

import (
	"strings"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	d := newDetector(b)
	for _, cell := range []struct{ name, value string }{
		{"word", "Shipped"}, {"name", "Johnson"}, {"full_name", "John Smith"}, {"integer", "12345"}, {"decimal", "123.45"}, {"ten_digits", "1234567890"},
		{"date", "1990-05-14"}, {"email", "jane.doe@example.com"}, {"phone", "(555) 123-4567"}, {"street", "12 High Street"}, {"code", "AB-12345"},
		{"sentence", "Premium broadband plan with unlimited data"}, {"ip", "192.168.1.1"},
	} {
		b.Run(cell.name, func(b *testing.B) {
			value := []byte(cell.value)
			var readings [16]Candidate
			b.ReportAllocs()
			for b.Loop() {
				d.Classify(readings[:0], value)
			}
		})
	}
}

// One row of the table that must be stopped, a cell at a time.
func BenchmarkClassifyRow(b *testing.B) {
	d := newDetector(b)
	row := strings.Split("104233|jsmith42|John Smith|Broadband Plus|19.99|postmaster@example.net|john@example.com|direct|N|Y|John Smith", "|")
	cells := make([][]byte, len(row))
	for i := range row {
		cells[i] = []byte(row[i])
	}
	var readings [16]Candidate
	b.ReportAllocs()
	for b.Loop() {
		for _, cell := range cells {
			d.Classify(readings[:0], cell)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(cells))/b.Elapsed().Seconds(), "cells/s")
}

func BenchmarkScan(b *testing.B) {
	d := newDetector(b)
	for _, text := range []struct{ name, line string }{
		{"prose", "The quick brown fox jumps over the lazy dog while nobody watches. Then it rests, and the Dog sleeps for three hours near London.\n"},
		{"log", "2024-01-02 10:30:15.123 INFO [worker-12] request 550e8400-e29b-41d4-a716-446655440000 from 10.0.0.12 took 153 ms, status 200\n"},
		{"csv", "104233,jsmith42,John Smith,Broadband Plus,19.99,postmaster@example.net,john@example.com,direct,N,Y\n"},
		{"german", "Sehr geehrte Damen und Herren, anbei erhalten Sie die Unterlagen für das Gespräch über die Änderung der Verträge.\n"},
		{"hostile", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 A A A A A A A A @ @ @ @ @ @ + + + ( ( ( 12-12-12-12-12-12-12-12-12-12\n"},
	} {
		b.Run(text.name, func(b *testing.B) {
			data := []byte(strings.Repeat(text.line, 1000))
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				d.Scan(data, func(Entity) {})
			}
		})
	}
}

func BenchmarkCompact(b *testing.B) {
	for _, v := range []struct {
		name  string
		t     Type
		value string
	}{
		{"email", ContactEmail, "Jane.Doe+x@Example.com"}, {"phone", ContactPhone, "+49 (0)30 1234567"}, {"name", PersonName, "Müller, Anna"}, {"id", IDCustomer, "C-00123"},
	} {
		b.Run(v.name, func(b *testing.B) {
			value := []byte(v.value)
			var buf [64]byte
			b.ReportAllocs()
			for b.Loop() {
				Compact(buf[:0], v.t, value)
			}
		})
	}
}
