// The mesh of a simulated board: one object a tile, and wires between them. All that leaves a tile comes from registers (a test holds the
// gateware to that), so what enters can be copied for all tiles first, and their clock then rises in any order.
#include <cstring>
#include <memory>
#include <vector>
#include "Vspikeplane_board_tile.h"
#include "Vspikeplane_board_tile___024root.h"
#include "verilated.h"
#include "mesh.h"

using Model = Vspikeplane_board_tile;
using Root = Vspikeplane_board_tile___024root;
using Payload = std::remove_reference_t<decltype(Model::i_north_payload)>;

// Verilator's evaluation without what surrounds it at every call (messages, initial blocks): 1.1 times as fast.
extern void Vspikeplane_board_tile___024root___eval(Root *root);

struct Stream {  // one packet stream at a tile's edge
  CData *valid, *ready;
  Payload *payload;
};

struct Tile {
  Model model;
  Stream in[4], out[4];  // north, east, south, west
  Tile(VerilatedContext *context, uint32_t x, uint32_t y);
};

struct Mesh {
  VerilatedContext context;
  std::vector<std::unique_ptr<Tile>> tiles;
  std::vector<std::pair<Stream, Stream>> wires;  // from, to
};

#define STREAM(side) {&model.side##_valid, &model.side##_ready, &model.side##_payload}
Tile::Tile(VerilatedContext *context, uint32_t x, uint32_t y)
    : model{context},
      in{STREAM(i_north), STREAM(i_east), STREAM(i_south), STREAM(i_west)},
      out{STREAM(o_north), STREAM(o_east), STREAM(o_south), STREAM(o_west)} {
  model.x = x;
  model.y = y;
  model.rst = 1;
  for (auto &stream : in) *stream.valid = 0;
  for (auto &stream : out) *stream.ready = 1;  // what leaves the mesh is taken
  model.clk = 0;
  model.eval();
}

// The clock rises. The model is told that it was low: an evaluation for its falling would change nothing.
static inline void rise(Tile &tile) {
  tile.model.rootp->__Vtrigprevexpr___TOP__clk__0 = 0;
  tile.model.clk = 1;
  Vspikeplane_board_tile___024root___eval(tile.model.rootp);
}

extern "C" {
Mesh *mesh_open(uint32_t rows, uint32_t cols) {
  auto *mesh = new Mesh();
  auto &tiles = mesh->tiles;
  for (uint32_t i = 0; i < rows * cols; i++) tiles.push_back(std::make_unique<Tile>(&mesh->context, i % cols, i / cols));
  auto wire = [&](uint32_t from, int side, uint32_t to) {
    mesh->wires.push_back({tiles[from]->out[side], tiles[to]->in[(side + 2) % 4]});
  };
  for (uint32_t i = 0; i < rows * cols; i++) {
    if (i >= cols) wire(i, 0, i - cols);
    if (i % cols + 1 < cols) wire(i, 1, i + 1);
    if (i + cols < rows * cols) wire(i, 2, i + cols);
    if (i % cols) wire(i, 3, i - 1);
  }
  return mesh;
}

void mesh_close(Mesh *mesh) {
  for (auto &tile : mesh->tiles) tile->model.final();
  delete mesh;
}

// What stands at the west of tile (0, 0).
void mesh_look(Mesh *mesh, Edge *edge) {
  auto &tile = *mesh->tiles[0];
  edge->out_valid = *tile.out[3].valid;
  edge->in_ready = *tile.in[3].ready;
  std::memcpy(edge->out, tile.out[3].payload, sizeof(Payload));
}

// One rising edge, with what the host's side puts there.
void mesh_clock(Mesh *mesh, const Edge *edge, uint32_t reset) {
  auto &first = *mesh->tiles[0];
  *first.in[3].valid = edge->in_valid;
  *first.out[3].ready = edge->out_ready;
  std::memcpy(first.in[3].payload, edge->in, sizeof(Payload));
  for (auto &[from, to] : mesh->wires) {
    *to.valid = *from.valid;
    *to.payload = *from.payload;
    *from.ready = *to.ready;
  }
  for (auto &tile : mesh->tiles) {
    tile->model.rst = reset;
    rise(*tile);
  }
}
}
