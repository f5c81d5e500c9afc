/* The host's end of the link; see spikeplane_link.h. */
#include "spikeplane_link.h"

#include <string.h>

#define NUMBERS (1 << SPIKEPLANE_FRAME_SEQUENCE_BITS)
#define CRC_POLYNOMIAL 0xedb88320u
#define NONE (-1)
#define STRANGE 5                              /* frames of a chip that has forgotten the sequence numbers */
#define NOISE (4u * SPIKEPLANE_SLOT_BYTES)     /* bytes without a frame that are as good as silence */
#define EVERYTHING (4u * SPIKEPLANE_SLOTS * SPIKEPLANE_SLOT_BYTES) /* twice what a chip can have to say after a reset */
#define FRAME_ROOM (2 + 2 * (SPIKEPLANE_HEADER_BYTES + SPIKEPLANE_FRAME_PAYLOAD + SPIKEPLANE_CRC_BYTES))

/* What spikeplane_pump waits for. */
enum until { ALL_SENT, ALL_IN, PLACE, NEWS };

typedef struct {
    unsigned kind, sequence, poll, reject, ack, room;
} header;

uint32_t spikeplane_crc(uint32_t crc, const uint8_t *bytes, size_t count)
{
    crc = ~crc;
    while (count--) {
        int bit;
        crc ^= *bytes++;
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (CRC_POLYNOMIAL & (0u - (crc & 1u)));
    }
    return ~crc;
}

const char *spikeplane_message(int status)
{
    switch (status) {
    case SPIKEPLANE_OK: return "no error";
    case SPIKEPLANE_PORT_BROKEN: return "the connection broke: unplugged, switched off, or it takes no more bytes";
    case SPIKEPLANE_NO_ANSWER: return "the device does not answer; check power and port";
    case SPIKEPLANE_NO_CHIP: return "the device is no Spikeplane chip: it answers with something else; check the port";
    case SPIKEPLANE_DAMAGED: return "the line damages every frame; check the cable, or take a lower rate";
    case SPIKEPLANE_LOSES_ALL:
        return "the chip takes no frame: it is another chip, whose packets have another size, or the line loses every frame";
    case SPIKEPLANE_TAKES_NOTHING: return "the chip takes no more packets; load the program again";
    case SPIKEPLANE_WAS_RESET: return "the device has been reset in mid-run; run again";
    case SPIKEPLANE_OTHER_CHIP: return "the device is another chip than the program's; compile the program for that chip";
    case SPIKEPLANE_STOPPED: return "the chip stopped in mid-run: not every step came to its end";
    case SPIKEPLANE_NO_PROJECTION: return "a core got spikes that are no projection's; load the program again";
    case SPIKEPLANE_TOO_MUCH: return "the chip sent more than the program's steps; load the program again";
    case SPIKEPLANE_NO_REST: return "the chip does not come to rest; reset it and run again";
    case SPIKEPLANE_OUT_OF_RANGE: return "a value is outside its input's range";
    case SPIKEPLANE_NO_MEMORY: return "the chip has no such core, memory or address";
    case SPIKEPLANE_NOT_READ: return "a core does not give its memory; stop the chip, or reset it and load it again";
    case SPIKEPLANE_DIFFERS: return "a memory holds something else than was written; load the program again";
    case SPIKEPLANE_NO_REGION:
        return "the region is not inside the image, larger than the chip holds, or not of the input's size";
    case SPIKEPLANE_NO_FEED:
        return "the camera feeds one input, of up to 4 routes, into populations that do not hold their current";
    default: return "unknown status";
    }
}

void spikeplane_link_init(spikeplane_link *link, const spikeplane_port *port,
                          void (*on_packet)(void *context, const uint8_t *packet), void *context)
{
    memset(link, 0, sizeof *link);
    link->port = *port;
    link->on_packet = on_packet;
    link->context = context;
    link->patience = SPIKEPLANE_PATIENCE;
    link->alive_ms = SPIKEPLANE_ALIVE_MS;
    link->lost_ms = SPIKEPLANE_LOST_MS;
    link->opening_ms = SPIKEPLANE_OPENING_MS;
    link->polled = NONE;
}

