// SPDX-License-Identifier: MIT
#include "interpreter/session/check.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <lua.hpp>

#include "interpreter/binding/articles.hpp"
#include "interpreter/binding/stdlib.hpp"
#include "interpreter/session/scanner.hpp"
#include "runtime/core/suggest.hpp"

namespace lunops::lua {

namespace {

std::string suggested(std::string_view name, const std::vector<std::string>& known) {
  const std::string best = nearest(name, known);
  return best.empty() ? "" : fmt::format(" (did you mean '{}'?)", best);
}

// Fields of `lo`: exported functions, and the modules of the stdlib by their first word.
std::vector<std::string> names_of_lo() {
  std::vector<std::string> names = {"i", "version"};
  for (const Article& a : articles())
    if (a.is_operator() || a.kind == RecordKind::function)
      names.push_back(a.name.substr(0, a.name.find('.')));
  for (const EmbeddedFile& file : embedded_files())
    names.emplace_back(file.path.substr(0, file.path.find_first_of("/.")));
  return names;
}

struct Checker {
  std::vector<Token> tokens;
  std::vector<std::string> known = names_of_lo();
  std::vector<Finding> findings;
  std::string_view text;

  const Token& at(size_t i) const {
    static const Token end;
    return i < tokens.size() ? tokens[i] : end;
  }
  int line_of(const Token& token) const {
    return 1 + static_cast<int>(std::count(
                   text.begin(), text.begin() + static_cast<std::ptrdiff_t>(token.offset), '\n'));
  }
  void add(const Token& token, std::string message) {
    findings.push_back({line_of(token), std::move(message)});
  }

  // Keys of a literal table that starts at token `open`, against the options of `article`.
  void check_options(const Article& article, size_t open) {
    std::vector<std::string> names;
    for (const Parameter& p : article.options) names.push_back(p.name);
    int depth = 0;
    for (size_t i = open; i < tokens.size(); ++i) {
      const std::string_view word = tokens[i].text;
      if (word == "{" || word == "(") ++depth;
      if (word == "}" || word == ")") --depth;
      if (depth == 0) return;
      const bool starts_item =
          at(i - 1).text == "{" || at(i - 1).text == "," || at(i - 1).text == ";";
      if (depth != 1 || !starts_item || tokens[i].kind != TokenKind::name || at(i + 1).text != "=")
        continue;
      if (std::find(names.begin(), names.end(), word) == names.end())
        add(tokens[i],
            fmt::format("{}: unknown option '{}'{}", article.name, word, suggested(word, names)));
    }
  }

  void check() {
    for (size_t i = 0; i + 2 < tokens.size(); ++i) {
      const bool is_field = i > 0 && (at(i - 1).text == "." || at(i - 1).text == ":");
      if (is_field || at(i).text != "lo" || at(i + 1).text != "." ||
          at(i + 2).kind != TokenKind::name)
        continue;
      const std::string name(at(i + 2).text);
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        add(at(i + 2), fmt::format("lo has no '{}'{}", name, suggested(name, known)));
        continue;
      }
      const Article* article = find_article(name);
      if (article == nullptr) continue;
      if (article->is_operator() && at(i + 3).text == "{") check_options(*article, i + 3);
    }
  }
};

}  // namespace

std::vector<Finding> check_text(std::string_view text) {
  // A state of its own, without libraries: the text is compiled and never run.
  lua_State* L = luaL_newstate();
  if (L == nullptr) return {{0, "no memory to check the text"}};
  std::vector<Finding> findings;
  if (luaL_loadbufferx(L, text.data(), text.size(), "=", "t") != LUA_OK) {
    std::string message = lua_tostring(L, -1) != nullptr ? lua_tostring(L, -1) : "";
    if (!message.empty() && message[0] == ':') message.erase(0, 1);
    const size_t colon = message.find(": ");
    const int line = std::atoi(message.c_str());
    findings.push_back({line, colon == std::string::npos ? message : message.substr(colon + 2)});
  }
  lua_close(L);
  if (!findings.empty()) return findings;
  Checker checker;
  checker.text = text;
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != TokenKind::end; token = scanner.next())
    checker.tokens.push_back(token);
  checker.check();
  return checker.findings;
}

bool check_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "lunops: cannot open %s\n", path.c_str());
    return false;
  }
  std::ostringstream buffer;
  buffer << file.rdbuf();
  std::string text = buffer.str();
  // A first line "#…" is skipped; a comment keeps the line numbers.
  if (!text.empty() && text[0] == '#') text.insert(0, "--");
  const std::vector<Finding> findings = check_text(text);
  for (const Finding& finding : findings)
    std::fprintf(stderr, "%s:%d: %s\n", path.c_str(), finding.line, finding.text.c_str());
  return findings.empty();
}

}  // namespace lunops::lua
