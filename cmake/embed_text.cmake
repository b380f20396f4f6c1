# SPDX-License-Identifier: MIT
# cmake -DINPUT=cases.txt -DHEADER=path.hpp -DFUNCTION=name -DOUTPUT=x.cpp -P embed_text.cmake
# Writes a file as the bytes that `std::string_view lunops::lua::name()` returns.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: MIT
#include \"${HEADER}\"

namespace lunops::lua {

namespace {

const unsigned char bytes[] = {${bytes}0};

}  // namespace

std::string_view ${FUNCTION}() {
  return {reinterpret_cast<const char*>(bytes), sizeof(bytes) - 1};
}

}  // namespace lunops::lua
")
