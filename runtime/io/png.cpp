// SPDX-License-Identifier: MIT
#include "runtime/io/png.hpp"

#include <png.h>

#include <cmath>
#include <csetjmp>
#include <new>

#include "runtime/io/atomic_file.hpp"

namespace lunops::io {
namespace {

struct Job {
  uint32_t rows = 0, columns = 0;
  int depth = 8;
  const uint8_t* pixels = nullptr;  // 16 bits: high byte first
  std::string out;
  std::string error;
};

void on_error(png_structp png, png_const_charp text) {
  static_cast<Job*>(png_get_error_ptr(png))->error = text;
  std::longjmp(*png_set_longjmp_fn(png, std::longjmp, sizeof(std::jmp_buf)), 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, size_t bytes) {
  auto* job = static_cast<Job*>(png_get_io_ptr(png));
  bool is_out_of_memory = false;
  try {
    job->out.append(reinterpret_cast<const char*>(data), bytes);
  } catch (const std::bad_alloc&) {
    is_out_of_memory = true;  // png_error jumps: not from inside the handler
  }
  if (is_out_of_memory) png_error(png, "out of memory");
}

void on_flush(png_structp) {}

// libpng reports errors by a jump back to setjmp.  This frame and those below it own nothing that a
// jump could skip.
bool encode(png_structp png, png_infop info, Job& job) {
  if (setjmp(*png_set_longjmp_fn(png, std::longjmp, sizeof(std::jmp_buf))) != 0) return false;
  png_set_write_fn(png, &job, on_write, on_flush);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // a million each unless told
  png_set_IHDR(png, info, job.columns, job.rows, job.depth, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const size_t row_bytes = size_t{job.columns} * static_cast<size_t>(job.depth / 8);
  for (uint32_t row = 0; row < job.rows; ++row) png_write_row(png, job.pixels + row * row_bytes);
  png_write_end(png, info);
  return true;
}

}  // namespace

void write_png(const std::string& path,
               const Tensor& x,
               const WriteOptions& options,
               Context& context) {
  if (options.depth != 8 && options.depth != 16) {
    fail(Code::argument, "write", "{}: depth is {}; it is 8 or 16", path, options.depth);
  }
  const Grey levels = grey(x, options, context);
  if (levels.level.empty() || levels.rows > PNG_UINT_31_MAX || levels.columns > PNG_UINT_31_MAX) {
    fail(Code::shape, "write",
         "{}: a PNG has 1 to 2^31 - 1 rows and columns, this picture is {} x {}", path, levels.rows,
         levels.columns);
  }
  const double white = options.depth == 8 ? 255 : 65535;
  const long nan_level = options.depth == 8 ? kNanGrey : kNanGrey * 257L;
  std::vector<uint8_t> pixels;
  pixels.reserve(levels.level.size() * static_cast<size_t>(options.depth / 8));
  for (const float v : levels.level) {
    const long level = std::isnan(v) ? nan_level : std::lround(static_cast<double>(v) * white);
    if (options.depth == 16) pixels.push_back(static_cast<uint8_t>(level >> 8));
    pixels.push_back(static_cast<uint8_t>(level & 0xFF));
  }

  Job job{static_cast<uint32_t>(levels.rows),
          static_cast<uint32_t>(levels.columns),
          options.depth,
          pixels.data(),
          {},
          {}};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  const bool is_done = info != nullptr && encode(png, info, job);
  png_destroy_write_struct(&png, &info);
  if (!is_done) {
    fail(Code::internal, "write", "{}: libpng: {}", path,
         job.error.empty() ? "cannot start" : job.error);
  }
  AtomicFile file(path);
  file.write(job.out);
  file.complete();
  file.publish();
  if (levels.nans > 0) {
    context.warn("write", fmt::format("{}: {} pixels are NaN, drawn mid-grey", path, levels.nans));
  }
}

}  // namespace lunops::io
