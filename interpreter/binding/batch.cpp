// SPDX-License-Identifier: MIT
#include "runtime/plan/batch.hpp"

#include "interpreter/binding/batch_spec.hpp"
#include "interpreter/binding/tiles.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr auto batch_ = [] {
  const auto declared = function(
      {.name = "batch",
       .summary = "The same operator, applied tile by tile, on one device or several.",
       .returns = "an operator; its children are the tiles",
       .raises = {Code::shape, Code::argument, Code::device},
       .example = R"(local A = lo.Dense{ lo.ones "m=4 n=6" }
local B = lo.batch(A, { m = 2, n = 3 })
print(#B.children, B.N(lo.ones "n=6"):sum() == A.N(lo.ones "n=6"):sum())  --> 4	true)",
       .see = {"split", "BatchSpec", "Linop.tiles", "Linop.placement"}},
      [](Context& context, const Linop& a, const Value& spec, const Given& given) {
        return batch(a, batch_levels(state_of(context), "batch", spec, given), context);
      },
      param<LinopArg>("A", "the operator"),
      Param<ValueArg>{
          {"spec",
           Kind::any,
           "sizes as for split, a BatchSpec, or a list of them: each tile of one is the "
           "operator of the next, and its device the next one's base",
           {},
           true}});
  return std::apply([&](const auto&... o) { return with_options(declared, o...); }, kBatchOptions);
}();

// A spec is a table of its own, with a text; what it holds is checked when it is made.
int spec_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 1);
  const Value* value = decode_value(L, state, 1, "BatchSpec");
  finish(L, state, [&](Context&) -> std::string {
    if (value->table() == nullptr || value->table()->list.empty()) {
      fail(Code::argument, "BatchSpec",
           "takes one table, BatchSpec{{ {{ coil = 2 }}, devices = … }}, got {}",
           value->table() == nullptr ? value->type() : "one without sizes");
    }
    return "BatchSpec " + text_of(batch_spec(state, "BatchSpec", *value));
  });
  push_value(L, state, *value);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, &kResultText);
  lua_pushvalue(L, -3);
  lua_pushcclosure(
      L,
      [](lua_State* caller) {
        lua_pushvalue(caller, lua_upvalueindex(1));
        return 1;
      },
      1);
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  return 1;
}

constexpr Manual spec_ = {{.name = "BatchSpec",
                           .summary = "Sizes and options of one level of tiles, for lo.batch.",
                           .returns = "a value, which use never changes",
                           .raises = {Code::argument, Code::device},
                           .example = R"(local spec = lo.BatchSpec{ { m = 2 }, prefetch = 0 }
print(#lo.batch(lo.Dense{ lo.ones "m=4 n=6" }, spec).children, spec)  --> 2	BatchSpec m=2)",
                           .see = {"batch"}}};
constexpr Field kSpecOperands[] = {{"sizes", Kind::any, "as for split", {}, true}};

constexpr auto self = param<LinopArg>("A", "the operator");

constexpr auto tiles_ = property(
    {.name = "Linop.tiles",
     .summary = "The tiles of a tiled operator with their places and devices; nil for others.",
     .returns = "an array of tiles { op, request, input, output, index, device }, as split gives",
     .example = R"(local B = lo.batch(lo.Dense{ lo.ones "m=4 n=6" }, { m = 3 })
print(B.tiles[2].output.m[1], B.tiles[2].op.extent.m)  --> 4	1)",
     .see = {"batch", "split"}},
    [](Context&, const Linop& a) -> Value {
      const auto tiles = tiles_of(a);
      if (!tiles) return {};
      return tiles_value(*tiles);
    },
    self);

constexpr auto placement_ = property(
    {.name = "Linop.placement",
     .summary = "How input and output of a tiled operator lie along each cut dim: \"replicate\", "
                "\"shard y\" or \"partial\"; nil for others.",
     .returns = "a list of { dim, input, output }",
     .example = R"(local B = lo.batch(lo.Dense{ lo.ones "m=4 n=6" }, { m = 2 })
print(B.placement[1].input, B.placement[1].output)    --> replicate	shard m
print(B.H.placement[1].input, B.H.placement[1].output)  --> shard m	partial)",
     .see = {"batch"}},
    [](Context&, const Linop& a) -> Value {
      if (a.kind() != "Tiled") return {};
      Table list;
      for (const AxisPlacement& axis : placement_of(a)) {
        Table each;
        each["dim"] = axis.axis.text();
        each["input"] = axis.input.text();
        each["output"] = axis.output.text();
        list.list.emplace_back(std::move(each));
      }
      return list;
    },
    self);

constexpr Record kRecords[] = {exported<batch_>(),
                               manual(spec_, spec_entry, kSpecOperands, kBatchOptions)};
constexpr Record kTilesRecords[] = {exported<tiles_>(), exported<placement_>()};

}  // namespace

std::span<const Record> batch_records() { return kRecords; }
std::span<const Record> linop_tiles_records() { return kTilesRecords; }

}  // namespace lunops::lua
