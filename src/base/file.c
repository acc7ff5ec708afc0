#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/text.h"

bool ct_file_map(const char *path, struct ct_bytes *out, struct ct_error *err)
{
	struct stat st;
	void *data;

	*out = (struct ct_bytes){0};
	if (!*path)
		return ct_fail(err, CT_EIO, "an empty file name was given");
	ct_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return ct_fail(err, CT_EIO, "%s: is a directory, a file was expected", path);
	if (!S_ISREG(st.st_mode))
		return ct_fail(err, CT_EIO, "%s: is not a regular file", path);
	if (st.st_size == 0)
		return true;
	data = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return ct_fail(err, CT_EIO, "%s: cannot map it: %s", path, strerror(errno));
	*out = (struct ct_bytes){ data, (size_t) st.st_size };
	return true;
}

void ct_file_unmap(struct ct_bytes *bytes)
{
	if (bytes->data)
		munmap((void *) bytes->data, bytes->size);
	*bytes = (struct ct_bytes){0};
}

/* A name beside `path` that nobody else has; returns an open descriptor, or -1 with errno. */
static int open_beside(const char *path, unsigned mode, char **name)
{
	struct ct_text text = {0};

	for (unsigned i = 0; i < 1000; i++) {
		int fd;

		ct_text_clear(&text);
		ct_text_addf(&text, "%s.%ld.%u.tmp", path, (long) getpid(), i);
		fd = open(text.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd >= 0 || errno != EEXIST) {
			int saved = errno;

			*name = fd >= 0 ? ct_strdup(text.data) : NULL;
			ct_text_deinit(&text);
			errno = saved;
			return fd;
		}
	}
	ct_text_deinit(&text);
	return -1;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t) n;
	}
	return true;
}

bool ct_file_replace(const char *path, const void *data, size_t size, unsigned mode,
                     struct ct_error *err)
{
	ct_auto_free char *temporary = NULL;
	int fd = open_beside(path, mode, &temporary);
	bool ok;
	int saved;

	if (fd < 0)
		return ct_fail(err, CT_EIO, "%s: cannot write it: %s", path, strerror(errno));
	ok = write_all(fd, data, size);
	saved = errno;
	if (close(fd) < 0 && ok) {
		saved = errno;
		ok = false;
	}
	if (ok && rename(temporary, path) < 0) {
		saved = errno;
		ok = false;
	}
	if (ok)
		return true;
	unlink(temporary);
	return ct_fail(err, CT_EIO, "%s: cannot write it: %s", path, strerror(saved));
}

/*
 * Whether somebody else has put a link or a pipe there, where everybody may write: it would lead what is written to where he
 * wants it. (For links Linux has fs.protected_symlinks, which not everybody has set.)
 */
static bool is_trap(const char *path)
{
	ct_auto_free char *directory = ct_strdup(path);
	struct stat st, around;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return false;
	directory[ct_basename(path) - path] = '\0';
	return stat(*directory ? directory : ".", &around) == 0 && around.st_mode & (S_IWGRP | S_IWOTH)
	       && st.st_uid != geteuid() && st.st_uid != around.st_uid;
}

/* Where a symbolic link leads; else the path itself. */
static char *resolve(const char *path)
{
	struct stat st;
	char *real = lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;

	return real ? real : ct_strdup(path);
}

static mode_t kind_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? S_IFREG : st.st_mode & S_IFMT;
}

static bool is_binary(const char *path)
{
	ct_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char magic[4];

	return fd >= 0 && read(fd, magic, sizeof magic) == sizeof magic
	       && memcmp(magic, "\177ELF", sizeof magic) == 0;
}

/* What somebody wrote by hand. */
static bool is_source(const char *path)
{
	static const char *const endings[] = { ".c", ".h", ".cc", ".hh", ".cpp", ".hpp", ".cxx", ".hxx", ".c++", ".h++", ".C",
		                               ".H", ".s", ".S", ".expect" };
	const char *ending = strrchr(ct_basename(path), '.');
	struct stat st;

	if (!ending || stat(path, &st) < 0 || !st.st_size)
		return false;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcmp(ending, endings[i]) == 0)
			return true;
	return false;
}

