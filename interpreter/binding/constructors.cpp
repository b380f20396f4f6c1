// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops::lua {

namespace {

// Options that every constructor takes.
constexpr Field kExtent = option("extent", Kind::table, "", "extents of dims of the signature");
constexpr Field kName = option("name", Kind::text, "", "shown by print, trace and explain");
constexpr Field kBatch = option("batch", Kind::boolean, "true", "false closes the signature");

void common(const Given& given, LinopOptions& options) {
  options.extent = given.extents("extent");
  options.name = given.text("name").value_or("");
  options.batch = given.boolean("batch", true);
}
LinopOptions common(const Given& given) {
  LinopOptions options;
  common(given, options);
  return options;
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

std::vector<Linop> linops(const Given& given) {
  std::vector<Linop> all;
  for (int i = 1; i <= given.operands(); ++i) {
    const auto* a = given.operand(i)->get<Linop>();
    if (a == nullptr)
      fail(Code::argument, given.operation(), "operand {} must be an operator, got {}", i,
           given.operand(i)->type());
    all.push_back(*a);
  }
  return all;
}

constexpr auto identity = with_options(
    constructor(
        {.name = "Identity",
         .summary = "The operator that returns its input.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Identity \"x\"(lo.ones \"x=3\"):sum())  --> 3+0i"},
        [](Context&, const Given& given) { return Identity(given.text(1, "..."), common(given)); },
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto zero = with_options(
    constructor(
        {.name = "Zero",
         .summary = "The operator whose result is zero.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             "print(lo.Zero{ \"n -> m\", extent = { m = 2 } }(lo.ones \"n=3\").shape)  --> m=2"},
        [](Context&, const Given& given) { return Zero(given.text(1), common(given)); },
        operand("text", Kind::text, "\"n -> m k\"")),
    kExtent,
    kName,
    kBatch);

constexpr auto scalar = with_options(
    constructor(
        {.name = "Scalar",
         .summary = "Multiplies by a number; usually written s * A.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Scalar{ lo.complex(2, 3) }.H(lo.ones \"x=1\"):item())  --> 2-3i"},
        [](Context&, const Given& given) {
          return Scalar(*scalar_of(*given.operand(1)), given.text(2, "..."), common(given));
        },
        operand("s", Kind::scalar, "the number"),
        optional_operand("text", Kind::text, "dims; default any")),
    kExtent,
    kName,
    kBatch);

constexpr auto diagonal = with_options(
    constructor(
        {.name = "Diagonal",
         .summary = "Multiplies element by element with a weight, broadcast over dims it lacks.",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = R"(local w = lo.tensor({ 4, 9 }, "x", { dtype = "f32" })
print((lo.Diagonal{ w } ^ 0.5)(lo.ones("x=2", { dtype = "f32" })):sum())  --> 5.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          return Diagonal(given.tensor(1), view(text), common(given));
        },
        operand("weight", Kind::tensor, "some of the dims, addressed by name"),
        optional_operand("text", Kind::text, "all dims; default the weight's")),
    kExtent,
    kName,
    kBatch);

constexpr auto dense = with_options(
    constructor(
        {.name = "Dense",
         .summary = "Multiplies with a weight and sums over the dims that the output lacks.",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local W = lo.tensor({ { 1, 2 }, { 3, 4 }, { 5, 6 } }, "m n", { dtype = "f32" })
print(lo.Dense{ W, "m n, n -> m" }(lo.ones("n=2", { dtype = "f32" })):sum())  --> 21.0)"},
        [](Context&, const Given& given) {
          const auto text = given.optional_text(2);
          return Dense(given.tensor(1), view(text), common(given));
        },
        operand("weight", Kind::tensor, "its dims are addressed by name"),
        optional_operand("text", Kind::text, "\"y x -> coil y x\" or \"m n, n -> m\"")),
    kExtent,
    kName,
    kBatch);

constexpr auto fft = with_options(
    constructor(
        {.name = "FFT",
         .summary = "The centred, orthonormal Fourier transform of the dims that differ.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local F = lo.FFT "x -> k"
print(lo.allclose(F.H(F(lo.ones "x=4")), lo.ones "x=4"))  --> true)"},
        [](Context&, const Given& given) {
          FFTOptions options;
          common(given, options);
          options.norm = given.text("norm").value_or("ortho");
          options.centred = given.boolean("centred", true);
          options.inverse = given.boolean("inverse", false);
          return FFT(given.text(1), options);
        },
        operand("text", Kind::text, "\"y x -> ky kx\"")),
    option("norm", Kind::text, "ortho", "ortho, backward or forward"),
    option("centred", Kind::boolean, "true", "the origin is at index floor(N/2)"),
    option("inverse", Kind::boolean, "false", "the other sign; undoes the same norm"),
    kExtent,
    kName,
    kBatch);

PadOptions pad_options(const Given& given) {
  PadOptions options;
  common(given, options);
  options.to = given.extents("to");
  options.scale = given.number("scale");
  options.at = given.text("at").value_or("centre");
  return options;
}
constexpr Field kTo = option("to", Kind::table, "", "new extents by dim");
constexpr Field kScale = option("scale", Kind::number, "", "new extents as multiples of the old");
constexpr Field kAt = option("at", Kind::text, "centre", "centre, start or end");

constexpr auto pad = with_options(
    constructor(
        {.name = "Pad",
         .summary = "Surrounds with zeros.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Pad{ \"x -> x'\", to = { x = 6 } }(lo.ones \"x=4\").shape)  --> x=6"},
        [](Context&, const Given& given) { return Pad(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims that grow are primed on the output")),
    kTo,
    kScale,
    kAt,
    kExtent,
    kName,
    kBatch);
constexpr auto crop = with_options(
    constructor(
        {.name = "Crop",
         .summary = "Cuts out a part.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example =
             "print(lo.Crop{ \"x -> x'\", to = { x = 2 } }(lo.ones \"x=4\").shape)  --> x=2"},
        [](Context&, const Given& given) { return Crop(given.text(1), pad_options(given)); },
        operand("text", Kind::text, "the dims that shrink are primed on the output")),
    kTo,
    kScale,
    kAt,
    kExtent,
    kName,
    kBatch);

Toeplitz toeplitz_of(const Given& given) {
  const Value* value = given.option("toeplitz");
  if (value == nullptr) return Toeplitz::automatic;
  if (const auto* b = value->get<bool>()) return *b ? Toeplitz::always : Toeplitz::never;
  const std::string& text = *value->get<std::string>();
  if (text == "auto") return Toeplitz::automatic;
  fail(Code::argument, "NUFFT", "option 'toeplitz' must be \"auto\", true or false, got \"{}\"",
       text);
}

constexpr auto nufft = with_options(
    constructor(
        {.name = "NUFFT",
         .summary = "The non-uniform Fourier transform at the points of a trajectory.",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
local F = lo.NUFFT{ traj, "x -> sample", extent = { x = 16 } }
print(("%.3f"):format(F(lo.ones "x=16"){ sample = 1 }:item().re))  --> 4.000)",
         .source = "Barnett, Magland, af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479"},
        [](Context&, const Given& given) {
          NUFFTOptions options;
          common(given, options);
          options.tol = given.number("tol");
          if (const auto width = given.integer("width")) options.width = static_cast<int>(*width);
          options.oversamp = given.numbers("oversamp");
          options.grid = given.extents("grid");
          options.units = given.text("units").value_or("");
          options.toeplitz = toeplitz_of(given);
          return NUFFT(given.tensor(1), given.text(2), options);
        },
        operand("trajectory", Kind::tensor, "one dim holds the components, in the image's order"),
        operand("text", Kind::text, "\"y x -> spoke sample\"")),
    option("tol", Kind::number, "1e-4 for c64, 1e-9 for c128", "relative error"),
    option("width", Kind::integer, "by tol", "width of the kernel in grid cells"),
    option("oversamp", Kind::number_table, "by tol", "oversampling, for all dims or by dim"),
    option("grid", Kind::table, "by tol", "extents of the oversampled grid"),
    option("units", Kind::text, "cycles", "cycles, radians or normalized"),
    option("toeplitz", Kind::text_boolean, "auto", "form of the normal operator"),
    kExtent,
    kName,
    kBatch);

constexpr auto chain = with_options(
    constructor(
        {.name = "Chain",
         .summary = "Composition: Chain{A, B, C} applies C first; usually written A * B * C.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Chain{ 2*I, 3*I }(lo.ones "
                    "\"x=1\"):item())  --> 6+0i"},
        [](Context&, const Given& given) { return Chain(linops(given), common(given)); },
        operand("A", Kind::linop, "the first of the factors")),
    kExtent,
    kName,
    kBatch);
constexpr auto add = with_options(
    constructor(
        {.name = "Add",
         .summary = "The sum of operators, accumulated in the order given; usually A + B.",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "local I = lo.Identity \"x\"\nprint(lo.Add{ 2*I, 3*I }.N(lo.ones "
                    "\"x=1\"):item())  --> 25+0i"},
        [](Context&, const Given& given) { return Add(linops(given), common(given)); },
        operand("A", Kind::linop, "the first of the terms")),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<identity>(), exported<zero>(),  exported<scalar>(),
                               exported<diagonal>(), exported<dense>(), exported<fft>(),
                               exported<pad>(),      exported<crop>(),  exported<nufft>(),
                               exported<chain>(),    exported<add>()};

}  // namespace

std::span<const Record> constructor_records() { return kRecords; }

}  // namespace lunops::lua
