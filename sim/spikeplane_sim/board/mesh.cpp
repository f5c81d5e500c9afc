// The mesh of a simulated board: one object a tile, and wires between them. All that leaves a tile comes from registers (a test holds the
// gateware to that), so what enters can be copied for all tiles first, and their clock then rises in any order. Tiles that wait rest (rest.h).
#include <cstring>
#include <memory>
#include <vector>
#include "Vspikeplane_board_tile.h"
#include "Vspikeplane_board_tile___024root.h"
#include "Vspikeplane_board_tile__Syms.h"
#include "verilated.h"
#include "mesh.h"
#include "rest.h"

using Model = Vspikeplane_board_tile;
using Root = Vspikeplane_board_tile___024root;
using Payload = std::remove_reference_t<decltype(Model::i_north_payload)>;

// Verilator's evaluation without what surrounds it at every call (messages, initial blocks).
extern void Vspikeplane_board_tile___024root___eval(Root *root);

struct Stream {  // one packet stream at an edge
  CData *valid, *ready;
  Payload *payload;
};

struct Tile {
  Model model;
  Stream in[4], out[4];  // north, east, south, west
  Rest rest;
  bool rests = false, moved = false;  // moved: something changed at an edge in this cycle
  uint64_t since = 0;                 // the cycle from which it rests
  Tile(VerilatedContext *context, uint32_t x, uint32_t y);
};

struct Wire {
  Tile *source, *sink;  // null: the host's side
  Stream from, to;
};

struct Mesh {
  VerilatedContext context;
  std::vector<std::unique_ptr<Tile>> tiles;
  std::vector<Wire> wires;
  std::vector<Range> ranges;
  uint64_t cycles = 0;
  // the host's side as the tile at its edge sees it: what it puts there, and what it has seen
  CData in_valid = 0, in_ready = 0, out_valid = 0, out_ready = 1;
  Payload in{}, out{};
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

// Something is about to change at an edge of the tile.
static inline void move(const Mesh *mesh, Tile *tile) {
  if (!tile) return;
  tile->moved = true;
  if (!tile->rests) return;
  for (uint64_t i = (mesh->cycles - tile->since) % PERIOD; i; i--) rise(*tile);
  tile->rests = false;
}

static void wire(Mesh *mesh, uint32_t from, int side, uint32_t to) {
  Tile *source = mesh->tiles[from].get(), *sink = mesh->tiles[to].get();
  mesh->wires.push_back({source, sink, source->out[side], sink->in[(side + 2) % 4]});
}

static const char *state(const Tile &tile) { return reinterpret_cast<const char *>(tile.model.rootp->vlSymsp); }

extern "C" {
Mesh *mesh_open(uint32_t rows, uint32_t cols) {
  auto *mesh = new Mesh();
  auto &tiles = mesh->tiles;
  for (uint32_t i = 0; i < rows * cols; i++) {
    tiles.push_back(std::make_unique<Tile>(&mesh->context, i % cols, i / cols));
    if (i == 0) mesh->ranges = compared(mesh->context, state(*tiles[0]), sizeof(Vspikeplane_board_tile__Syms));
  }
  for (uint32_t i = 0; i < rows * cols; i++) {
    if (i >= cols) wire(mesh, i, 0, i - cols);
    if (i % cols + 1 < cols) wire(mesh, i, 1, i + 1);
    if (i + cols < rows * cols) wire(mesh, i, 2, i + cols);
    if (i % cols) wire(mesh, i, 3, i - 1);
  }
  auto *first = tiles[0].get();
  mesh->wires.push_back({nullptr, first, {&mesh->in_valid, &mesh->in_ready, &mesh->in}, first->in[3]});
  mesh->wires.push_back({first, nullptr, first->out[3], {&mesh->out_valid, &mesh->out_ready, &mesh->out}});
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
  mesh->in_valid = edge->in_valid;
  mesh->out_ready = edge->out_ready;
  std::memcpy(&mesh->in, edge->in, sizeof(Payload));
  for (auto &[source, sink, from, to] : mesh->wires) {
    const bool same = *to.valid == *from.valid && *from.ready == *to.ready;
    if (same && !std::memcmp(to.payload, from.payload, sizeof(Payload))) continue;
    move(mesh, source);
    move(mesh, sink);
    *to.valid = *from.valid;
    *to.payload = *from.payload;
    *from.ready = *to.ready;
  }
  for (auto &tile : mesh->tiles) {
    if (reset != tile->model.rst) move(mesh, tile.get());
    tile->model.rst = reset;
    if (tile->rests) continue;
    rise(*tile);
    tile->rests = tile->rest.look(mesh->ranges, state(*tile), tile->moved);
    tile->since = mesh->cycles + 1;
    tile->moved = false;
  }
  mesh->cycles++;
}
}
