// SPDX-License-Identifier: MIT
#include "runtime/core/pattern.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "runtime/core/parse_cache.hpp"

namespace lunops {

namespace {

struct ParsedAxis {
  PatternAxis axis;
  std::vector<Span> spans;  // of the members, or of the axis
};

class PatternParser {
 public:
  PatternParser(std::string_view operation, std::string_view text, PatternKind kind)
      : lexer_(operation, text), kind_(kind) {}

  Pattern parse() {
    const Token arrow = parse_axes(left_, "left of '->'");
    if (arrow.kind != Token::Kind::arrow) {
      lexer_.fail(arrow, fmt::format("'->' is expected, not {}", describe(lexer_, arrow)));
    }
    const Token end = parse_axes(right_, "right of '->'");
    if (end.kind != Token::Kind::end) {
      lexer_.fail(end, fmt::format("{} has no place right of '->'", describe(lexer_, end)));
    }
    check_members();
    Pattern pattern{kind_, {}, {}};
    int units = 0;
    for (ParsedAxis& parsed : left_) pattern.left.push_back(std::move(parsed.axis));
    for (ParsedAxis& parsed : right_) {
      if (parsed.axis.kind == PatternAxis::Kind::one) {
        parsed.axis.name = {Name::intern(fmt::format("unit{}", ++units)), 0};
        check_name(pattern.right, parsed);
      }
      pattern.right.push_back(std::move(parsed.axis));
    }
    return pattern;
  }

 private:
  // Reads axes up to a token that belongs to none, which is returned.
  Token parse_axes(std::vector<ParsedAxis>& axes, std::string_view place) {
    int dims = 0;
    for (;;) {
      const Token token = lexer_.next();
      ParsedAxis parsed;
      switch (token.kind) {
        case Token::Kind::name:
          parsed = parse_named(token);
          break;
        case Token::Kind::open:
          parsed = parse_group(token, std::nullopt);
          break;
        case Token::Kind::number:
          if (lexer_.text(token) != "1") {
            lexer_.fail(token, "the only number that is an axis is '1'; name the others: 'x=4'");
          }
          parsed.axis.kind = PatternAxis::Kind::one;
          parsed.spans = {token.span};
          break;
        case Token::Kind::ellipsis:
          for (const ParsedAxis& earlier : axes) {
            if (earlier.axis.kind != PatternAxis::Kind::ellipsis) continue;
            lexer_.fail(token,
                        fmt::format("'...' stands twice {}; a side may have it once", place));
          }
          parsed.axis.kind = PatternAxis::Kind::ellipsis;
          parsed.spans = {token.span};
          break;
        case Token::Kind::prime:
          lexer_.fail(token, "a prime follows a name");
        case Token::Kind::equals:
          lexer_.fail(token, "'=' stands between a name and its extent or group");
        case Token::Kind::close:
          lexer_.fail(token, "')' without '('");
        case Token::Kind::comma:
          lexer_.fail(token, "',' has no place in a pattern");
        case Token::Kind::arrow:
        case Token::Kind::end:
          return token;
      }
      check_repeats(axes, parsed, place);
      dims += std::max<int>(1, static_cast<int>(parsed.axis.members.size()));
      if (dims > kMaxDims) {
        lexer_.fail(parsed.spans.back(), fmt::format("more than {} dims {}", kMaxDims, place));
      }
      axes.push_back(std::move(parsed));
    }
  }

  ParsedAxis parse_named(const Token& token) {
    ParsedDim dim{{Name::intern(lexer_.text(token)), 0}, kUnknown, token.span};
    dim.dim.primes = parse_primes(lexer_, dim.span);
    if (lexer_.peek().kind == Token::Kind::equals) {
      lexer_.next();
      const Token value = lexer_.next();
      if (value.kind == Token::Kind::open) return parse_group(value, dim);
      dim.extent = parse_extent(value);
      dim.span.end = value.span.end;
    }
    ParsedAxis parsed;
    parsed.axis.name = dim.dim;
    parsed.axis.members = {{dim.dim, dim.extent}};
    parsed.spans = {dim.span};
    return parsed;
  }

  int64_t parse_extent(const Token& value) {
    if (value.kind != Token::Kind::number) {
      lexer_.fail(value, fmt::format("'=' is followed by an extent or a group, not by {}",
                                     describe(lexer_, value)));
    }
    return parse_number(lexer_, value, "extent", kExtentLimit);
  }

