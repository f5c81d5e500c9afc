/* The camera of a chip; see spikeplane_camera.h. */
#include "spikeplane_camera.h"

#include "spikeplane_internal.h"

#include <string.h>

#define REGISTER(name) SPIKEPLANE_CAMERA_REGISTER_##name
#define COMMAND(name) SPIKEPLANE_CAMERA_COMMAND_##name
#define STREAM(name) SPIKEPLANE_CAMERA_STREAM_##name
#define FIELD(field, value) ((uint32_t)(value) << SPIKEPLANE_CAMERA_##field##_AT)
#define VALUE_BITS SPIKEPLANE_CAMERA_ARGUMENT_VALUE_BITS
#define MOST(bits) (((uint32_t)1 << (bits)) - 1)

static const spikeplane_region whole = {0, 0, SPIKEPLANE_CAMERA_WIDTH - 1, SPIKEPLANE_CAMERA_HEIGHT - 1};

/* ---- Regions ---- */

static int inside(const spikeplane_region *region)
{
    return region->x0 >= 0 && region->x0 <= region->x1 && region->x1 <= whole.x1 && region->y0 >= 0 &&
           region->y0 <= region->y1 && region->y1 <= whole.y1;
}

/* Whether the chip sends a word: it holds a pixel of the region; words longer than a row, wherever they touch a row of it. */
static int kept(const spikeplane_region *region, int word)
{
    long first = (long)word * SPIKEPLANE_CAMERA_PIXELS, at;
    for (at = first; at < first + SPIKEPLANE_CAMERA_PIXELS; at++) {
        int x = (int)(at % SPIKEPLANE_CAMERA_WIDTH), y = (int)(at / SPIKEPLANE_CAMERA_WIDTH);
        int column = SPIKEPLANE_CAMERA_PIXELS > SPIKEPLANE_CAMERA_WIDTH || (x >= region->x0 && x <= region->x1);
        if (column && y >= region->y0 && y <= region->y1)
            return 1;
    }
    return 0;
}

/* The first word from `word` on that the chip sends; SPIKEPLANE_CAMERA_WORDS if there is none. */
static int next_kept(const spikeplane_region *region, int word)
{
    while (word < SPIKEPLANE_CAMERA_WORDS && !kept(region, word))
        word++;
    return word;
}

static uint32_t words_of(const spikeplane_region *region)
{
    uint32_t count = 0;
    int word;
    for (word = 0; word < SPIKEPLANE_CAMERA_WORDS; word++)
        count += (uint32_t)kept(region, word);
    return count;
}

/* ---- What comes ---- */

static int is_none(int stream)
{
    return stream < 0 || stream >= SPIKEPLANE_CAMERA_STREAMS;
}

static int bits_of(int stream)
{
    return stream == STREAM(IMAGES) ? SPIKEPLANE_CAMERA_OUTPUT_BITS : 1;
}

static void put_pixel(spikeplane_picture *picture, uint16_t value)
{
    const spikeplane_region *region = &picture->region;
    long at = (long)picture->word * SPIKEPLANE_CAMERA_PIXELS + picture->pixel++;
    int x = (int)(at % SPIKEPLANE_CAMERA_WIDTH), y = (int)(at / SPIKEPLANE_CAMERA_WIDTH);
    if (x >= region->x0 && x <= region->x1 && y >= region->y0 && y <= region->y1)
        picture->pixels[(long)(y - region->y0) * (region->x1 - region->x0 + 1) + (x - region->x0)] = value;
}

/* A chunk of a word: pixels may lie across two. */
static void take_chunk(spikeplane_picture *picture, int bits, uint32_t data)
{
    int chunks = (SPIKEPLANE_CAMERA_PIXELS * bits + SPIKEPLANE_CHUNK_BITS - 1) / SPIKEPLANE_CHUNK_BITS;
    picture->bits |= (uint64_t)data << picture->held;
    picture->held += SPIKEPLANE_CHUNK_BITS;
    while (picture->held >= bits && picture->pixel < SPIKEPLANE_CAMERA_PIXELS) {
        put_pixel(picture, (uint16_t)(picture->bits & MOST(bits)));
        picture->bits >>= bits;
        picture->held -= bits;
    }
    if (++picture->chunk == chunks) {
        picture->word = next_kept(&picture->region, picture->word + 1);
        picture->chunk = picture->pixel = picture->held = 0;
        picture->bits = 0;
    }
}

