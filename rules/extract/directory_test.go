package extract

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
)

// isoRecord is the record of a file or, by its flags, a folder of a disc image.
type isoRecord struct {
	name   string
	sector uint32
	size   uint32
	flags  byte
}

func (r isoRecord) bytes() []byte {
	b := make([]byte, (34+len(r.name))&^1)
	b[0], b[25], b[32] = byte(len(b)), r.flags, byte(len(r.name))
	binary.LittleEndian.PutUint32(b[2:], r.sector)
	binary.LittleEndian.PutUint32(b[10:], r.size)
	copy(b[33:], r.name)
	return b
}

// isoOf makes a disc image of a volume for each root, at sectors 16 and up;
// the second is Joliet's.
func isoOf(sectors int, roots ...isoRecord) []byte {
	image := make([]byte, sectors*isoSector)
	for i, root := range roots {
		v := image[(16+i)*isoSector:]
		copy(v[1:], "CD001\x01")
		if v[0] = byte(1 + i); i > 0 {
			copy(v[88:], "%/E")
		}
		copy(v[156:190], root.bytes())
	}
	copy(image[(16+len(roots))*isoSector:], "\xffCD001\x01")
	return image
}

func isoFolder(image []byte, sector int, records ...isoRecord) {
	at := sector * isoSector
	for _, r := range records {
		at += copy(image[at:], r.bytes())
	}
}

func root(sector, size uint32) isoRecord { return isoRecord{"\x00", sector, size, 2} }

// twoTrees is an image whose plain tree has a file that Joliet's has not, and
// one that both have.
func twoTrees() []byte {
	image := isoOf(26, root(20, isoSector), root(21, isoSector))
	row := strings.Repeat(needle+"\n", 3)
	size := uint32(len(row))
	isoFolder(image, 20, isoRecord{"BOTH.TXT;1", 22, size, 0}, isoRecord{"PLAIN.TXT;1", 23, size, 0})
	isoFolder(image, 21, isoRecord{"\x00b\x00o\x00t\x00h", 22, size, 0})
	copy(image[22*isoSector:], strings.ReplaceAll(row, "ada", "bob"))
	copy(image[23*isoSector:], row)
	return image
}

func TestEveryTreeOfADiscImageIsRead(t *testing.T) {
	r, sum := walkFile(t, twoTrees(), DefaultLimits())
	var paths []string
	for _, p := range sum.Parts {
		paths = append(paths, p.Path)
	}
	if want := []string{"f", "f/both", "f/PLAIN.TXT"}; !slices.Equal(paths, want) || len(sum.Unread) > 0 || !strings.Contains(r.text.String(), needle) {
		t.Errorf("parts %q, want %q; unread %v", paths, want, sum.Unread)
	}
}

// TestADiscImageThatShowsOtherFilesIsHeld: those of UDF, and those in pieces.
func TestADiscImageThatShowsOtherFilesIsHeld(t *testing.T) {
	udf := twoTrees()
	copy(udf[19*isoSector:], "\x00BEA01\x01")
	pieces := twoTrees()
	isoFolder(pieces, 20, isoRecord{"A.TXT;1", 22, 40, 0x80}, isoRecord{"A.TXT;1", 23, 40, 0})
	for name, image := range map[string][]byte{"UDF beside it": udf, "a file in pieces": pieces} {
		_, sum := walkFile(t, image, DefaultLimits())
		if !slices.ContainsFunc(sum.Unread, func(u Unread) bool { return u.Path == "f" && u.Reason == Unsupported }) {
			t.Errorf("%s: unread %v, want %s", name, sum.Unread, Unsupported)
		}
	}
}

// readCount counts the bytes that are read of a source.
type readCount struct {
	r io.ReaderAt
	n int64
}

func (c *readCount) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// foldersBesideFolders is an image of many folders, each of which goes on to
// the end of the image.
func foldersBesideFolders() []byte {
	const sectors, first, perSector = 500, 30, 60
	image := isoOf(sectors, root(18, isoSector*(first-18)))
	for i := range (first - 18) * perSector {
		copy(image[(18+i/perSector)*isoSector+i%perSector*34:], isoRecord{"A", uint32(first + i%(sectors-first)), isoSector * sectors, 2}.bytes())
	}
	return image
}

// cabinetOf makes a cabinet of folders that share their data, each of one file.
func cabinetOf(folders int, blocks uint16, data []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, 36)
	copy(b, "MSCF")
	le.PutUint32(b[16:], uint32(36+8*folders))
	le.PutUint16(b[26:], uint16(folders))
	le.PutUint16(b[28:], uint16(folders))
	at := 36 + folders*(8+18)
	le.PutUint32(b[8:], uint32(at+len(data)))
	for range folders {
		b = le.AppendUint16(le.AppendUint16(le.AppendUint32(b, uint32(at)), blocks), cabStored)
	}
	for i := range folders {
		b = le.AppendUint32(le.AppendUint32(b, 10), 0)
		b = append(le.AppendUint16(b, uint16(i)), 0, 0, 0, 0, 0, 0, 'a', 0)
	}
	return append(b, data...)
}

// TestSharedDirectoriesAreNotReadAgainAndAgain: what a file points to from many
// places, and yields nothing to be counted, is read in proportion to the file.
func TestSharedDirectoriesAreNotReadAgainAndAgain(t *testing.T) {
	for name, file := range map[string][]byte{
		"folders of a disc image": foldersBesideFolders(),
		"blocks of a cabinet":     cabinetOf(100, 65535, make([]byte, 8*65535)),
		"headers of a zip file":   append(zipOf(t, "a.txt", "hello"), bytes.Repeat([]byte(zipLocal), 1<<18)...),
	} {
		c := &readCount{r: bytes.NewReader(file)}
		_, err := New().File(context.Background(), "f", Source{c, int64(len(file))}, DefaultLimits(), &record{})
		if most := int64(12 * len(file)); err != nil || c.n > most {
			t.Errorf("%s: %d bytes read of %d, want at most %d (%v)", name, c.n, len(file), most, err)
		}
	}
}

// fuzzDirectory mutates an archive whose beginning stays as it is.
func fuzzDirectory(f *testing.F, keep int, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s[keep:])
	}
	begin := bytes.Clone(seeds[0][:keep])
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &strict{t: t}
		sum, err := New().File(context.Background(), "f", memory(append(bytes.Clone(begin), b...)), tight, s)
		checkSummary(t, s, sum, err)
	})
}

func FuzzCAB(f *testing.F) {
	fuzzDirectory(f, 8, cabinetOf(3, 1, []byte("\x00\x00\x00\x00\x0a\x00\x0a\x000123456789")), fixture(f, "mszip.cab"), fixture(f, "stored.cab"))
}

func FuzzISO(f *testing.F) {
	fuzzDirectory(f, 16*isoSector, twoTrees(), foldersBesideFolders()[:60*isoSector])
}

func FuzzCpio(f *testing.F) {
	var seeds [][]byte
	for _, name := range []string{"newc.cpio.gz", "odc.cpio.gz", "bin.cpio.gz"} {
		b, err := io.ReadAll(gunzipped(f, fixture(f, name)))
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	fuzzDirectory(f, 0, seeds...)
}

func gunzipped(t testing.TB, b []byte) io.Reader {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return z
}
