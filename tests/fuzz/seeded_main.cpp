// SPDX-License-Identifier: MIT
//
// Runs a libFuzzer target on a fixed number of seeded inputs: shape_string_fuzz [COUNT [SEED]].
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Pieces that are likely to mean something, so that many inputs get past the parser.
constexpr std::string_view kPieces[] = {
    "x",  "y",  "coil", "n",  "m",   "a1",    "k_z", " ",   " ",    " ",     " -> ",
    "->", ", ", "...",  "()", "(1)", "(2)",   "'",   "=2",  "=3",   "=0",    "=1",
    "1",  "(",  ")",    "=",  "y=(", "(x n)", "\n",  "x y", "y x",  " ... ", "(999)",
    "é",  "→",  "\t",   "-",  "=08", "_",     "9",   "AbC", "NxNy",
};

std::string make_input(std::mt19937_64& random) {
  const auto below = [&](uint64_t limit) { return static_cast<size_t>(random() % limit); };
  std::string input(1, static_cast<char>(below(256)));
  const size_t pieces = below(below(50) == 0 ? 400 : 14);
  for (size_t i = 0; i < pieces; ++i) {
    if (below(40) == 0) {
      input += static_cast<char>(below(256));
    } else {
      input += kPieces[below(std::size(kPieces))];
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::atol(argv[1]) : 100000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  std::printf("%ld inputs, seed %lu\n", count, seed);
  std::mt19937_64 random(seed);
  for (long i = 0; i < count; ++i) {
    const std::string input = make_input(random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
  return 0;
}
