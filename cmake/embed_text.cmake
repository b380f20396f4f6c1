# SPDX-License-Identifier: MIT
# cmake -DINPUT=a.txt|b.txt -DHEADER=path.hpp -DFUNCTION=name -DOUTPUT=x.cpp -P embed_text.cmake
# Writes files, one after the other, as the bytes that `std::string_view lunops::lua::name()` returns.
string(REPLACE "|" ";" INPUT "${INPUT}")
set(bytes "")
foreach(file IN LISTS INPUT)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," more "${hex}")
  string(APPEND bytes "${more}")
endforeach()
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
