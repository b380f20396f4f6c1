// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <png.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "runtime/io/io.hpp"
#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor make(const char* shape, std::vector<c128> values, Context& context) {
  return from_values(Shape::parse(shape), DType::c64, values, context);
}

// Grey values of a PNG as libpng's reader sees them, 16 bits each.
std::vector<uint16_t> pixels_of(const std::string& path, uint32_t& rows, uint32_t& columns) {
  FILE* file = std::fopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_read_png(png, info, PNG_TRANSFORM_EXPAND_16, nullptr);
  rows = png_get_image_height(png, info);
  columns = png_get_image_width(png, info);
  std::vector<uint16_t> pixels;
  for (uint32_t row = 0; row < rows; ++row) {
    const png_bytep line = png_get_rows(png, info)[row];
    for (uint32_t column = 0; column < columns; ++column) {
      pixels.push_back(static_cast<uint16_t>(line[2 * column] << 8 | line[2 * column + 1]));
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  std::fclose(file);
  return pixels;
}

}  // namespace

TEST_CASE("picture: a ramp in its window keeps its values, first row on top", "[io]") {
  Context context;
  const Tensor ramp = arange(Shape::parse("y=16 x=16"), DType::f32, context);
  io::WriteOptions options;
  options.window = {0, 255};

  const io::Picture p = io::picture(ramp, options, context);

  REQUIRE(p.rows == 16);
  REQUIRE(p.columns == 16);
  for (int i = 0; i < 256; ++i) CHECK(p.grey[static_cast<size_t>(i)] == i);
}

TEST_CASE("picture: values outside the window and infinities are clipped", "[io]") {
  Context context;
  io::WriteOptions options;
  options.window = {1, 3};
  options.part = "real";

  const io::Picture p =
      io::picture(make("y=1 x=5", {-9, 1, 2, 3, kInf}, context), options, context);

  CHECK(p.grey == std::vector<uint8_t>{0, 0, 128, 255, 255});
}

TEST_CASE("picture: the window comes from the percentile of finite values", "[io]") {
  Context context;
  std::vector<c128> values(201);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(200 - i);
  values.push_back(kInf);
  values.push_back(kNan);

  const io::Picture p = io::picture(make("y=1 x=203", values, context), {}, context);

  // numpy.percentile(range(201), 99.5) is 199.
  CHECK(p.low == 0);
  CHECK(p.high == 199);
  CHECK(p.nans == 1);
  CHECK(p.grey.back() == io::kNanGrey);
  CHECK(p.grey[0] == 255);
  CHECK(p.grey[200] == 0);
}

TEST_CASE("picture: the percentile lies between two values where it falls there", "[io]") {
  Context context;
  io::WriteOptions options;
  options.percentile = 90;

  const io::Picture p = io::picture(make("y=1 x=3", {0, 1, 2}, context), options, context);

  CHECK(p.high == Approx(1.8));  // numpy.percentile([0, 1, 2], 90)
}

TEST_CASE("picture: an all-equal image is mid-grey, one bright point in the dark is white",
          "[io]") {
  Context context;

  CHECK(io::picture(make("y=1 x=2", {5, 5}, context), {}, context).grey ==
        std::vector<uint8_t>{128, 128});
  CHECK(io::picture(make("y=1 x=2", {0, 0}, context), {}, context).grey ==
        std::vector<uint8_t>{128, 128});
  CHECK(io::picture(make("y=1 x=2", {kNan, kNan}, context), {}, context).nans == 2);
  std::vector<c128> point(1000);
  point[3] = 7;
  const io::Picture p = io::picture(make("y=1 x=1000", point, context), {}, context);
  CHECK(p.high == 7);
  CHECK(p.grey[3] == 255);
}

TEST_CASE("picture: parts of complex values", "[io]") {
  Context context;
  const Tensor x = make("y=1 x=4", {{3, 4}, {-1, 0}, {0, -2}, {0, 0}}, context);
  const auto grey = [&](const char* part, double low, double high) {
    io::WriteOptions options;
    options.part = part;
    options.window = {low, high};
    return io::picture(x, options, context).grey;
  };

  CHECK(grey("abs", 0, 5) == std::vector<uint8_t>{255, 51, 102, 0});
  CHECK(grey("real", -5, 5) == std::vector<uint8_t>{204, 102, 128, 128});
  CHECK(grey("imag", -5, 5) == std::vector<uint8_t>{230, 128, 77, 128});
  io::WriteOptions phase;
  phase.part = "phase";
  const io::Picture p = io::picture(x, phase, context);
  CHECK(p.low == -std::numbers::pi);
  CHECK(p.grey == std::vector<uint8_t>{165, 255, 64, 128});
}

TEST_CASE("picture: strided views, other dtypes and unit dims are drawn", "[io]") {
  Context context;
  io::WriteOptions options;
  options.window = {0, 5};
  const Tensor x = arange(Shape::parse("y=2 coil=1 x=3"), DType::i32, context);

  const io::Picture p = io::picture(x.permute("x coil y"), options, context);

  CHECK(p.rows == 3);
  CHECK(p.columns == 2);
  CHECK(p.grey == std::vector<uint8_t>{0, 153, 51, 204, 102, 255});
}

TEST_CASE("picture: a tensor of higher rank says how to slice it", "[io]") {
  Context context;
  const auto text = [&](const char* shape) {
    const Tensor x = zeros(Shape::parse(shape), DType::f32, context);
    return failure_of([&] { io::picture(x, {}, context); }).text;
  };

  CHECK(text("coil=2 y=3 x=4") ==
        "picture: a picture has two dims, the tensor has {coil=2, y=3, x=4}; choose one of each "
        "further "
        "dim, as in slice = { coil = 1 }");
  CHECK(text("x=4") == "picture: a picture needs two dims, rows and columns; the tensor has {x=4}");
}

TEST_CASE("picture: options that make no sense are errors", "[io]") {
  Context context;
  const Tensor x = make("y=1 x=2", {0, 1}, context);
  const auto text = [&](const io::WriteOptions& options) {
    return failure_of([&] { io::picture(x, options, context); }).text;
  };
  io::WriteOptions part, window, percentile;
  part.part = "magnitude";
  window.window = {2, 2};
  percentile.percentile = 0;

  CHECK(text(part) == "picture: part is 'magnitude'; it is one of abs, phase, real, imag");
  CHECK(text(window) ==
        "picture: window is {2, 2}; its first value is below its second, and both are finite");
  window.window = {0, std::numeric_limits<double>::infinity()};
  CHECK(contains(text(window), "window is {0, inf}"));
  CHECK(text(percentile) == "picture: percentile is 0; it is above 50 and at most 100");
}

TEST_CASE("png: 8 and 16 bits are read back by libpng", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = make("y=2 x=3", {0, 0.2, 0.4, 0.6, 0.8, 1}, context);
  io::WriteOptions options;
  options.window = {0, 1};
  uint32_t rows = 0, columns = 0;

  io::write(folder / "x.png", x, options, context);
  CHECK(pixels_of(folder / "x.png", rows, columns) ==
        std::vector<uint16_t>{0, 51 * 257, 102 * 257, 153 * 257, 204 * 257, 65535});
  CHECK(rows == 2);
  CHECK(columns == 3);
  options.depth = 16;
  io::write(folder / "x.PNG", x, options, context);
  CHECK(pixels_of(folder / "x.PNG", rows, columns) ==
        std::vector<uint16_t>{0, 13107, 26214, 39321, 52428, 65535});
}

TEST_CASE("png: a row may be longer than a million pixels", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = zeros(Shape::parse("y=1 x=1000001"), DType::f32, context);

  io::write(folder / "x.png", x, {}, context);

  const std::string bytes = bytes_of(folder / "x.png");
  // The IHDR chunk: width 1000001 and height 1, high byte first.
  CHECK(bytes.substr(16, 8) == std::string("\x00\x0F\x42\x41\x00\x00\x00\x01", 8));
}

TEST_CASE("png: NaN is counted in a warning, an empty picture is an error", "[io]") {
  Context context;
  Warnings warnings;
  context.listener = &warnings;
  const Folder folder;

  io::write(folder / "x.png", make("y=1 x=3", {1, kNan, 2}, context), {}, context);

  CHECK(warnings.texts == std::vector<std::string>{"write: " + (folder / "x.png") +
                                                   ": 1 pixels are NaN, drawn mid-grey"});
  const Tensor empty = zeros(Shape::parse("y=0 x=3"), DType::f32, context);
  CHECK(contains(failure_of([&] { io::write(folder / "e.png", empty, {}, context); }).text,
                 "this picture is 0 x 3"));
  CHECK(folder.entries() == 1);
}
