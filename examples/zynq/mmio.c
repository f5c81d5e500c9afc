/* The driver's port over registers; see mmio.h. */
#include "mmio.h"

#include "spikeplane_registers.h"

#define LOAD(mmio, name) SPIKEPLANE_MMIO_LOAD(mmio, SPIKEPLANE_REGISTER_##name)
#define STORE(mmio, name, word) SPIKEPLANE_MMIO_STORE(mmio, SPIKEPLANE_REGISTER_##name, word)
#define STORE_BYTE(mmio, name, byte) SPIKEPLANE_MMIO_STORE_BYTE(mmio, SPIKEPLANE_REGISTER_##name, byte)
#define FIELD(word, name) ((word) >> SPIKEPLANE_REGISTER_##name##_AT & ((1u << SPIKEPLANE_REGISTER_##name##_BITS) - 1u))

/* Four bytes an access; the last one to three go one by one: the store of a byte has one strobe. */
static int mmio_write(void *context, const uint8_t *bytes, size_t count)
{
    spikeplane_mmio *mmio = context;
    for (; count >= 4; count -= 4, bytes += 4)
        STORE(mmio, WRITE, (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
    while (count--)
        STORE_BYTE(mmio, WRITE, *bytes++);
    return 0;
}

static long mmio_read(void *context, uint8_t *bytes, size_t most, int wait)
{
    spikeplane_mmio *mmio = context;
    uint32_t begun = mmio->now();
    size_t found = 0;
    while (found + 3 <= most) {
        uint32_t word = LOAD(mmio, READ);
        uint32_t count = FIELD(word, READ_COUNT);
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

void spikeplane_mmio_reset(spikeplane_mmio *mmio, int interrupt)
{
    STORE(mmio, CONTROL, 1u << SPIKEPLANE_REGISTER_CONTROL_RESET_AT);
    STORE(mmio, CONTROL, (interrupt ? 1u : 0u) << SPIKEPLANE_REGISTER_CONTROL_INTERRUPT_AT);
}
