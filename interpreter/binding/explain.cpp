// SPDX-License-Identifier: MIT
#include "runtime/plan/explain.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/rewriting.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/plan/rewrite/rules.hpp"

namespace lunops::lua {

namespace {

Value node_of(const ExplainedNode& node) {
  Table table;
  table["name"] = node.name;
  table["signature"] = node.signature;
  table["flops"] = node.flops;
  table["bytes"] = node.bytes;
  table["workspace"] = static_cast<int64_t>(node.workspace);
  table["atomic"] = node.is_atomic;
  Table children;
  for (const ExplainedNode& child : node.children) children.list.push_back(node_of(child));
  table["children"] = std::move(children);
  return table;
}

Value table_of(const Explained& explained) {
  Table table;
  Table nodes;
  nodes.list.push_back(node_of(explained.root));
  table["nodes"] = std::move(nodes);
  table["written"] = node_of(explained.written);
  Table total;
  total["flops"] = explained.flops;
  total["bytes"] = explained.bytes;
  total["seconds"] = explained.seconds;
  total["workspace"] = static_cast<int64_t>(explained.workspace);
  total["persistent"] = static_cast<int64_t>(explained.persistent);
  total["peak"] = static_cast<int64_t>(explained.peak);
  table["total"] = std::move(total);
  Table choices;
  for (const ExplainedChoice& choice : explained.choices) {
    Table row;
    row["node"] = choice.node;
    row["chosen"] = choice.chosen;
    row["why"] = choice.why;
    Table estimates;
    for (const auto& [name, seconds] : choice.estimates) estimates[name] = seconds;
    row["estimates"] = std::move(estimates);
    choices.list.emplace_back(std::move(row));
  }
  table["choices"] = std::move(choices);
  Table rewritten;
  for (const std::string& line : explained.rewritten) rewritten.list.emplace_back(line);
  table["rewritten"] = std::move(rewritten);
  return table;
}

}  // namespace

void read_rewrite(std::string_view operation, const Value& value, PlanOptions& options) {
  if (const bool* all = value.get<bool>()) {
    options.rewrite = *all;
    return;
  }
  const Table* table = value.table();
  if (table == nullptr || !table->list.empty()) {
    fail(Code::argument, operation,
         "option 'rewrite' is true, false or a table of rules such as {{ toeplitz = false }}, got "
         "{}",
         value.type());
  }
  for (const auto& [name, is_on] : table->fields) {
    require_rule(operation, name);
    const bool* on = is_on.get<bool>();
    if (on == nullptr) {
      fail(Code::argument, operation, "rewrite: '{}' must be true or false, got {}", name,
           is_on.type());
    }
    if (!*on) options.without.push_back(name);
  }
}

namespace {

constexpr Field kApplications =
    option("applications", Kind::integer, "20", "how often the operator will be applied");
constexpr Field kFormat = option("format", Kind::text, "text", "text or table");
constexpr Field kDType =
    option("dtype", Kind::text, "x's, else the operator's, else c64", "of the data");
constexpr Field kRewrite =
    option("rewrite", Kind::any, "true", "false, or rules that are left out: { toeplitz = false }");

// Where an input lies of which only the shape is known: on the host where the operator takes that,
// else with its weights.
Device input_device(const Linop& a) {
  const auto own = a.device();
  if (!own) return Device::host();
  try {
    check_device(a.node(), Device::host());
  } catch (const Error& e) {
    if (e.code() != Code::device) throw;
    return *own;
  }
  return Device::host();
}

constexpr auto explain_ = with_options(
    function(
        {.name = "explain",
         .summary = "Tells what an application will do, before anything runs.",
         .returns = "text, or tables {nodes, written, total, choices, rewritten}",
         .raises = {Code::shape, Code::dtype},
         .example = R"(local A = 2*lo.Identity "x"
print(#lo.explain(A, "x=3", { format = "table" }).nodes)  --> 1)",
         .see = {"Linop.N"}},
        [](Context& context, const Linop& a, const Value& x, const Given& outer) -> Value {
          // lo.explain(A, {…}): the extents are known, and the table holds options.
          static constexpr Field fields[] = {kApplications, kFormat, kDType, kRewrite};
          const bool is_options = x.table() != nullptr;
          const Value nothing;
          const Given alone("explain", is_options ? x : nothing, {}, fields);
          const Given& given = is_options ? alone : outer;
          DType dtype = a.dtype().value_or(static_cast<State*>(context.listener)->dtype);
          Shape shape = a.ishape();
          if (const auto* tensor = x.get<Tensor>()) {
            shape = tensor->shape();
            dtype = tensor->dtype();
          } else if (const auto* text = x.get<std::string>()) {
            shape = Shape::parse(*text);
          } else if (const auto* given_shape = x.get<Shape>()) {
            shape = *given_shape;
          } else if (!x.is_nil() && !is_options) {
            fail(Code::argument, "explain", "argument 2 (x) must be a tensor or shape, got {}",
                 x.type());
          }
          if (const auto name = given.text("dtype")) dtype = dtype_named("explain", *name);
          PlanOptions options;
          options.applications = static_cast<int>(given.integer("applications").value_or(20));
          if (const Value* rewrite = given.option("rewrite"))
            read_rewrite("explain", *rewrite, options);
          const auto* given_tensor = x.get<Tensor>();
          Context there = on_device(
              given_tensor != nullptr ? given_tensor->device() : input_device(a), context);
          const Explained explained = lunops::explain(a, shape, dtype, there, options);
          const std::string format = given.text("format").value_or("text");
          if (format == "table") return table_of(explained);
          if (format != "text")
            fail(Code::argument, "explain", "option 'format' is \"text\" or \"table\", got \"{}\"",
                 format);
          return explained.text();
        },
        param<LinopArg>("A", "the operator"),
        Param<ValueArg>{
            {"x", Kind::shape, "an input or its shape, where extents are open", "A's", false}}),
    kApplications,
    kFormat,
    kDType,
    kRewrite);

constexpr Record kRecords[] = {exported<explain_>()};

}  // namespace

std::span<const Record> explain_records() { return kRecords; }

}  // namespace lunops::lua
