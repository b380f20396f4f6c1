// SPDX-License-Identifier: MIT
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/nested.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr Field kExtent = option("extent", Kind::table, "", "extents that the text leaves open");
constexpr Field kDType = option("dtype", Kind::text, "c64", "f32 f64 c64 c128 i32 i64 bool");
constexpr Field kDevice = option("device", Kind::text, "cpu", "where the tensor lies");
constexpr Field kSeed =
    option("seed", Kind::integer, "the state's counter", "the same seed gives the same numbers");

// The state whose context this is: factories read its defaults.
State& state_from(Context& context) { return *static_cast<State*>(context.listener); }

DType dtype_from(const Given& given, Context& context) {
  const auto name = given.text("dtype");
  if (!name) return state_from(context).dtype;
  return dtype_named(given.operation(), *name);
}

Context& place(const Given& given, Context& context) {
  if (const auto name = given.text("device")) context.device = Device::parse(*name);
  return context;
}

Shape known(std::string_view operation, Shape shape, const Given& given) {
  for (const auto& [name, extent] : given.extents("extent")) {
    const int i = shape.find(name);
    if (i < 0)
      fail(Code::shape, operation, "extent of '{}' is given but the shape {} has no such dim", name,
           shape.braced());
    if (shape.extent(i) != kUnknown && shape.extent(i) != extent)
      fail(Code::shape, operation, "extent of '{}' is {} in the shape but {} in the option extent",
           name, shape.extent(i), extent);
    shape = shape.with_extent(i, extent);
  }
  for (int i = 0; i < shape.ndim(); ++i)
    if (shape.extent(i) == kUnknown)
      fail(Code::shape, operation,
           "extent of '{}' is unknown; write {}=N or give extent = {{ {} = N }}",
           shape.dim(i).text(), shape.dim(i).text(), shape.dim(i).text());
  return shape;
}

constexpr auto zeros =
    with_options(function(
                     {.name = "zeros",
                      .summary = "Makes a tensor of zeros.",
                      .returns = "a tensor",
                      .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
                      .example = R"(print(lo.zeros "coil=8 x=3".shape)  --> coil=8 x=3)",
                      .see = {"ones", "full", "zeros_like"}},
                     [](Context& context, Shape shape, const Given& given) {
                       const DType dtype = dtype_from(given, context);
                       return lunops::zeros(known("zeros", std::move(shape), given), dtype,
                                            place(given, context));
                     },
                     param<ShapeArg>("shape", "dims with extents")),
                 kExtent,
                 kDType,
                 kDevice);
constexpr auto ones =
    with_options(function(
                     {.name = "ones",
                      .summary = "Makes a tensor of ones.",
                      .returns = "a tensor",
                      .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
                      .example = R"(print(lo.ones("x=3", { dtype = "f32" }):sum())  --> 3.0)",
                      .see = {"zeros"}},
                     [](Context& context, Shape shape, const Given& given) {
                       const DType dtype = dtype_from(given, context);
                       return lunops::full(known("ones", std::move(shape), given), 1, dtype,
                                           place(given, context));
                     },
                     param<ShapeArg>("shape", "dims with extents")),
                 kExtent,
                 kDType,
                 kDevice);
constexpr auto full =
    with_options(function(
                     {.name = "full",
                      .summary = "Makes a tensor with one value everywhere.",
                      .returns = "a tensor",
                      .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
                      .example = R"(print(lo.full("x=2", lo.complex(1, 2)):sum())  --> 2+4i)",
                      .see = {"zeros"}},
                     [](Context& context, Shape shape, c128 value, const Given& given) {
                       const DType dtype = dtype_from(given, context);
                       return lunops::full(known("full", std::move(shape), given), value, dtype,
                                           place(given, context));
                     },
                     param<ShapeArg>("shape", "dims with extents"),
                     param<ScalarArg>("value", "the value")),
                 kExtent,
                 kDType,
                 kDevice);
constexpr auto empty =
    with_options(function(
                     {.name = "empty",
                      .summary = "Makes a tensor whose values are whatever the memory held.",
                      .returns = "a tensor",
                      .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
                      .example = R"(print(lo.empty "x=3".count)  --> 3)",
                      .see = {"zeros"}},
                     [](Context& context, Shape shape, const Given& given) {
                       const DType dtype = dtype_from(given, context);
                       return Tensor::empty(known("empty", std::move(shape), given), dtype,
                                            place(given, context));
                     },
                     param<ShapeArg>("shape", "dims with extents")),
                 kExtent,
                 kDType,
                 kDevice);
constexpr auto arange = with_options(
    function(
        {.name = "arange",
         .summary = "Makes a tensor that counts its elements from 0.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
         .example = R"(print(lo.arange("x=5", { dtype = "f64" }):totable()[5])  --> 4.0)",
         .see = {"eye"}},
        [](Context& context, Shape shape, const Given& given) {
          const DType dtype = dtype_from(given, context);
          return lunops::arange(known("arange", std::move(shape), given), dtype,
                                place(given, context));
        },
        param<ShapeArg>("shape", "dims with extents")),
    kExtent,
    kDType,
    kDevice);
constexpr auto eye = with_options(
    function(
        {.name = "eye",
         .summary = "Makes an identity matrix: \"n=3\" gives dims n and n'.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
         .example = R"(print(lo.eye "n=3".shape)  --> n=3 n'=3)",
         .see = {"zeros"}},
        [](Context& context, Shape shape, const Given& given) {
          const DType dtype = dtype_from(given, context);
          return lunops::eye(known("eye", std::move(shape), given), dtype, place(given, context));
        },
        param<ShapeArg>("shape", "one dim with its extent")),
    kExtent,
    kDType,
    kDevice);

