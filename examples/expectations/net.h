#ifndef NET_H
#define NET_H

enum flags { SYN = 1, ACK = 2, NODELAY = 16 };

int net_open(const char *host, unsigned short port, int attempts);

#endif
