/* A chip that runs one program: load it, send planes, get spikes. C99, no allocation: all there is lies in a
 * spikeplane_driver.
 *
 *     spikeplane_open, spikeplane_load_begin, spikeplane_load (of load.bin, in portions), spikeplane_load_end
 *     spikeplane_verify (of load.bin again, in portions)
 *     spikeplane_start
 *         spikeplane_send_step for every step of a sample, spikeplane_finish_sample
 *
 * What comes back is given to on_event while these functions run. Every function returns SPIKEPLANE_OK or a status of
 * spikeplane_link.h; after another one only spikeplane_open and spikeplane_load_begin make sense. */
#ifndef SPIKEPLANE_DRIVER_H
#define SPIKEPLANE_DRIVER_H

#include "spikeplane_link.h"
#include "spikeplane_program.h"

#ifdef __cplusplus
extern "C" {
#endif

enum spikeplane_event_kind {
    SPIKEPLANE_EVENT_SPIKES, /* up to SPIKEPLANE_LANES channels of one pixel */
    SPIKEPLANE_EVENT_END     /* a part of a population has ended a step */
};

/* What a population said. Of SPIKES: bit i of `mask` is channel group * SPIKEPLANE_LANES + i of pixel (y, x), and counts
 * 1 << shift, negated where `negate`; of a neuron that sends values, its value is the sum of its packets of the step. */
typedef struct {
    enum spikeplane_event_kind kind;
    int probe;     /* index into spikeplane_probes */
    uint32_t step; /* counted from spikeplane_start on; its sample is step / SPIKEPLANE_STEPS */
    int group, y, x, shift, negate;
    uint32_t mask;
} spikeplane_event;

typedef void (*spikeplane_on_event)(void *context, const spikeplane_event *event);

/* Where a memory holds something else than was written: word `address`, its bits from SPIKEPLANE_CHUNK_BITS * chunk on. */
typedef struct {
    int x, y, memory;
    uint32_t address;
    int chunk;
    uint32_t found, written;
} spikeplane_difference;

/* Words that are being read: the driver's own. */
typedef struct {
    uint32_t *into;
    const uint8_t *packets;
    int memory, differs;
    uint32_t address, skip, count, got, most;
} spikeplane_words;

typedef struct {
    spikeplane_link link; /* its patience and times may be set between spikeplane_init and spikeplane_open */
    spikeplane_on_event on_event;
    void *context;
    uint64_t digest;      /* what the chip says of itself, after spikeplane_open */
    uint32_t busy_cycles; /* from the first step after spikeplane_start to the last result of spikeplane_finish_sample */
    uint32_t step;        /* steps sent since spikeplane_start */
    uint32_t tokens[SPIKEPLANE_PARTS];
    uint32_t furthest, reply;
    int asked, answered, strange, at_rest, running;
    spikeplane_difference wrong; /* of the last SPIKEPLANE_DIFFERS */
    spikeplane_words words;
    struct {
        int memory;
        uint32_t address, chunk;
    } place; /* where spikeplane_verify goes on */
    void (*on_image)(void *images, const uint8_t *packet); /* of a camera: spikeplane_camera.h */
    void *images;
} spikeplane_driver;

/* Begins with a driver that is closed. */
void spikeplane_init(spikeplane_driver *driver, const spikeplane_port *port, spikeplane_on_event on_event, void *context);

/* Opens the link and asks the chip what it is. SPIKEPLANE_OTHER_CHIP if it is not the program's. */
int spikeplane_open(spikeplane_driver *driver);

/* Loading: begin, whole packets of load.bin in any portions, end. */
int spikeplane_load_begin(spikeplane_driver *driver);
int spikeplane_load(spikeplane_driver *driver, const uint8_t *packets, size_t bytes);
int spikeplane_load_end(spikeplane_driver *driver);

/* Holds the memories against the same packets, in any portions, before spikeplane_start. SPIKEPLANE_DIFFERS if a word is
 * another: driver->wrong says which. */
int spikeplane_verify(spikeplane_driver *driver, const uint8_t *packets, size_t bytes);

/* Words of a memory (SPIKEPLANE_MEMORY_...) of a core that rests, from address `first` on: for each of them
 * SPIKEPLANE_MEMORY_..._CHUNKS chunks of SPIKEPLANE_CHUNK_BITS bits, the lowest first. SPIKEPLANE_NO_MEMORY for what the chip
 * does not have, SPIKEPLANE_NOT_READ if the core runs. */
int spikeplane_read(spikeplane_driver *driver, int x, int y, int memory, uint32_t first, uint32_t count, uint32_t *chunks);

/* Stops the cores: what is under way is forgotten, and SPIKEPLANE_COUNTER_CHIP_CYCLES begins at 0. */
int spikeplane_stop(spikeplane_driver *driver);

/* Ready for step 0: membranes and counters as they are before it. */
int spikeplane_start(spikeplane_driver *driver);

/* Sends one step. `planes`: for each of the SPIKEPLANE_INPUTS inputs its values, channel by channel, row by row. The last
 * step of a sample is the one of number SPIKEPLANE_STEPS - 1 in it. */
int spikeplane_send_step(spikeplane_driver *driver, const int16_t *const planes[SPIKEPLANE_INPUTS]);

/* Waits until the steps sent so far have come to their end, and all their events are in. */
int spikeplane_finish_sample(spikeplane_driver *driver);

/* Checks at the end of a run that nothing else came and that the chip was not reset meanwhile. */
int spikeplane_finish(spikeplane_driver *driver);

/* A counter of the bridge (SPIKEPLANE_COUNTER_IDENTITY and on), or of core x, y (those before). */
int spikeplane_query_bridge(spikeplane_driver *driver, int counter, uint32_t *value);
int spikeplane_query_core(spikeplane_driver *driver, int counter, int x, int y, uint32_t *value);

/* A packet's field and back: `at` and `bits` as spikeplane.h has them; 32 bits at most. */
uint32_t spikeplane_get(const uint8_t *packet, int at, int bits);
void spikeplane_set(uint8_t *packet, int at, int bits, uint32_t value);

#ifdef __cplusplus
}
#endif

#endif
