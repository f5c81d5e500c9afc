/* An example for a POSIX serial port: loads the program into the chip at PORT, runs the samples of a file, and prints the
 * class and the scores of each. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "spikeplane_driver.h"

#define PAUSE_NS 10000000L /* between the flags from which the board learns the line's rate */

static const struct {
    long baud;
    speed_t speed;
} rates[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600}, {115200, B115200}, {230400, B230400},
#ifdef B460800
    {460800, B460800},   {921600, B921600},
#endif
#ifdef B1000000
    {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
#endif
};

/* A serial port: how long it may take no byte. */
typedef struct {
    int file, patience_ms;
} serial_line;

/* What the run has come to; on_event fills it. */
typedef struct {
    int64_t scores[SPIKEPLANE_CLASSES];
    uint32_t sample;
    uint64_t spikes;
    int verbose;
} result;

static int port_write(void *context, const uint8_t *bytes, size_t count)
{
    const serial_line *line = context;
    while (count > 0) {
        ssize_t done = write(line->file, bytes, count);
        struct pollfd ready = {0, POLLOUT, 0};
        if (done > 0) {
            bytes += done;
            count -= (size_t)done;
            continue;
        }
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        ready.fd = line->file;
        if (poll(&ready, 1, line->patience_ms) == 0)
            return -1; /* it takes no more bytes */
    }
    return 0;
}

static long port_read(void *context, uint8_t *bytes, size_t most, int wait)
{
    struct pollfd ready = {0, POLLIN, 0};
    ssize_t count;
    ready.fd = ((const serial_line *)context)->file;
    if (poll(&ready, 1, wait ? SPIKEPLANE_WAIT_MS : 0) <= 0)
        return 0;
    count = read(ready.fd, bytes, most);
    if (count > 0)
        return (long)count;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static uint32_t port_now(void *context)
{
    struct timespec time;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint32_t)((uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u);
}

/* The port, raw, 8N1, at a rate that the board has learnt; -1 with a line on stderr. */
static int open_port(const char *name, long baud, serial_line *port)
{
    static const uint8_t flag = SPIKEPLANE_FLAG;
    struct timespec pause = {0, PAUSE_NS};
    struct termios line;
    size_t rate = 0;
    int file, i;
    while (rate < sizeof rates / sizeof *rates && rates[rate].baud != baud)
        rate++;
    if (rate == sizeof rates / sizeof *rates) {
        fprintf(stderr, "error: %ld baud is no rate of a serial port here; take 3000000, 1000000 or 115200\n", baud);
        return -1;
    }
    file = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        fprintf(stderr, "error: cannot open %s: %s\n", name, strerror(errno));
        return -1;
    }
    if (tcgetattr(file, &line) != 0) {
        fprintf(stderr, "error: %s is no serial port\n", name);
        close(file);
        return -1;
    }
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    cfsetispeed(&line, rates[rate].speed);
    cfsetospeed(&line, rates[rate].speed);
    if (tcsetattr(file, TCSANOW, &line) != 0) {
        fprintf(stderr, "error: %s does not take %ld baud: %s\n", name, baud, strerror(errno));
        close(file);
        return -1;
    }
    tcflush(file, TCIOFLUSH);
    for (i = 0; i < 3; i++) { /* empty frames to the link */
        port->file = file;
        port_write(port, &flag, 1);
        nanosleep(&pause, NULL);
    }
    return file;
}

