// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter/binding/articles.hpp"
#include "interpreter/session/sink.hpp"

namespace lunops::lua {

// Text to show, with the role of each stretch.
using Page = std::vector<std::pair<Role, std::string>>;

// What help shows of one thing: heading, summary, operands, options, errors, source, example.
Page page_of(const Article& article);
// Of a type such as "Tensor": its properties, methods and what operators on it mean.
Page page_of_type(std::string_view type);
// Of a topic, with one line per article; empty if there is no such topic.
Page page_of_topic(std::string_view topic);
// The topics, and how to ask.
Page overview();
// What `help "text"` shows: the thing of that name, the topic, or what mentions the words.  Throws
// Error{argument} with the nearest name if nothing does.
Page page_about(std::string_view text);

// The comment block right above line `line` of a source text, without its dashes; "" if none.
std::string comment_above(std::string_view text, int line);

}  // namespace lunops::lua
