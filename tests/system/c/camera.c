/* A test of the camera beside the example, whose port it takes: camera.c PORT load.bin. "ready" asks for the sensor's planes,
 * the next of them when one has come whole; a line on stdin says that they are on their way. Then a line for each image, raw plane and spike that came; the last one is
 * "done". */
#define main example_main
#include "main.c"
#undef main

#include "spikeplane_camera.h"

static const spikeplane_region crop = {CROP};
static uint16_t image[SPIKEPLANE_CAMERA_WIDTH * SPIKEPLANE_CAMERA_HEIGHT], plane[SPIKEPLANE_CAMERA_WIDTH * SPIKEPLANE_CAMERA_HEIGHT];
static long sizes[SPIKEPLANE_CAMERA_STREAMS];

static void expect(const char *what, int found, int wanted)
{
    if (found != wanted) {
        printf("%s: %d (%s), not %d\n", what, found, spikeplane_message(found), wanted);
        exit(1);
    }
}

static void on_picture(void *context, int stream, uint32_t number, const uint16_t *pixels)
{
    long i;
    (void)context;
    printf("picture %d %" PRIu32, stream, number);
    for (i = 0; i < sizes[stream]; i++)
        printf(" %u", (unsigned)pixels[i]);
    printf("\n");
}

static void ready(void)
{
    printf("ready\n");
    if (getchar() == EOF)
        exit(1);
}

static void take(spikeplane_camera *camera, int stream, uint32_t every, const spikeplane_region *region)
{
    sizes[stream] = region ? (long)(region->x1 - region->x0 + 1) * (region->y1 - region->y0 + 1)
                           : (long)SPIKEPLANE_CAMERA_WIDTH * SPIKEPLANE_CAMERA_HEIGHT;
    expect("take", spikeplane_camera_take(camera, stream, every, region, stream ? plane : image), SPIKEPLANE_OK);
}

static uint32_t ask(spikeplane_camera *camera, int item, int stream)
{
    uint32_t value;
    expect("query", spikeplane_camera_query(camera, item, stream, &value), SPIKEPLANE_OK);
    return value;
}

/* What is refused without a word to the chip. */
static void refused(spikeplane_camera *camera)
{
    spikeplane_region out = crop, empty = crop, other = crop;
    out.x1 = SPIKEPLANE_CAMERA_WIDTH;
    empty.y1 = empty.y0 - 1;
    other.x1--;
    expect("outside", spikeplane_camera_take(camera, 0, 1, &out, image), SPIKEPLANE_NO_REGION);
    expect("empty", spikeplane_camera_take(camera, 1, 1, &empty, image), SPIKEPLANE_NO_REGION);
    expect("stream", spikeplane_camera_take(camera, SPIKEPLANE_CAMERA_STREAM_FEED, 1, NULL, image), SPIKEPLANE_OUT_OF_RANGE);
    expect("every", spikeplane_camera_take(camera, 0, 1u << 24, NULL, image), SPIKEPLANE_OUT_OF_RANGE);
    expect("trigger", spikeplane_camera_trigger(camera, -1), SPIKEPLANE_OUT_OF_RANGE);
    expect("wait", spikeplane_camera_wait(camera, 2, 1), SPIKEPLANE_OUT_OF_RANGE);
    expect("no samples", spikeplane_camera_feed(camera, 0, 1, &crop), SPIKEPLANE_OUT_OF_RANGE);
    expect("another size", spikeplane_camera_feed(camera, 1, 1, &other), SPIKEPLANE_NO_REGION);
}

int main(int argc, char **argv)
{
    static spikeplane_driver driver;
    static spikeplane_camera camera;
    static result run;
    serial_line line = {-1, 120000};
    spikeplane_port port = {&line, port_write, port_read, port_now};
    (void)argc;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    open_port(argv[1], 3000000, &line);
    run.verbose = 1;
    spikeplane_init(&driver, &port, on_event, &run);
    spikeplane_camera_init(&camera, &driver, on_picture, NULL);
    driver.link.patience = 24 * SPIKEPLANE_PATIENCE;
    driver.link.alive_ms = driver.link.opening_ms = 120000u;
    expect("open", spikeplane_open(&driver), SPIKEPLANE_OK);
    expect("load", load(&driver, argv[2], 0), SPIKEPLANE_OK);
    refused(&camera);

    /* every second image of the region, and all planes, whole */
    expect("restart", spikeplane_camera_restart(&camera), SPIKEPLANE_OK);
    take(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 2, &crop);
    take(&camera, SPIKEPLANE_CAMERA_STREAM_PLANES, 1, NULL);
    ready();
    expect("planes", spikeplane_camera_wait(&camera, SPIKEPLANE_CAMERA_STREAM_PLANES, PLANES), SPIKEPLANE_OK);
    expect("images", spikeplane_camera_wait(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, IMAGES), SPIKEPLANE_OK);
    printf("seen %" PRIu32 " dropped %" PRIu32 " %" PRIu32 "\n", ask(&camera, SPIKEPLANE_CAMERA_ITEM_PLANES, 0),
           ask(&camera, SPIKEPLANE_CAMERA_ITEM_OVERRUNS, SPIKEPLANE_CAMERA_STREAM_IMAGES),
           ask(&camera, SPIKEPLANE_CAMERA_ITEM_OVERRUNS, SPIKEPLANE_CAMERA_STREAM_PLANES));

    /* one whole image on a trigger, no planes */
    expect("restart", spikeplane_camera_restart(&camera), SPIKEPLANE_OK);
    take(&camera, SPIKEPLANE_CAMERA_STREAM_PLANES, 0, NULL);
    take(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 0, NULL);
    expect("trigger", spikeplane_camera_trigger(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES), SPIKEPLANE_OK);
    ready();
    expect("an image", spikeplane_camera_wait(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 1), SPIKEPLANE_OK);
    expect("clear", spikeplane_camera_clear(&camera), SPIKEPLANE_OK);

    /* planes as steps of the program's input, twice */
    for (run.sample = 0; run.sample < 2; run.sample++) {
        printf("feed\n");
        expect("restart", spikeplane_camera_restart(&camera), SPIKEPLANE_OK);
        take(&camera, SPIKEPLANE_CAMERA_STREAM_PLANES, 1, NULL);
        expect("feed", spikeplane_camera_feed(&camera, SAMPLES, 1, &crop), SPIKEPLANE_OK);
        printf("left %" PRIu32 "\n", ask(&camera, SPIKEPLANE_CAMERA_ITEM_SAMPLES_LEFT, 0));
        ready();
        expect("steps", spikeplane_finish_sample(&driver), SPIKEPLANE_OK);
        expect("finish", spikeplane_finish(&driver), SPIKEPLANE_OK);
        printf("left %" PRIu32 " dropped %" PRIu32 "\n", ask(&camera, SPIKEPLANE_CAMERA_ITEM_SAMPLES_LEFT, 0),
               ask(&camera, SPIKEPLANE_CAMERA_ITEM_OVERRUNS, SPIKEPLANE_CAMERA_STREAM_FEED));
    }

    /* a camera that shows nothing */
    take(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 1, &crop);
    driver.link.patience = 3;
    expect("dark", spikeplane_camera_wait(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 1), SPIKEPLANE_NO_ANSWER);
    printf("done\n");
    close(line.file);
    return 0;
}
