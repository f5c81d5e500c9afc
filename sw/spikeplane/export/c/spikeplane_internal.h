/* What the driver's own files share; a program includes spikeplane_driver.h. */
#ifndef SPIKEPLANE_INTERNAL_H
#define SPIKEPLANE_INTERNAL_H

#include "spikeplane_driver.h"

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != SPIKEPLANE_OK)                                                                                  \
            return status_;                                                                                            \
    } while (0)
#define GET(packet, field) spikeplane_get(packet, SPIKEPLANE_##field##_AT, SPIKEPLANE_##field##_BITS)
#define SET(packet, field, value) spikeplane_set(packet, SPIKEPLANE_##field##_AT, SPIKEPLANE_##field##_BITS, value)

/* An empty packet of a kind; the rectangle of cores that it is for. */
void spikeplane_begin(uint8_t *packet, uint32_t kind);
void spikeplane_aim(uint8_t *packet, const spikeplane_rect *rect);

/* A CONTROL packet to the cores of a rectangle, or (NULL) to the bridge; to all cores. */
int spikeplane_control(spikeplane_driver *driver, uint32_t op, uint32_t arg, const spikeplane_rect *rect);
int spikeplane_control_all(spikeplane_driver *driver, uint32_t op);

/* A counter of a core, or (NULL) of the bridge. The answer comes behind everything that was sent before. */
int spikeplane_ask(spikeplane_driver *driver, int counter, const spikeplane_rect *rect, uint32_t *value);

/* What came of kind WORDS. */
void spikeplane_take_words(spikeplane_driver *driver, const uint8_t *packet);

#endif
