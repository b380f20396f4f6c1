// SPDX-License-Identifier: MIT
#include "runtime/io/npy.hpp"

#include <catch2/catch.hpp>

#include <cstring>

#include "tests/unit/io/files.hpp"

using namespace lunops;
using namespace lunops::test;

namespace {

Tensor read_kept(const std::string& name, Context& context) {
  return io::read(kept("npy/" + name + ".npy"), {}, context);
}

// A version 1 file around this dict.
std::string file_with(const std::string& dict, size_t data_bytes = 0) {
  std::string bytes = "\x93NUMPY";
  bytes += '\1';
  bytes += '\0';
  bytes += static_cast<char>(dict.size() & 0xFF);
  bytes += static_cast<char>(dict.size() >> 8);
  return bytes + dict + std::string(data_bytes, '\0');
}

Failure failure_with(const Folder& folder, const std::string& bytes) {
  const std::string path = folder / "x.npy";
  put_bytes(path, bytes);
  Context context;
  Failure failure = failure_of([&] { io::read(path, {}, context); });
  const size_t at = failure.text.find(path);
  if (at != std::string::npos) failure.text.replace(at, path.size(), "x.npy");
  return failure;
}

}  // namespace

TEST_CASE("npy: every type of numpy's files in both byte orders and both orders", "[io]") {
  struct Case {
    const char* name;
    DType dtype;
  };
  const Case cases[] = {{"i4", DType::i32},  {"i8", DType::i64}, {"u2", DType::i32},
                        {"f4", DType::f32},  {"f8", DType::f64}, {"c8", DType::c64},
                        {"c16", DType::c128}};
  Context context;

  for (const Case& c : cases) {
    for (const char* variant : {"_little", "_big", "_little_fortran", "_big_fortran"}) {
      INFO(c.name << variant);
      const Tensor x = read_kept(std::string(c.name) + variant, context);
      REQUIRE(x.dtype() == c.dtype);
      REQUIRE(x.shape().extents() == std::vector<int64_t>{2, 3});
      for (int64_t row = 0; row < 2; ++row) {
        for (int64_t column = 0; column < 3; ++column) {
          const double i = static_cast<double>(3 * row + column);
          const int64_t index[] = {row, column};
          CHECK(value_at(x, index) == (is_complex(c.dtype) ? c128(i, i + 0.5) : c128(i)));
        }
      }
    }
  }
}

TEST_CASE("npy: Fortran order is a view, not a copy", "[io]") {
  Context context;

  CHECK(read_kept("f4_little_fortran", context).strides() == std::vector<int64_t>{1, 2});
  CHECK(read_kept("f4_little", context).is_contiguous());
}

TEST_CASE("npy: bools, large 16-bit numbers, scalars, empty arrays and header versions", "[io]") {
  Context context;

  const Tensor bools = read_kept("b1", context);
  CHECK(bools.dtype() == DType::boolean);
  CHECK(bools.data_as<bool>()[0]);
  CHECK_FALSE(bools.data_as<bool>()[1]);
  CHECK(read_kept("u2_large", context).data_as<int32_t>()[0] == 65535);
  CHECK(read_kept("scalar", context).ndim() == 0);
  CHECK(item(read_kept("scalar", context)) == 2.5);
  CHECK(read_kept("empty", context).shape().extents() == std::vector<int64_t>{0, 3});
  for (const char* name : {"version2", "version3"}) {
    CHECK(read_kept(name, context).data_as<float>()[2] == 2.0F);
  }
}

TEST_CASE("npy: types that cannot be read are named", "[io]") {
  Context context;
  const auto text = [&](const char* name) {
    return failure_of([&] { read_kept(name, context); }).text;
  };

  CHECK(contains(text("f2"), "type '<f2' cannot be read; b1 i4 i8 u2 f4 f8 c8 c16 can"));
  CHECK(contains(text("text"), "type '<U2' cannot be read"));
  CHECK(contains(text("structured"), "the array has a structured type"));
}

TEST_CASE("npy: dims name the axes and state extents", "[io]") {
  Context context;
  const std::string path = kept("npy/f4_little_fortran.npy");

  CHECK(io::read(path, {.dims = "y x"}, context).shape() == Shape::parse("y=2 x=3"));
  CHECK(io::read(path, {.dims = "y x=3"}, context).strides() == std::vector<int64_t>{1, 2});
  const Failure rank = failure_of([&] { io::read(path, {.dims = "x"}, context); });
  CHECK(rank.code == Code::shape);
  CHECK(rank.text == "read: " + path + ": dims \"x\" names 1 axes, the file has 2: 2 3");
  const Failure extent = failure_of([&] { io::read(path, {.dims = "y=4 x"}, context); });
  CHECK(extent.text == "read: " + path + ": dims says y=4, the file has 2 there: 2 3");
}

