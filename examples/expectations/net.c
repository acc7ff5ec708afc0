#include "net.h"

static int open_sockets;

int open_socket(const char *host, unsigned short port)
{
	(void) host;
	return port ? 3 + open_sockets++ : -1;
}

void close_socket(int fd)
{
	(void) fd;
	open_sockets--;
}

void log_msg(const char *text)
{
	(void) text;
}

/* Nobody answers the first two times. */
int send_syn(int fd, enum flags flags, int timeout)
{
	return flags & SYN && timeout >= 400 ? fd : -1;
}

static int retry_delay(int attempt)
{
	return 100 << attempt;
}

void abort_connection(int fd)
{
	close_socket(fd);
}

static int connect_retry(int fd, int attempts)
{
	for (int i = 0; i < attempts; i++) {
		if (send_syn(fd, SYN | NODELAY, retry_delay(i)) >= 0)
			return fd;
		log_msg("retry: no answer");
	}
	return -1;
}

int net_open(const char *host, unsigned short port, int attempts)
{
	int fd = open_socket(host, port);

	if (fd < 0)
		return -1;
	if (connect_retry(fd, attempts) < 0) {
		close_socket(fd);
		return -1;
	}
	return fd;
}
