// SPDX-License-Identifier: MIT
#include "runtime/plan/split.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/tiles.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/core/error.hpp"

namespace lunops::lua {

GivenAxes axes_of(std::string_view operation, const Value& sizes) {
  if (const auto* text = sizes.get<std::string>()) return {parse_axes(operation, *text), true};
  if (const auto* shape = sizes.get<Shape>()) return {parse_axes(operation, shape->text()), true};
  const Table* table = sizes.table();
  if (table == nullptr || !table->list.empty()) {
    fail(Code::argument, operation,
         "the sizes must be a table by dim, such as {{ coil = 2 }}, or a string \"coil=2\", got {}",
         sizes.type());
  }
  SplitAxes axes;
  for (const auto& [name, value] : table->fields) {
    SplitAxis axis{Dim::parse(name, operation)};
    if (const auto size = integer_of(value)) {
      axis.size = *size;
    } else if (const Table* list = value.table(); list != nullptr && !list->list.empty()) {
      for (const Value& each : list->list) {
        const auto part = integer_of(each);
        if (!part) {
          fail(Code::argument, operation, "sizes of '{}' must be whole numbers, got {}", name,
               each.type());
        }
        axis.sizes.push_back(*part);
      }
    } else {
      fail(Code::argument, operation,
           "size of '{}' must be a whole number or a list of them, got {}", name, value.type());
    }
    axes.push_back(std::move(axis));
  }
  return {std::move(axes), false};
}

namespace {

Value ranges(const std::vector<NamedStretch>& stretches) {
  Table table;
  for (const auto& [dim, stretch] : stretches) {
    Table range;
    range.list.emplace_back(stretch.first + 1);
    range.list.emplace_back(stretch.end());
    table[dim.text()] = std::move(range);
  }
  return table;
}

Value tile_table(const SplitTile& tile) {
  Table table;
  table["op"] = tile.op;
  table["request"] = ranges(tile.request);
  table["input"] = ranges(tile.input);
  table["output"] = ranges(tile.output);
  Table index;
  for (const int64_t i : tile.index) index.list.emplace_back(i + 1);
  table["index"] = std::move(index);
  if (tile.device) table["device"] = tile.device->text();
  return table;
}

// tiles:at(i, j): the tile at this place of the grid; nil where it is zero.
int tile_at(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_getfield(L, 1, "grid");
  lua_getfield(L, 1, "dims");
  const int grid = lua_gettop(L) - 1, dims = grid + 1;
  const auto axes = static_cast<int>(luaL_len(L, grid));
  if (grid - 2 != axes) {
    raise_text(L, Code::argument, "at", "the grid has %d axes but %d indices were given", axes,
               grid - 2);
  }
  for (int k = 1; k <= axes; ++k) {
    lua_geti(L, grid, k);
    const lua_Integer count = lua_tointeger(L, -1), i = luaL_checkinteger(L, 1 + k);
    lua_geti(L, dims, k);
    if (i < 1 || i > count) {
      raise_text(L, Code::argument, "at", "index %lld along '%s' is not within 1 to %lld",
                 static_cast<long long>(i), lua_tostring(L, -1), static_cast<long long>(count));
    }
    lua_pop(L, 2);
  }
  const lua_Integer tiles = luaL_len(L, 1);
  for (lua_Integer t = 1; t <= tiles; ++t) {
    lua_geti(L, 1, t);
    lua_getfield(L, -1, "index");
    bool is_it = true;
    for (int k = 1; k <= axes && is_it; ++k) {
      lua_geti(L, -1, k);
      is_it = lua_tointeger(L, -1) == lua_tointeger(L, 1 + k);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (is_it) return 1;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return 1;
}

constexpr luaL_Reg kTilesMethods[] = {{"at", tile_at}, {nullptr, nullptr}};

}  // namespace

Value tiles_value(const Tiles& tiles) {
  Table table;
  table.methods = kTilesMethods;
  for (const SplitTile& tile : tiles.tiles) table.list.push_back(tile_table(tile));
  Table dims, grid;
  for (const Dim& dim : tiles.dims) dims.list.emplace_back(dim.text());
  for (const int64_t n : tiles.grid) grid.list.emplace_back(n);
  table["dims"] = std::move(dims);
  table["grid"] = std::move(grid);
  return table;
}

namespace {

constexpr auto split_ = with_options(
    function(
        {.name = "split",
         .summary =
             "Cuts an operator into tiles along named dims: the sum of tile.op(x[tile.input]) "
             "put at tile.output is A(x).",
         .returns =
             "an array of tiles { op, request, input, output, index }, row-major, with dims, "
             "grid and tiles:at(i, j); tiles that are zero are left out",
         .raises = {Code::shape, Code::argument},
         .example = R"(local A = lo.Dense{ lo.ones "m=3 n=7" }
local tiles = lo.split(A, "n=3 m=2")
print(tiles.grid[1], tiles.grid[2], tiles:at(3, 1).op.extent.n)  --> 3	2	1)",
         .see = {"batch", "Linop.inner"}},
        [](Context&, const Linop& a, const Value& sizes, const Given& given) -> Value {
          const GivenAxes given_axes = axes_of("split", sizes);
          const SplitAxes axes =
              given_axes.is_ordered ? given_axes.axes : in_order_of(a, given_axes.axes);
          return tiles_value(split(a, axes, given.extents("extent")));
        },
        param<LinopArg>("A", "the operator"),
        Param<ValueArg>{
            {"sizes",
             Kind::any,
             "{ coil = 2 } or \"coil=2\": how many elements a tile has; a list of sizes "
             "must add up to the extent",
             {},
             true}}),
    option("extent", Kind::table, "", "extents of batch dims to cut"));

constexpr Record kRecords[] = {exported<split_>()};

}  // namespace

std::span<const Record> split_records() { return kRecords; }

}  // namespace lunops::lua
