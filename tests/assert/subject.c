/* What the assertions of this folder are about. C and C++. */
#include "subject.h"

static int backoff(int attempt)
{
	return attempt * 100;
}

int retry_delay(int attempt)
{
	return backoff(attempt);
}

int open_socket(const char *host, unsigned short port)
{
	return host[0] ? 3 : -(int) port;
}

int send_syn(int fd, enum syn_flags flags, int timeout)
{
	return fd == 3 && flags == SYN && timeout > 300 ? 0 : -1;
}

void close_socket(int fd)
{
	(void) fd;
}

int connect_retry(const char *host, int tries)
{
	int fd = open_socket(host, 80);

	for (int i = 1; i <= tries; i++) {
		if (send_syn(fd, SYN, retry_delay(i)) == 0)
			return fd;
	}
	close_socket(fd);
	return -1;
}

double average(const double *values, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += values[i];
	return count ? sum / count : 0;
}

int distance(struct point a, const struct point *b)
{
	return (b->x - a.x) + (b->y - a.y);
}

int walk(int depth)
{
	return depth ? walk(depth - 1) + 1 : 0;
}

const char *greeting(char first, bool polite)
{
	return polite ? "good day" : first == 'h' ? "hi" : NULL;
}

void put(struct point *to, int x)
{
	to->x = x;
}

void call_back(void (*function)(int), int value)
{
	function(value);
}

void never_called(void)
{
}

__attribute__((no_instrument_function)) void left_out(void)
{
}
