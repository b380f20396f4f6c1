// SPDX-License-Identifier: MIT
#include "interpreter/binding/tensor.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/shape_values.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr auto self = param<SelfArg<Tensor>>("x", "the tensor");

constexpr auto shape = property(
    {.name = "Tensor.shape",
     .summary = "Names and extents.",
     .returns = "a Shape",
     .example = "print(lo.zeros \"y=2 x=3\".shape)  --> y=2 x=3"},
    [](Context&, const Tensor& x) { return x.shape(); },
    self);
constexpr auto extent = property(
    {.name = "Tensor.extent",
     .summary = "Extents by name.",
     .returns = "an Extents value",
     .raises = {Code::shape},
     .example = "print(lo.zeros \"y=2 x=3\".extent.x)  --> 3"},
    [](Context&, const Tensor& x) {
      return Extents{x.shape(), x.shape().braced()};
    },
    self);
constexpr auto names = property(
    {.name = "Tensor.names",
     .summary = "The names of the dims as text.",
     .returns = "a string",
     .example = "print(lo.zeros \"y=2 x=3\".names)  --> y x"},
    [](Context&, const Tensor& x) { return x.shape().names(); },
    self);
constexpr auto dims = property(
    {.name = "Tensor.dims",
     .summary = "The names of the dims as a list.",
     .returns = "a list of strings",
     .example = "print(lo.zeros \"y=2 x=3\".dims[1])  --> y"},
    [](Context&, const Tensor& x) { return list_of(x.shape().dims()); },
    self);
constexpr auto ndim = property(
    {.name = "Tensor.ndim",
     .summary = "The number of dims.",
     .returns = "an integer",
     .example = "print(lo.zeros \"y=2 x=3\".ndim)  --> 2"},
    [](Context&, const Tensor& x) -> int64_t { return x.ndim(); },
    self);
constexpr auto count = property(
    {.name = "Tensor.count",
     .summary = "The number of elements.",
     .returns = "an integer",
     .example = "print(lo.zeros \"y=2 x=3\".count)  --> 6"},
    [](Context&, const Tensor& x) -> int64_t { return x.count(); },
    self);
constexpr auto bytes = property(
    {.name = "Tensor.bytes",
     .summary = "The size of the elements in bytes.",
     .returns = "an integer",
     .example = "print(lo.zeros \"y=2 x=3\".bytes)  --> 48"},
    [](Context&, const Tensor& x) { return static_cast<int64_t>(x.bytes()); },
    self);
constexpr auto dtype = property(
    {.name = "Tensor.dtype",
     .summary = "The type of the elements.",
     .returns = "a string",
     .example = "print(lo.zeros \"x=3\".dtype)  --> c64"},
    [](Context&, const Tensor& x) { return lunops::name_of(x.dtype()); },
    self);
constexpr auto device = property(
    {.name = "Tensor.device",
     .summary = "Where the elements lie.",
     .returns = "a string",
     .example = "print(lo.zeros \"x=3\".device)  --> cpu"},
    [](Context&, const Tensor& x) { return x.device().text(); },
    self);
constexpr auto real = property(
    {.name = "Tensor.real",
     .summary = "A view of the real parts.",
     .returns = "a tensor that shares memory",
     .raises = {Code::dtype},
     .example = "print(lo.full(\"x=2\", lo.complex(1, 2)).real:sum())  --> 2.0"},
    [](Context&, const Tensor& x) { return x.real_part(); },
    self);
constexpr auto imag = property(
    {.name = "Tensor.imag",
     .summary = "A view of the imaginary parts.",
     .returns = "a tensor that shares memory",
     .raises = {Code::dtype},
     .example = "print(lo.full(\"x=2\", lo.complex(1, 2)).imag:sum())  --> 4.0"},
    [](Context&, const Tensor& x) { return x.imag_part(); },
    self);

constexpr auto permute = method(
    {.name = "Tensor:permute",
     .summary = "The same elements with the dims in another order.",
     .returns = "a view",
     .raises = {Code::shape},
     .example = "print(lo.zeros \"y=2 x=3\":permute \"x y\".shape)  --> x=3 y=2",
     .see = {"rearrange"}},
    [](Context&, const Tensor& x, const Value& names) {
      std::string text;
      for (const std::string& name : names_of("permute", names)) text += name + " ";
      return x.permute(text);
    },
    param<TensorArg>("x", "the tensor"),
    param<DimsArg>("names", "all dims in the new order"));