  ParsedAxis parse_group(const Token& open, const std::optional<ParsedDim>& label) {
    if (label && label->dim.primes > 0) {
      lexer_.fail(label->span, "the name of a group has no primes");
    }
    ParsedAxis parsed;
    parsed.axis.kind = PatternAxis::Kind::group;
    std::string joined;
    for (;;) {
      const Token token = lexer_.next();
      if (token.kind == Token::Kind::close) {
        const Span whole{label ? label->span.begin : open.span.begin, token.span.end};
        if (parsed.axis.members.empty()) {
          lexer_.fail(whole, "the group is empty; '1' is a dim of extent 1");
        }
        if (!label && joined.size() > kMaxName) {
          lexer_.fail(whole,
                      fmt::format("the group's name '{}' has more than {} bytes; write name=(…)",
                                  joined, kMaxName));
        }
        parsed.axis.is_labelled = label.has_value();
        parsed.axis.name = label ? label->dim : Dim{Name::intern(joined), 0};
        return parsed;
      }
      if (token.kind == Token::Kind::open) lexer_.fail(token, "groups do not nest");
      if (token.kind == Token::Kind::ellipsis) lexer_.fail(token, "'...' has no place in a group");
      if (token.kind == Token::Kind::end || token.kind == Token::Kind::arrow) {
        lexer_.fail(token, fmt::format("the group is not closed: ')' is expected, not {}",
                                       describe(lexer_, token)));
      }
      const ParsedDim member = parse_dim(lexer_, token, Extents::allowed);
      for (const PatternAxis::Member& earlier : parsed.axis.members) {
        if (earlier.dim == member.dim) {
          lexer_.fail(member.span, fmt::format("'{}' twice in the group", member.dim.text()));
        }
      }
      joined += fmt::format("{}{}", joined.empty() ? "" : "_", member.dim.name.text());
      parsed.axis.members.push_back({member.dim, member.extent});
      parsed.spans.push_back(member.span);
    }
  }

  // A name stands once on a side as a member, and once as the name of an axis.
  void check_repeats(const std::vector<ParsedAxis>& axes,
                     const ParsedAxis& parsed,
                     std::string_view place) const {
    for (size_t i = 0; i < parsed.axis.members.size(); ++i) {
      for (const ParsedAxis& earlier : axes) {
        for (const PatternAxis::Member& member : earlier.axis.members) {
          if (member.dim != parsed.axis.members[i].dim) continue;
          lexer_.fail(parsed.spans[i], fmt::format("'{}' twice {}", member.dim.text(), place));
        }
      }
    }
    for (const ParsedAxis& earlier : axes) {
      if (earlier.axis.name.name.empty() || earlier.axis.name != parsed.axis.name) continue;
      lexer_.fail(parsed.spans[0],
                  fmt::format("two axes named '{}' {}", parsed.axis.name.text(), place));
    }
  }

  void check_name(const std::vector<PatternAxis>& axes, const ParsedAxis& parsed) const {
    const auto has_name = [&](const PatternAxis& axis) { return axis.name == parsed.axis.name; };
    const auto later = [&](const ParsedAxis& other) {
      return &other > &parsed && has_name(other.axis);
    };
    if (std::any_of(axes.begin(), axes.end(), has_name) ||
        std::any_of(right_.begin(), right_.end(), later)) {
      lexer_.fail(parsed.spans[0],
                  fmt::format("the name '{}' that '1' stands for is taken; write name=1",
                              parsed.axis.name.text()));
    }
  }

  // Finds the member on a side; a member is what both sides are made of.
  static PatternAxis::Member* find(std::vector<ParsedAxis>& axes, Dim dim) {
    for (ParsedAxis& parsed : axes) {
      for (PatternAxis::Member& member : parsed.axis.members) {
        if (member.dim == dim) return &member;
      }
    }
    return nullptr;
  }

