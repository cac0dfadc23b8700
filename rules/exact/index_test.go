package exact_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

func TestAWrongKeyIsAnError(t *testing.T) {
	data := build(t, customerColumns, customers(10))
	_, err := exact.Open(data, exact.Config{Secret: keyed.Secret(bytes.Repeat([]byte{1}, keyed.SecretSize))})
	if !errors.Is(err, exact.ErrKey) {
		t.Errorf("error %v, want %v", err, exact.ErrKey)
	}
}

func TestADamagedFileIsRefused(t *testing.T) {
	good := build(t, customerColumns, customers(300))
	damaged := map[string]func([]byte) []byte{
		"empty":          func([]byte) []byte { return nil },
		"cut in header":  func(d []byte) []byte { return d[:100] },
		"cut in buckets": func(d []byte) []byte { return d[:8<<10+8] },
		"cut by a byte":  func(d []byte) []byte { return d[:len(d)-1] },
		"longer":         func(d []byte) []byte { return append(d, 0) },
		"other magic":    func(d []byte) []byte { d[0] ^= 1; return d },
		"other version":  func(d []byte) []byte { d[7]++; return d },
		"header length":  func(d []byte) []byte { d[11] = 0xff; return d },
		"header":         func(d []byte) []byte { d[40] ^= 1; return d },
		"bucket":         func(d []byte) []byte { d[8<<10+64] ^= 1; return d },
		"entry":          func(d []byte) []byte { d[len(d)-9] ^= 0x80; return d },
		"unfinished":     func(d []byte) []byte { clear(d[:8<<10]); return d },
	}
	for name, damage := range damaged {
		t.Run(name, func(t *testing.T) {
			_, err := exact.Open(damage(bytes.Clone(good)), exact.Config{Secret: secret})
			if !errors.Is(err, exact.ErrDamaged) {
				t.Errorf("error %v, want %v", err, exact.ErrDamaged)
			}
		})
	}
}

// FuzzOpen damages an index in one place and cuts it: whatever comes, it is
// refused or gives what it gave before, and never reads out of bounds.
func FuzzOpen(f *testing.F) {
	good := build(f, customerColumns, customers(40))
	f.Add(uint32(0), byte(1), uint32(len(good)))
	f.Add(uint32(30), byte(0x20), uint32(len(good)))
	f.Add(uint32(8<<10+4), byte(0xff), uint32(len(good)))
	f.Add(uint32(len(good)-3), byte(4), uint32(len(good)))
	f.Add(uint32(5), byte(0), uint32(100))
	f.Fuzz(func(t *testing.T, at uint32, change byte, size uint32) {
		data := bytes.Clone(good)
		data[int(at)%len(data)] ^= change
		data = data[:min(int(size), len(data))]
		x, err := exact.Open(data, exact.Config{Secret: secret})
		if err != nil {
			if !errors.Is(err, exact.ErrDamaged) && !errors.Is(err, exact.ErrKey) {
				t.Errorf("error %v is neither of damage nor of the key", err)
			}
			return
		}
		for i := range 40 {
			if !x.Has(detect.ContactEmail, []byte(customer(i)[2])) {
				t.Errorf("taken, but record %d is not found", i)
			}
		}
	})
}

// FuzzHeader takes any header of a file whose sums are right: numbers that
// cannot be are refused.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"records":1,"values":0,"bucket_bits":8}`), []byte{})
	f.Add([]byte(`{"records":-1,"values":9,"bucket_bits":64,"columns":[{"type":"contact.email"}]}`), []byte{1, 2, 3})
	f.Add([]byte(`{"values":4294967295,"bucket_bits":28}`), []byte{})
	f.Fuzz(func(_ *testing.T, text, rest []byte) {
		x, err := exact.Open(exact.FileOf(text, rest), exact.Config{Secret: secret})
		if err == nil {
			x.Has(detect.ContactEmail, []byte("ana@client.example"))
		}
	})
}
