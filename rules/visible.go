package rules

import (
	"bufio"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// visible are the people whom a message's header names as its own readers and
// writers. They are no third parties.
type visible struct {
	written   []string // the addresses as they stand
	reply     bool     // the message answers another
	addresses map[Key]bool
	names     map[Key]bool
}

// readVisible reads the address fields of a message's header. It never fails:
// a field that cannot be parsed is searched for addresses instead.
func readVisible(r *bufio.Reader, src extract.Source, det *detect.Detector) visible {
	v := visible{addresses: map[Key]bool{}, names: map[Key]bool{}}
	add := func(address string) {
		v.addresses[AddressKey(address)] = true
		v.written = append(v.written, address)
	}
	eachField(r, src, func(name, value string) {
		if isReplyField(name) {
			v.reply = v.reply || strings.TrimSpace(value) != ""
			return
		}
		list, err := addressList(value)
		if err != nil {
			det.Scan([]byte(value), func(e detect.Entity) {
				if e.Type == detect.ContactEmail {
					add(value[e.Start:e.End])
				}
			})
			return
		}
		for _, a := range list {
			add(a.Address)
			if strings.ContainsRune(a.Name, ' ') {
				v.names[keyOf(detect.PersonName, detect.Compact(nil, detect.PersonName, []byte(a.Name)))] = true
			}
		}
	})
	return v
}
