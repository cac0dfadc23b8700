// Package tempfile opens files that leave nothing behind.
package tempfile

import (
	"errors"
	"os"
)

// Unnamed opens a new file in dir ("": where the system has its temporary
// files) for reading and writing, with mode 0600, and removes its name at once,
// so that neither an error nor a crash leaves content behind. Its room is free
// when it is closed.
func Unnamed(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "bulkhead-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