constexpr auto rename = method(
    {.name = "Tensor:rename",
     .summary = "The same elements under other names, in one simultaneous substitution.",
     .returns = "a view",
     .raises = {Code::shape},
     .example = "print(lo.zeros \"y=2 x=3\":rename{ y = \"x\", x = \"y\" }.shape)  --> x=2 y=3",
     .see = {"Tensor:unname"}},
    [](Context&, const Tensor& x, const Value& names) { return x.rename(renaming(names)); },
    param<TensorArg>("x", "the tensor"),
    param<TableArg>("names", "old name = new name"));
constexpr auto unname = method(
    {.name = "Tensor:unname",
     .summary = "The same elements without names; such a tensor is matched by position.",
     .returns = "a view",
     .example = "print(lo.zeros \"y=2 x=3\":unname().shape)  --> 2 3"},
    [](Context&, const Tensor& x) { return x.unname(); },
    param<TensorArg>("x", "the tensor"));
constexpr auto clone = method(
    {.name = "Tensor:clone",
     .summary = "A copy with memory of its own.",
     .returns = "a tensor",
     .raises = {Code::host_memory},
     .example = "print(lo.ones(\"x=3\"):clone():sum())  --> 3+0i"},
    [](Context& context, const Tensor& x) { return x.clone(context); },
    param<TensorArg>("x", "the tensor"));
constexpr auto contiguous = method(
    {.name = "Tensor:contiguous",
     .summary = "The tensor itself if it lies row-major without gaps, else a copy that does.",
     .returns = "a tensor",
     .raises = {Code::host_memory},
     .example = "print(lo.zeros \"y=2 x=3\":permute \"x y\":contiguous().shape)  --> x=3 y=2"},
    [](Context& context, const Tensor& x) { return x.contiguous(context); },
    param<TensorArg>("x", "the tensor"));
constexpr auto as = method(
    {.name = "Tensor:as",
     .summary = "A copy with another dtype; complex to real is an error naming x.real and x:abs().",
     .returns = "a tensor; itself if it has that dtype",
     .raises = {Code::dtype, Code::host_memory},
     .example = "print(lo.ones(\"x=3\", { dtype = \"f32\" }):as \"f64\".dtype)  --> f64"},
    [](Context& context, const Tensor& x, std::string_view name) {
      return x.as(dtype_named("as", name), context);
    },
    param<TensorArg>("x", "the tensor"),
    param<TextArg>("dtype", "f32 f64 c64 c128 i32 i64 bool"));
constexpr auto to = method(
    {.name = "Tensor:to",
     .summary = "A copy on another device.",
     .returns = "a tensor; itself if it lies there",
     .raises = {Code::device, Code::not_built, Code::host_memory, Code::device_memory},
     .example = "print(lo.ones \"x=3\":to \"cpu\".device)  --> cpu"},
    [](Context& context, const Tensor& x, std::string_view name) {
      return x.to(Device::parse(name), context);
    },
    param<TensorArg>("x", "the tensor"),
    param<TextArg>("device", "for example \"cuda:0\""));

constexpr auto pin = method(
    {.name = "Tensor:pin",
     .summary = "Pins the tensor's memory on the host, so that copies to devices need no staging.",
     .returns = "the tensor",
     .raises = {Code::device},
     .example = "print(lo.ones \"x=3\":pin().is_pinned)  --> true",
     .see = {"Tensor:to"}},
    [](Context&, const Tensor& x) {
      x.storage()->pin();
      return x;
    },
    param<TensorArg>("x", "the tensor"));
constexpr auto is_pinned = property(
    {.name = "Tensor.is_pinned",
     .summary = "Whether the memory is pinned.",
     .returns = "a boolean",
     .example = "print(lo.ones \"x=3\".is_pinned)  --> false",
     .see = {"Tensor:pin"}},
    [](Context&, const Tensor& x) { return x.storage()->is_pinned(); },
    param<TensorArg>("x", "the tensor"));

Value element(const Tensor& x, c128 value) {
  if (is_complex(x.dtype())) return value;
  if (x.dtype() == DType::boolean) return value.real() != 0;
  if (x.dtype() == DType::i32 || x.dtype() == DType::i64) return static_cast<int64_t>(value.real());
  return value.real();
}

constexpr auto item = method(
    {.name = "Tensor:item",
     .summary = "The value of a tensor with one element.",
     .returns = "a number, lo.complex or boolean",
     .raises = {Code::shape},
     .example = "print(lo.full(\"x=1\", 7, { dtype = \"f32\" }):item())  --> 7.0",
     .waits = true},
    [](Context&, const Tensor& x) { return element(x, lunops::item(x)); },
    param<TensorArg>("x", "the tensor"));

