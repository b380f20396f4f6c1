// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"
#include "interpreter/binding/state.hpp"
#include "runtime/linop/nufft/functional.hpp"

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

NUFFTOptions nufft_options(const Given& given) {
  NUFFTOptions options;
  options.extent = given.extents("extent");
  options.name = given.text("name").value_or("");
  options.batch = given.boolean("batch", true);
  options.tol = given.number("tol");
  if (const auto width = given.number("width")) {
    const auto whole = static_cast<int>(*width);
    if (static_cast<double>(whole) != *width) {
      fail(Code::argument, "NUFFT", "'width' = {:g} must be an integer from 2 to 16", *width);
    }
    options.width = whole;
  }
  options.oversamp = given.numbers("oversamp");
  options.grid = given.extents("grid");
  options.units = given.text("units").value_or("");
  options.mode = given.text("mode").value_or("interpolate");
  options.counts = given.tensor("counts");
  options.toeplitz = toeplitz_of(given);
  return options;
}

constexpr Field kTol = option("tol", Kind::number, "1e-4 for c64, 1e-9 for c128", "relative error");
constexpr Field kWidth =
    option("width", Kind::number, "by tol", "width of the kernel in grid cells");
constexpr Field kOversamp =
    option("oversamp", Kind::number_table, "by tol", "oversampling, for all dims or by dim");
constexpr Field kGrid = option("grid", Kind::table, "by tol", "extents of the oversampled grid");
constexpr Field kUnits = option("units", Kind::text, "cycles", "cycles, radians or normalized");
constexpr Field kMode = option(
    "mode", Kind::text, "interpolate", "interpolate, or nearest: samples of the oversampled grid");
constexpr Field kCounts =
    option("counts", Kind::tensor, "all", "points that exist, by frame: the first ones");
constexpr Field kToeplitz =
    option("toeplitz", Kind::text_boolean, "auto", "form of the normal operator");

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
          return NUFFT(given.tensor(1), given.text(2), nufft_options(given));
        },
        operand("trajectory", Kind::tensor, "one dim holds the components, in the image's order"),
        operand("text", Kind::text, "\"y x -> spoke sample\"")),
    kTol,
    kWidth,
    kOversamp,
    kGrid,
    kUnits,
    kMode,
    kCounts,
    kToeplitz,
    kExtent,
    kName,
    kBatch);

InterpolateOptions interpolate_options(const Given& given) {
  InterpolateOptions options;
  common(given, options);
  options.kernel = given.text("kernel").value_or("kaiser_bessel");
  options.width = given.numbers("width");
  options.beta = given.numbers("beta");
  options.oversamp = given.numbers("oversamp");
  options.boundary = given.text("boundary").value_or("circular");
  return options;
}

constexpr Field kKernel = option("kernel", Kind::text, "kaiser_bessel", "kaiser_bessel or linear");
constexpr Field kKernelWidth =
    option("width", Kind::number_table, "4", "in grid units, for all dims or by dim");
constexpr Field kBeta =
    option("beta", Kind::number_table, "by width and oversamp", "shape of kaiser_bessel, likewise");
constexpr Field kBetaOversamp =
    option("oversamp", Kind::number_table, "2", "what the default beta is for");
constexpr Field kBoundary =
    option("boundary", Kind::text, "circular", "circular, or zero: terms outside are dropped");

constexpr auto interpolate = with_options(
    constructor(
        {.name = "Interpolate",
         .summary = "Values of a grid at positions between its points, by a short kernel.",
         .adjoint = "Gridding with the same values",
         .normal = "the pair",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local t = lo.tensor({ { 3 }, { 3.25 } }, "sample d", { dtype = "f64" })
local A = lo.Interpolate{ t, "x -> sample", extent = { x = 8 }, kernel = "linear", width = 2 }
print(table.concat(A(lo.arange("x=8", { dtype = "f64" })):totable(), " "))  --> 3.0 3.25)",
         .source = "Beatty, Nishimura, Pauly, IEEE TMI 24 (2005) 799",
         .see = {"Gridding", "NUFFT"}},
        [](Context&, const Given& given) {
          return Interpolate(given.tensor(1), given.text(2), interpolate_options(given));
        },
        operand("locs", Kind::tensor, "positions in grid units, 0 on the first grid point"),
        operand("text", Kind::text, "\"y x -> sample\"")),
    kKernel,
    kKernelWidth,
    kBeta,
    kBetaOversamp,
    kBoundary,
    kExtent,
    kName,
    kBatch);
