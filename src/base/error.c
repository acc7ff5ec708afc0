#include <calltrace/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

bool ct_fail(struct ct_error *err, enum ct_code code, const char *format, ...)
{
	int saved = errno;

	if (err) {
		va_list args;

		va_start(args, format);
		err->code = code;
		vsnprintf(err->text, sizeof err->text, format, args);
		va_end(args);
	}
	errno = saved;
	return false;
}
