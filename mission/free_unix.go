// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package mission

import "syscall"

// freeBytes is how much room the disk of a folder has left for this program.
func freeBytes(dir string) (free uint64, known bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return 0, false
	}
	return disk.Bavail * uint64(disk.Bsize), true
}
