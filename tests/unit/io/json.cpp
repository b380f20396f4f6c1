// SPDX-License-Identifier: MIT
#include "runtime/io/json.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

using lunops::io::Json;
using lunops::io::json_number;
using lunops::io::json_string;

TEST_CASE("Json: a report keeps the order of its keys and reads well", "[io]") {
  Json report = Json::object();
  report.set("iterations", 3).set("residual", Json::array().push(1.0).push(0.25).push(NAN));
  report.set("seconds", Json::object().set("read", 0.5)).set("done", true).set("note", Json());

  CHECK(
      report.text() ==
      R"({"iterations":3,"residual":[1,0.25,null],"seconds":{"read":0.5},"done":true,"note":null})");
  CHECK(report.text(2) == R"({
  "iterations": 3,
  "residual": [1, 0.25, null],
  "seconds": {
    "read": 0.5
  },
  "done": true,
  "note": null
})");
}

TEST_CASE("Json: setting a key again replaces its value in place", "[io]") {
  CHECK(Json::object().set("a", 1).set("b", 2).set("a", "x").text() == R"({"a":"x","b":2})");
}

TEST_CASE("Json: empty arrays and objects stay on one line", "[io]") {
  CHECK(Json::array().text(2) == "[]");
  CHECK(Json::object().text(2) == "{}");
  CHECK(Json::array().push(Json::array()).text(1) == "[\n []\n]");
}

TEST_CASE("Json: quotes, backslashes and control characters are escaped", "[io]") {
  CHECK(json_string("a\"b\\c\n\t\r\x01\x7f") == R"("a\"b\\c\n\t\r\u0001\u007f")");
}

TEST_CASE("Json: text that is UTF-8 passes, other bytes become U+FFFD", "[io]") {
  CHECK(json_string("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
  const std::string unknown = "\xEF\xBF\xBD";
  CHECK(json_string("a\xFFz") == "\"a" + unknown + "z\"");
  CHECK(json_string("\xC3") == "\"" + unknown + "\"");                              // cut off
  CHECK(json_string("\xC0\xAF") == "\"" + unknown + unknown + "\"");                // overlong '/'
  CHECK(json_string("\xED\xA0\x80") == "\"" + unknown + unknown + unknown + "\"");  // surrogate
}

TEST_CASE("Json: every finite double reads back to the same bits", "[io]") {
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(1e300) == "1e+300");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
  std::mt19937_64 random(1);

  for (int i = 0; i < 10000; ++i) {
    const uint64_t bits = random();
    double value;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    REQUIRE(std::strtod(json_number(value).c_str(), nullptr) == value);
  }
}