static void on_event(void *context, const spikeplane_event *event)
{
    result *run = context;
    const spikeplane_probe *probe = &spikeplane_probes[event->probe];
    uint32_t step = event->step % SPIKEPLANE_STEPS;
    int lane;
    if (event->kind != SPIKEPLANE_EVENT_SPIKES)
        return;
    for (lane = 0; lane < SPIKEPLANE_LANES; lane++) {
        int channel = event->group * SPIKEPLANE_LANES + lane;
        long value = (1L << event->shift) * (event->negate ? -1 : 1);
        if (!(event->mask >> lane & 1u) || channel >= probe->channels)
            continue;
        run->spikes++;
        if (run->verbose)
            printf("spike %s %" PRIu32 " %" PRIu32 " %d %d %d %ld\n", probe->name, event->step / SPIKEPLANE_STEPS, step,
                   channel, event->y, event->x, value);
        if (event->probe == SPIKEPLANE_OUTPUT && (!SPIKEPLANE_READOUT_LAST || step == SPIKEPLANE_STEPS - 1))
            run->scores[channel % SPIKEPLANE_CLASSES] += value * (SPIKEPLANE_READOUT_EARLY ? SPIKEPLANE_STEPS - (long)step : 1);
    }
}

/* Gives the file to spikeplane_load, or to spikeplane_verify, in portions. */
static int portions(spikeplane_driver *driver, const char *name,
                    int (*take)(spikeplane_driver *driver, const uint8_t *packets, size_t bytes))
{
    static uint8_t packets[64 * SPIKEPLANE_PACKET_BYTES];
    FILE *file = fopen(name, "rb");
    size_t count;
    int status = SPIKEPLANE_OK;
    if (!file) {
        fprintf(stderr, "error: cannot open %s: %s\n", name, strerror(errno));
        return 1;
    }
    while (status == SPIKEPLANE_OK && (count = fread(packets, 1, sizeof packets, file)) > 0)
        status = take(driver, packets, count);
    fclose(file);
    return status;
}

static int load(spikeplane_driver *driver, const char *name, int check)
{
    const spikeplane_difference *wrong = &driver->wrong;
    int status = spikeplane_load_begin(driver);
    if (status == SPIKEPLANE_OK)
        status = portions(driver, name, spikeplane_load);
    if (status == SPIKEPLANE_OK)
        status = spikeplane_load_end(driver);
    if (status == SPIKEPLANE_OK && check)
        status = portions(driver, name, spikeplane_verify);
    if (status == SPIKEPLANE_DIFFERS)
        fprintf(stderr, "memory %d of core (%d, %d) at address %" PRIu32 ", bits from %d on: 0x%" PRIx32 " was written, 0x%" PRIx32
                        " is there\n", wrong->memory, wrong->x, wrong->y, wrong->address, wrong->chunk * SPIKEPLANE_CHUNK_BITS,
                wrong->written, wrong->found);
    return status;
}

/* One sample: 1, or 0 at the end of the file, or a status. */
static int run_sample(spikeplane_driver *driver, FILE *file, result *run)
{
    static uint8_t bytes[SPIKEPLANE_INPUT_VALUES];
    static int16_t values[SPIKEPLANE_INPUT_VALUES];
    const int16_t *planes[SPIKEPLANE_INPUTS];
    int step, status, best = 0, i;
    memset(run->scores, 0, sizeof run->scores);
    for (step = 0; step < SPIKEPLANE_STEPS; step++) {
        size_t at = 0, count = fread(bytes, 1, sizeof bytes, file);
        if (count == 0 && step == 0)
            return 0;
        if (count != sizeof bytes) {
            fprintf(stderr, "error: the samples end in mid-sample: a sample takes %ld bytes\n",
                    (long)SPIKEPLANE_STEPS * SPIKEPLANE_INPUT_VALUES);
            exit(2);
        }
        for (i = 0; i < SPIKEPLANE_INPUTS; i++) {
            const spikeplane_input *input = &spikeplane_inputs[i];
            size_t end = at + (size_t)input->channels * input->height * input->width;
            planes[i] = values + at;
            for (; at < end; at++)
                values[at] = input->least < 0 ? (int16_t)(int8_t)bytes[at] : (int16_t)bytes[at];
        }
        status = spikeplane_send_step(driver, planes);
        if (status != SPIKEPLANE_OK)
            return status;
    }
    status = spikeplane_finish_sample(driver);
    if (status != SPIKEPLANE_OK)
        return status;
    for (i = 1; i < SPIKEPLANE_CLASSES; i++)
        best = run->scores[i] > run->scores[best] ? i : best;
    printf("sample %" PRIu32 ": class %d, scores", run->sample++, best);
    for (i = 0; i < SPIKEPLANE_CLASSES; i++)
        printf(" %" PRId64, run->scores[i]);
    printf("\n");
    return 1;
}

