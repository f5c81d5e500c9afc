/* Poisson coding as the host's Python draws it: of a pixel 0 to 255 the plane's value in a step is
 * spikeplane_random8(seed, step, c, y, x) < pixel. Steps count from 0 in each sample. */
#ifndef SPIKEPLANE_POISSON_H
#define SPIKEPLANE_POISSON_H

#include <stdint.h>

static inline uint32_t spikeplane_mixed(uint32_t a)
{
    a = a + 0x7ED55D16u + (a << 12);
    a = a ^ 0xC761C23Cu ^ (a >> 19);
    a = a + 0x165667B1u + (a << 5);
    a = (a + 0xD3A2646Cu) ^ (a << 9);
    a = a + 0xFD7046C5u + (a << 3);
    return a ^ 0xB55A4F09u ^ (a >> 16);
}

static inline uint8_t spikeplane_random8(uint64_t seed, uint32_t step, uint32_t c, uint32_t y, uint32_t x)
{
    uint32_t h = spikeplane_mixed((uint32_t)seed);
    h = spikeplane_mixed(h + (uint32_t)(seed >> 32));
    h = spikeplane_mixed(h + step);
    h = spikeplane_mixed(h + c);
    h = spikeplane_mixed(h + y);
    h = spikeplane_mixed(h + x);
    return (uint8_t)(spikeplane_mixed(h) >> 24);
}

#endif
