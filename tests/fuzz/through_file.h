/* through_file.h - fuzz input as a file that the library can open, without a disk. */
#ifndef FUZZ_THROUGH_FILE_H
#define FUZZ_THROUGH_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Puts the bytes into a file in memory; its path is in `path`. Close what it returns. */
static inline int fuzz_file(const uint8_t *data, size_t size, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || (size && write(fd, data, size) != (ssize_t) size)) {
		perror("fuzz");
		exit(2);
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
