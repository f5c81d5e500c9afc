/* The example of `spikeplane export` over mmio.c in the place of a serial port: run.c load.bin samples.bin. */
#define main example_main
#include "main.c"
#undef main

#include "bus.h"

#include "mmio.h"
#include "spikeplane_registers.h"

static spikeplane_mmio mmio = {NULL, bus_now};

static uint32_t word(uint32_t offset)
{
    return SPIKEPLANE_MMIO_LOAD(&mmio, offset);
}

int main(int argc, char **argv)
{
    static spikeplane_driver driver;
    static result run;
    spikeplane_port port = spikeplane_mmio_port(&mmio);
    uint64_t digest;
    long loads, stores, waits;
    int status;
    run.verbose = argc == 3;
    digest = (uint64_t)word(SPIKEPLANE_REGISTER_DIGEST_HIGH) << 32 | word(SPIKEPLANE_REGISTER_DIGEST_LOW);
    printf("chip %016" PRIx64 " identity 0x%08" PRIx32 "\n", digest, word(SPIKEPLANE_REGISTER_IDENTITY));
    spikeplane_mmio_reset(&mmio, 1);
    spikeplane_init(&driver, &port, on_event, &run);
    status = spikeplane_open(&driver);
    if (status == SPIKEPLANE_OK)
        status = load(&driver, argv[1], 1);
    if (status == SPIKEPLANE_OK)
        status = run_samples(&driver, argv[2], -1, &run);
    if (status != SPIKEPLANE_OK) {
        printf("error: %s\n", spikeplane_message(status));
        return 2;
    }

    /* an answer that nobody reads raises the interrupt, a reset forgets it */
    spikeplane_mmio_reset(&mmio, 1);
    printf("interrupt %d", bus_interrupt());
    port.write(&mmio, (const uint8_t[]){RESET_FRAME}, sizeof((const uint8_t[]){RESET_FRAME}));
    printf(" %d", bus_interrupt());
    spikeplane_mmio_reset(&mmio, 1);
    printf(" %d\n", bus_interrupt());
    bus_count(&loads, &stores, &waits);
    printf("%ld loads, %ld stores, %ld waits, %" PRIu32 " frames sent again\n", loads, stores, waits, driver.link.resent);
    return 0;
}