static void begin_picture(spikeplane_picture *picture, uint32_t number)
{
    picture->number = number;
    picture->word = next_kept(&picture->region, 0);
    picture->chunk = picture->pixel = picture->held = 0;
    picture->bits = 0;
    picture->sound = picture->pixels != NULL;
}

static void take_image(void *images, const uint8_t *packet)
{
    spikeplane_camera *camera = images;
    int stream = (int)GET(packet, IMAGE_STREAM);
    spikeplane_picture *picture = &camera->pictures[is_none(stream) ? 0 : stream];
    if (is_none(stream))
        return;
    if (GET(packet, IMAGE_FIRST)) {
        begin_picture(picture, GET(packet, IMAGE_DATA));
        return;
    }
    if (!picture->sound || picture->word == SPIKEPLANE_CAMERA_WORDS) {
        picture->sound = 0;
        return;
    }
    take_chunk(picture, bits_of(stream), GET(packet, IMAGE_DATA));
    if (!GET(packet, IMAGE_LAST))
        return;
    picture->sound = 0;
    if (picture->word == SPIKEPLANE_CAMERA_WORDS) { /* another one was broken off, as by a restart */
        picture->done++;
        camera->on_picture(camera->context, stream, picture->number, picture->pixels);
    }
}

/* ---- Registers ---- */

static int write_register(spikeplane_camera *camera, int which, uint32_t value)
{
    uint32_t argument = FIELD(ARGUMENT_VALUE, value) | FIELD(ARGUMENT_REGISTER, which);
    return spikeplane_control(camera->driver, SPIKEPLANE_CAMERA_CONTROL, argument, NULL);
}

/* A value of two registers. */
static int write_wide(spikeplane_camera *camera, int low, uint32_t value)
{
    TRY(write_register(camera, low, value & MOST(VALUE_BITS)));
    return write_register(camera, low + 1, value >> VALUE_BITS);
}

/* A reply comes behind all that was sent before it. */
static int settle(spikeplane_camera *camera)
{
    uint32_t value;
    return spikeplane_query_bridge(camera->driver, SPIKEPLANE_COUNTER_CAMERA, &value);
}

static int command(spikeplane_camera *camera, uint32_t what)
{
    TRY(write_register(camera, REGISTER(COMMAND), what));
    return settle(camera);
}

/* Switches a stream off, sets its region, forgets what it held. */
static int grab(spikeplane_camera *camera, int stream, const spikeplane_region *region, uint32_t words)
{
    TRY(write_register(camera, REGISTER(SELECT), FIELD(SELECT_STREAM, stream)));
    TRY(write_wide(camera, REGISTER(EVERY_LOW), 0));
    TRY(write_register(camera, REGISTER(X0), (uint32_t)region->x0));
    TRY(write_register(camera, REGISTER(X1), (uint32_t)region->x1));
    TRY(write_register(camera, REGISTER(Y0), (uint32_t)region->y0));
    TRY(write_register(camera, REGISTER(Y1), (uint32_t)region->y1));
    TRY(write_wide(camera, REGISTER(WORDS_LOW), words));
    return command(camera, COMMAND(FLUSH));
}

/* ---- What the program calls ---- */

void spikeplane_camera_init(spikeplane_camera *camera, spikeplane_driver *driver, spikeplane_on_picture on_picture,
                            void *context)
{
    memset(camera, 0, sizeof *camera);
    camera->driver = driver;
    camera->on_picture = on_picture;
    camera->context = context;
    driver->on_image = take_image;
    driver->images = camera;
}

int spikeplane_camera_take(spikeplane_camera *camera, int stream, uint32_t every, const spikeplane_region *region,
                           uint16_t *pixels)
{
    spikeplane_picture *picture;
    uint32_t words;
    region = region ? region : &whole;
    if (is_none(stream) || every > MOST(SPIKEPLANE_CAMERA_EVERY_BITS))
        return SPIKEPLANE_OUT_OF_RANGE;
    if (!inside(region))
        return SPIKEPLANE_NO_REGION;
    words = words_of(region);
    if (stream == STREAM(IMAGES) && SPIKEPLANE_CAMERA_DEPTH && words > SPIKEPLANE_CAMERA_DEPTH)
        return SPIKEPLANE_NO_REGION;
    picture = &camera->pictures[stream];
    TRY(grab(camera, stream, region, words));
    memset(picture, 0, sizeof *picture); /* what came until here was of the region before */
    picture->region = *region;
    picture->pixels = pixels;
    TRY(write_register(camera, REGISTER(SELECT), FIELD(SELECT_STREAM, stream)));
    TRY(write_wide(camera, REGISTER(EVERY_LOW), every));
    return settle(camera);
}

