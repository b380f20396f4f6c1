// SPDX-License-Identifier: MIT
#include <cstring>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/members.hpp"
#include "interpreter/binding/shape_values.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops::lua {

namespace {

constexpr auto self = param<LinopArg>("A", "the operator");

constexpr auto adjoint = property(
    {.name = "Linop.H",
     .summary = "The adjoint; A.H.H is A.",
     .returns = "an operator",
     .example = "local A = 2*lo.Identity \"x\"\nprint(rawequal(A.H, A.H), A.H.H == A)  --> true	"
                "true"},
    [](Context&, const Linop& a) { return a.H(); },
    self);
constexpr auto transpose = property(
    {.name = "Linop.T",
     .summary = "The transpose: the conjugate of the adjoint.",
     .returns = "an operator",
     .raises = {Code::unsupported},
     .example = "print((lo.i*lo.Identity \"x\").T(lo.ones \"x=1\"):item())  --> 0+1i"},
    [](Context&, const Linop& a) { return a.T(); },
    self);
constexpr auto normal = property(
    {.name = "Linop.N",
     .summary = "The normal operator A.H * A, in the form that is cheapest to apply.",
     .returns = "an operator",
     .example = "print((2*lo.Identity \"x\").N(lo.ones \"x=1\"):item())  --> 4+0i"},
    [](Context&, const Linop& a) { return a.N(); },
    self);
constexpr auto conj_ = method(
    {.name = "Linop:conj",
     .summary = "The conjugate operator: conj(A(conj(x))).",
     .returns = "an operator",
     .raises = {Code::unsupported},
     .example = "print((lo.i*lo.Identity \"x\"):conj()(lo.ones \"x=1\"):item())  --> 0-1i"},
    [](Context&, const Linop& a) { return a.conj(); },
    self);
constexpr auto normal_with = method(
    {.name = "Linop:normal",
     .summary = "A.H * M * A, in the form that is cheapest to apply.",
     .returns = "an operator",
     .raises = {Code::shape},
     .example = "local I = lo.Identity \"x\"\nprint((2*I):normal(3*I)(lo.ones \"x=1\"):item())  "
                "--> 12+0i"},
    [](Context&, const Linop& a, const Linop& m) { return a.normal(m); },
    self,
    param<LinopArg>("M", "acts between A and A.H"));
constexpr auto multiplicity_ = method(
    {.name = "Linop:multiplicity",
     .summary = "The number of blocks over each element of the array of ArrayToBlocks.",
     .returns = "an f32 tensor over the array's dims",
     .raises = {Code::shape, Code::argument},
     .example =
         "local B = lo.ArrayToBlocks{ \"x=6 -> b k\", block = { x = 3 }, stride = { x = 1 } }\n"
         "print(B:multiplicity():max())  --> 3.0"},
    [](Context& context, const Linop& a) { return multiplicity(a, context); },
    self);
constexpr auto rename = method(
    {.name = "Linop:rename",
     .summary = "The same operator under other dim names, in one simultaneous substitution.",
     .returns = "an operator that shares all data",
     .raises = {Code::shape},
     .example = "print(lo.Identity(\"x\"):rename{ x = \"y\" }.ishape)  --> y"},
    [](Context&, const Linop& a, const Value& names) { return a.rename(renaming(names)); },
    self,
    param<TableArg>("names", "old name = new name"));
constexpr auto dense = with_options(
    method(
        {.name = "Linop:dense",
         .summary = "The operator as a matrix with dims (out, in').",
         .returns = "a tensor; refused above 2^24 elements",
         .raises = {Code::shape, Code::unsupported},
         .example = "print(lo.Identity{ \"n\", extent = { n = 2 } }:dense():sum())  --> 2+0i"},
        [](Context& context, const Linop& a, const Given& given) {
          const auto name = given.text("dtype");
          return a.dense(name ? dtype_named("dense", *name) : a.dtype().value_or(DType::c64),
                         context);
        },
        self),
    option("dtype", Kind::text, "the operator's, else c64", "precision of the matrix"));

constexpr auto signature = property(
    {.name = "Linop.signature",
     .summary = "Input and output in normal form, with the extents known so far.",
     .returns = "a Signature",
     .example = "print(lo.Identity(\"y x\").signature)  --> y x -> y x"},
    [](Context&, const Linop& a) { return a.signature(); },
    self);
constexpr auto ishape = property(
    {.name = "Linop.ishape",
     .summary = "The input with the extents known so far.",
     .returns = "a Shape",
     .example = "print(lo.Identity(\"y x\").ishape)  --> y x"},
    [](Context&, const Linop& a) { return a.ishape(); },
    self);
constexpr auto oshape = property(
    {.name = "Linop.oshape",
     .summary = "The output with the extents known so far.",
     .returns = "a Shape",
     .example = "print(lo.Identity(\"y x\").oshape)  --> y x"},
    [](Context&, const Linop& a) { return a.oshape(); },
    self);
constexpr auto dims = property(
    {.name = "Linop.dims",
     .summary = "Input dims, then further output dims, with primes.",
     .returns = "a list of strings",
     .example = "print(#lo.Identity(\"y x\").dims)  --> 2"},
    [](Context&, const Linop& a) { return list_of(a.dims()); },
    self);
constexpr auto inner = property(
    {.name = "Linop.inner",
     .summary = "Inner dims that a split may name.",
     .returns = "a list of strings",
     .example = "print(#lo.Identity(\"y x\").inner)  --> 0"},
    [](Context&, const Linop& a) { return list_of(a.inner()); },
    self);
constexpr auto extent = property(
    {.name = "Linop.extent",
     .summary = "Extents by name; nil where not known yet.",
     .returns = "an Extents value; an unknown dim is an error that lists the dims",
     .raises = {Code::shape},
     .example = "print(lo.Identity{ \"x\", extent = { x = 5 } }.extent.x)  --> 5"},
    [](Context&, const Linop& a) {
      std::vector<Dim> all = a.dims();
      for (const Dim& dim : a.inner()) all.push_back(dim);
      std::vector<int64_t> extents;
      for (const Dim& dim : all) extents.push_back(a.extent(dim.text()));
      return Extents{Shape(all, extents), a.label()};
    },
    self);
constexpr auto children = property(
    {.name = "Linop.children",
     .summary = "The operators that this one is made of.",
     .returns = "a list of operators",
     .example = "print(#lo.Identity(\"x\").children)  --> 0"},
    [](Context&, const Linop& a) -> Value {
      Table list;
      for (const Linop& child : a.children()) list.list.emplace_back(child);
      return list;
    },
    self);
constexpr auto field = property(
    {.name = "Linop.field",
     .summary = "\"complex\" if the operator needs complex data, else \"real\".",
     .returns = "a string",
     .example = "print((lo.i*lo.Identity \"x\").field)  --> complex"},
    [](Context&, const Linop& a) -> std::string_view {
      return a.field() == lunops::Field::complex ? "complex" : "real";
    },
    self);
constexpr auto linear = property(
    {.name = "Linop.linear",
     .summary = "\"real\" if the operator is linear over the real numbers only, else \"complex\".",
     .returns = "a string",
     .example = "print((lo.Real \"x\" * lo.Identity \"x\").linear)  --> real",
     .see = {"Real", "Imag", "Conj", "Linop.field"}},
    [](Context&, const Linop& a) -> std::string_view {
      return a.is_real_linear() ? "real" : "complex";
    },
    self);
constexpr auto dtype = property(
    {.name = "Linop.dtype",
     .summary = "The dtype that the weights fix, else nil.",
     .returns = "a string or nil",
     .example = "print(lo.Identity(\"x\").dtype)  --> nil"},
    [](Context&, const Linop& a) -> Value {
      if (!a.dtype()) return {};
      return lunops::name_of(*a.dtype());
    },
    self);
constexpr auto device = property(
    {.name = "Linop.device",
     .summary = "The device that the weights fix, else nil.",
     .returns = "a string or nil",
     .example = "print(lo.Identity(\"x\").device)  --> nil"},
    [](Context&, const Linop& a) -> Value {
      if (!a.device()) return {};
      return a.device()->text();
    },
    self);
constexpr auto bands = method(
    {.name = "Linop:bands",
     .summary = "The sub-bands of a Wavelet as ranges, coarse to fine; level 1 is the finest.",
     .returns =
         "a list of { level, orientation, range }; \"a\" approximation, \"d\" details, by dim",
     .raises = {Code::shape, Code::argument},
     .example = R"(local W = lo.Wavelet{ "x", levels = 1, extent = { x = 16 } }
local d = W:bands()[2]
print(d.level, d.orientation, d.range.wx[1], d.range.wx[2])  --> 1	d	9	16)"},
    [](Context&, const Linop& a) -> Value {
      Table list;
      for (const WaveletBand& band : wavelet_bands(a)) {
        Table range;
        for (const WaveletBand::Range& r : band.ranges) {
          Table ends;
          ends.list.emplace_back(r.first + 1);
          ends.list.emplace_back(r.first + r.count);
          range.fields.emplace_back(r.dim, std::move(ends));
        }
        Table entry;
        entry.fields.emplace_back("level", int64_t{band.level});
        entry.fields.emplace_back("orientation", band.orientation);
        entry.fields.emplace_back("range", std::move(range));
        list.list.emplace_back(std::move(entry));
      }
      return list;
    },
    self);
constexpr auto norm_bound = property(
    {.name = "Linop.norm_bound",
     .summary =
         "A bound on the square of the largest singular value, where one is known, else nil.",
     .returns = "a number or nil",
     .example = "print(lo.Gradient \"y x\".norm_bound)  --> 8.0"},
    [](Context&, const Linop& a) -> Value {
      if (!a.norm_bound()) return {};
      return *a.norm_bound();
    },
    self);
constexpr auto kind = property(
    {.name = "Linop.kind",
     .summary = "The class of the operator.",
     .returns = "a string",
     .example = "print(lo.Identity(\"x\").kind)  --> Identity"},
    [](Context&, const Linop& a) { return a.kind(); },
    self);

constexpr auto trajectory = property(
    {.name = "Linop.trajectory",
     .summary = "The trajectory of a NUFFT, in cycles per field of view; nil for other operators.",
     .returns = "a tensor or nil",
     .example = R"(local k = lo.tensor({ { 0 }, { 0.25 } }, "sample d", { dtype = "f64" })
local F = lo.NUFFT{ k, "x -> sample", extent = { x = 16 }, units = "normalized" }
print(F.trajectory{ sample = 2 }:item())  --> 4.0)",
     .see = {"NUFFT"}},
    [](Context&, const Linop& a) -> Value {
      const auto info = nufft_info(a);
      if (!info) return {};
      return info->trajectory;
    },
    self);
