// SPDX-License-Identifier: MIT
#include "runtime/io/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>

#include "runtime/io/atomic_file.hpp"
#include "runtime/io/axes.hpp"

namespace lunops::io {
namespace {

constexpr size_t kMaxHeader = size_t{1} << 20;

struct Kind {
  std::string_view name;  // without the byte order
  DType dtype;
  int part_bytes;
  int element_bytes;
};
constexpr std::array<Kind, 8> kKinds = {{{"b1", DType::boolean, 1, 1},
                                         {"i4", DType::i32, 4, 4},
                                         {"i8", DType::i64, 8, 8},
                                         {"u2", DType::i32, 2, 2},
                                         {"f4", DType::f32, 4, 4},
                                         {"f8", DType::f64, 8, 8},
                                         {"c8", DType::c64, 4, 8},
                                         {"c16", DType::c128, 8, 16}}};

// The header is a Python dict literal with three keys; this reads that grammar and nothing else.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text, uint64_t base)
      : path_(path), text_(text), base_(base) {}

  void parse(NpyHeader& header) {
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        descr(header);
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.is_fortran = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        shape(header);
      } else {
        stop("key '{}' is unknown or given twice", key);
      }
      if (accept(',')) continue;
      expect('}');
      break;
    }
    blanks();
    if (at_ != text_.size()) stop("text after the header's dict");
    if (!has_descr) stop("the header lacks 'descr'");
    if (!has_order) stop("the header lacks 'fortran_order'");
    if (!has_shape) stop("the header lacks 'shape'");
  }

 private:
  template <class... A>
  [[noreturn]] void stop(fmt::format_string<A...> text, A&&... args) {
    bad(path_, base_ + at_, text, std::forward<A>(args)...);
  }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool accept(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) stop("expected '{}' in the header", c);
  }

  bool word(std::string_view w) {
    blanks();
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }

  std::string quoted() {
    blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') stop("expected a quoted word in the header");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos || end - at_ > 64) stop("a quoted word does not end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    if (word("True")) return true;
    if (word("False")) return false;
    stop("expected True or False");
  }

  void descr(NpyHeader& header) {
    blanks();
    if (at_ < text_.size() && text_[at_] == '[') {
      stop("the array has a structured type; b1 i4 i8 u2 f4 f8 c8 c16 can be read");
    }
    header.descr = quoted();
    std::string_view name = header.descr;
    char order = '=';
    if (!name.empty() && std::string_view("<>|=").find(name[0]) != std::string_view::npos) {
      order = name[0];
      name.remove_prefix(1);
    }
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.name == name; });
    if (kind == kKinds.end()) {
      stop("type '{}' cannot be read; b1 i4 i8 u2 f4 f8 c8 c16 can", header.descr);
    }
    header.dtype = kind->dtype;
    header.part_bytes = kind->part_bytes;
    header.element_bytes = kind->element_bytes;
    header.widen = kind->name == "u2";
    constexpr char kOther = std::endian::native == std::endian::little ? '>' : '<';
    header.swap = order == kOther && kind->part_bytes > 1;
  }

  void shape(NpyHeader& header) {
    expect('(');
    while (!accept(')')) {
      blanks();
      const size_t start = at_;
      int64_t extent = 0;
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        extent = extent * 10 + (text_[at_] - '0');
        if (extent >= kMaxCount) stop("an extent is above 2^53");
      }
      if (at_ == start) stop("expected an extent in 'shape'");
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // written by Python 2
      header.extents.push_back(extent);
      if (header.extents.size() > kMaxDims) stop("the array has more than {} axes", kMaxDims);
      if (accept(',')) continue;
      expect(')');
      break;
    }
  }

  const std::string& path_;
  std::string_view text_;
  uint64_t base_;
  size_t at_ = 0;
};

void swap_parts(std::byte* data, size_t bytes, int part) {
  for (size_t i = 0; i < bytes; i += static_cast<size_t>(part)) {
    std::reverse(data + i, data + i + part);
  }
}