static uint32_t now(const spikeplane_link *link)
{
    return link->port.now(link->port.context);
}

/* ---- Frames to bytes ---- */

static size_t escape(uint8_t *out, size_t at, const uint8_t *bytes, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        uint8_t byte = bytes[i];
        if (byte == SPIKEPLANE_FLAG || byte == SPIKEPLANE_ESCAPE) {
            out[at++] = SPIKEPLANE_ESCAPE;
            byte = (uint8_t)(byte ^ SPIKEPLANE_TWIST);
        }
        out[at++] = byte;
    }
    return at;
}

static int send_frame(spikeplane_link *link, header head, const uint8_t *payload, size_t count)
{
    uint8_t out[FRAME_ROOM], edge[SPIKEPLANE_HEADER_BYTES], check[SPIKEPLANE_CRC_BYTES];
    unsigned word = head.sequence << SPIKEPLANE_FRAME_SEQUENCE_AT | head.kind << SPIKEPLANE_FRAME_KIND_AT |
                    head.poll << SPIKEPLANE_FRAME_POLL_AT | head.reject << SPIKEPLANE_FRAME_REJECT_AT |
                    head.ack << SPIKEPLANE_FRAME_ACK_AT | head.room << SPIKEPLANE_FRAME_ROOM_AT;
    size_t at = 0, i;
    uint32_t crc;
    for (i = 0; i < sizeof edge; i++)
        edge[i] = (uint8_t)(word >> (8 * i));
    crc = spikeplane_crc(spikeplane_crc(0, edge, sizeof edge), payload, count);
    for (i = 0; i < sizeof check; i++)
        check[i] = (uint8_t)(crc >> (8 * i));
    out[at++] = SPIKEPLANE_FLAG;
    at = escape(out, at, edge, sizeof edge);
    at = escape(out, at, payload, count);
    at = escape(out, at, check, sizeof check);
    out[at++] = SPIKEPLANE_FLAG;
    return link->port.write(link->port.context, out, at) < 0 ? SPIKEPLANE_PORT_BROKEN : SPIKEPLANE_OK;
}

/* A STATUS with what is due. A poll is about the frames sent before it. */
static int send_status(spikeplane_link *link, int poll)
{
    header head = {SPIKEPLANE_FRAME_STATUS, 0, 0, 0, 0, 0};
    head.poll = poll ? 1u : 0u;
    head.reject = link->reject_due ? 1u : 0u;
    head.ack = (unsigned)link->expected;
    if (poll) {
        link->polled = link->sent;
        link->poll_due = 0;
    }
    link->ack_due = link->reject_due = 0;
    return send_frame(link, head, NULL, 0);
}

static int send_data(spikeplane_link *link, int i, int poll)
{
    int slot = (link->first + i) % SPIKEPLANE_SLOTS;
    header head = {SPIKEPLANE_FRAME_DATA, 0, 0, 0, 0, 0};
    head.sequence = (unsigned)(link->base + i) % NUMBERS;
    head.poll = poll ? 1u : 0u;
    head.ack = (unsigned)link->expected;
    return send_frame(link, head, link->payload[slot], link->length[slot]);
}

/* What there is to say, and the frames that the chip has room for, fewer while one does not get through. On a line that
 * errs what matters goes in short frames of its own: they have the better chance. */
static int send_due(spikeplane_link *link, int *said)
{
    int first = link->sent, last = link->count - link->filling, status = SPIKEPLANE_OK, i, ask;
    int some = link->tries < 4 ? SPIKEPLANE_SLOTS >> link->tries : 1;
    if (some < 1)
        some = 1;
    last = last < link->room ? last : link->room;
    last = last < some ? last : some;
    *said = 0;
    if (link->reject_due || link->poll_due || (link->ack_due && first >= last)) {
        status = send_status(link, link->poll_due);
        *said = 1;
    }
    ask = link->polled == NONE && first < last;
    for (i = first; i < last && status == SPIKEPLANE_OK; i++)
        status = send_data(link, i, ask && i == last - 1 && !link->tries);
    if (first < last) {
        int again = (last < link->most ? last : link->most) - first;
        link->resent += again > 0 ? (uint32_t)again : 0u;
        link->sent = last;
        link->most = last > link->most ? last : link->most;
        link->ack_due = 0;
        *said = 1;
    }
    if (ask && status == SPIKEPLANE_OK) {
        link->polled = last;
        if (link->tries)
            status = send_status(link, 1);
    }
    return status;
}