constexpr auto image_dims = property(
    {.name = "Linop.image_dims",
     .summary = "The image dims of a NUFFT, in the order of the trajectory's components; else nil.",
     .returns = "a list of strings or nil",
     .example = R"(local k = lo.zeros("sample=1 d=2", { dtype = "f32" })
print(lo.NUFFT{ k, "y x -> sample" }.image_dims[1])  --> y)",
     .see = {"NUFFT"}},
    [](Context&, const Linop& a) -> Value {
      const auto info = nufft_info(a);
      if (!info) return {};
      return list_of(info->image_dims);
    },
    self);
constexpr auto parameters = property(
    {.name = "Linop.parameters",
     .summary = "What the last plan of a NUFFT chose; nil before one, and for other operators.",
     .returns = "a table: width, oversamp, beta and grid by image dim, error (predicted), points, "
                "bytes",
     .example = R"(local k = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
local F = lo.NUFFT{ k, "x -> sample", extent = { x = 16 }, width = 4, oversamp = 2 }
F(lo.ones "x=16")
print(F.parameters.width, F.parameters.grid.x)  --> 4	32)",
     .see = {"NUFFT"}},
    [](Context&, const Linop& a) -> Value {
      const auto planned = nufft_planned(a);
      if (!planned) return {};
      const NufftParameters& p = planned->parameters;
      Table table, oversamp, beta, grid;
      const auto info = nufft_info(a);
      for (size_t d = 0; d < info->image_dims.size(); ++d) {
        const std::string name = info->image_dims[d].text();
        oversamp[name] = p.oversamp[d];
        beta[name] = p.beta[d];
        grid[name] = p.grid[d];
      }
      table["width"] = p.width;
      table["oversamp"] = std::move(oversamp);
      table["beta"] = std::move(beta);
      table["grid"] = std::move(grid);
      table["error"] = p.predicted_error;
      table["points"] = planned->points;
      table["bytes"] = static_cast<int64_t>(p.bytes);
      return table;
    },
    self);

