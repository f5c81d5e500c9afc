/* A chip that runs one program; see spikeplane_driver.h. */
#include "spikeplane_internal.h"

#include <string.h>

#define MARK 100u   /* broken frames, more than a noisy line makes: only a reset wipes them out */
#define MARKINGS 10
#define ROUNDS 1000 /* of asking a stopped chip whether it rests */
#define PARITIES 2

/* ---- What comes ---- */

static void take_flow(spikeplane_driver *driver, const uint8_t *packet, int is_token)
{
    uint32_t tag = GET(packet, TOKEN_TAG);
    int probe, part;
    spikeplane_event event;
    memset(&event, 0, sizeof event);
    for (probe = 0; probe < SPIKEPLANE_PROBES && spikeplane_probes[probe].tag != tag; probe++)
        ;
    if (probe == SPIKEPLANE_PROBES || !driver->running) {
        driver->strange |= driver->running;
        return;
    }
    event.probe = probe;
    event.kind = is_token ? SPIKEPLANE_EVENT_END : SPIKEPLANE_EVENT_SPIKES;
    event.group = is_token ? 0 : (int)GET(packet, SPIKE_GROUP);
    for (part = spikeplane_probes[probe].first_part; part < spikeplane_probes[probe].end_part; part++) {
        const spikeplane_part *one = &spikeplane_parts[part];
        int mine = is_token ? one->x == GET(packet, TOKEN_SOURCE_X) && one->y == GET(packet, TOKEN_SOURCE_Y)
                            : event.group >= one->first_group && event.group < one->first_group + one->groups;
        if (mine)
            break;
    }
    if (part == spikeplane_probes[probe].end_part)
        return;
    event.step = driver->tokens[part];
    driver->furthest = event.step > driver->furthest ? event.step : driver->furthest;
    if (is_token) {
        driver->tokens[part]++;
    } else {
        event.y = (int)GET(packet, SPIKE_Y);
        event.x = (int)GET(packet, SPIKE_X);
        event.shift = (int)GET(packet, SPIKE_SHIFT);
        event.negate = (int)GET(packet, SPIKE_NEGATE);
        event.mask = GET(packet, SPIKE_MASK);
    }
    driver->on_event(driver->context, &event);
}

static void take_packet(void *context, const uint8_t *packet)
{
    spikeplane_driver *driver = context;
    uint32_t kind = GET(packet, HEADER_KIND);
    if (kind == SPIKEPLANE_KIND_SPIKE || kind == SPIKEPLANE_KIND_TOKEN) {
        take_flow(driver, packet, kind == SPIKEPLANE_KIND_TOKEN);
    } else if (kind == SPIKEPLANE_KIND_REPLY && (int)GET(packet, REPLY_COUNTER) == driver->asked) {
        driver->reply = GET(packet, REPLY_VALUE);
        driver->answered = 1;
    } else if (kind == SPIKEPLANE_KIND_WORDS) {
        spikeplane_take_words(driver, packet);
    } else if (kind == SPIKEPLANE_KIND_IMAGE && driver->on_image) {
        driver->on_image(driver->images, packet);
    }
}

/* ---- Open, load, start ---- */

void spikeplane_init(spikeplane_driver *driver, const spikeplane_port *port, spikeplane_on_event on_event, void *context)
{
    memset(driver, 0, sizeof *driver);
    spikeplane_link_init(&driver->link, port, take_packet, driver);
    driver->on_event = on_event;
    driver->context = context;
    driver->asked = -1;
    driver->at_rest = 1;
}

int spikeplane_open(spikeplane_driver *driver)
{
    uint32_t identity, low, high;
    int status;
    TRY(spikeplane_link_open(&driver->link));
    status = spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_IDENTITY, &identity);
    if (status == SPIKEPLANE_NO_ANSWER && driver->link.taken)
        return SPIKEPLANE_OTHER_CHIP; /* it takes frames, but its packets have other fields */
    TRY(status);
    if (identity != SPIKEPLANE_IDENTITY)
        return SPIKEPLANE_OTHER_CHIP;
    TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_DIGEST_HIGH, &high));
    TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_DIGEST_LOW, &low));
    driver->digest = (uint64_t)high << 32 | low;
    return driver->digest == SPIKEPLANE_DIGEST ? SPIKEPLANE_OK : SPIKEPLANE_OTHER_CHIP;
}

/* The driver's mark is at the chip until that is reset. */
static int check_mark(spikeplane_driver *driver)
{
    uint32_t errors;
    TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_LINK_ERRORS, &errors));
    return errors < MARK ? SPIKEPLANE_WAS_RESET : SPIKEPLANE_OK;
}

int spikeplane_stop(spikeplane_driver *driver)
{
    driver->running = 0;
    TRY(spikeplane_control_all(driver, SPIKEPLANE_CONTROL_STOP));
    TRY(spikeplane_control(driver, SPIKEPLANE_CONTROL_STOP, 0, NULL));
    return spikeplane_link_push(&driver->link);
}

