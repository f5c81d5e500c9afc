/* The driver's port over the registers of a chip on AXI-Lite or Wishbone. */
#ifndef SPIKEPLANE_MMIO_H
#define SPIKEPLANE_MMIO_H

#include "spikeplane_link.h"

/* Where the registers lie, and a clock in milliseconds. */
typedef struct {
    volatile uint32_t *base;
    uint32_t (*now)(void);
} spikeplane_mmio;

/* The port to give to spikeplane_init. `mmio` must stay as long as it. */
spikeplane_port spikeplane_mmio_port(spikeplane_mmio *mmio);

#endif