uint64_t seed_from(const Given& given, Context& context) {
  if (const auto seed = given.integer("seed")) return static_cast<uint64_t>(*seed);
  State& state = state_from(context);
  // Draws of one state must differ, and must repeat when the script runs again.
  return state.seed + 0x9E3779B97F4A7C15u * ++state.draws;
}

constexpr auto rand_ = with_options(
    function(
        {.name = "rand",
         .summary = "Makes a tensor of uniform random numbers in [0, 1), complex in both parts.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
         .example =
             R"(print(lo.allclose(lo.rand("x=3", { seed = 1 }), lo.rand("x=3", { seed = 1 })))  --> true)",
         .source = "Salmon et al., SC'11: Philox 4x32-10",
         .see = {"randn"}},
        [](Context& context, Shape shape, const Given& given) {
          const DType dtype = dtype_from(given, context);
          return lunops::rand(known("rand", std::move(shape), given), dtype,
                              seed_from(given, context), place(given, context));
        },
        param<ShapeArg>("shape", "dims with extents")),
    kSeed,
    kExtent,
    kDType,
    kDevice);
constexpr auto randn = with_options(
    function(
        {.name = "randn",
         .summary = "Makes a tensor of normal random numbers; complex ones have E|z|^2 = 1.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::device, Code::host_memory},
         .example = R"(print(lo.randn("x=5", { seed = 1 }).shape)  --> x=5)",
         .source = "Salmon et al., SC'11: Philox 4x32-10",
         .see = {"rand"}},
        [](Context& context, Shape shape, const Given& given) {
          const DType dtype = dtype_from(given, context);
          return lunops::randn(known("randn", std::move(shape), given), dtype,
                               seed_from(given, context), place(given, context));
        },
        param<ShapeArg>("shape", "dims with extents")),
    kSeed,
    kExtent,
    kDType,
    kDevice);

constexpr auto zeros_like = function(
    {.name = "zeros_like",
     .summary = "Makes a tensor of zeros with the shape, dtype and device of another.",
     .returns = "a tensor",
     .raises = {Code::host_memory},
     .example = R"(print(lo.zeros_like(lo.ones("x=2", { dtype = "f64" })).dtype)  --> f64)",
     .see = {"zeros", "ones_like"}},
    [](Context& context, const Tensor& x) {
      context.device = x.device();
      return lunops::zeros(x.shape(), x.dtype(), context);
    },
    param<TensorArg>("x", "the example"));
constexpr auto ones_like = function(
    {.name = "ones_like",
     .summary = "Makes a tensor of ones with the shape, dtype and device of another.",
     .returns = "a tensor",
     .raises = {Code::host_memory},
     .example = R"(print(lo.ones_like(lo.zeros("x=2", { dtype = "i32" })):sum())  --> 2)",
     .see = {"ones", "zeros_like"}},
    [](Context& context, const Tensor& x) {
      context.device = x.device();
      return lunops::full(x.shape(), 1, x.dtype(), context);
    },
    param<TensorArg>("x", "the example"));

constexpr auto tensor = with_options(
    function(
        {.name = "tensor",
         .summary = "Makes a tensor from nested tables of numbers, lo.complex or booleans.",
         .returns = "a tensor; without names its dims are unnamed",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local x = lo.tensor({{1, 2}, {3, 4}}, "y x", { dtype = "f32" })
print(x.shape, x:sum())  --> y=2 x=2	10.0)",
         .see = {"Tensor:totable"}},
        [](Context& context,
           const Value& values,
           std::optional<std::string_view> names,
           const Given& given) {
          const Nested nested = flatten(values);
          Shape shape = Shape::unnamed(nested.extents);
          if (names) {
            Shape text = Shape::parse(*names);
            if (text.ndim() != shape.ndim())
              fail(Code::shape, "tensor", "the table has {} levels but \"{}\" names {} dims",
                   shape.ndim(), *names, text.ndim());
            for (int i = 0; i < text.ndim(); ++i) {
              if (text.extent(i) != kUnknown && text.extent(i) != shape.extent(i))
                fail(Code::shape, "tensor", "extent of '{}' is {} in the text but {} in the table",
                     text.dim(i).text(), text.extent(i), shape.extent(i));
              text = text.with_extent(i, shape.extent(i));
            }
            shape = text;
          }
          DType dtype = dtype_from(given, context);
          if (!given.text("dtype") && nested.all_boolean && !nested.values.empty())
            dtype = DType::boolean;
          return from_values(shape, dtype, nested.values, place(given, context));
        },
        param<ValueArg>("values", "nested tables, the slowest dim outermost"),
        optional<TextArg>("names", "for example \"y x\"")),
    kDType,
    kDevice);

constexpr Record kRecords[] = {exported<zeros>(),      exported<ones>(),     exported<full>(),
                               exported<empty>(),      exported<arange>(),   exported<eye>(),
                               exported<rand_>(),      exported<randn>(),    exported<tensor>(),
                               exported<zeros_like>(), exported<ones_like>()};

}  // namespace

DType dtype_named(std::string_view operation, std::string_view name) {
  if (const auto dtype = parse_dtype(name)) return *dtype;
  const std::string known[] = {"f32", "f64", "c64", "c128", "i32", "i64", "bool"};
  fail(Code::dtype, operation, "unknown dtype '{}'{}; there are f32 f64 c64 c128 i32 i64 bool",
       name, suggestion(name, known));
}

std::span<const Record> factory_records() { return kRecords; }

}  // namespace lunops::lua
