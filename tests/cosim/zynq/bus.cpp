// A master of AXI4-Lite in the place of the processors: one access at a time, as a core without a cache makes them, with
// pauses at random. The clock runs during accesses only.
#include "bus.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "Vspikeplane_zynq.h"
#include "Vspikeplane_zynq___024root.h"

#define PIN(name) top->rootp->spikeplane_zynq__DOT__processors__DOT__##name
#define KHZ 500 // a slow clock: waits of 50 ms are not long

static std::unique_ptr<VerilatedContext> context;
static std::unique_ptr<Vspikeplane_zynq> top;
static uint64_t cycles;
static long loads, stores, waits;
static uint32_t state = 1;

static bool chance() // of three in four
{
    state = state * 1664525u + 1013904223u;
    return (state >> 16) % 4 != 0;
}

static void half(int clock)
{
    PIN(clk) = clock;
    context->timeInc(1);
    top->eval();
}

// The rising edge; what is set before it is taken by it.
static void cycle()
{
    half(1);
    half(0);
    cycles++;
}

static void start()
{
    context = std::make_unique<VerilatedContext>();
    top = std::make_unique<Vspikeplane_zynq>(context.get());
    PIN(resetn) = 0;
    PIN(m_axi_awvalid) = PIN(m_axi_wvalid) = PIN(m_axi_arvalid) = PIN(m_axi_bready) = PIN(m_axi_rready) = 0;
    half(0);
    for (int i = 0; i < 8; i++)
        cycle();
    PIN(resetn) = 1;
    top->eval();
}

static void fail(const char *what, uint32_t address)
{
    std::printf("bus: %s at 0x%08x\n", what, (unsigned)address);
    std::exit(3);
}

// Cycles that an access may take: a write waits until the chip has taken what was written before.
static void limit(uint64_t begun, uint32_t address)
{
    if (cycles - begun > 100000)
        fail("no answer", address);
}

uint32_t bus_load(const void *, uint32_t address)
{
    if (!top)
        start();
    uint64_t begun = cycles;
    PIN(m_axi_araddr) = address;
    for (bool asked = false, done = false; !done; limit(begun, address)) {
        asked = asked || chance();
        PIN(m_axi_arvalid) = asked;
        top->eval();
        done = asked && PIN(m_axi_arready);
        waits += asked && !done;
        cycle();
    }
    PIN(m_axi_arvalid) = 0;
    for (;; limit(begun, address)) {
        bool ready = chance();
        PIN(m_axi_rready) = ready;
        top->eval();
        bool valid = PIN(m_axi_rvalid);
        uint32_t data = PIN(m_axi_rdata), response = PIN(m_axi_rresp);
        cycle();
        if (ready && valid) {
            PIN(m_axi_rready) = 0;
            top->eval();
            if (response != 0)
                fail("an error of a read", address);
            loads++;
            return data;
        }
    }
}

void bus_store(const void *, uint32_t address, uint32_t word, int strobes)
{
    if (!top)
        start();
    uint64_t begun = cycles;
    bool address_taken = false, data_taken = false, address_asked = false, data_asked = false;
    PIN(m_axi_awaddr) = address;
    PIN(m_axi_wdata) = strobes == 15 ? word : word | 0xa5a5a500u; // lanes that are not written carry anything
    PIN(m_axi_wstrb) = strobes;
    while (!address_taken || !data_taken) {
        address_asked = address_asked || chance();
        data_asked = data_asked || chance();
        PIN(m_axi_awvalid) = address_asked && !address_taken;
        PIN(m_axi_wvalid) = data_asked && !data_taken;
        top->eval();
        bool address_ready = PIN(m_axi_awvalid) && PIN(m_axi_awready), data_ready = PIN(m_axi_wvalid) && PIN(m_axi_wready);
        cycle();
        waits += address_asked && data_asked && !address_ready;
        address_taken |= address_ready;
        data_taken |= data_ready;
        limit(begun, address);
    }
    PIN(m_axi_awvalid) = PIN(m_axi_wvalid) = 0;
    for (;; limit(begun, address)) {
        bool ready = chance();
        PIN(m_axi_bready) = ready;
        top->eval();
        bool valid = PIN(m_axi_bvalid);
        uint32_t response = PIN(m_axi_bresp);
        cycle();
        if (ready && valid) {
            PIN(m_axi_bready) = 0;
            top->eval();
            if (response != 0)
                fail("an error of a write", address);
            stores++;
            return;
        }
    }
}

uint32_t bus_now(void)
{
    return (uint32_t)(cycles / KHZ);
}

int bus_interrupt(void)
{
    for (int i = 0; i < 2000; i++)
        cycle();
    return PIN(irq);
}

void bus_count(long *l, long *s, long *w)
{
    *l = loads, *s = stores, *w = waits;
}
