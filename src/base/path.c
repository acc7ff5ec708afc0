/* path.c - the names of files, as text: see file.h. */
#include <string.h>

#include "base/file.h"
#include "base/text.h"

const char *ct_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *ct_path_clean(const char *path)
{
	size_t length = strlen(path), out = 0;
	char *clean = ct_alloc(length + 2);
	bool absolute = path[0] == '/';

	for (const char *at = path; *at;) {
		size_t n = strcspn(at, "/");

		if (n == 2 && at[0] == '.' && at[1] == '.' && out > 0
		    && !(out >= 2 && clean[out - 1] == '.' && clean[out - 2] == '.'
		         && (out == 2 || clean[out - 3] == '/'))) {
			while (out > 0 && clean[out - 1] != '/')
				out--;
			if (out > 0)
				out--; /* the slash before it */
		} else if (n > 0 && !(n == 1 && at[0] == '.')
		           && !(n == 2 && at[0] == '.' && at[1] == '.' && absolute)) {
			if (out > 0 || absolute)
				clean[out++] = '/';
			memcpy(clean + out, at, n);
			out += n;
		}
		at += n;
		at += *at == '/';
	}
	if (out == 0)
		clean[out++] = absolute ? '/' : '.';
	clean[out] = '\0';
	return clean;
}
