/* The camera of a chip: images and raw planes of a region to the host, planes as steps of the program's input. For the
 * driver of spikeplane_driver.h; no allocation, pixels go to memory of the caller.
 *
 *     spikeplane_init, spikeplane_camera_init, spikeplane_open
 *     spikeplane_camera_take(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 10, &region, pixels)
 *     spikeplane_camera_wait(&camera, SPIKEPLANE_CAMERA_STREAM_IMAGES, 8)
 *
 * An image comes whole or not at all; the chip counts those that it had to drop. Statuses as those of the driver. */
#ifndef SPIKEPLANE_CAMERA_H
#define SPIKEPLANE_CAMERA_H

#include "spikeplane_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SPIKEPLANE_CAMERA_STREAMS 2 /* that come to the host: SPIKEPLANE_CAMERA_STREAM_IMAGES and _PLANES */

/* Pixels x0..x1 and y0..y1, ends included, y downwards. */
typedef struct {
    int x0, y0, x1, y1;
} spikeplane_region;

/* An image is complete: `number` is its plane's since the last restart, `pixels` where spikeplane_camera_take was told,
 * row by row of the region. Called while functions of driver and camera run; it must not call them. The next image of the
 * stream is written to the same memory. */
typedef void (*spikeplane_on_picture)(void *context, int stream, uint32_t number, const uint16_t *pixels);

/* An image on its way: the camera's own. */
typedef struct {
    spikeplane_region region;
    uint16_t *pixels;
    uint32_t number, done;
    uint64_t bits;
    int word, chunk, pixel, held, sound;
} spikeplane_picture;

typedef struct {
    spikeplane_driver *driver;
    spikeplane_on_picture on_picture;
    void *context;
    spikeplane_picture pictures[SPIKEPLANE_CAMERA_STREAMS]; /* by stream; `done`: images that came since its take */
} spikeplane_camera;

/* Behind spikeplane_init of the driver. */
void spikeplane_camera_init(spikeplane_camera *camera, spikeplane_driver *driver, spikeplane_on_picture on_picture,
                            void *context);

/* Takes every n-th image, or raw plane, of a region (NULL: all of it) from the next one on; 1: all, 0: on a trigger only.
 * `pixels`: memory for the region's pixels. SPIKEPLANE_NO_REGION if it is not inside the image or the chip does not hold
 * it, SPIKEPLANE_OUT_OF_RANGE for another stream or 2^SPIKEPLANE_CAMERA_EVERY_BITS and more. */
int spikeplane_camera_take(spikeplane_camera *camera, int stream, uint32_t every, const spikeplane_region *region,
                           uint16_t *pixels);

/* Takes the next image, or raw plane, that begins, once. */
int spikeplane_camera_trigger(spikeplane_camera *camera, int stream);

/* The next word of the sensor is the first of plane 0; what the chip held is forgotten. */
int spikeplane_camera_restart(spikeplane_camera *camera);

/* Waits until so many images of a stream have come since its spikeplane_camera_take. SPIKEPLANE_NO_ANSWER when no more come. */
int spikeplane_camera_wait(spikeplane_camera *camera, int stream, uint32_t images);

/* An item (SPIKEPLANE_CAMERA_ITEM_...): images that a stream has dropped, planes since the restart, samples left. */
int spikeplane_camera_query(spikeplane_camera *camera, int item, int stream, uint32_t *value);

/* Counts what is dropped from 0 again. */
int spikeplane_camera_clear(spikeplane_camera *camera);

/* Starts the program and lets every n-th plane of a region be a step of its input, for so many samples of SPIKEPLANE_STEPS
 * steps; spikeplane_finish_sample then waits for all of them. SPIKEPLANE_NO_REGION where the input is not one channel of the
 * region's size, SPIKEPLANE_NO_FEED where it is not the only one, holds its current, or has too many routes. */
int spikeplane_camera_feed(spikeplane_camera *camera, uint32_t samples, uint32_t every, const spikeplane_region *region);

#ifdef __cplusplus
}
#endif

#endif
