// A population's step: the currents of its projections, and its neurons, a few images at a time, so that what is
// between them stays in the cache.
#include "fire.h"
#include "sums.h"

constexpr int64_t CACHE = 192 << 10; //!< bytes of packed sources and currents at a time

//! `binding.py` has the same fields. All are (image, y, x, channel) without gaps.
struct Layer {
    const Source *sources;
    const Fire *fire;         // or null: currents alone
    const int32_t *bias;      // by channel
    const int32_t *others;    // currents to begin with instead of the bias, or null
    int32_t *current;         // where currents go, or come from where there are no sources; null: nowhere
    const int32_t *u;         // or null: 0
    int32_t *after, *sent, *v; // u', what is sent, v or null
    int32_t count, places, channels;
};

static void begin(const Layer &l, int64_t first, int64_t places, int32_t *to) {
    if (l.others)
        std::copy_n(l.others + first * l.channels, places * l.channels, to);
    else
        for (int64_t p = 0; p < places; p++) std::copy_n(l.bias, l.channels, to + p * l.channels);
}

static int64_t plane(const Source &s) { return (int64_t)s.plane_height * s.plane_width * s.channels; }

extern "C" int32_t digit_bits() { return DIGIT; }

extern "C" void run(const Layer *layer, int64_t first, int64_t last) {
    const Layer &l = *layer;
    const int64_t neurons = (int64_t)l.places * l.channels;
    int64_t largest = 0;
    for (int s = 0; s < l.count; s++) largest = std::max(largest, plane(l.sources[s]));
    const int64_t at_once = std::max<int64_t>(1, std::min(last - first, CACHE / (largest + 4 * neurons)));
    thread_local std::vector<uint8_t> packed;
    thread_local std::vector<int32_t> own;
    packed.resize(std::max<size_t>(packed.size(), at_once * largest + 4)); // the last four may begin in the last byte
    if (!l.current) own.resize(std::max<size_t>(own.size(), at_once * neurons));
    for (int64_t image = first; image < last; image += at_once) {
        const int images = std::min(at_once, last - image);
        int32_t *to = l.current ? l.current + image * neurons : own.data();
        if (l.count) begin(l, image * l.places, (int64_t)images * l.places, to);
        for (int i = 0; i < l.count; i++) {
            const Source &s = l.sources[i];
            for (int j = 0; j < images; j++) pack(s, image + j, packed.data() + j * plane(s));
            const auto begun = begins(s, packed.data(), images, l.places);
            s.aligned ? aligned(s, begun, to, l.channels) : dense(s, begun, to, l.channels);
        }
        const int64_t at = image * neurons;
        if (l.fire)
            fire(*l.fire, images * neurons, to, l.u ? l.u + at : nullptr, l.after + at, l.sent + at, l.v ? l.v + at : nullptr);
    }
}