  void check_members() {
    const auto ellipsis = [](const std::vector<ParsedAxis>& axes) {
      return std::find_if(axes.begin(), axes.end(), [](const ParsedAxis& parsed) {
        return parsed.axis.kind == PatternAxis::Kind::ellipsis;
      });
    };
    const auto left = ellipsis(left_);
    const auto right = ellipsis(right_);
    if ((left == left_.end()) != (right == right_.end())) {
      lexer_.fail(left != left_.end() ? left->spans[0] : right->spans[0],
                  fmt::format("'...' stands only {} of '->'; write it on both sides or on neither",
                              left != left_.end() ? "left" : "right"));
    }
    for (ParsedAxis& parsed : left_) {
      for (size_t i = 0; i < parsed.axis.members.size(); ++i) {
        PatternAxis::Member& member = parsed.axis.members[i];
        PatternAxis::Member* other = find(right_, member.dim);
        if (other != nullptr) {
          merge(member, *other);
        } else if (kind_ != PatternKind::reduce && member.extent != 1) {
          lexer_.fail(parsed.spans[i],
                      fmt::format("'{0}' is lost: it stands only left of '->'; sum it with "
                                  "lo.reduce, or write {0}=1 if it has extent 1",
                                  member.dim.text()));
        }
      }
    }
    for (const ParsedAxis& parsed : right_) {
      for (size_t i = 0; i < parsed.axis.members.size(); ++i) {
        const PatternAxis::Member& member = parsed.axis.members[i];
        if (kind_ == PatternKind::expand || member.extent == 1) continue;
        if (find(left_, member.dim) != nullptr) continue;
        lexer_.fail(parsed.spans[i],
                    fmt::format("'{0}' is unknown: it stands only right of '->'; repeat along it "
                                "with lo.expand, or write {0}=1 for a dim of extent 1",
                                member.dim.text()));
      }
    }
  }

  void merge(PatternAxis::Member& left, PatternAxis::Member& right) {
    if (left.extent != kUnknown && right.extent != kUnknown && left.extent != right.extent) {
      Span span;
      for (const ParsedAxis& parsed : right_) {
        for (size_t i = 0; i < parsed.axis.members.size(); ++i) {
          if (&parsed.axis.members[i] == &right) span = parsed.spans[i];
        }
      }
      lexer_.fail(span, fmt::format("extent of '{}' is {} left of '->' but {} here",
                                    left.dim.text(), left.extent, right.extent));
    }
    left.extent = right.extent = std::max(left.extent, right.extent);
  }

  Lexer lexer_;
  PatternKind kind_;
  std::vector<ParsedAxis> left_;
  std::vector<ParsedAxis> right_;
};

std::string text_of(const PatternAxis::Member& member) {
  std::string text = member.dim.text();
  if (member.extent != kUnknown) text += fmt::format("={}", member.extent);
  return text;
}

std::string text_of(const std::vector<PatternAxis>& axes) {
  std::string text;
  for (const PatternAxis& axis : axes) {
    if (!text.empty()) text += ' ';
    switch (axis.kind) {
      case PatternAxis::Kind::dim:
        text += text_of(axis.members[0]);
        break;
      case PatternAxis::Kind::group: {
        if (axis.is_labelled) text += fmt::format("{}=", axis.name.text());
        text += '(';
        for (size_t i = 0; i < axis.members.size(); ++i) {
          if (i > 0) text += ' ';
          text += text_of(axis.members[i]);
        }
        text += ')';
        break;
      }
      case PatternAxis::Kind::one:
        text += '1';
        break;
      case PatternAxis::Kind::ellipsis:
        text += "...";
        break;
    }
  }
  return text;
}

ParseContext context_of(PatternKind kind) {
  switch (kind) {
    case PatternKind::rearrange:
      return ParseContext::pattern;
    case PatternKind::reduce:
      return ParseContext::reduction;
    case PatternKind::expand:
      return ParseContext::expansion;
  }
  return ParseContext::pattern;
}

}  // namespace

bool Pattern::has_ellipsis() const noexcept {
  return std::any_of(left.begin(), left.end(), [](const PatternAxis& axis) {
    return axis.kind == PatternAxis::Kind::ellipsis;
  });
}

std::string Pattern::text() const { return fmt::format("{} -> {}", text_of(left), text_of(right)); }

Pattern parse_pattern(std::string_view operation, std::string_view text, PatternKind kind) {
  const auto parse = [kind](std::string_view name, std::string_view pattern) {
    return PatternParser(name, pattern, kind).parse();
  };
  return *cached<Pattern>(context_of(kind), operation, text, parse);
}

}  // namespace lunops
