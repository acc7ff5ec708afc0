#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

enum syn_flags { NONE = 0, SYN = 2, NODELAY = 16 };
struct point {
	int x, y;
};

int retry_delay(int attempt);
int open_socket(const char *host, unsigned short port);
int send_syn(int fd, enum syn_flags flags, int timeout);
void close_socket(int fd);
int connect_retry(const char *host, int tries);
double average(const double *values, int count);
int distance(struct point a, const struct point *b);
int walk(int depth);
const char *greeting(char first, bool polite);
void put(struct point *to, int x);
void call_back(void (*function)(int), int value);
void never_called(void);
void left_out(void);

#endif
