/* The driver's port over the registers of a chip on AXI-Lite or Wishbone. */
#ifndef SPIKEPLANE_MMIO_H
#define SPIKEPLANE_MMIO_H

#include "spikeplane_link.h"

/* An access to the register at `offset` bytes. Others may be defined before: calls of an operating system, or a simulated bus. */
#ifndef SPIKEPLANE_MMIO_LOAD
#define SPIKEPLANE_MMIO_LOAD(mmio, offset) ((mmio)->base[(offset) / 4])
#define SPIKEPLANE_MMIO_STORE(mmio, offset, word) ((mmio)->base[(offset) / 4] = (word))
#define SPIKEPLANE_MMIO_STORE_BYTE(mmio, offset, byte) (*(volatile uint8_t *)&(mmio)->base[(offset) / 4] = (byte))
#endif

/* Where the registers lie, and a clock in milliseconds. */
typedef struct {
    volatile uint32_t *base;
    uint32_t (*now)(void);
} spikeplane_mmio;

/* The port to give to spikeplane_init. `mmio` must stay as long as it. */
spikeplane_port spikeplane_mmio_port(spikeplane_mmio *mmio);

/* Resets the chip and what waits for the processor. The interrupt, while bytes wait, is on or off behind it. */
void spikeplane_mmio_reset(spikeplane_mmio *mmio, int interrupt);

#endif
