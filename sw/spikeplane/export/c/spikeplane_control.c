/* Fields of packets, control packets, counters and memories; see spikeplane_driver.h. */
#include "spikeplane_internal.h"

#include <string.h>

#define WAITS 1000  /* until a reply must have come, whatever else does */
#define ROUNDS 1000 /* of asking a core that still ends a sweep for its memory */
#define REPLIES 3   /* waits without a packet until a chip that owes a reply is called stuck, at the usual patience */

static const uint8_t chunks_of[] = SPIKEPLANE_MEMORY_CHUNKS; /* of a word, by memory; 0: there is no such memory */
static const uint32_t depth_of[] = SPIKEPLANE_MEMORY_DEPTHS;

uint32_t spikeplane_get(const uint8_t *packet, int at, int bits)
{
    uint32_t value = 0;
    int i;
    for (i = 0; i < bits; i++)
        value |= (uint32_t)(packet[(at + i) / 8] >> ((at + i) % 8) & 1) << i;
    return value;
}

void spikeplane_set(uint8_t *packet, int at, int bits, uint32_t value)
{
    int i;
    for (i = 0; i < bits; i++) {
        uint8_t bit = (uint8_t)(1u << ((at + i) % 8));
        uint8_t *byte = &packet[(at + i) / 8];
        *byte = (uint8_t)(value >> i & 1u ? *byte | bit : *byte & ~bit);
    }
}

void spikeplane_begin(uint8_t *packet, uint32_t kind)
{
    memset(packet, 0, SPIKEPLANE_PACKET_BYTES);
    SET(packet, HEADER_KIND, kind);
}

void spikeplane_aim(uint8_t *packet, const spikeplane_rect *rect)
{
    SET(packet, HEADER_X0, rect->x0);
    SET(packet, HEADER_Y0, rect->y0);
    SET(packet, HEADER_X1, rect->x1);
    SET(packet, HEADER_Y1, rect->y1);
}

/* ---- Control and counters ---- */

int spikeplane_control(spikeplane_driver *driver, uint32_t op, uint32_t arg, const spikeplane_rect *rect)
{
    uint8_t packet[SPIKEPLANE_PACKET_BYTES];
    spikeplane_begin(packet, SPIKEPLANE_KIND_CONTROL);
    SET(packet, CONTROL_OP, op);
    SET(packet, CONTROL_ARG, arg);
    if (rect)
        spikeplane_aim(packet, rect);
    else
        SET(packet, HEADER_HOST, 1);
    return spikeplane_put(&driver->link, packet);
}

int spikeplane_control_all(spikeplane_driver *driver, uint32_t op)
{
    static const spikeplane_rect all = {0, 0, SPIKEPLANE_COLS - 1, SPIKEPLANE_ROWS - 1};
    return spikeplane_control(driver, op, 0, &all);
}

int spikeplane_ask(spikeplane_driver *driver, int counter, const spikeplane_rect *rect, uint32_t *value)
{
    int idle = 0, patience = driver->link.patience * REPLIES / 10;
    uint32_t waits;
    driver->asked = counter;
    driver->answered = 0;
    TRY(spikeplane_control(driver, SPIKEPLANE_CONTROL_QUERY, (uint32_t)counter, rect));
    TRY(spikeplane_link_push(&driver->link));
    for (waits = 0; idle < patience && waits < WAITS + driver->words.most && !driver->answered; waits++) {
        uint32_t before = driver->link.packets;
        TRY(spikeplane_link_wait(&driver->link));
        idle = driver->link.packets != before ? 0 : idle + 1;
    }
    driver->asked = -1;
    *value = driver->reply;
    return driver->answered ? SPIKEPLANE_OK : SPIKEPLANE_NO_ANSWER;
}

int spikeplane_query_bridge(spikeplane_driver *driver, int counter, uint32_t *value)
{
    return spikeplane_ask(driver, counter, NULL, value);
}

int spikeplane_query_core(spikeplane_driver *driver, int counter, int x, int y, uint32_t *value)
{
    spikeplane_rect core;
    core.x0 = core.x1 = (uint8_t)x;
    core.y0 = core.y1 = (uint8_t)y;
    return spikeplane_ask(driver, counter, &core, value);
}

/* ---- Memories ---- */

/* A chunk goes to the caller's words, or is held against what was written. */
void spikeplane_take_words(spikeplane_driver *driver, const uint8_t *packet)
{
    spikeplane_words *words = &driver->words;
    uint32_t at = words->got++, data = GET(packet, WORDS_DATA);
    if (at >= words->most)
        return;
    if (words->into) {
        words->into[at] = data;
    } else if (at >= words->skip && at - words->skip < words->count && !words->differs) {
        uint32_t written = GET(words->packets + (size_t)(at - words->skip) * SPIKEPLANE_PACKET_BYTES, WRITE_DATA);
        if (data != written) {
            words->differs = 1;
            driver->wrong.memory = words->memory;
            driver->wrong.address = words->address + at / chunks_of[words->memory];
            driver->wrong.chunk = (int)(at % chunks_of[words->memory]);
            driver->wrong.found = data;
            driver->wrong.written = written;
        }
    }
}

static int send_read(spikeplane_driver *driver, const spikeplane_rect *core, int seek, uint32_t data)
{
    uint8_t packet[SPIKEPLANE_PACKET_BYTES];
    spikeplane_begin(packet, SPIKEPLANE_KIND_READ);
    spikeplane_aim(packet, core);
    SET(packet, READ_SEEK, (uint32_t)seek);
    SET(packet, READ_DATA, data);
    return spikeplane_put(&driver->link, packet);
}