void read_widened(const Input& file, const NpyHeader& header, Tensor& x, Context& context) {
  std::vector<uint16_t> piece(size_t{1} << 19);
  auto* out = x.data_as<int32_t>();
  const auto count = static_cast<size_t>(x.count());
  for (size_t first = 0; first < count; first += piece.size()) {
    context.poll();
    const size_t n = std::min(piece.size(), count - first);
    file.read(header.data_offset + first * 2, piece.data(), n * 2);
    for (size_t i = 0; i < n; ++i) {
      const unsigned v = piece[i];
      out[first + i] = static_cast<int32_t>(header.swap ? (v >> 8 | (v & 0xFFu) << 8) : v);
    }
  }
}

}  // namespace

NpyHeader read_npy_header(const Input& file) {
  NpyHeader header;
  std::array<unsigned char, 12> start{};
  file.read(0, start.data(), 8);
  const int version = start[6];
  if (version < 1 || version > 3) {
    bad(file.path(), 6, "npy version {}.{}; versions 1 to 3 can be read", version, start[7]);
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  file.read(8, start.data() + 8, length_bytes);
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | start[8 + i];
  if (length > kMaxHeader) bad(file.path(), 8, "the header says it has {}", bytes_text(length));
  const uint64_t base = 8 + length_bytes;
  std::string text(length, '\0');
  file.read(base, text.data(), length);
  HeaderParser(file.path(), text, base).parse(header);
  header.data_offset = base + length;
  check_size(file.path(), header.extents, header.element_bytes, file.bytes() - header.data_offset);
  return header;
}

Tensor read_npy(const Input& file, const ReadOptions& options, Context& context) {
  if (!options.as.empty()) {
    fail(Code::argument, "read", "{}: an npy file has no 'as'; it was '{}'", file.path(),
         options.as);
  }
  const NpyHeader header = read_npy_header(file);
  const Shape shape = named(file.path(), header.extents, options.dims);

  // Column-major data is row-major data of the reversed shape.
  std::vector<int> order(header.extents.size());
  std::iota(order.begin(), order.end(), 0);
  if (header.is_fortran) std::reverse(order.begin(), order.end());
  Tensor x = Tensor::empty(permuted(shape, order), header.dtype, context);

  const size_t bytes = static_cast<size_t>(x.count() * header.element_bytes);
  if (header.data_offset + bytes < file.bytes()) {
    context.warn("read", fmt::format("{}: ignored after the array: {}", file.path(),
                                     bytes_text(file.bytes() - header.data_offset - bytes)));
  }
  if (header.widen) {
    read_widened(file, header, x, context);
  } else {
    file.read_large(header.data_offset, x.data(), bytes, context);
    auto* data = static_cast<std::byte*>(x.data());
    if (header.swap) swap_parts(data, bytes, header.part_bytes);
    // Any other byte than 0 or 1 in a bool is undefined behaviour later on.
    if (header.dtype == DType::boolean) {
      std::transform(data, data + bytes, data,
                     [](std::byte b) { return std::byte{b != std::byte{0}}; });
    }
  }
  return header.is_fortran ? x.permute(order) : x;
}

std::string npy_header(const std::vector<int64_t>& extents, DType dtype) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const Kind& k) { return k.dtype == dtype && k.name != "u2"; });
  std::string shape;
  for (const int64_t extent : extents) shape += fmt::format("{}, ", extent);
  if (extents.size() > 1) shape.resize(shape.size() - 2);
  if (extents.size() == 1) shape.pop_back();
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                 dtype == DType::boolean ? '|' : '<', kind->name, shape);
  // The data starts at a multiple of 64 bytes; the header ends with a line feed.
  while ((10 + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string header(kNpyMagic);
  header += '\1';
  header += '\0';
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

void write_npy(const std::string& path, const Tensor& x, Context& context) {
  static_assert(std::endian::native == std::endian::little, "files are written little-endian");
  const Tensor rows = x.contiguous(context);
  AtomicFile file(path);
  file.write(npy_header(x.shape().extents(), x.dtype()));
  if (x.count() > 0) file.write(rows.data(), rows.bytes());
  file.complete();
  file.publish();
}

}  // namespace lunops::io
