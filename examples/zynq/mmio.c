/* The driver's port over registers; see mmio.h. */
#include "mmio.h"

#include "spikeplane_registers.h"

#define REGISTER(mmio, name) ((mmio)->base[SPIKEPLANE_REGISTER_##name / 4])

/* Four bytes an access; the last one to three go one by one: the store of a byte has one strobe. */
static int mmio_write(void *context, const uint8_t *bytes, size_t count)
{
    spikeplane_mmio *mmio = context;
    volatile uint8_t *byte = (volatile uint8_t *)&REGISTER(mmio, WRITE);
    for (; count >= 4; count -= 4, bytes += 4)
        REGISTER(mmio, WRITE) = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    while (count--)
        *byte = *bytes++;
    return 0;
}

static long mmio_read(void *context, uint8_t *bytes, size_t most, int wait)
{
    spikeplane_mmio *mmio = context;
    uint32_t begun = mmio->now();
    size_t found = 0;
    while (found + 3 <= most) {
        uint32_t word = REGISTER(mmio, READ);
        uint32_t count = word >> SPIKEPLANE_REGISTER_READ_COUNT_AT & ((1u << SPIKEPLANE_REGISTER_READ_COUNT_BITS) - 1u);
        if (count == 0 && (found > 0 || !wait || mmio->now() - begun >= SPIKEPLANE_WAIT_MS))
            break;
        for (; count > 0; count--, word >>= 8)
            bytes[found++] = (uint8_t)word;
    }
    return (long)found;
}

static uint32_t mmio_now(void *context)
{
    return ((spikeplane_mmio *)context)->now();
}

spikeplane_port spikeplane_mmio_port(spikeplane_mmio *mmio)
{
    spikeplane_port port;
    port.context = mmio;
    port.write = mmio_write;
    port.read = mmio_read;
    port.now = mmio_now;
    return port;
}