static int run_samples(spikeplane_driver *driver, const char *name, long samples, result *run)
{
    FILE *file = fopen(name, "rb");
    int status;
    if (!file) {
        fprintf(stderr, "error: cannot open %s: %s\n", name, strerror(errno));
        return 1;
    }
    status = spikeplane_start(driver);
    while (status == SPIKEPLANE_OK && (samples < 0 || run->sample < (uint32_t)samples)) {
        int more = run_sample(driver, file, run);
        if (more == 0)
            break;
        status = more < 0 ? more : SPIKEPLANE_OK;
    }
    fclose(file);
    return status == SPIKEPLANE_OK ? spikeplane_finish(driver) : status;
}

static int usage(void)
{
    fprintf(stderr, "usage: spikeplane_example [-v] [-c] [-b BAUD] [-n SAMPLES] [-w SECONDS] PORT load.bin samples.bin\n"
                    "  -v  print every spike: population, sample, step, channel, row, column, value\n"
                    "  -c  after the load read the memories back, and compare\n"
                    "  -b  rate of the line (default 3000000); the board finds it out by itself\n"
                    "  -w  give up a chip that has not been heard of for so long (default 5)\n");
    return 2;
}

int main(int argc, char **argv)
{
    static spikeplane_driver driver;
    static result run;
    spikeplane_port port = {NULL, port_write, port_read, port_now};
    serial_line line = {-1, 0};
    long baud = 3000000, samples = -1, seconds = 5;
    int option, file, status, check = 0;
    while ((option = getopt(argc, argv, "vcb:n:w:")) != -1)
        switch (option) {
        case 'v': run.verbose = 1; break;
        case 'c': check = 1; break;
        case 'b': baud = atol(optarg); break;
        case 'n': samples = atol(optarg); break;
        case 'w': seconds = atol(optarg); break;
        default: return usage();
        }
    if (argc - optind != 3 || seconds < 1)
        return usage();
    line.patience_ms = (int)seconds * 1000;
    file = open_port(argv[optind], baud, &line);
    if (file < 0)
        return 2;
    port.context = &line;
    spikeplane_init(&driver, &port, on_event, &run);
    driver.link.patience = (int)(seconds * SPIKEPLANE_PATIENCE / 5);
    driver.link.alive_ms = driver.link.opening_ms = (uint32_t)seconds * 1000u;
    status = spikeplane_open(&driver);
    if (status == SPIKEPLANE_OTHER_CHIP && driver.digest)
        fprintf(stderr, "error: the program is for chip %s, the device at %s is chip %016" PRIx64
                        "; compile the program for that\n", SPIKEPLANE_DIGEST_TEXT, argv[optind], driver.digest);
    else if (status == SPIKEPLANE_OK && (status = load(&driver, argv[optind + 1], check)) == SPIKEPLANE_OK)
        status = run_samples(&driver, argv[optind + 2], samples, &run);
    if (status == SPIKEPLANE_OTHER_CHIP && !driver.digest)
        fprintf(stderr, "error: the program is for chip %s, the device at %s is another; compile the program for that\n",
                SPIKEPLANE_DIGEST_TEXT, argv[optind]);
    else if (status < 0 && !driver.digest)
        fprintf(stderr, "error: %s: %s\n", argv[optind], spikeplane_message(status));
    else if (status < 0 && status != SPIKEPLANE_OTHER_CHIP)
        fprintf(stderr, "error: %s\n", spikeplane_message(status));
    close(file);
    if (status != SPIKEPLANE_OK)
        return 2;
    printf("%" PRIu32 " samples, %" PRIu64 " spikes, %" PRIu32 " cycles, %" PRIu32 " frames sent again\n", run.sample,
           run.spikes, driver.busy_cycles, driver.link.resent);
    return 0;
}
