# SPDX-License-Identifier: MIT
# cmake -DFOLDER=stdlib -DFILES=a.lua|b/init.lua -DOUTPUT=x.cpp -P embed_stdlib.cmake
# Writes the files as bytes: string literals have length limits and escapes, bytes have neither.
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ ${FOLDER}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "const unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows
    "    {\"${file}\", {reinterpret_cast<const char*>(file_${number}), sizeof(file_${number}) - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// SPDX-License-Identifier: MIT
#include \"interpreter/binding/stdlib.hpp\"

#include <array>

namespace lunops::lua {

namespace {

${arrays}
const std::array<EmbeddedFile, ${number}> files = {{
${rows}}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() { return files; }

}  // namespace lunops::lua
")