int spikeplane_load_begin(spikeplane_driver *driver)
{
    uint32_t errors;
    int round;
    for (round = 0; round < MARKINGS; round++) { /* a noisy line makes one frame of two */
        TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_LINK_ERRORS, &errors));
        if (errors >= MARK)
            break;
        TRY(spikeplane_link_break(&driver->link, (int)(MARK - errors)));
    }
    return spikeplane_stop(driver);
}

int spikeplane_load(spikeplane_driver *driver, const uint8_t *packets, size_t bytes)
{
    size_t at;
    for (at = 0; at + SPIKEPLANE_PACKET_BYTES <= bytes; at += SPIKEPLANE_PACKET_BYTES)
        TRY(spikeplane_put(&driver->link, packets + at));
    return SPIKEPLANE_OK;
}

int spikeplane_load_end(spikeplane_driver *driver)
{
    TRY(spikeplane_control(driver, SPIKEPLANE_CONTROL_CREDITS, SPIKEPLANE_CREDITS, NULL));
    TRY(spikeplane_link_flush(&driver->link));
    driver->at_rest = 1;
    return check_mark(driver);
}

/* Waits until nothing of a run that was cut is on its way: a stopped core ends its sweep. */
static int drain(spikeplane_driver *driver)
{
    static const int counters[] = {SPIKEPLANE_COUNTER_OPERATIONS, SPIKEPLANE_COUNTER_SWEEPS, SPIKEPLANE_COUNTER_PACKETS};
    uint32_t before[SPIKEPLANE_CORES][3], since = 0, cycles, value;
    int round, core, i;
    memset(before, 0xff, sizeof before);
    for (round = 0; round < ROUNDS; round++) {
        int changed = 0;
        for (core = 0; core < SPIKEPLANE_CORES; core++)
            for (i = 0; i < 3; i++) {
                TRY(spikeplane_ask(driver, counters[i], &spikeplane_cores[core], &value));
                changed |= value != before[core][i];
                before[core][i] = value;
            }
        TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_CHIP_CYCLES, &cycles));
        if (changed || round == 0)
            since = cycles;
        else if (cycles - since > SPIKEPLANE_LONGEST_SWEEP)
            return SPIKEPLANE_OK;
    }
    return SPIKEPLANE_NO_REST;
}

int spikeplane_start(spikeplane_driver *driver)
{
    driver->running = 0;
    TRY(spikeplane_control_all(driver, SPIKEPLANE_CONTROL_STOP));
    if (!driver->at_rest) {
        TRY(drain(driver));
        TRY(spikeplane_control_all(driver, SPIKEPLANE_CONTROL_STOP)); /* and what came behind the first one is forgotten */
    }
    driver->at_rest = 0;
    TRY(spikeplane_load(driver, spikeplane_schedule, sizeof spikeplane_schedule));
    TRY(spikeplane_control(driver, SPIKEPLANE_CONTROL_CREDITS, SPIKEPLANE_CREDITS, NULL));
    TRY(spikeplane_control_all(driver, SPIKEPLANE_CONTROL_START));
    memset(driver->tokens, 0, sizeof driver->tokens);
    driver->step = 0;
    driver->furthest = 0;
    driver->strange = 0;
    driver->running = 1;
    return spikeplane_link_push(&driver->link);
}

/* ---- A step ---- */

static int check_range(const spikeplane_input *input, const int16_t *values)
{
    long count = (long)input->channels * input->height * input->width, i;
    for (i = 0; i < count; i++)
        if (values[i] < input->least || values[i] > input->most)
            return SPIKEPLANE_OUT_OF_RANGE;
    return SPIKEPLANE_OK;
}

/* The channels of one group and pixel whose magnitude, of the sign asked for, has the bit. */
static uint32_t mask_of(const spikeplane_input *input, const int16_t *values, int group, int pixel, int bit, int negate)
{
    int pixels = input->height * input->width, lane;
    uint32_t mask = 0;
    for (lane = 0; lane < SPIKEPLANE_LANES && group * SPIKEPLANE_LANES + lane < input->channels; lane++) {
        long value = values ? values[(long)(group * SPIKEPLANE_LANES + lane) * pixels + pixel] : 1;
        value = negate ? -value : value;
        if (value > 0 && value >> bit & 1)
            mask |= (uint32_t)1 << lane;
    }
    return mask;
}