/* Words of a core's memory, to where driver->words says. A core that ends a sweep refuses, and is asked again. */
static int fetch(spikeplane_driver *driver, const spikeplane_rect *core, uint32_t count)
{
    spikeplane_words *words = &driver->words;
    uint32_t flags, place = (uint32_t)words->memory << SPIKEPLANE_SEEK_MEMORY_AT | words->address << SPIKEPLANE_SEEK_ADDRESS_AT;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        words->got = 0;
        words->most = count * chunks_of[words->memory];
        TRY(send_read(driver, core, 1, place));
        TRY(send_read(driver, core, 0, count));
        TRY(spikeplane_ask(driver, SPIKEPLANE_COUNTER_FLAGS, core, &flags));
        if (words->got == words->most)
            return SPIKEPLANE_OK;
        if (words->got || !(flags >> SPIKEPLANE_FLAGS_READ_REFUSED_AT & 1u) || flags >> SPIKEPLANE_FLAGS_RUNNING_AT & 1u)
            break;
    }
    return SPIKEPLANE_NOT_READ;
}

static int is_there(int memory, uint32_t first, uint32_t count)
{
    return memory >= 0 && memory < (int)sizeof chunks_of && chunks_of[memory] && first <= depth_of[memory] &&
           count <= depth_of[memory] - first;
}

int spikeplane_read(spikeplane_driver *driver, int x, int y, int memory, uint32_t first, uint32_t count, uint32_t *chunks)
{
    spikeplane_rect core;
    if (x < 0 || x >= SPIKEPLANE_COLS || y < 0 || y >= SPIKEPLANE_ROWS || !is_there(memory, first, count))
        return SPIKEPLANE_NO_MEMORY;
    core.x0 = core.x1 = (uint8_t)x;
    core.y0 = core.y1 = (uint8_t)y;
    while (count > 0) {
        uint32_t block = count < SPIKEPLANE_READ_WORDS ? count : SPIKEPLANE_READ_WORDS;
        int status;
        memset(&driver->words, 0, sizeof driver->words);
        driver->words.into = chunks;
        driver->words.memory = memory;
        driver->words.address = first;
        status = fetch(driver, &core, block);
        memset(&driver->words, 0, sizeof driver->words);
        TRY(status);
        chunks += block * chunks_of[memory];
        first += block;
        count -= block;
    }
    return SPIKEPLANE_OK;
}

/* Holds `count` chunks that were written, the first of them driver->place's, against one core's memory. */
static int hold(spikeplane_driver *driver, const spikeplane_rect *core, const uint8_t *packets, uint32_t count)
{
    spikeplane_words *words = &driver->words;
    int status;
    memset(words, 0, sizeof *words);
    words->packets = packets;
    words->memory = driver->place.memory;
    words->address = driver->place.address;
    words->skip = driver->place.chunk;
    words->count = count;
    status = fetch(driver, core, (words->skip + count + chunks_of[words->memory] - 1) / chunks_of[words->memory]);
    if (status == SPIKEPLANE_OK && words->differs) {
        driver->wrong.x = core->x0;
        driver->wrong.y = core->y0;
        status = SPIKEPLANE_DIFFERS;
    }
    memset(words, 0, sizeof *words);
    return status;
}

static int hold_all(spikeplane_driver *driver, const uint8_t *packets, uint32_t count)
{
    spikeplane_rect core;
    int x, y;
    for (y = (int)GET(packets, HEADER_Y0); y <= (int)GET(packets, HEADER_Y1); y++)
        for (x = (int)GET(packets, HEADER_X0); x <= (int)GET(packets, HEADER_X1); x++) {
            core.x0 = core.x1 = (uint8_t)x;
            core.y0 = core.y1 = (uint8_t)y;
            TRY(hold(driver, &core, packets, count));
        }
    return SPIKEPLANE_OK;
}

int spikeplane_verify(spikeplane_driver *driver, const uint8_t *packets, size_t bytes)
{
    size_t total = bytes / SPIKEPLANE_PACKET_BYTES, at = 0;
    while (at < total) {
        const uint8_t *first = packets + at * SPIKEPLANE_PACKET_BYTES;
        uint32_t count = 0, chunks, most;
        if (GET(first, HEADER_KIND) != SPIKEPLANE_KIND_WRITE)
            return SPIKEPLANE_NO_MEMORY;
        if (GET(first, WRITE_SEEK)) {
            driver->place.memory = (int)spikeplane_get(first, SPIKEPLANE_WRITE_DATA_AT + SPIKEPLANE_SEEK_MEMORY_AT,
                                                       SPIKEPLANE_SEEK_MEMORY_BITS);
            driver->place.address = spikeplane_get(first, SPIKEPLANE_WRITE_DATA_AT + SPIKEPLANE_SEEK_ADDRESS_AT,
                                                   SPIKEPLANE_SEEK_ADDRESS_BITS);
            driver->place.chunk = 0;
            at++;
            continue;
        }
        if (!is_there(driver->place.memory, driver->place.address, 1))
            return SPIKEPLANE_NO_MEMORY;
        chunks = chunks_of[driver->place.memory];
        most = SPIKEPLANE_READ_WORDS * chunks - driver->place.chunk;
        while (count < most && at + count < total && !GET(first + (size_t)count * SPIKEPLANE_PACKET_BYTES, WRITE_SEEK))
            count++;
        TRY(hold_all(driver, first, count));
        driver->place.address += (driver->place.chunk + count) / chunks;
        driver->place.chunk = (driver->place.chunk + count) % chunks;
        at += count;
    }
    return SPIKEPLANE_OK;
}