constexpr auto threaded = property(
    {.name = "Linop.threaded",
     .summary = "Whether children whose results are joined run side by side, in Concat, Stack and "
                "tiled operators; an Add passes it on. May be set, for the operator with its "
                "modes, normals and tiles.",
     .returns = "true, false or \"auto\", where it pays; nil for other operators",
     .example = R"(local I = lo.Identity "x"
local A = lo.Stack{ 2*I, 3*I, odim = "frame" }
A.threaded = false
print(A.threaded, A.H.threaded)  --> false	false)"},
    [](Context&, const Linop& a) -> Value {
      if (!a.has_workers()) return {};
      if (const auto is_on = a.threaded()) return *is_on;
      return "auto";
    },
    self);
constexpr auto num_workers = property(
    {.name = "Linop.num_workers",
     .summary = "How many children run side by side at most; 0: one for each thread. May be set.",
     .returns = "a whole number; nil for operators without children that could",
     .example = R"(local I = lo.Identity "x"
local A = lo.Stack{ 2*I, 3*I, odim = "frame", num_workers = 2 }
print(A.num_workers)  --> 2)"},
    [](Context&, const Linop& a) -> Value {
      if (!a.has_workers()) return {};
      return a.num_workers();
    },
    self);

constexpr auto call = metamethod(
    {.name = "Linop.__call",
     .summary = "Applies the operator to a tensor.",
     .returns = "a tensor",
     .raises = {Code::shape, Code::dtype, Code::device, Code::numeric},
     .example = "print((3*lo.Identity \"x\")(lo.ones \"x=1\"):item())  --> 3+0i",
     .notation = "A(x)"},
    [](Context& context, const Linop& a, const Tensor& x) { return a(x, context); },
    self,
    param<TensorArg>("x", "a tensor with the input's dims, and further leading ones"));