/* ---- Bytes to frames ---- */

/* What the chip has taken: frames leave the ring, and a poll's answer says which were lost. */
static int take_ack(spikeplane_link *link, header head)
{
    int gone = ((int)head.ack - link->base + NUMBERS) % NUMBERS;
    if (gone > link->most)
        return ++link->strange > STRANGE ? SPIKEPLANE_WAS_RESET : SPIKEPLANE_OK;
    link->first = (link->first + gone) % SPIKEPLANE_SLOTS;
    link->count -= gone;
    link->base = (int)head.ack;
    link->most -= gone;
    link->room = (int)head.room;
    link->sent = link->sent > gone ? link->sent - gone : 0;
    if (link->polled != NONE)
        link->polled = link->polled > gone ? link->polled - gone : 0;
    link->strange = 0;
    if (gone) {
        link->tries = 0;
        link->taken = 1;
        link->moved_at = now(link);
    }
    if (head.poll) {
        if (link->polled > 0) { /* sent before the poll and not in: lost */
            link->sent = 0;
            link->tries++;
        }
        link->polled = NONE;
    }
    return SPIKEPLANE_OK;
}

static int take_frame(spikeplane_link *link, header head, const uint8_t *payload, size_t count)
{
    int status, ahead;
    if (head.kind == SPIKEPLANE_FRAME_RESET) { /* of one that is open: the echo of an earlier attempt */
        if (!link->open && (int)head.sequence == link->number && head.ack == 0) {
            link->open = 1;
            link->room = (int)head.room;
        }
        return SPIKEPLANE_OK;
    }
    if (!link->open)
        return SPIKEPLANE_OK;
    status = take_ack(link, head);
    if (status != SPIKEPLANE_OK || head.kind != SPIKEPLANE_FRAME_DATA)
        return status;
    link->ack_due = 1;
    ahead = ((int)head.sequence - link->expected + NUMBERS) % NUMBERS;
    if (ahead == 0 && count % SPIKEPLANE_PACKET_BYTES == 0) {
        size_t at;
        link->expected = (link->expected + 1) % NUMBERS;
        for (at = 0; at < count; at += SPIKEPLANE_PACKET_BYTES) {
            link->packets++;
            link->on_packet(link->context, payload + at);
        }
    } else if (ahead < SPIKEPLANE_SLOTS) {
        link->reject_due = 1;
    }
    return SPIKEPLANE_OK;
}

static unsigned part(unsigned word, int at, int bits)
{
    return word >> at & ((1u << bits) - 1u);
}

/* The frame whose last flag has come. Whether there was one: *whole. */
static int end_frame(spikeplane_link *link, int *whole)
{
    size_t count = link->got, least = SPIKEPLANE_HEADER_BYTES + SPIKEPLANE_CRC_BYTES;
    int broken = link->broken || link->escaped;
    unsigned word;
    header head;
    link->got = 0;
    link->escaped = link->broken = 0;
    if (count == 0 && !broken)
        return SPIKEPLANE_OK;
    word = (unsigned)link->body[0] | (unsigned)link->body[1] << 8;
    head.kind = part(word, SPIKEPLANE_FRAME_KIND_AT, SPIKEPLANE_FRAME_KIND_BITS);
    if (broken || count < least || spikeplane_crc(0, link->body, count) != SPIKEPLANE_CRC_LEFT ||
        head.kind > SPIKEPLANE_FRAME_RESET) {
        link->errors++;
        return SPIKEPLANE_OK;
    }
    head.sequence = part(word, SPIKEPLANE_FRAME_SEQUENCE_AT, SPIKEPLANE_FRAME_SEQUENCE_BITS);
    head.poll = part(word, SPIKEPLANE_FRAME_POLL_AT, SPIKEPLANE_FRAME_POLL_BITS);
    head.reject = part(word, SPIKEPLANE_FRAME_REJECT_AT, SPIKEPLANE_FRAME_REJECT_BITS);
    head.ack = part(word, SPIKEPLANE_FRAME_ACK_AT, SPIKEPLANE_FRAME_ACK_BITS);
    head.room = part(word, SPIKEPLANE_FRAME_ROOM_AT, SPIKEPLANE_FRAME_ROOM_BITS);
    *whole = 1;
    return take_frame(link, head, link->body + SPIKEPLANE_HEADER_BYTES, count - least);
}