Value nested(const Tensor& x, std::vector<int64_t>& index) {
  const auto depth = static_cast<int>(index.size());
  if (depth == x.ndim()) return element(x, value_at(x, index));
  Table level;
  level.list.reserve(static_cast<size_t>(x.shape().extent(depth)));
  for (int64_t i = 0; i < x.shape().extent(depth); ++i) {
    index.push_back(i);
    level.list.push_back(nested(x, index));
    index.pop_back();
  }
  return level;
}

constexpr auto totable = method(
    {.name = "Tensor:totable",
     .summary = "The elements as nested tables, the slowest dim outermost.",
     .returns = "a table of numbers, lo.complex or booleans",
     .example = "print(lo.arange(\"y=2 x=2\", { dtype = \"i32\" }):totable()[2][1])  --> 2",
     .waits = true,
     .see = {"tensor"}},
    [](Context& context, const Tensor& x) {
      std::vector<int64_t> index;
      // At once, not element by element.
      return nested(x.to(Device::host(), context), index);
    },
    param<TensorArg>("x", "the tensor"));

constexpr auto slice = metamethod(
    {.name = "Tensor.__call",
     .summary = "A view of a part: an integer removes the dim, {first, last, step} keeps it.",
     .returns = "a view; indices count from 1, ranges include both ends, -1 is the last",
     .raises = {Code::shape, Code::argument},
     .example = R"(local x = lo.arange("y=3 x=4", { dtype = "i32" })
print(x{ y = 2, x = { -1, 1, -1 } }:totable()[1])  --> 7)",
     .notation = "x{ y = { 1, 10 } }"},
    [](Context&, const Tensor& x, const Value& part) { return slice_of("slice", x, part); },
    param<TensorArg>("x", "the tensor"),
    param<TableArg>("part", "index or range by dim; by position only without names"));

constexpr auto set_ = method(
    {.name = "Tensor:set",
     .summary = "Writes a part in place.",
     .returns = "x",
     .raises = {Code::shape, Code::dtype, Code::argument},
     .example = R"(local x = lo.zeros("y=2 x=2", { dtype = "f32" })
x:set({ y = 1 }, 3)
print(x:sum())  --> 6.0)",
     .see = {"Tensor:copy", "Tensor:fill"}},
    [](Context& context, const Tensor& x, const Value& part, const Value& value) {
      const Tensor to = slice_of("set", x, part);
      if (const auto* from = value.get<Tensor>()) {
        lunops::copy(to, *from, context);
      } else if (const auto number = scalar_of(value)) {
        lunops::fill(to, *number, context);
      } else {
        fail(Code::argument, "set", "argument 3 (value) must be a tensor or a number, got {}",
             value.type());
      }
      return x;
    },
    param<TensorArg>("x", "the tensor"),
    param<TableArg>("part", "as in x{…}"),
    param<ValueArg>("value", "a tensor of the part's shape and dtype, or a number"));
constexpr auto fill_ = method(
    {.name = "Tensor:fill",
     .summary = "Writes one value everywhere, in place.",
     .returns = "x",
     .raises = {Code::dtype},
     .example = "print(lo.zeros \"x=3\":fill(2):sum())  --> 6+0i"},
    [](Context& context, const Tensor& x, c128 value) {
      lunops::fill(x, value, context);
      return x;
    },
    param<TensorArg>("x", "the tensor"),
    param<ScalarArg>("value", "the value"));
constexpr auto copy_ = method(
    {.name = "Tensor:copy",
     .summary = "Writes the elements of another tensor, in place.",
     .returns = "x",
     .raises = {Code::shape, Code::dtype, Code::device},
     .example = "print(lo.zeros \"x=3\":copy(lo.ones \"x=3\"):sum())  --> 3+0i"},
    [](Context& context, const Tensor& x, const Tensor& y) {
      lunops::copy(x, y, context);
      return x;
    },
    param<TensorArg>("x", "the tensor that is written"),
    param<TensorArg>("y", "a tensor of the same shape and dtype"));
constexpr auto axpy = method(
    {.name = "Tensor:axpy",
     .summary = "Adds a multiple of another tensor in place: x becomes x + a*y.",
     .returns = "x",
     .raises = {Code::shape, Code::dtype, Code::device},
     .example = "print(lo.ones \"x=3\":axpy(2, lo.ones \"x=3\"):sum())  --> 9+0i"},
    [](Context& context, const Tensor& x, c128 a, const Tensor& y) {
      lunops::axpby(a, y, 1, x, context);
      return x;
    },
    param<TensorArg>("x", "the tensor that is written"),
    param<ScalarArg>("a", "the factor"),
    param<TensorArg>("y", "a tensor of the same shape and dtype"));
