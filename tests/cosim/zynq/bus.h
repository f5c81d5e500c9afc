/* Registers that mmio.c reads and writes, led to a simulated bus: taken before mmio.h (-include). */
#ifndef BUS_H
#define BUS_H

#include <stdint.h>

#define BASE 0x43c00000u
#define SPIKEPLANE_MMIO_LOAD(mmio, offset) bus_load(mmio, BASE + (offset))
#define SPIKEPLANE_MMIO_STORE(mmio, offset, word) bus_store(mmio, BASE + (offset), word, 15)
#define SPIKEPLANE_MMIO_STORE_BYTE(mmio, offset, byte) bus_store(mmio, BASE + (offset), byte, 1)

#ifdef __cplusplus
extern "C" {
#endif

uint32_t bus_load(const void *mmio, uint32_t address);
void bus_store(const void *mmio, uint32_t address, uint32_t word, int strobes);
uint32_t bus_now(void);   /* milliseconds */
int bus_interrupt(void);
void bus_count(long *loads, long *stores, long *waits);

#ifdef __cplusplus
}
#endif

#endif
