// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/phantom/ellipse.hpp"

namespace lunops::lua {

namespace {

constexpr Field kDType = option("dtype", Kind::text, "c64", "of the result");

DType dtype_from(const Given& given) {
  return dtype_named(given.operation(), given.text("dtype").value_or("c64"));
}

constexpr auto kspace = with_options(
    function(
        {.name = "ellipse_kspace",
         .summary = "Exact samples of the Fourier transform of a sum of ellipses or ellipsoids.",
         .returns =
             "a tensor with the dims of the shifts, then those of the trajectory but its last",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local disc = lo.tensor({ { 1, 2, 2, 0, 0, 0 } }, "ellipse parameter", { dtype = "f64" })
local k = lo.zeros("sample=1 d=2", { dtype = "f64" })
print(("%.4f"):format(lo.ellipse_kspace(disc, k, "y=8 x=8"):item().re))  --> 1.5708)",
         .source = "Van de Walle et al., IEEE Trans. Med. Imaging 16 (1997) 666",
         .see = {"ellipse_image"}},
        [](Context& context,
           const Tensor& table,
           const Tensor& trajectory,
           const Shape& shape,
           const Given& given) {
          const auto shifts = given.tensor("shifts");
          return ellipse_kspace(table, shape.extents(), trajectory, shifts ? &*shifts : nullptr,
                                dtype_from(given), context);
        },
        param<TensorArg>("table", "a row per ellipse: amplitude, half axes, centre, angle"),
        param<TensorArg>("trajectory", "cycles per field of view; its last dim holds components"),
        param<ShapeArg>("shape", "the image's extents")),
    option("shifts", Kind::tensor, "none", "samples at k - shift, one set per shift"),
    kDType);

constexpr auto image = with_options(
    function(
        {.name = "ellipse_image",
         .summary = "The image of a sum of ellipses or ellipsoids.",
         .returns = "a tensor",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example =
             R"(local disc = lo.tensor({ { 1, 2, 2, 0, 0, 0 } }, "ellipse parameter", { dtype = "f64" })
print(lo.ellipse_image(disc, "y=8 x=8", { dtype = "f32" }):sum())  --> 13.0)",
         .see = {"ellipse_kspace"}},
        [](Context& context, const Tensor& table, const Shape& shape, const Given& given) {
          return ellipse_image(table, shape,
                               static_cast<int>(given.integer("supersample").value_or(1)),
                               dtype_from(given), context);
        },
        param<TensorArg>("table", "a row per ellipse: amplitude, half axes, centre, angle"),
        param<ShapeArg>("shape", "the image's dims with extents")),
    option("supersample", Kind::integer, "1", "points per pixel and dim"),
    kDType);

constexpr Record kRecords[] = {exported<kspace>(), exported<image>()};

}  // namespace

std::span<const Record> phantom_records() { return kRecords; }

}  // namespace lunops::lua