int spikeplane_camera_trigger(spikeplane_camera *camera, int stream)
{
    if (is_none(stream))
        return SPIKEPLANE_OUT_OF_RANGE;
    return command(camera, stream == STREAM(IMAGES) ? COMMAND(TRIGGER_IMAGES) : COMMAND(TRIGGER_PLANES));
}

int spikeplane_camera_restart(spikeplane_camera *camera)
{
    int stream;
    TRY(command(camera, COMMAND(RESTART)));
    for (stream = 0; stream < SPIKEPLANE_CAMERA_STREAMS; stream++)
        camera->pictures[stream].sound = 0;
    return SPIKEPLANE_OK;
}

int spikeplane_camera_wait(spikeplane_camera *camera, int stream, uint32_t images)
{
    spikeplane_link *link = &camera->driver->link;
    int idle = 0;
    if (is_none(stream))
        return SPIKEPLANE_OUT_OF_RANGE;
    while (camera->pictures[stream].done < images) {
        uint32_t before = link->packets;
        TRY(spikeplane_link_wait(link));
        idle = link->packets != before ? 0 : idle + 1;
        if (idle > link->patience)
            return SPIKEPLANE_NO_ANSWER;
    }
    return SPIKEPLANE_OK;
}

int spikeplane_camera_query(spikeplane_camera *camera, int item, int stream, uint32_t *value)
{
    TRY(write_register(camera, REGISTER(SELECT), FIELD(SELECT_STREAM, stream) | FIELD(SELECT_ITEM, item)));
    return spikeplane_query_bridge(camera->driver, SPIKEPLANE_COUNTER_CAMERA, value);
}

int spikeplane_camera_clear(spikeplane_camera *camera)
{
    return command(camera, COMMAND(CLEAR));
}

/* Where the input's spikes go. */
static int write_routes(spikeplane_camera *camera, const spikeplane_input *input)
{
    int i;
    for (i = input->first_route; i < input->end_route; i++) {
        const spikeplane_route *route = &spikeplane_routes[i];
        const spikeplane_rect *rect = &route->rect;
        uint32_t place = FIELD(ROUTE_INDEX, i - input->first_route) | FIELD(ROUTE_LAST, i == input->end_route - 1);
        TRY(write_register(camera, REGISTER(ROUTE), FIELD(ROUTE_TAG, route->tag) | place));
        TRY(write_register(camera, REGISTER(RECT), FIELD(RECT_X0, rect->x0) | FIELD(RECT_Y0, rect->y0) |
                                                       FIELD(RECT_X1, rect->x1) | FIELD(RECT_Y1, rect->y1)));
    }
    return SPIKEPLANE_OK;
}

int spikeplane_camera_feed(spikeplane_camera *camera, uint32_t samples, uint32_t every, const spikeplane_region *region)
{
    const spikeplane_input *input = &spikeplane_inputs[0];
    int i;
    region = region ? region : &whole;
    if (samples < 1 || samples > MOST(SPIKEPLANE_CAMERA_EVERY_BITS) || every > MOST(SPIKEPLANE_CAMERA_EVERY_BITS) ||
        SPIKEPLANE_STEPS > MOST(VALUE_BITS) || samples > UINT32_MAX / SPIKEPLANE_STEPS)
        return SPIKEPLANE_OUT_OF_RANGE;
    if (!inside(region) || input->channels != 1 || input->height != region->y1 - region->y0 + 1 ||
        input->width != region->x1 - region->x0 + 1)
        return SPIKEPLANE_NO_REGION;
    if (SPIKEPLANE_SENDERS != 1 || input->end_route - input->first_route > SPIKEPLANE_CAMERA_ROUTES)
        return SPIKEPLANE_NO_FEED;
    for (i = input->first_route; i < input->end_route; i++)
        if (spikeplane_routes[i].held)
            return SPIKEPLANE_NO_FEED;
    TRY(command(camera, COMMAND(STOP_FEED)));
    TRY(spikeplane_start(camera->driver));
    TRY(grab(camera, STREAM(FEED), region, words_of(region)));
    TRY(write_wide(camera, REGISTER(EVERY_LOW), every));
    TRY(write_register(camera, REGISTER(STEPS), SPIKEPLANE_STEPS));
    TRY(write_wide(camera, REGISTER(SAMPLES_LOW), samples));
    TRY(write_routes(camera, input));
    camera->driver->step = samples * SPIKEPLANE_STEPS; /* that the chip sends by itself */
    return command(camera, COMMAND(START_FEED));
}