TEST_CASE("npy: writing and reading gives the same bits for every type and extent", "[io]") {
  Context context;
  const Folder folder;
  const std::string path = folder / "x.npy";

  for (const DType dtype :
       {DType::f32, DType::f64, DType::c64, DType::c128, DType::i32, DType::i64, DType::boolean}) {
    for (const char* extents : {"a=0", "a=1", "a=7", "a=3 b=5", "a=2 b=0 c=3", "a=1 b=1 c=9"}) {
      INFO(name_of(dtype) << " " << extents);
      Tensor x = Tensor::empty(Shape::parse(extents), dtype, context);
      auto* bytes = static_cast<unsigned char*>(x.data());
      for (size_t i = 0; i < x.bytes(); ++i) {
        bytes[i] = static_cast<unsigned char>(dtype == DType::boolean ? i % 2 : 37 * i + 11);
      }
      io::write(path, x, {}, context);

      const Tensor y = io::read(path, {.dims = x.shape().names()}, context);

      REQUIRE(y.shape() == x.shape());
      REQUIRE(y.dtype() == dtype);
      REQUIRE(std::memcmp(y.data(), x.data(), x.bytes()) == 0);
    }
  }
}

TEST_CASE("npy: a strided view is written row-major", "[io]") {
  Context context;
  const Folder folder;
  const Tensor x = arange(Shape::parse("y=2 x=3"), DType::f32, context);

  io::write(folder / "x.npy", x.permute("x y"), {}, context);

  const Tensor y = io::read(folder / "x.npy", {.dims = "x y"}, context);
  CHECK(std::vector<float>(y.data_as<float>(), y.data_as<float>() + 6) ==
        std::vector<float>{0, 3, 1, 4, 2, 5});
}

TEST_CASE("npy: the header is the one numpy writes", "[io]") {
  const std::string expected = bytes_of(kept("npy/f4_little.npy")).substr(0, 128);

  CHECK(io::npy_header({2, 3}, DType::f32) == expected);
  CHECK(io::npy_header({3}, DType::boolean) == bytes_of(kept("npy/b1.npy")).substr(0, 128));
  CHECK(io::npy_header({}, DType::f64) == bytes_of(kept("npy/scalar.npy")).substr(0, 128));
}

TEST_CASE("npy: a byte in a bool file that is neither 0 nor 1 reads as true", "[io]") {
  Context context;
  const Folder folder;
  std::string bytes = bytes_of(kept("npy/b1.npy"));
  bytes.back() = '\x7';
  put_bytes(folder / "b.npy", bytes);

  const Tensor x = io::read(folder / "b.npy", {}, context);

  CHECK(static_cast<const unsigned char*>(x.data())[2] == 1);
}

TEST_CASE("npy: headers that do not hold together are errors with offset", "[io]") {
  const Folder folder;
  const auto text = [&](const std::string& bytes) {
    const Failure failure = failure_with(folder, bytes);
    CHECK(failure.code == Code::format);
    return failure.text;
  };

  CHECK(text(file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 1000000000), }",
                       100)) ==
        "read: x.npy: file says 4.0 TB, has 100 bytes; it is cut off or not what it seems");
  CHECK(
      text(file_with(
          "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }")) ==
      "read: x.npy: file says 4294967296 x 4294967296 elements, which is above 2^53, has 0 bytes");
  CHECK(text(file_with(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }")) ==
        "read: x.npy: at byte 79: an extent is above 2^53");
  CHECK(text(file_with("{'descr': '<f4', 'fortran_order': False, }")) ==
        "read: x.npy: at byte 52: the header lacks 'shape'");
  CHECK(text(file_with("{'descr': '<f4', 'descr': '<f4'}")) ==
        "read: x.npy: at byte 35: key 'descr' is unknown or given twice");
  CHECK(text(file_with("{'descr': '<f4', 'fortran_order': __import__('os'), 'shape': (1,)}")) ==
        "read: x.npy: at byte 44: expected True or False");
  CHECK(text(file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}")) ==
        "read: x.npy: at byte 61: expected an extent in 'shape'");
  CHECK(text("\x93NUMPY\x04" + std::string(20, '\0')) ==
        "read: x.npy: at byte 6: npy version 4.0; versions 1 to 3 can be read");
  CHECK(text(std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\x7F", 12)) ==
        "read: x.npy: at byte 8: the header says it has 2.1 GB");
}

TEST_CASE("npy: a file cut off at any byte is an error of its format", "[io]") {
  const Folder folder;
  const std::string whole = bytes_of(kept("npy/c8_little.npy"));

  for (size_t length = 0; length < whole.size(); ++length) {
    const Failure failure = failure_with(folder, whole.substr(0, length));
    INFO(length << ": " << failure.text);
    REQUIRE(failure.code == Code::format);
  }
}

TEST_CASE("npy: bytes after the array are ignored with a warning", "[io]") {
  const Folder folder;
  put_bytes(folder / "x.npy", bytes_of(kept("npy/f4_little.npy")) + "rest");
  Warnings warnings;
  Context context;
  context.listener = &warnings;

  io::read(folder / "x.npy", {}, context);

  CHECK(warnings.texts == std::vector<std::string>{"read: " + (folder / "x.npy") +
                                                   ": ignored after the array: 4 bytes"});
}

TEST_CASE("npy: memory beyond the account's budget is refused", "[io]") {
  Context context;
  context.account = std::make_shared<Account>(Device::host(), 16);

  const Failure failure = failure_of([&] { read_kept("c8_little", context); });

  CHECK(failure.code == Code::host_memory);
}
