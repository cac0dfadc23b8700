package extract

import (
	"encoding/binary"
	"io"
	"path"
	"strings"
)

// isVolume tells a piece of an archive that was cut into several: by the end
// record of a zip file that stands in another volume than the first, or, since
// other pieces have no header at all, by the ending that programs give them.
// The name is a hint to what no format is known for, and only ever holds.
func isVolume(at io.ReaderAt, size int64, name string) bool {
	if end, record := zipEndRecord(at, size); end >= 0 {
		if disk := binary.LittleEndian.Uint16(record[4:]); disk > 0 && disk < 0xffff {
			return true
		}
	}
	name = asciiLower(name)
	ext := strings.TrimPrefix(path.Ext(name), ".")
	switch {
	case ext == "rar":
		return strings.Contains(name, ".part")
	case len(ext) != 3:
		return false
	case strings.IndexByte("zrs0123456789", ext[0]) < 0:
		return false
	}
	return digit(ext[1]) && digit(ext[2])
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
