// SPDX-License-Identifier: MIT
// What is done with the weights of operators: replace, move, differentiate.
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/grad/vjp.hpp"

namespace lunops::lua {

namespace {

constexpr auto self = param<LinopArg>("A", "the operator");

constexpr auto with_ = method(
    {.name = "Linop:with",
     .summary = "The same operator with other weights of the same shapes, or another name.",
     .returns = "an operator; what does not change is shared",
     .raises = {Code::argument, Code::shape, Code::dtype, Code::unsupported},
     .example = R"(local A = 2*lo.Diagonal{ lo.ones "x=3" }
local B = A:with{ ["2.weight"] = lo.full("x=3", 5), ["1.scalar"] = 3 }
print(B(lo.ones "x=3"):sum())  --> 45+0i)",
     .see = {"Linop:vjp"}},
    [](Context&, const Linop& a, const Value& given) {
      std::vector<NamedPart> parts;
      std::optional<std::string> name;
      if (!given.table()->list.empty())
        fail(Code::argument, "with", "the table names what it replaces, such as {{ weight = w }}");
      for (const auto& [key, value] : given.table()->fields) {
        if (key == "name") {
          if (const auto* text = value.get<std::string>()) {
            name = *text;
            continue;
          }
          fail(Code::argument, "with", "'name' must be a string, got {}", value.type());
        }
        if (const Tensor* tensor = value.get<Tensor>()) {
          parts.push_back({key, *tensor});
        } else if (const auto number = lunops::lua::scalar_of(value)) {
          parts.push_back({key, *number});
        } else {
          fail(Code::argument, "with", "'{}' must be a tensor or a number, got {}", key,
               value.type());
        }
      }
      return a.with(parts, name);
    },
    self,
    param<TableArg>("parts", "weight = w, [\"2.weight\"] = w, scalar = s, name = \"maps\""));

Value value_of(const PartValue& part) {
  if (const auto* tensor = std::get_if<Tensor>(&part)) return *tensor;
  const c128 z = std::get<c128>(part);
  return z.imag() == 0.0 ? Value(z.real()) : Value(z);
}

constexpr auto parts_ = method(
    {.name = "Linop:parts",
     .summary = "The weights that the operator was given, by path.",
     .returns = "a table: weight, traj, scalar, in containers [\"2.weight\"]",
     .example = "local A = 3*lo.Diagonal{ lo.ones \"x=2\" }\n"
                "print(A:parts()[\"1.scalar\"], A:parts()[\"2.weight\"].shape)  --> 3.0	x=2",
     .see = {"Linop:with", "Linop:vjp"}},
    [](Context&, const Linop& a) -> Value {
      Table table;
      for (const NamedPart& part : named_parts(a.node())) table[part.path] = value_of(part.value);
      return table;
    },
    self);

constexpr auto to = method(
    {.name = "Linop:to",
     .summary = "The same operator with all its weights on another device.",
     .returns = "an operator; itself if they lie there",
     .raises = {Code::device, Code::not_built, Code::host_memory, Code::device_memory},
     .example = R"(lo.virtual_devices{ cpu = 2 }
print(lo.Diagonal{ lo.ones "x=3" }:to("cpu:1").device)  --> cpu:1)"},
    [](Context& context, const Linop& a, std::string_view name) {
      return a.to(Device::parse(name), context);
    },
    self,
    param<TextArg>("device", "for example \"cuda:0\""));

constexpr auto vjp_ = with_options(
    method(
        {.name = "Linop:vjp",
         .summary = "Gradients of Re<v, A x> with respect to x and to the weights of A.",
         .returns = "A.H(v), and a table of gradients by path (\"weight\", \"2.weight\")",
         .raises = {Code::shape, Code::dtype, Code::device, Code::argument, Code::unsupported},
         .example = R"(local D = lo.Diagonal{ lo.ones "x=2" }
local gx, gw = D:vjp(lo.full("x=2", 3), lo.full("x=2", 5))
print(gx:sum(), gw.weight:sum())  --> 10+0i	30+0i)",
         .see = {"Linop:with"}},
        [](Context& context, const Linop& a, const Tensor& x, const Tensor& v, const Given& given) {
          std::optional<std::vector<std::string>> only;
          if (const Value* option = given.option("only")) {
            only.emplace();
            for (const Value& item : option->table()->list) {
              const auto* path = item.get<std::string>();
              if (path == nullptr)
                fail(Code::argument, "vjp", "only is a list of paths, got a {}", item.type());
              only->push_back(*path);
            }
          }
          Gradients made = vjp(a, x, v, context, only);
          Table table;
          for (const NamedPart& part : made.weights) table[part.path] = value_of(part.value);
          Results results;
          results.values.push_back(made.x.is_empty_handle() ? Value() : Value(made.x));
          results.values.emplace_back(std::move(table));
          return results;
        },
        self,
        param<TensorArg>("x", "what A is applied to"),
        param<TensorArg>("v", "like A(x)")),
    option("only", Kind::table, "all", "list of paths, and \"x\" for the first result"));

constexpr Record kRecords[] = {exported<with_>(), exported<parts_>(), exported<to>(),
                               exported<vjp_>()};

}  // namespace

std::span<const Record> linop_parts_records() { return kRecords; }

}  // namespace lunops::lua
