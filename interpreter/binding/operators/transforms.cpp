// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

namespace lunops::lua {

namespace {

constexpr auto fft = with_options(
    constructor(
        {.name = "FFT",
         .summary = "The centred, orthonormal Fourier transform of the dims that differ.",
         .adjoint = "the other sign with the same factor: the inverse for ortho only",
         .normal = "a multiple of the identity, exactly 1 for ortho",
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
         .adjoint = "the exact transpose: spreading, FFT, deconvolution",
         .normal = "a Toeplitz operator or the pair, by cost",
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

constexpr auto convolution = with_options(
    constructor(
        {.name = "Convolution",
         .summary =
             "Convolves dims with a kernel, whose centre is at floor(K/2); channels may mix.",
         .adjoint = "correlation with the conjugate kernel, same boundary",
         .normal = "circular: convolution with the autocorrelation; zero: the composition",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local k = lo.tensor({ 1, 2, 3 }, "x", { dtype = "f32" })
local x = lo.tensor({ 1, 0, 0, 2, 0 }, "x", { dtype = "f32" })
print(lo.Convolution{ k, "x" }(x){ x = 5 }:item())  --> 6.0)"},
        [](Context&, const Given& given) {
          auto options = common<ConvolutionOptions>(given);
          options.boundary = given.text("boundary").value_or("zero");
          options.method = given.text("method").value_or("auto");
          const auto text = given.optional_text(2);
          return Convolution(given.tensor(1), view(text), options);
        },
        operand("kernel", Kind::tensor, "its dims are addressed by name"),
        optional_operand(
            "text", Kind::text, "\"y x\" or \"cin y x -> cout y' x'\"; default the kernel's dims")),
    option("boundary", Kind::text, "zero", "zero or circular"),
    option("method", Kind::text, "auto", "direct, fft, or auto by cost"),
    kExtent,
    kName,
    kBatch);

constexpr auto wavelet = with_options(
    constructor(
        {.name = "Wavelet",
         .summary = "An orthogonal wavelet transform of the dims that differ, padded with zeros.",
         .adjoint = "synthesis, then a crop",
         .normal = "the identity",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local x = lo.tensor({ 1, 2, 3, 4 }, "x", { dtype = "f32" })
print(("%.4f"):format(lo.Wavelet{ "x", family = "haar", levels = 2 }(x){ wx = 1 }:item()))  --> 5.0000)",
         .source = "Daubechies, Ten Lectures on Wavelets (1992)"},
        [](Context&, const Given& given) {
          auto options = common<WaveletOptions>(given);
          options.family = given.text("family").value_or("db4");
          options.levels = given.integer("levels");
          options.dims = given.dims("dims");
          return Wavelet(given.text(1), options);
        },
        operand("text", Kind::text, "\"y x -> wy wx\", or \"y x\"")),
    option("family", Kind::text, "db4", "haar, db1 to db10"),
    option("levels", Kind::integer, "by extents", "times that the approximation is filtered"),
    option("dims", Kind::dims, "all", "dims of a one-sided string"),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<fft>(), exported<nufft>(), exported<convolution>(),
                               exported<wavelet>()};

}  // namespace

std::span<const Record> transform_records() { return kRecords; }

}  // namespace lunops::lua
