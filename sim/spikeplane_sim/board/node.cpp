// One class of a mesh's nodes, the routers or the cores (NODE_CORE): a Verilated model an object. A node that waits rests (rest.h).
#include "Vspikeplane_board_node.h"
#include "Vspikeplane_board_node___024root.h"
#include "Vspikeplane_board_node__Syms.h"
#include "verilated.h"
#include "macros.h"
#include "node.h"
#include "rest.h"

using Root = Vspikeplane_board_node___024root;

// Verilator's evaluation without what surrounds it at every call (messages, initial blocks).
extern void Vspikeplane_board_node___024root___eval(Root *root);

struct Simulated : Node {
  VerilatedContext context;
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
  rise(simulated);
  node->rests = simulated->rest.look(simulated->ranges, simulated->state(), node->moved);
  node->since = cycles + 1;
  node->moved = false;
}
}