constexpr auto scale_ = method(
    {.name = "Tensor:scale",
     .summary = "Multiplies by a number in place.",
     .returns = "x",
     .raises = {Code::dtype},
     .example = "print(lo.ones \"x=3\":scale(2):sum())  --> 6+0i"},
    [](Context& context, const Tensor& x, c128 a) {
      // x*0 + a*x: the form of axpby that reads x once.
      lunops::axpby(0, x, a, x, context);
      return x;
    },
    param<TensorArg>("x", "the tensor that is written"),
    param<ScalarArg>("a", "the factor"));

constexpr auto text = metamethod(
    {.name = "Tensor.__tostring",
     .summary = "One line: dtype, device, shape, size.",
     .returns = "a string",
     .example = "print(lo.zeros \"y=2 x=3\")  --> Tensor c64 cpu {y=2, x=3} 48 B",
     .notation = "tostring(x)"},
    [](Context&, const Tensor& x) { return headline(x); },
    self);

int length_error(lua_State* L) {
  raise_text(L, Code::argument, "#",
             "a tensor has no one length; write x.ndim for the number of "
             "dims or x.count for the number of elements");
}
constexpr Manual length = {
    {.name = "Tensor.__len",
     .summary = "An error that names x.ndim and x.count.",
     .returns = "nothing",
     .raises = {Code::argument},
     .example = "print(pcall(function() return #lo.zeros \"x=3\" end))  --> false	#: "
                "a tensor has no one length; write x.ndim for the number of dims or "
                "x.count for the number of elements",
     .notation = "#x"},
    RecordKind::metamethod};

constexpr Record kRecords[] = {
    cached<shape>(),        cached<extent>(),      cached<names>(),
    cached<dims>(),         exported<ndim>(),      exported<count>(),
    exported<bytes>(),      exported<dtype>(),     cached<device>(),
    exported<real>(),       exported<imag>(),      exported<permute>(),
    exported<rename>(),     exported<unname>(),    exported<clone>(),
    exported<contiguous>(), exported<as>(),        exported<to>(),
    exported<pin>(),        exported<is_pinned>(), exported<item>(),
    exported<totable>(),    exported<slice>(),     exported<set_>(),
    exported<fill_>(),      exported<copy_>(),     exported<axpy>(),
    exported<scale_>(),     exported<text>(),      manual(length, length_error)};

// x[3], x.nope.
int missing(lua_State* L) {
  if (lua_type(L, 2) == LUA_TNUMBER)
    raise_text(
        L, Code::argument, "index",
        "a tensor has no element [%s]; write x{ name = %s }, or x{ %s } for an unnamed tensor",
        luaL_tolstring(L, 2, nullptr), luaL_tolstring(L, 2, nullptr),
        luaL_tolstring(L, 2, nullptr));
  raise_no_member(L, "tensor", lua_upvalueindex(2));
}

}  // namespace

const BoxType Boxed<Tensor>::type = {
    "lunops.Tensor", "tensor", [](void* slot) noexcept { static_cast<Tensor*>(slot)->~Tensor(); }};

void push_tensor(lua_State* L, State& state, const Tensor& x) {
  push_box<Tensor>(L, state)->emplace(Tensor(x));
}

std::string size_text(double bytes) {
  const char* unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int i = 0;
  for (; bytes >= 1024 && i < 4; ++i) bytes /= 1024;
  return i == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, unit[i]);
}

std::string headline(const Tensor& x) {
  return fmt::format("Tensor {} {} {} {}", lunops::name_of(x.dtype()), x.device().text(),
                     x.shape().braced(), size_text(static_cast<double>(x.bytes())));
}

std::vector<std::pair<std::string, std::string>> renaming(const Value& names) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [from, to] : names.table()->fields) {
    const auto* text = to.get<std::string>();
    if (text == nullptr)
      fail(Code::argument, "rename", "the new name of '{}' must be a string, got {}", from,
           to.type());
    result.emplace_back(from, *text);
  }
  if (!names.table()->list.empty())
    fail(Code::argument, "rename", "takes names by name, {{ y = \"x\" }}, not a list");
  return result;
}

std::span<const Record> tensor_records() { return kRecords; }
lua_CFunction tensor_missing() { return missing; }

}  // namespace lunops::lua
