// One class of a mesh's nodes, the routers or the cores (NODE_CORE): a Verilated model an object. A node that waits rests (rest.h).
#include "Vspikeplane_board_node.h"
#include "Vspikeplane_board_node___024root.h"
#include "Vspikeplane_board_node__Syms.h"
#include "verilated.h"
#include "macros.h"
#include "node.h"
#include "rest.h"
#ifdef WAVES
#include "waves.h"
#endif

using Root = Vspikeplane_board_node___024root;

// Verilator's evaluation without what surrounds it at every call (messages, initial blocks).
extern void Vspikeplane_board_node___024root___eval(Root *root);

struct Simulated : Node {
  VerilatedContext context;
#ifdef WAVES
  const bool traced = (context.traceEverOn(true), true);  // before there is a model
  Written written;
#endif
  Vspikeplane_board_node model{&context};
  Rest rest;
  std::vector<Range> ranges;
  const char *state() const { return reinterpret_cast<const char *>(model.rootp->vlSymsp); }
};

// The clock rises. The model is told that it was low: an evaluation for its falling would change nothing.
static inline void rise(Simulated *node) {
  node->model.rootp->__Vtrigprevexpr___TOP__clk__0 = 0;
  node->model.clk = 1;
  Vspikeplane_board_node___024root___eval(node->model.rootp);
}

#ifdef WAVES
// A cycle that is looked at: what passes is kept, and what is seen while the clock is low is written.
static void watched(Simulated *node, uint64_t cycle) {
  auto &model = node->model;
#ifdef NODE_CORE
  const std::string name = "core_";
  const auto &out = node->out[LOCAL];
  note(cycle, model.x, model.y, OUT_OF_CORE, out.valid, out.ready, out.payload, sizeof model.o_local_payload);
#else
  const std::string name = "router_";
  if (model.x == 0 && model.y == 0) {  // where the host is
    const auto &in = node->in[WEST], &out = node->out[WEST];
    note(cycle, 0, 0, FROM_HOST, in.valid, in.ready, in.payload, sizeof model.i_west_payload);
    note(cycle, 0, 0, TO_HOST, out.valid, out.ready, out.payload, sizeof model.o_west_payload);
  }
#endif
  if (!waves.inside(cycle)) return;
  model.clk = 0;
  model.eval();
  node->written.write(model, cycle, name + std::to_string(model.x) + "_" + std::to_string(model.y));
}
#endif

extern "C" {
Node *node_open(uint32_t x, uint32_t y) {
  auto *node = new Simulated();
  auto &model = node->model;
#define SIDE(number, side) \
  node->in[number] = {&model.i_##side##_valid, &model.i_##side##_ready, &model.i_##side##_payload}; \
  node->out[number] = {&model.o_##side##_valid, &model.o_##side##_ready, &model.o_##side##_payload};
#ifndef NODE_CORE
  SIDE(NORTH, north) SIDE(EAST, east) SIDE(SOUTH, south) SIDE(WEST, west)
#endif
  SIDE(LOCAL, local)
  for (auto &stream : node->in)
    if (stream.valid) *stream.valid = 0;
  for (auto &stream : node->out)
    if (stream.ready) *stream.ready = 1;  // what leaves the mesh is taken
  model.x = x;
  model.y = y;
  model.rst = 1;
  model.clk = 0;
  model.eval();
  node->ranges = compared(node->context, node->state(), sizeof(Vspikeplane_board_node__Syms));
  return node;
}

void node_close(Node *node) {
  auto *simulated = static_cast<Simulated *>(node);
#ifdef WAVES
  simulated->written.close();
#endif
  Verilated::threadContextp(&simulated->context);  // scopes are taken out of it: the last one made may be gone
  simulated->model.final();
  delete simulated;
}

void node_wake(Node *node, uint64_t cycles) {
  for (uint64_t i = (cycles - node->since) % PERIOD; i; i--) rise(static_cast<Simulated *>(node));
  node->rests = false;
}

void node_clock(Node *node, uint64_t cycles, uint32_t reset) {
  auto *simulated = static_cast<Simulated *>(node);
  simulated->model.rst = reset;
#ifdef WAVES
  watched(simulated, cycles);
  rise(simulated);  // and it never rests
#else
  rise(simulated);
  node->rests = simulated->rest.look(simulated->ranges, simulated->state(), node->moved);
#endif
  node->since = cycles + 1;
  node->moved = false;
}
}
