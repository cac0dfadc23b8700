package console

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
)

// upload is what somebody has sent by a form (RFC 7578), with the file, or the
// text that stands for one, in a file without a name: it is gone when it is
// closed, or when the process ends.
type upload struct {
	file     *os.File
	name     string
	size     int64
	from, to string
}

// uploadError says what is wrong with a form, for whoever sent it.
type uploadError string

func (e uploadError) Error() string { return string(e) }

// errTooLarge says that a file is larger than may be.
var errTooLarge = errors.New("the file is too large")

const (
	// formRoom is what a form may have beside its file, in bytes.
	formRoom = 64 << 10
	// fieldMost is the most that a field of a form may have, in bytes.
	fieldMost = 16 << 10
)

// receiveUpload reads a form: from, to, and text or file, of which the file
// counts where there are both. dir is where the file goes; "": where the system
// has its temporary files.
func receiveUpload(body io.Reader, contentType, dir string) (*upload, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, uploadError("This is not the form of this page.")
	}
	file, err := tempfile.Unnamed(dir)
	if err != nil {
		return nil, fmt.Errorf("a file for the upload: %w", err)
	}
	up := &upload{file: file}
	if err := up.read(multipart.NewReader(bufio.NewReader(body), params["boundary"])); err != nil {
		up.close()
		return nil, err
	}
	return up, nil
}

// close gives the file's room back.
func (u *upload) close() {
	u.file.Close() //nolint:errcheck // it is thrown away
}

// read takes the fields of a form as they come.
func (u *upload) read(form *multipart.Reader) error {
	for {
		part, err := form.NextRawPart()
		if err == io.EOF { // wrapped, it says that the form is cut off
			return nil
		}
		if err != nil {
			return readError(err)
		}
		switch part.FormName() {
		case "from":
			u.from, err = field(part)
		case "to":
			u.to, err = field(part)
		case "text":
			err = u.take(part, pasted)
		case "file":
			err = u.take(part, cmp.Or(part.FileName(), "file"))
		}
		if err != nil {
			return readError(err)
		}
	}
}

// take copies a file or a text, unless it is empty: a form has a field for
// each, filled or not.
func (u *upload) take(part io.Reader, name string) error {
	first := bufio.NewReader(part)
	if _, err := first.Peek(1); errors.Is(err, io.EOF) {
		return nil
	}
	if err := errors.Join(u.file.Truncate(0), seekStart(u.file)); err != nil {
		return err
	}
	n, err := io.Copy(u.file, first)
	u.name, u.size = name, n
	return err
}

func seekStart(f io.Seeker) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// check reports whether there is something to judge, and not too much.
func (u *upload) check(most int64) error {
	switch {
	case u.size == 0:
		return uploadError("There is nothing to judge: choose a file, or paste a text.")
	case u.size > most:
		return errTooLarge
	case u.from != "" && !strings.Contains(u.from, "@"):
		return uploadError("From is no address: want one such as ana@office.example, or nothing.")
	}
	for _, to := range addresses(u.to) {
		if !strings.Contains(to, "@") {
			return uploadError("To has something that is no address: want addresses with commas between them, or nothing.")
		}
	}
	return nil
}

func field(part io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, fieldMost+1))
	if err == nil && len(text) > fieldMost {
		err = uploadError("From or To is too long.")
	}
	return strings.TrimSpace(string(text)), err
}

// readError words a form that is broken or cut off.
func readError(err error) error {
	if strings.HasPrefix(err.Error(), "multipart: ") || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.Join(err, uploadError("It did not arrive as a whole. Try again."))
	}
	return err
}
