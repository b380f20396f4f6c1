// SPDX-License-Identifier: MIT
#include "runtime/core/suggest.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace lunops;

TEST_CASE("edit_distance: insertions, deletions and replacements count one", "[core]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("coil", "coils") == 1);
  CHECK(edit_distance("coli", "coil") == 2);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("did_you_mean: only near names are suggested, the nearest first", "[core]") {
  const std::vector<std::string> known = {"spoke", "sample", "samples", "y", "x"};
  CHECK(did_you_mean("sampel", known) == "; did you mean 'sample'?");
  CHECK(did_you_mean("coil", known) == "");
  CHECK(did_you_mean("z", known) == "");  // every other letter is one edit away
}