constexpr auto apply = with_options(
    method(
        {.name = "Linop:apply",
         .summary = "Applies into given memory: out becomes alpha*A(x) + beta*out.",
         .returns = "out, or a new tensor",
         .raises = {Code::shape, Code::dtype, Code::device, Code::argument},
         .example = R"(local I, y = lo.Identity "x", lo.ones "x=2"
I:apply(lo.ones "x=2", { out = y, alpha = 2, beta = 3 })
print(y:sum())  --> 10+0i)"},
        [](Context& context, const Linop& a, const Tensor& x, const Given& given) {
          const auto out = given.tensor("out");
          const c128 alpha = given.scalar("alpha", 1);
          const c128 beta = given.scalar("beta", 0);
          if (!out && beta != c128(0))
            fail(Code::argument, "apply", "beta needs the tensor it multiplies; give out = y");
          if (out) {
            a.apply(x, *out, Scale{alpha, beta}, context);
            return *out;
          }
          if (alpha == c128(1)) return a(x, context);
          const auto [shape, dtype] = a.result(x);
          const Tensor y = Tensor::empty(shape, dtype, context);
          a.apply(x, y, Scale{alpha, 0}, context);
          return y;
        },
        self,
        param<TensorArg>("x", "the input")),
    option("out", Kind::tensor, "a new tensor", "where the result goes"),
    option("alpha", Kind::scalar, "1", "factor of A(x)"),
    option("beta", Kind::scalar, "0", "factor of what out holds"));
