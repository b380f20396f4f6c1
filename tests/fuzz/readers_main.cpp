// SPDX-License-Identifier: MIT
//
// Runs the readers' fuzz target on mutations of kept files: readers_fuzz FOLDER [COUNT [SEED]].
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Numbers and marks that headers are made of, so that many inputs get past the parser.
constexpr std::string_view kPieces[] = {"0",          "1",     "-1",    "9007199254740992",
                                        "4294967296", "99999", ",",     "(",
                                        ")",          "{",     "}",     "'",
                                        "\"",         "\n",    " ",     "<f4",
                                        ">c16",       "|b1",   "<u2",   "|O",
                                        "True",       "False", "shape", "descr",
                                        "\xFF"};

std::vector<std::string> seeds(const std::string& folder) {
  std::vector<std::string> list;
  const auto add = [&](char kind, const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    list.push_back(kind + text.str());
  };
  std::vector<std::filesystem::path> paths;
  for (const char* sub : {"/npy", "/bart"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder + sub))
      paths.push_back(entry);
  }
  std::sort(paths.begin(), paths.end());  // the seed alone decides the inputs
  for (const auto& path : paths) {
    if (path.extension() == ".npy") add('\0', path);
    if (path.extension() == ".hdr") add('\1', path);
    if (path.extension() == ".cfl") add('\2', path);
  }
  return list;
}

std::string mutate(std::string input, std::mt19937_64& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (size_t changes = 1 + below(4); changes > 0 && input.size() > 1; --changes) {
    // Headers stand in the first 130 bytes: most changes go there.
    const size_t end = below(4) == 0 ? input.size() : std::min<size_t>(input.size(), 130);
    const size_t at = 1 + below(end - 1);
    switch (below(5)) {
      case 0:
        input[at] = static_cast<char>(below(256));
        break;
      case 1:
        input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input.replace(at, below(4), kPieces[below(std::size(kPieces))]);
        break;
      case 4:
        input.insert(at, input.substr(1 + below(input.size() - 1), below(20)));
        break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: readers_fuzz FOLDER [COUNT [SEED]]\n");
    return 2;
  }
  const long count = argc > 2 ? std::atol(argv[2]) : 100000;
  const unsigned long seed = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
  std::printf("%ld inputs, seed %lu\n", count, seed);
  const std::vector<std::string> files = seeds(argv[1]);
  std::mt19937_64 random(seed);
  for (long i = 0; i < count; ++i) {
    const std::string input = mutate(files[static_cast<size_t>(random() % files.size())], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
  return 0;
}
