/* The ceiling of a DNS server on this machine: takes datagrams by recvmmsg, sets the QR bit, sends them back by sendmmsg.
   usage: echo PORT   (127.0.0.1) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SLOTS = 64, BYTES = 2048 };

static unsigned char buffers[SLOTS][BYTES];
static struct sockaddr_in peers[SLOTS];
static struct iovec vectors[SLOTS];
static struct mmsghdr messages[SLOTS];

int main(int count, char **words)
{
    int size = 4 << 20;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (count != 2)
        return 2;
    address.sin_port = htons((unsigned short)atoi(words[1]));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        int received, sent;
        for (int i = 0; i < SLOTS; i++) {
            vectors[i] = (struct iovec){ buffers[i], BYTES };
            messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &vectors[i], .msg_iovlen = 1 };
        }
        received = recvmmsg(fd, messages, SLOTS, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            buffers[i][2] |= 0x80;
            vectors[i].iov_len = messages[i].msg_len;
        }
        for (sent = 0; sent < received;) {
            int done = sendmmsg(fd, messages + sent, received - sent, 0);
            sent += done > 0 ? done : 1;
        }
    }
}