constexpr auto equal = metamethod(
    {.name = "Linop.__eq",
     .summary = "True for the same node, or the same structure over the same storages.",
     .returns = "a boolean",
     .example = "local I = lo.Identity \"x\"\nprint(I.N == I)  --> true",
     .notation = "A == B"},
    [](Context&, const Linop& a, const Linop& b) { return a == b; },
    self,
    param<LinopArg>("B", "another"));
constexpr auto text = metamethod(
    {.name = "Linop.__tostring",
     .summary = "One line: kind and signature.",
     .returns = "a string",
     .example = "print((tostring(lo.Identity \"x\"):find \"Identity\"))  --> 1",
     .notation = "tostring(A)"},
    [](Context&, const Linop& a) { return a.text(); },
    self);

constexpr Record kRecords[] = {
    cached<adjoint>(),     exported<transpose>(),   cached<normal>(),
    exported<conj_>(),     exported<normal_with>(), exported<multiplicity_>(),
    exported<rename>(),    exported<dense>(),       cached<signature>(),
    cached<ishape>(),      cached<oshape>(),        cached<dims>(),
    cached<inner>(),       cached<extent>(),        exported<children>(),
    exported<field>(),     exported<linear>(),      exported<dtype>(),
    exported<device>(),    exported<norm_bound>(),  exported<bands>(),
    exported<kind>(),      exported<threaded>(),    exported<num_workers>(),
    exported<call>(),      exported<apply>(),       exported<equal>(),
    exported<text>(),      exported<trajectory>(),  exported<image_dims>(),
    exported<parameters>()};

// A[1], A.nope.
int missing(lua_State* L) {
  if (lua_type(L, 2) == LUA_TNUMBER)
    raise_text(L, Code::argument, "index",
               "an operator has no element [%s]; its parts are A.children",
               luaL_tolstring(L, 2, nullptr));
  raise_no_member(L, "operator", lua_upvalueindex(2));
}

// A.threaded = false, A.num_workers = 2; nothing else of an operator changes.
int assign(lua_State* L) {
  const char* name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  const bool is_threaded = std::strcmp(name, "threaded") == 0;
  if (!is_threaded && std::strcmp(name, "num_workers") != 0) return refuse_assignment(L);
  auto* box = box_at<Linop>(L, 1);
  if (box == nullptr || !box->full) return refuse_assignment(L);
  const bool is_text =
      lua_type(L, 3) == LUA_TSTRING && std::strcmp(lua_tostring(L, 3), "auto") == 0;
  if (is_threaded && !is_text && !lua_isboolean(L, 3))
    raise_text(L, Code::argument, "threaded", "it is true, false or \"auto\", got %s",
               luaL_tolstring(L, 3, nullptr));
  if (!is_threaded && !lua_isinteger(L, 3))
    raise_text(L, Code::argument, "num_workers", "it is a whole number, got %s",
               luaL_tolstring(L, 3, nullptr));
  const bool is_on = lua_toboolean(L, 3) != 0;
  const lua_Integer count = lua_tointeger(L, 3);
  Failure why;
  const bool is_done = run(state_of(L), why, [&] {
    if (!is_threaded) {
      box->value().set_num_workers(count);
    } else if (is_text) {
      box->value().set_threaded({});
    } else {
      box->value().set_threaded(is_on);
    }
  });
  if (!is_done) raise(L, why);
  return 0;
}

}  // namespace

std::span<const Record> linop_records() { return kRecords; }
lua_CFunction linop_assign() { return assign; }
lua_CFunction linop_missing() { return missing; }

}  // namespace lunops::lua
