// SPDX-License-Identifier: MIT
#include <algorithm>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/shape_values.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

template <class T>
void destroy(void* slot) noexcept {
  static_cast<T*>(slot)->~T();
}

constexpr auto shape = function(
    {.name = "shape",
     .summary = "Parses a shape: named dims with extents, slowest first.",
     .returns = "a Shape; extents that the text does not give are unknown",
     .raises = {Code::shape},
     .example = R"(local s = lo.shape "coil=8 y=256 x"
print(s, #s, s.extent.y)  --> coil=8 y=256 x	3	256)",
     .see = {"signature", "dim"}},
    [](Context&, Shape s) { return s; },
    param<ShapeArg>("text", "for example \"coil=8 y=256 x\""));

constexpr auto text = metamethod(
    {.name = "Shape.__tostring",
     .summary = "Text that parses back.",
     .returns = "a string",
     .example = "print(lo.shape \" a=1  b\")  --> a=1 b",
     .notation = "tostring(s)"},
    [](Context&, const Shape& s) { return s.text(); },
    param<SelfArg<Shape>>("s", "the shape"));
constexpr auto length = metamethod(
    {.name = "Shape.__len",
     .summary = "The number of dims.",
     .returns = "an integer",
     .example = "print(#lo.shape \"y x\")  --> 2",
     .notation = "#s"},
    [](Context&, const Shape& s) { return static_cast<int64_t>(s.ndim()); },
    param<SelfArg<Shape>>("s", "the shape"));
constexpr auto equal = metamethod(
    {.name = "Shape.__eq",
     .summary = "True if names, order, primes and extents agree.",
     .returns = "a boolean",
     .example = "print(lo.shape \"a b\" == lo.shape \"a b\")  --> true",
     .notation = "s == t"},
    [](Context&, const Shape& a, const Shape& b) { return a == b; },
    param<SelfArg<Shape>>("s", "a shape"),
    param<SelfArg<Shape>>("t", "another"));
constexpr auto names = property(
    {.name = "Shape.names",
     .summary = "The names of the dims as text.",
     .returns = "a string",
     .example = "print(lo.shape \"y=2 x=3\".names)  --> y x"},
    [](Context&, const Shape& s) { return s.names(); },
    param<SelfArg<Shape>>("s", "the shape"));
constexpr auto dims = property(
    {.name = "Shape.dims",
     .summary = "The names of the dims as a list.",
     .returns = "a list of strings",
     .example = "print(lo.shape \"y=2 x=3\".dims[2])  --> x"},
    [](Context&, const Shape& s) { return list_of(s.dims()); },
    param<SelfArg<Shape>>("s", "the shape"));
constexpr auto extent = property(
    {.name = "Shape.extent",
     .summary = "Extents by name: s.extent.y, s.extent \"y\"; nil where not known yet.",
     .returns = "an Extents value; an unknown dim is an error that lists the dims",
     .example = "print(lo.shape \"y=256 x\".extent.y)  --> 256"},
    [](Context&, const Shape& s) {
      return Extents{s, s.braced()};
    },
    param<SelfArg<Shape>>("s", "the shape"));
constexpr auto ndim = property(
    {.name = "Shape.ndim",
     .summary = "The number of dims.",
     .returns = "an integer",
     .example = "print(lo.shape \"y x\".ndim)  --> 2"},
    [](Context&, const Shape& s) { return static_cast<int64_t>(s.ndim()); },
    param<SelfArg<Shape>>("s", "the shape"));

// s[1]: the name of a dim.
int element(lua_State* L) {
  State& state = state_of(L);
  int is_integer = 0;
  const lua_Integer i = lua_tointegerx(L, 2, &is_integer);
  auto* box = box_at<Shape>(L, 1);
  if (!is_integer || box == nullptr || lua_type(L, 2) != LUA_TNUMBER)
    raise_no_member(L, "shape", lua_upvalueindex(2));
  if (i < 1 || i > box->value().ndim()) {
    lua_pushnil(L);
    return 1;
  }
  return finish(L, state,
                [&](Context&) { return box->value().dim(static_cast<int>(i) - 1).text(); });
}

// e.x and e "x".  Known extents are kept in a table, so that a loop pays one lookup.
int extent_index(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 2);
  auto* box = box_at<Extents>(L, 1);
  if (box == nullptr || lua_type(L, 2) != LUA_TSTRING)
    raise_text(L, Code::argument, "extent", "needs the name of a dim, got %s", luaL_typename(L, 2));
  if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  } else {
    lua_createtable(L, 0, 4);
    lua_setiuservalue(L, 1, 1);
  }
  lua_settop(L, 2);
  finish(L, state, [&](Context&) {
    const int64_t n = box->value().known.extent_of(lua_tostring(L, 2));
    return n == kUnknown ? Value() : Value(n);
  });
  if (lua_isnil(L, -1)) return 1;
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return 1;
}

constexpr Manual extent_of = {{.name = "Extents.__index",
                               .summary = "The extent of a dim; nil if it is not known yet.",
                               .returns = "an integer or nil",
                               .raises = {Code::shape},
                               .example = "print(lo.zeros \"x=3\".extent.x)  --> 3",
                               .notation = "x.extent.name"},
                              RecordKind::metamethod};
constexpr Manual extent_call = {{.name = "Extents.__call",
                                 .summary = "The extent of a dim whose name is a value.",
                                 .returns = "an integer or nil",
                                 .raises = {Code::shape},
                                 .example = "print(lo.zeros \"x=3\".extent \"x\")  --> 3",
                                 .notation = "x.extent \"name\""},
                                RecordKind::metamethod};
constexpr auto extent_text = metamethod(
    {.name = "Extents.__tostring",
     .summary = "The dims with their extents.",
     .returns = "a string",
     .example = "print(lo.zeros \"y=2 x=3\".extent)  --> y=2 x=3",
     .notation = "tostring(e)"},
    [](Context&, const Extents& e) { return e.known.text(); },
    param<SelfArg<Extents>>("e", "the extents"));

constexpr Record kShape[] = {exported<shape>(),
                             exported<text>(),
                             exported<length>(),
                             exported<equal>(),
                             cached<names>(),
                             cached<dims>(),
                             cached<extent>(),
                             exported<ndim>(),
                             manual(extent_of, extent_index),
                             manual(extent_call, extent_index),
                             exported<extent_text>()};

}  // namespace

const BoxType Boxed<Shape>::type = {"lunops.Shape", "shape", destroy<Shape>};
const BoxType Boxed<Extents>::type = {"lunops.Extents", "extents", destroy<Extents>};

void push_shape(lua_State* L, State& state, const Shape& s) { push_copy(L, state, s); }

Value list_of(const std::vector<Dim>& dims) {
  Table list;
  for (const Dim& dim : dims) list.list.emplace_back(dim.text());
  return list;
}

std::span<const Record> shape_records() { return kShape; }

void install_shapes(lua_State* L, State& state) {
  const std::span<const Record> all = kShape;
  install_type(L, state, Boxed<Shape>::type, {all.first(8)}, element);
  install_type(L, state, Boxed<Extents>::type, {all.subspan(8)});
}

}  // namespace lunops::lua
