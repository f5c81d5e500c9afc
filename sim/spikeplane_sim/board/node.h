// A node of a simulated board's mesh, a router or a core, as mesh.h wires it. Both classes are libraries of their own (node.cpp).
#pragma once
#include <cstdint>

enum Side { NORTH, EAST, SOUTH, WEST, LOCAL, SIDES };  // of a core: LOCAL alone

struct Stream {  // one packet stream at an edge; null: there is none
  uint8_t *valid, *ready;
  void *payload;
};

struct NodeCalls;

struct Node {
  const NodeCalls *calls = nullptr;  // of its class
  Stream in[SIDES], out[SIDES];
  bool rests = false, moved = false;  // moved: something changed at an edge in this cycle
  uint64_t since = 0;                 // the cycle from which it rests
};

struct NodeCalls {  // the functions of a class of nodes
  Node *(*open)(uint32_t x, uint32_t y);
  void (*close)(Node *node);
  void (*wake)(Node *node, uint64_t cycles);                   // it does not rest any more: so many cycles have passed
  void (*clock)(Node *node, uint64_t cycles, uint32_t reset);  // its clock rises
};
