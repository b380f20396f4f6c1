// SPDX-License-Identifier: MIT
#include "runtime/core/parse_cache.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "runtime/core/shape.hpp"
#include "runtime/core/signature.hpp"
#include "tests/unit/core/error_text.hpp"

using namespace lunops;

TEST_CASE("parse cache: two threads get one entry and equal results (case 50)", "[core][threads]") {
  clear_parse_cache();
  std::vector<Shape> shapes(8);

  std::vector<std::thread> threads;
  for (Shape& shape : shapes) {
    threads.emplace_back([&shape] {
      for (int i = 0; i < 200; ++i) shape = Shape::parse("coil=8 cached_y cached_x");
      for (int i = 0; i < 200; ++i) (void)Shape::parse(fmt::format("cached_{}", i));
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(parse_cache_counts().entries == 201);
  for (const Shape& shape : shapes) CHECK(shape == shapes[0]);
}

TEST_CASE("parse cache: it is bounded, and what was not used for longest goes first", "[core]") {
  clear_parse_cache();
  (void)Shape::parse("first");
  for (size_t i = 0; i < kParseCacheSize + 50; ++i) {
    (void)Shape::parse(fmt::format("d{}", i));
    (void)Shape::parse("first");
  }
  CHECK(parse_cache_counts().entries == kParseCacheSize);

  const uint64_t misses = parse_cache_counts().misses;
  (void)Shape::parse("first");
  CHECK(parse_cache_counts().misses == misses);
  (void)Shape::parse("d0");
  CHECK(parse_cache_counts().misses == misses + 1);
}

TEST_CASE("parse cache: contexts are apart, and errors are not kept", "[core]") {
  clear_parse_cache();
  (void)Shape::parse("y x");
  (void)Signature::parse("FFT", "y x");
  CHECK(parse_cache_counts().entries == 2);

  // The operation is part of the message, not of the key.
  CHECK_THAT(error_text([] { (void)Signature::parse("FFT", "y y"); }),
             Catch::StartsWith("FFT: 'y' twice"));
  CHECK_THAT(error_text([] { (void)Signature::parse("NUFFT", "y y"); }),
             Catch::StartsWith("NUFFT: 'y' twice"));
  CHECK(parse_cache_counts().entries == 2);
}

TEST_CASE("Name: equal texts are one id, whichever thread asks", "[core][threads]") {
  std::vector<std::vector<Name>> names(4);
  std::vector<std::thread> threads;
  for (std::vector<Name>& mine : names) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 500; ++i) mine.push_back(Name::intern(fmt::format("thread_{}", i)));
    });
  }
  for (std::thread& thread : threads) thread.join();

  for (const std::vector<Name>& mine : names) CHECK(mine == names[0]);
  CHECK(names[0][499].text() == "thread_499");
  CHECK(Name().text() == "");
}
