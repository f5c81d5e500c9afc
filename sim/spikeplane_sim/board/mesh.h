// What the host's side of a simulated board and its mesh say to each other in a cycle. They are libraries of their own.
#pragma once
#include <cstdint>

struct Edge {
  uint8_t in_valid, in_ready, out_valid, out_ready;
  alignas(8) uint8_t in[64], out[64];  // packets, as the simulator holds them
};

struct MeshCalls {  // mesh.cpp's, and the mesh that they are called with
  void *mesh;
  void (*look)(void *mesh, Edge *edge);
  void (*clock)(void *mesh, const Edge *edge, uint32_t reset);
};
