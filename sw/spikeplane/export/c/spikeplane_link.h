/* The host's end of the link: whole packets out and in, each once and in order, over a port that may damage, drop or
 * insert bytes. C99, no allocation: all there is lies in a spikeplane_link.
 *
 *     spikeplane_put -> frames not yet acknowledged -> port.write
 *     on_packet      <- frames in order             <- port.read
 *
 * The chip has no timer: every recovery starts here. See docs/link.md of Spikeplane. */
#ifndef SPIKEPLANE_LINK_H
#define SPIKEPLANE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "spikeplane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How long port.read waits for a byte, and how many waits in vain make a port dead. */
#define SPIKEPLANE_WAIT_MS 50
#define SPIKEPLANE_PATIENCE 70
/* A link is alive if a whole frame has come within so long; a frame may be lost again and again for so long. */
#define SPIKEPLANE_ALIVE_MS 5000u
#define SPIKEPLANE_LOST_MS 60000u
#define SPIKEPLANE_OPENING_MS 4000u
/* How often the very first frame may be lost: a chip with packets of another size takes none. */
#define SPIKEPLANE_TRIES 200

/* What every function returns: SPIKEPLANE_OK, or what went wrong; spikeplane_message says it in words. */
enum spikeplane_status {
    SPIKEPLANE_OK = 0,
    SPIKEPLANE_PORT_BROKEN = -1,
    SPIKEPLANE_NO_ANSWER = -2,
    SPIKEPLANE_NO_CHIP = -3,
    SPIKEPLANE_DAMAGED = -4,
    SPIKEPLANE_LOSES_ALL = -5,
    SPIKEPLANE_TAKES_NOTHING = -6,
    SPIKEPLANE_WAS_RESET = -7,
    SPIKEPLANE_OTHER_CHIP = -8,
    SPIKEPLANE_STOPPED = -9,
    SPIKEPLANE_NO_PROJECTION = -10,
    SPIKEPLANE_TOO_MUCH = -11,
    SPIKEPLANE_NO_REST = -12,
    SPIKEPLANE_OUT_OF_RANGE = -13,
    SPIKEPLANE_NO_MEMORY = -14,
    SPIKEPLANE_NOT_READ = -15,
    SPIKEPLANE_DIFFERS = -16,
    SPIKEPLANE_NO_REGION = -17,
    SPIKEPLANE_NO_FEED = -18
};

/* The port: a serial line, a FIFO, whatever carries bytes both ways. Every call gets `context`. */
typedef struct {
    void *context;
    /* Sends all bytes. 0, or a negative number if the port has broken. */
    int (*write)(void *context, const uint8_t *bytes, size_t count);
    /* Gives what has come, `most` bytes at most, and how many they are. With `wait` and nothing there: waits up to
     * SPIKEPLANE_WAIT_MS for the first byte; 0 if none comes. Negative: the port has broken. */
    long (*read)(void *context, uint8_t *bytes, size_t most, int wait);
    /* Milliseconds of a clock that never goes back but may wrap. */
    uint32_t (*now)(void *context);
} spikeplane_port;

/* One end of a link. Fields are the link's own, but for `patience`, `alive_ms`, `lost_ms` and `opening_ms`, which may be set
 * after spikeplane_link_init: a simulated chip is slow. */
typedef struct {
    spikeplane_port port;
    void (*on_packet)(void *context, const uint8_t *packet);
    void *context;
    int patience;
    uint32_t alive_ms, lost_ms, opening_ms;
    uint32_t resent, errors, packets; /* frames sent again, broken frames that came, packets that came: so far */

    uint8_t payload[SPIKEPLANE_SLOTS][SPIKEPLANE_FRAME_PAYLOAD]; /* a ring: frames that are not acknowledged */
    uint16_t length[SPIKEPLANE_SLOTS];
    int first, count, filling; /* the oldest frame's slot; frames; whether the last one is still being filled */
    int base, sent, most, room, polled, expected;
    int ack_due, poll_due, reject_due;
    int tries, strange, vain, waited, noisy, taken, open, number;
    uint32_t noise, heard_at, moved_at;

    uint8_t body[SPIKEPLANE_HEADER_BYTES + SPIKEPLANE_SLOT_BYTES]; /* of the frame that is coming */
    size_t got;
    int escaped, broken;
} spikeplane_link;

/* Begins with a link that is closed. `on_packet` gets every packet that comes; it must not send. */
void spikeplane_link_init(spikeplane_link *link, const spikeplane_port *port,
                          void (*on_packet)(void *context, const uint8_t *packet), void *context);

/* Sets both ends to sequence 0. */
int spikeplane_link_open(spikeplane_link *link);

/* Sends one packet of SPIKEPLANE_PACKET_BYTES bytes: it goes when its frame is full, or with spikeplane_link_push. */
int spikeplane_put(spikeplane_link *link, const uint8_t *packet);

/* Sends the frame that is not full. */
int spikeplane_link_push(spikeplane_link *link);

/* Waits until the chip has everything. */
int spikeplane_link_flush(spikeplane_link *link);

/* Sends what is there, and waits until packets have come, or the chip says after a while that it has none. */
int spikeplane_link_wait(spikeplane_link *link);

/* Sends frames that the chip must drop, and count. */
int spikeplane_link_break(spikeplane_link *link, int frames);

/* CRC-32/ISO-HDLC of `count` bytes, going on from `crc`, which is 0 at first. */
uint32_t spikeplane_crc(uint32_t crc, const uint8_t *bytes, size_t count);

/* What a status means, in words. */
const char *spikeplane_message(int status);

#ifdef __cplusplus
}
#endif

#endif