static int take_bytes(spikeplane_link *link, const uint8_t *bytes, size_t count, int *whole)
{
    size_t i;
    int status = SPIKEPLANE_OK;
    for (i = 0; i < count && status == SPIKEPLANE_OK; i++) {
        uint8_t byte = bytes[i];
        if (byte == SPIKEPLANE_FLAG) {
            status = end_frame(link, whole);
        } else if (byte == SPIKEPLANE_ESCAPE && !link->escaped) {
            link->escaped = 1;
        } else if (link->got == sizeof link->body) {
            link->broken = 1;
        } else {
            link->body[link->got++] = (uint8_t)(link->escaped ? byte ^ SPIKEPLANE_TWIST : byte);
            link->escaped = 0;
        }
    }
    return status;
}

/* Takes what has come, or waits for some. Whether the chip is heard: a part of a frame is enough, many bytes without a
 * frame are noise. */
static int hear(spikeplane_link *link, int wait, int *heard, size_t *came)
{
    uint8_t bytes[256];
    uint32_t errors = link->errors;
    int whole = 0, status = SPIKEPLANE_OK, damaged;
    size_t total = 0;
    long count;
    do {
        count = link->port.read(link->port.context, bytes, sizeof bytes, wait && total == 0);
        if (count < 0)
            return SPIKEPLANE_PORT_BROKEN;
        total += (size_t)count;
        status = take_bytes(link, bytes, (size_t)count, &whole);
    } while (count > 0 && status == SPIKEPLANE_OK && total < EVERYTHING);
    link->reject_due |= link->errors > errors;
    damaged = link->errors > errors || link->noise + total >= NOISE;
    link->noisy = !whole && (link->noisy || damaged); /* a frame that was only cut short is none */
    if (whole) {
        link->vain = 0;
        link->heard_at = now(link);
    }
    link->noise = whole || link->noise >= NOISE ? 0 : link->noise + (uint32_t)total;
    *heard = whole || (total > 0 && link->noise < NOISE);
    *came = total;
    return status;
}

/* ---- Both together ---- */

/* An error for a device without a whole frame for alive_ms, and for a line that loses the same frame for ever. */
static int check_alive(const spikeplane_link *link)
{
    uint32_t time = now(link);
    if (link->vain > link->patience && time - link->heard_at > link->alive_ms)
        return link->noisy ? SPIKEPLANE_DAMAGED : SPIKEPLANE_NO_ANSWER;
    if (link->tries > SPIKEPLANE_TRIES && (!link->taken || time - link->moved_at > link->lost_ms))
        return SPIKEPLANE_LOSES_ALL;
    return SPIKEPLANE_OK;
}

static int reached(const spikeplane_link *link, enum until goal, uint32_t packets)
{
    switch (goal) {
    case ALL_SENT: return link->sent == link->count - link->filling;
    case ALL_IN: return link->count == 0;
    case PLACE: return link->count < SPIKEPLANE_SLOTS;
    default: return link->packets != packets || (link->waited && !link->vain && !link->tries);
    }
}

