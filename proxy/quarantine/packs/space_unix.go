//go:build linux || darwin

package packs

import "golang.org/x/sys/unix"

// Free implements [Disk].
func (Machine) Free(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
