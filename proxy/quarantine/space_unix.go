//go:build linux || darwin

package quarantine

import "golang.org/x/sys/unix"

func (osDisk) Free(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