/* Sends what there is and waits for the chip, until the goal. Silence makes the next frame a poll. */
static int pump(spikeplane_link *link, enum until goal)
{
    uint32_t packets = link->packets;
    int stalled = 0;
    size_t came;
    link->waited = 0;
    link->heard_at = link->moved_at = now(link); /* before this call nobody listened */
    for (;;) {
        int count = link->count, heard = 0, said = 0, status, moved;
        uint32_t before = link->packets;
        link->vain++;
        status = send_due(link, &said);
        if (status == SPIKEPLANE_OK && said)
            status = hear(link, 0, &heard, &came);
        if (status != SPIKEPLANE_OK || reached(link, goal, packets))
            return status;
        if (!heard)
            status = hear(link, 1, &heard, &came);
        if (status != SPIKEPLANE_OK)
            return status;
        if (!heard) {
            link->waited = link->poll_due = link->reject_due = 1;
            link->polled = NONE;
        }
        status = check_alive(link);
        if (status != SPIKEPLANE_OK)
            return status;
        moved = count != link->count || before != link->packets;
        stalled = moved || link->room ? 0 : stalled + !heard;
        if (stalled > link->patience)
            return SPIKEPLANE_TAKES_NOTHING;
        if (reached(link, goal, packets))
            return SPIKEPLANE_OK;
    }
}

int spikeplane_link_open(spikeplane_link *link)
{
    header ask = {SPIKEPLANE_FRAME_RESET, 0, 0, 0, 0, 0};
    uint32_t begun = now(link);
    size_t total = 0;
    int i;
    ask.ack = SPIKEPLANE_RESET_MARK % NUMBERS;
    ask.room = SPIKEPLANE_RESET_MARK / NUMBERS;
    link->number = (int)(begun % NUMBERS); /* another one with each attempt: an old echo is not the answer */
    for (i = 0; i < link->patience; i++) {
        size_t came = 0, here = 0;
        int heard, status;
        link->number = (link->number + 1) % NUMBERS;
        ask.sequence = (unsigned)link->number;
        status = send_frame(link, ask, NULL, 0);
        do {
            if (status == SPIKEPLANE_OK)
                status = hear(link, 1, &heard, &came);
            if (status != SPIKEPLANE_OK)
                return status;
            here += came;
        } while (!link->open && came && here < EVERYTHING);
        if (link->open)
            return SPIKEPLANE_OK;
        total += here;
        if (total && now(link) - begun > link->opening_ms)
            break;
    }
    return total ? SPIKEPLANE_NO_CHIP : SPIKEPLANE_NO_ANSWER;
}

int spikeplane_put(spikeplane_link *link, const uint8_t *packet)
{
    int slot;
    if (!link->filling) {
        if (link->count == SPIKEPLANE_SLOTS) {
            int status = pump(link, PLACE);
            if (status != SPIKEPLANE_OK)
                return status;
        }
        link->length[(link->first + link->count) % SPIKEPLANE_SLOTS] = 0;
        link->count++;
        link->filling = 1;
    }
    slot = (link->first + link->count - 1) % SPIKEPLANE_SLOTS;
    memcpy(link->payload[slot] + link->length[slot], packet, SPIKEPLANE_PACKET_BYTES);
    link->length[slot] = (uint16_t)(link->length[slot] + SPIKEPLANE_PACKET_BYTES);
    if (link->length[slot] + SPIKEPLANE_PACKET_BYTES <= SPIKEPLANE_FRAME_PAYLOAD)
        return SPIKEPLANE_OK;
    return spikeplane_link_push(link);
}

int spikeplane_link_push(spikeplane_link *link)
{
    link->filling = 0;
    return pump(link, ALL_SENT);
}

int spikeplane_link_flush(spikeplane_link *link)
{
    link->filling = 0;
    return pump(link, ALL_IN);
}

int spikeplane_link_wait(spikeplane_link *link)
{
    link->filling = 0;
    return pump(link, NEWS);
}

int spikeplane_link_break(spikeplane_link *link, int frames)
{
    static const uint8_t broken[] = {SPIKEPLANE_FLAG, 0, SPIKEPLANE_FLAG};
    int i;
    for (i = 0; i < frames; i++)
        if (link->port.write(link->port.context, broken, sizeof broken) < 0)
            return SPIKEPLANE_PORT_BROKEN;
    return SPIKEPLANE_OK;
}