bool ct_output_check(const char *path, bool regular_only, struct ct_error *err)
{
	mode_t kind = kind_of(path);

	if (!*path)
		return ct_fail(err, CT_EIO, "an empty file name was given");
	if (S_ISDIR(kind))
		return ct_fail(err, CT_EIO, "%s: is a directory, a file name was expected", path);
	if (S_ISREG(kind) && is_binary(path))
		return ct_fail(err, CT_EIO, "%s: is a binary, and is not overwritten; give another name",
		               path);
	if (S_ISREG(kind) && is_source(path))
		return ct_fail(err, CT_EIO, "%s: is a source file, and is not overwritten; give another name", path);
	if (is_trap(path))
		return ct_fail(err, CT_EIO, "%s: is another user's, in a directory where others may write; "
		               "give another name", path);
	if (regular_only && !S_ISREG(kind))
		return ct_fail(err, CT_EIO, "%s: is not a regular file", path);
	return true;
}

bool ct_output_spares(const char *path, const char *beginning, const char *what, struct ct_error *err)
{
	ct_auto_fd fd = S_ISREG(kind_of(path)) ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	char there[256];
	ssize_t size = fd < 0 ? 0 : read(fd, there, sizeof there);

	for (ssize_t i = 0; i < size && *beginning; i++) {
		if (strchr(" \t\r\n", there[i]) && there[i])
			continue;
		if (there[i] != *beginning)
			break;
		beginning++;
	}
	if (size <= 0 || !*beginning)
		return true;
	return ct_fail(err, CT_EIO, "%s: is not %s, and is not overwritten; give another name", path, what);
}

/* A pipe without a reader would hold up the program whose end this is: its reader gets a second. */
static int open_special(const char *path, bool pipe)
{
	int fd = -1;

	for (int tries = 0; fd < 0 && tries < 50; tries++) {
		if (tries)
			usleep(20000);
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (pipe ? O_NONBLOCK : 0));
		if (fd < 0 && errno != ENXIO)
			return -1;
	}
	if (fd >= 0 && pipe)
		fcntl(fd, F_SETFL, O_WRONLY);
	return fd;
}

bool ct_output_open(struct ct_output_file *out, const char *path, unsigned mode,
                    struct ct_error *err)
{
	mode_t kind = kind_of(path);
	int fd;

	*out = (struct ct_output_file){0};
	if (strcmp(path, "-") == 0) {
		out->file = stdout;
		return true;
	}
	if (!ct_output_check(path, false, err))
		return false;
	out->path = resolve(path);
	fd = S_ISREG(kind) ? open_beside(out->path, mode, &out->temporary)
	                   : open_special(path, S_ISFIFO(kind));
	if (fd < 0) {
		int saved = errno;

		ct_output_abandon(out);
		return ct_fail(err, CT_EIO, "%s: cannot write it: %s", path,
		               S_ISFIFO(kind) && saved == ENXIO ? "nobody reads this pipe"
		                                                : strerror(saved));
	}
	out->file = fdopen(fd, "w");
	if (!out->file) {
		int saved = errno;

		close(fd);
		ct_output_abandon(out);
		return ct_fail(err, CT_EIO, "%s: cannot write it: %s", path, strerror(saved));
	}
	return true;
}

bool ct_output_finish(struct ct_output_file *out, struct ct_error *err)
{
	const char *name = out->path ? out->path : "standard output";
	bool ok = fflush(out->file) == 0 && !ferror(out->file);
	int saved = errno;

	if (out->path) {
		if (fclose(out->file) != 0 && ok) {
			saved = errno;
			ok = false;
		}
		out->file = NULL;
	}
	if (ok && out->temporary && rename(out->temporary, out->path) < 0) {
		saved = errno;
		ok = false;
	}
	if (!ok)
		ct_fail(err, CT_EIO, "%s: cannot write it: %s", name, strerror(saved));
	if (ok) {
		free(out->temporary);
		out->temporary = NULL;
	}
	ct_output_abandon(out);
	return ok;
}

void ct_output_abandon(struct ct_output_file *out)
{
	if (out->file && out->file != stdout)
		fclose(out->file);
	if (out->temporary)
		unlink(out->temporary);
	free(out->temporary);
	free(out->path);
	*out = (struct ct_output_file){0};
}

bool ct_make_directory(const char *path, struct ct_error *err)
{
	ct_auto_free char *copy = ct_strdup(path);
	struct stat st;

	for (char *at = copy + 1;; at++) {
		char held = *at;

		if (held != '/' && held != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return ct_fail(err, CT_EIO, "%s: cannot make the directory: %s", copy,
			               strerror(errno));
		*at = held;
		if (held == '\0' || at[1] == '\0')
			break;
	}
	if (stat(path, &st) < 0)
		return ct_fail(err, CT_EIO, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return ct_fail(err, CT_EIO, "%s: is a file, a directory was expected", path);
	return true;
}