/* The spikes of one sign and bit, on one route. */
static int send_plane(spikeplane_driver *driver, const spikeplane_input *input, const int16_t *values,
                      const spikeplane_route *route, uint32_t parity, int bit, int negate)
{
    int groups = (input->channels + SPIKEPLANE_LANES - 1) / SPIKEPLANE_LANES, group, y, x;
    uint8_t packet[SPIKEPLANE_PACKET_BYTES];
    for (group = 0; group < groups; group++)
        for (y = 0; y < input->height; y++)
            for (x = 0; x < input->width; x++) {
                uint32_t mask = mask_of(input, values, group, y * input->width + x, bit, negate);
                if (!mask)
                    continue;
                spikeplane_begin(packet, SPIKEPLANE_KIND_SPIKE);
                spikeplane_aim(packet, &route->rect);
                SET(packet, SPIKE_TAG, route->tag);
                SET(packet, SPIKE_PARITY, parity);
                SET(packet, SPIKE_NEGATE, (uint32_t)negate);
                SET(packet, SPIKE_SHIFT, (uint32_t)bit);
                SET(packet, SPIKE_GROUP, (uint32_t)group);
                SET(packet, SPIKE_X, (uint32_t)x);
                SET(packet, SPIKE_Y, (uint32_t)y);
                SET(packet, SPIKE_MASK, mask);
                TRY(spikeplane_put(&driver->link, packet));
            }
    return SPIKEPLANE_OK;
}

/* An input's spikes of a step; into a population that holds its current those of a sample's first step only, in the bank of
 * the sample. */
static int send_input(spikeplane_driver *driver, const spikeplane_input *input, const int16_t *values)
{
    uint32_t sample = driver->step / SPIKEPLANE_STEPS, step = driver->step % SPIKEPLANE_STEPS;
    int i, bit, negate;
    for (i = input->first_route; i < input->end_route; i++) {
        const spikeplane_route *route = &spikeplane_routes[i];
        uint32_t parity = (route->held ? sample : driver->step) % PARITIES;
        if (route->held && step > 0)
            continue;
        for (negate = 0; negate <= (input->least < 0); negate++)
            for (bit = 0; bit < input->bits; bit++)
                TRY(send_plane(driver, input, values, route, parity, bit, negate));
    }
    return SPIKEPLANE_OK;
}

static int send_token(spikeplane_driver *driver, const spikeplane_route *route)
{
    uint8_t packet[SPIKEPLANE_PACKET_BYTES];
    spikeplane_begin(packet, SPIKEPLANE_KIND_TOKEN);
    spikeplane_aim(packet, &route->rect);
    SET(packet, TOKEN_TAG, route->tag);
    SET(packet, TOKEN_PARITY, driver->step % PARITIES);
    SET(packet, TOKEN_LAST, driver->step % SPIKEPLANE_STEPS == SPIKEPLANE_STEPS - 1);
    return spikeplane_put(&driver->link, packet);
}

int spikeplane_send_step(spikeplane_driver *driver, const int16_t *const planes[SPIKEPLANE_INPUTS])
{
    int i;
    for (i = 0; i < SPIKEPLANE_INPUTS; i++)
        TRY(check_range(&spikeplane_inputs[i], planes[i]));
    TRY(spikeplane_control(driver, SPIKEPLANE_CONTROL_BARRIER, driver->step % PARITIES, NULL));
    for (i = 0; i < SPIKEPLANE_SENDERS; i++)
        TRY(send_input(driver, &spikeplane_inputs[i], i < SPIKEPLANE_INPUTS ? planes[i] : NULL));
    for (i = 0; i < SPIKEPLANE_ROUTES; i++)
        TRY(send_token(driver, &spikeplane_routes[i]));
    driver->step++;
    return spikeplane_link_push(&driver->link);
}

/* ---- The end ---- */

static uint32_t complete(const spikeplane_driver *driver)
{
    uint32_t least = driver->tokens[0];
    int part;
    for (part = 1; part < SPIKEPLANE_PARTS; part++)
        least = driver->tokens[part] < least ? driver->tokens[part] : least;
    return least;
}

int spikeplane_finish_sample(spikeplane_driver *driver)
{
    int idle = 0;
    while (complete(driver) < driver->step) {
        uint32_t before = driver->link.packets;
        TRY(spikeplane_link_wait(&driver->link));
        idle = driver->link.packets != before ? 0 : idle + 1;
        if (idle > driver->link.patience)
            return SPIKEPLANE_STOPPED;
    }
    return SPIKEPLANE_OK;
}

int spikeplane_finish(spikeplane_driver *driver)
{
    uint32_t flags, started, ended;
    int core;
    TRY(spikeplane_finish_sample(driver));
    for (core = 0; core < SPIKEPLANE_CORES; core++) { /* an answer comes behind everything that the core has sent */
        TRY(spikeplane_ask(driver, SPIKEPLANE_COUNTER_FLAGS, &spikeplane_cores[core], &flags));
        if (flags >> SPIKEPLANE_FLAGS_NO_PROJECTION_AT & 1u)
            return SPIKEPLANE_NO_PROJECTION;
    }
    if (driver->strange || (driver->step > 0 && driver->furthest >= driver->step))
        return SPIKEPLANE_TOO_MUCH;
    TRY(check_mark(driver));
    TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_RUN_STARTED, &started));
    TRY(spikeplane_query_bridge(driver, SPIKEPLANE_COUNTER_RUN_ENDED, &ended));
    driver->busy_cycles = ended - started;
    driver->at_rest = 1;
    return SPIKEPLANE_OK;
}
