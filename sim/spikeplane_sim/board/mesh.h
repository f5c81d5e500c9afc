// The mesh of a simulated board: a router and a core for every tile, and wires between them. All that leaves a node comes from registers (a
// test holds the gateware to that), so what enters can be copied for all nodes first, and their clock then rises in any order.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>
#include "node.h"

struct MeshParts {  // the two classes of nodes, and how many tiles there are
  NodeCalls router, core;
  uint32_t rows, cols;
};

// `Payload`: a packet, as the simulator holds it.
template <class Payload> class Mesh {
  struct Wire {
    Node *source, *sink;  
    Stream from, to;
  };

  MeshParts parts;
  std::vector<Node *> nodes;
  std::vector<Wire> wires;
  uint64_t cycles = 0;
  uint32_t reset = 1;

  Node *placed(const NodeCalls &calls, uint32_t x, uint32_t y) {
    Node *node = calls.open(x, y);
    node->calls = &calls;
    nodes.push_back(node);
    return node;
  }

  void wire(Node *source, Side out, Node *sink, Side in) {
    wires.push_back({source, sink, source->out[out], sink->in[in]});
  }

  // Something is about to change at an edge of the node.
  void move(Node *node) {
    if (!node) return;
    node->moved = true;
    if (node->rests) node->calls->wake(node, cycles);
  }

 public:
  // What the host's side puts at the west of tile (0, 0), and what it sees there.
  uint8_t in_valid = 0, out_ready = 1;
  Payload in{};
  Stream in_seen, out_seen;

  explicit Mesh(const MeshParts &given) : parts(given) {
    const uint32_t cols = parts.cols, count = parts.rows * cols;
    std::vector<Node *> routers;
    for (uint32_t i = 0; i < count; i++) {
      Node *router = placed(parts.router, i % cols, i / cols), *core = placed(parts.core, i % cols, i / cols);
      wire(router, LOCAL, core, LOCAL);
      wire(core, LOCAL, router, LOCAL);
      routers.push_back(router);
    }
    for (uint32_t i = 0; i < count; i++) {
      if (i >= cols) wire(routers[i], NORTH, routers[i - cols], SOUTH);
      if (i % cols + 1 < cols) wire(routers[i], EAST, routers[i + 1], WEST);
      if (i + cols < count) wire(routers[i], SOUTH, routers[i + cols], NORTH);
      if (i % cols) wire(routers[i], WEST, routers[i - 1], EAST);
    }
    in_seen = routers[0]->in[WEST];
    out_seen = routers[0]->out[WEST];
  }

  Mesh(const Mesh &) = delete;
  Mesh &operator=(const Mesh &) = delete;
  ~Mesh() {
    for (Node *node : nodes) node->calls->close(node);
  }

  // One rising edge, with what the host's side puts there.
  void clock(uint32_t rst) {
    if (*in_seen.valid != in_valid || *out_seen.ready != out_ready || std::memcmp(in_seen.payload, &in, sizeof in)) {
      move(nodes[0]);
      *in_seen.valid = in_valid;
      *out_seen.ready = out_ready;
      std::memcpy(in_seen.payload, &in, sizeof in);
    }
    for (auto &[source, sink, from, to] : wires) {
      const bool same = *to.valid == *from.valid && *from.ready == *to.ready;
      if (same && !std::memcmp(to.payload, from.payload, sizeof(Payload))) continue;
      move(source);
      move(sink);
      *to.valid = *from.valid;
      std::memcpy(to.payload, from.payload, sizeof(Payload));
      *from.ready = *to.ready;
    }
    if (rst != reset)
      for (Node *node : nodes) move(node);
    reset = rst;
    for (Node *node : nodes)
      if (!node->rests) node->calls->clock(node, cycles, rst);
    cycles++;
  }
};
