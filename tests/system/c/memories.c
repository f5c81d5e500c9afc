/* A test of the driver beside the example, whose port it takes: memories.c PORT load.bin. Prints every word of every memory
 * that the program's cores have, and what is refused; the last line is "done". */
#define main example_main
#include "main.c"
#undef main

static const struct {
    const char *name;
    int number, chunks;
    uint32_t depth;
} memories[] = {MEMORIES};

static const uint8_t *whole(const char *name, size_t *bytes)
{
    static uint8_t packets[1 << 20];
    FILE *file = fopen(name, "rb");
    *bytes = fread(packets, 1, sizeof packets, file);
    fclose(file);
    return packets;
}

static void expect(const char *what, int found, int wanted)
{
    if (found != wanted) {
        printf("%s: %d (%s), not %d\n", what, found, spikeplane_message(found), wanted);
        exit(1);
    }
}

static void print_memory(spikeplane_driver *driver, int core, int index)
{
    static uint32_t chunks[1 << 16];
    const spikeplane_rect *at = &spikeplane_cores[core];
    uint32_t depth = memories[index].depth, i;
    int chunk, size = memories[index].chunks;
    expect("read", spikeplane_read(driver, at->x0, at->y0, memories[index].number, 0, depth, chunks), SPIKEPLANE_OK);
    for (i = 0; i < depth; i++) {
        printf("%s %d %d %" PRIu32 " ", memories[index].name, at->x0, at->y0, i);
        for (chunk = size - 1; chunk >= 0; chunk--)
            printf("%08" PRIx32, chunks[(uint32_t)size * i + (uint32_t)chunk]);
        printf("\n");
    }
}

/* The portions of the stream that are held against the chip, of odd lengths. */
static int verify(spikeplane_driver *driver, const uint8_t *packets, size_t bytes, size_t portion)
{
    size_t at;
    int status = SPIKEPLANE_OK;
    for (at = 0; at < bytes && status == SPIKEPLANE_OK; at += portion * SPIKEPLANE_PACKET_BYTES) {
        size_t rest = bytes - at, most = portion * SPIKEPLANE_PACKET_BYTES;
        status = spikeplane_verify(driver, packets + at, rest < most ? rest : most);
    }
    return status;
}

int main(int argc, char **argv)
{
    static spikeplane_driver driver;
    static result run;
    serial_line line = {-1, 120000};
    spikeplane_port port = {&line, port_write, port_read, port_now};
    const spikeplane_rect *core = &spikeplane_cores[SPIKEPLANE_CORES - 1];
    uint8_t packet[SPIKEPLANE_PACKET_BYTES], written;
    uint32_t chunk[64], value;
    size_t bytes;
    const uint8_t *packets = whole(argv[argc - 1], &bytes);
    int i, j;
    open_port(argv[1], 3000000, &line);
    spikeplane_init(&driver, &port, on_event, &run);
    driver.link.patience = 24 * SPIKEPLANE_PATIENCE;
    driver.link.alive_ms = driver.link.opening_ms = 120000u;
    expect("open", spikeplane_open(&driver), SPIKEPLANE_OK);
    expect("begin", spikeplane_load_begin(&driver), SPIKEPLANE_OK);
    expect("load", spikeplane_load(&driver, packets, bytes), SPIKEPLANE_OK);
    expect("end", spikeplane_load_end(&driver), SPIKEPLANE_OK);
    expect("verify", verify(&driver, packets, bytes, 37), SPIKEPLANE_OK);
    for (i = 0; i < SPIKEPLANE_CORES; i++)
        for (j = 0; j < (int)(sizeof memories / sizeof *memories); j++)
            print_memory(&driver, i, j);

    /* another lowest bit in the last word written: found, and mended */
    memcpy(packet, packets + bytes - SPIKEPLANE_PACKET_BYTES, sizeof packet);
    written = packet[SPIKEPLANE_WRITE_DATA_AT / 8];
    packet[SPIKEPLANE_WRITE_DATA_AT / 8] ^= (uint8_t)(1u << SPIKEPLANE_WRITE_DATA_AT % 8);
    expect("the last word again", spikeplane_load(&driver, packets, bytes - SPIKEPLANE_PACKET_BYTES), SPIKEPLANE_OK);
    expect("wrong", spikeplane_load(&driver, packet, sizeof packet), SPIKEPLANE_OK);
    expect("differs", verify(&driver, packets, bytes, 37), SPIKEPLANE_DIFFERS);
    expect("its bit", (int)(driver.wrong.found ^ driver.wrong.written), 1);
    expect("its core", driver.wrong.x + driver.wrong.y * 16, core->x0 + core->y0 * 16);
    expect("its byte", written, packets[bytes - SPIKEPLANE_PACKET_BYTES + SPIKEPLANE_WRITE_DATA_AT / 8]);
    printf("wrong %d %" PRIu32 " %d\n", driver.wrong.memory, driver.wrong.address, driver.wrong.chunk);
    expect("load again", spikeplane_load(&driver, packets, bytes), SPIKEPLANE_OK);
    expect("verify again", verify(&driver, packets, bytes, 1 << 20), SPIKEPLANE_OK);

    /* what there is not, and a core that runs */
    expect("no column", spikeplane_read(&driver, SPIKEPLANE_COLS, 0, 0, 0, 1, chunk), SPIKEPLANE_NO_MEMORY);
    expect("no row", spikeplane_read(&driver, 0, SPIKEPLANE_ROWS, 0, 0, 1, chunk), SPIKEPLANE_NO_MEMORY);
    expect("no memory", spikeplane_read(&driver, 0, 0, 99, 0, 1, chunk), SPIKEPLANE_NO_MEMORY);
    expect("no address", spikeplane_read(&driver, 0, 0, memories[0].number, memories[0].depth, 1, chunk), SPIKEPLANE_NO_MEMORY);
    expect("start", spikeplane_start(&driver), SPIKEPLANE_OK);
    expect("running", spikeplane_read(&driver, core->x0, core->y0, memories[0].number, 0, 1, chunk), SPIKEPLANE_NOT_READ);
    expect("flags", spikeplane_query_core(&driver, SPIKEPLANE_COUNTER_FLAGS, core->x0, core->y0, &value), SPIKEPLANE_OK);
    expect("its bits", (int)value, 1 << SPIKEPLANE_FLAGS_RUNNING_AT | 1 << SPIKEPLANE_FLAGS_READ_REFUSED_AT);
    expect("stop", spikeplane_stop(&driver), SPIKEPLANE_OK);
    expect("flags", spikeplane_query_core(&driver, SPIKEPLANE_COUNTER_FLAGS, core->x0, core->y0, &value), SPIKEPLANE_OK);
    expect("rests", (int)(value >> SPIKEPLANE_FLAGS_RUNNING_AT & 1u), 0);
    expect("stopped", spikeplane_read(&driver, core->x0, core->y0, memories[0].number, 0, 1, chunk), SPIKEPLANE_OK);
    printf("%" PRIu32 " frames sent again\n", driver.link.resent);
    printf("done\n");
    close(line.file);
    return 0;
}