constexpr auto gridding = with_options(
    constructor(
        {.name = "Gridding",
         .summary = "Adds samples to a grid around their positions, by a short kernel.",
         .adjoint = "Interpolate with the same values",
         .normal = "the pair",
         .returns = "an operator",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local t = lo.tensor({ { 3.25 } }, "sample d", { dtype = "f64" })
local A = lo.Gridding{ t, "sample -> x", extent = { x = 5 }, kernel = "linear", width = 2 }
print(table.concat(A(lo.ones("sample=1", { dtype = "f64" })):totable(), " "))  --> 0.0 0.0 0.0 0.75 0.25)",
         .source = "Beatty, Nishimura, Pauly, IEEE TMI 24 (2005) 799",
         .see = {"Interpolate", "NUFFT"}},
        [](Context&, const Given& given) {
          return Gridding(given.tensor(1), given.text(2), interpolate_options(given));
        },
        operand("locs", Kind::tensor, "positions in grid units, 0 on the first grid point"),
        operand("text", Kind::text, "\"sample -> y x\"")),
    kKernel,
    kKernelWidth,
    kBeta,
    kBetaOversamp,
    kBoundary,
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

// lo.nufft and lo.nufft_adjoint: operators come from the state's cache.
NufftCache& cache_of(Context& context) { return static_cast<State*>(context.listener)->nuffts; }

// A Lua table has no order: dims called z, y, x stand in this order.
std::vector<std::string> image_order(const std::vector<std::pair<std::string, int64_t>>& extent) {
  std::vector<std::string> names;
  for (const char* name : {"z", "y", "x"}) {
    for (const auto& [dim, n] : extent) {
      if (dim == name) names.push_back(dim);
    }
  }
  if (names.size() == extent.size()) return names;
  if (extent.size() == 1) return {extent.front().first};
  fail(Code::argument, "nufft_adjoint",
       "the order of the image dims is not known; give string = \"y x -> sample\"");
}

constexpr Field kString = option("string", Kind::text, "inferred", "\"y x -> spoke sample\"");

constexpr auto nufft_call = with_options(
    function(
        {.name = "nufft",
         .summary = "Transforms an image to the points of a trajectory: NUFFT as a function.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
print(("%.3f"):format(lo.nufft(lo.ones "x=16", traj){ sample = 1 }:item().re))  --> 4.000)",
         .source = "Barnett, Magland, af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479",
         .see = {"NUFFT", "nufft_adjoint"}},
        [](Context& context, const Tensor& x, const Tensor& trajectory, const Given& given) {
          const std::string text = given.text("string").value_or("");
          const Linop f = cache_of(context).find(
              trajectory, text.empty() ? nufft_text(x, trajectory) : text, nufft_options(given));
          return f(x, context);
        },
        param<TensorArg>("x", "its last dims are the image, others are frames or batch dims"),
        param<TensorArg>("trajectory", "its last dim holds the components")),
    kString,
    kTol,
    kWidth,
    kOversamp,
    kGrid,
    kUnits,
    kMode,
    kCounts,
    kExtent);
constexpr auto nufft_adjoint_call = with_options(
    function(
        {.name = "nufft_adjoint",
         .summary = "Transforms samples to an image: the adjoint of nufft.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::argument, Code::numeric},
         .example = R"(local traj = lo.tensor({ { 0 }, { 1 } }, "sample d", { dtype = "f32" })
print(lo.nufft_adjoint(lo.ones "sample=2", traj, { extent = { x = 16 } }).shape)  --> x=16)",
         .source = "Barnett, Magland, af Klinteberg, SIAM J. Sci. Comput. 41 (2019) C479",
         .see = {"NUFFT", "nufft"}},
        [](Context& context, const Tensor& y, const Tensor& trajectory, const Given& given) {
          std::string text = given.text("string").value_or("");
          const NUFFTOptions options = nufft_options(given);
          if (text.empty()) {
            text = nufft_adjoint_text(y, trajectory, image_order(options.extent));
          }
          return cache_of(context).find(trajectory, text, options).H()(y, context);
        },
        param<TensorArg>("y", "samples, with the dims of the trajectory but its last"),
        param<TensorArg>("trajectory", "its last dim holds the components")),
    kString,
    kTol,
    kWidth,
    kOversamp,
    kGrid,
    kUnits,
    kMode,
    kCounts,
    kExtent);

constexpr Record kRecords[] = {exported<fft>(),         exported<interpolate>(),
                               exported<gridding>(),    exported<nufft>(),
                               exported<convolution>(), exported<wavelet>(),
                               exported<nufft_call>(),  exported<nufft_adjoint_call>()};

}  // namespace

std::span<const Record> transform_records() { return kRecords; }

}  // namespace lunops::lua
