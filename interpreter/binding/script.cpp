// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>

#include "interpreter/binding/articles.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/json.hpp"
#include "interpreter/binding/stages.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/io/io.hpp"

namespace lunops::lua {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

State& state_from(Context& context) { return *static_cast<State*>(context.listener); }

constexpr auto now = function({.name = "now",
                               .summary = "Seconds on a clock that never goes back.",
                               .returns = "a number",
                               .example = "print(lo.now() <= lo.now())  --> true",
                               .see = {"stages"}},
                              [](Context&) { return seconds_now(); });
constexpr auto wait = function({.name = "wait",
                                .summary = "Waits until all devices are done.",
                                .returns = "nothing",
                                .example = "print(select(\"#\", lo.wait()))  --> 0",
                                .waits = true},
                               [](Context& context) { context.stream->wait(); });
constexpr auto json = function(
    {.name = "json",
     .summary = "A table as JSON; lo.complex becomes [re, im], NaN and infinities null.",
     .returns = "a string",
     .raises = {Code::argument},
     .example = "print(lo.json({ 1, 2.5, \"x\" }))  --> [1, 2.5, \"x\"]",
     .see = {"io.write"}},
    [](Context&, const Value& value) { return to_json(value); },
    param<ValueArg>("value", "tables, numbers, text, booleans"));

constexpr auto warn = function(
    {.name = "warn",
     .summary = "Reports a warning, once per place and text; -W makes it an error.",
     .returns = "nothing",
     .example = "lo.warn \"the data have no noise scan\"\nprint(lo.warnings()[1].text)  --> the "
                "data have no noise scan",
     .see = {"warnings"}},
    [](Context& context, std::string_view text) {
      context.warn(context.origin != nullptr ? context.origin : "script", text);
    },
    param<TextArg>("text", "what the user should know"));
constexpr auto warnings =
    function({.name = "warnings",
              .summary = "The warnings since the last call, which clears them.",
              .returns = "a list of {place, text}",
              .example = "print(#lo.warnings())  --> 0",
              .see = {"warn"}},
             [](Context& context) -> Value {
               State& state = state_from(context);
               Table list;
               for (const State::Warning& warning : state.warnings) {
                 Table row;
                 row["place"] = warning.place;
                 row["text"] = warning.text;
                 list.list.emplace_back(std::move(row));
               }
               state.warnings.clear();
               state.warned.clear();
               return list;
             });

constexpr auto defaults = with_options(
    function({.name = "defaults",
              .summary = "Sets what factories and readers of this state use where nothing is said.",
              .returns = "a table {device, dtype} of what holds now",
              .raises = {Code::dtype, Code::device},
              .example = "print(lo.defaults().dtype)  --> c64"},
             [](Context& context, const Given& given) -> Value {
               State& state = state_from(context);
               if (const auto dtype = given.text("dtype"))
                 state.dtype = dtype_named("defaults", *dtype);
               if (const auto device = given.text("device")) {
                 const Device wanted = Device::parse(*device);
                 // Fails here, not at the first tensor, if there is no such device.
                 context.device = wanted;
                 Tensor::empty(Shape(), DType::f32, context);
                 state.context.device = wanted;
               }
               Table table;
               table["dtype"] = lunops::name_of(state.dtype);
               table["device"] = state.context.device.text();
               return table;
             }),
    option("dtype", Kind::text, "c64", "of new tensors"),
    option("device", Kind::text, "cpu", "where new tensors lie"));

constexpr auto threads = function(
    {.name = "threads",
     .summary = "The number of threads that this state's work may use; a number sets it.",
     .returns = "an integer",
     .raises = {Code::argument},
     .example = "print(lo.threads() >= 1)  --> true"},
    [](Context& context, std::optional<int64_t> count) -> int64_t {
      lunops::Stream& stream = *context.stream;
      if (count && (*count < 1 || *count > 4096))
        fail(Code::argument, "threads", "{} is no number of threads; 1 to 4096", *count);
      if (count) stream.set_threads(static_cast<int>(*count));
      return stream.threads();
    },
    optional<IntArg>("count", "threads", "no change"));
constexpr auto operators = function(
    {.name = "operators",
     .summary = "The operator classes there are.",
     .returns = "a list of {name, summary, signature, dtypes, backends, law_cases}",
     .example = "print(lo.operators()[1].name, lo.operators()[1].signature)  --> Identity\ty x",
     .see = {"help"}},
    [](Context&) -> Value {
      Table list;
      for (const Article& a : articles()) {
        if (!a.is_operator()) continue;
        Table row;
        row["name"] = a.name;
        row["summary"] = a.summary;
        row["signature"] = a.signature;
        row["dtypes"] = a.dtypes;
        row["backends"] = kBackends;
        row["law_cases"] = static_cast<int64_t>(a.law_cases);
        list.list.emplace_back(std::move(row));
      }
      return list;
    });

std::string_view type_name(const Value& value) {
  return value.type() == "userdata" ? std::string_view("userdata") : value.type();
}
constexpr auto type = function(
    {.name = "type",
     .summary = "Like Lua's type, but tells tensors, operators, shapes and complex numbers apart.",
     .returns = "a string",
     .example = "print(lo.type(lo.ones \"x=3\"), lo.type(3))  --> tensor	number"},
    [](Context&, const Value& value) { return std::string(type_name(value)); },
    param<ValueArg>("value", "any value"));

// The 2-D part of x that a picture shows: further dims at 1, or where `slice` says.
Tensor shown_part(const Tensor& whole, const Given& given, std::string& caption) {
  Tensor x = whole;
  if (const Value* slice = given.option("slice")) {
    x = slice_of("show", x, *slice);
    for (const auto& [name, at] : slice->table()->fields)
      if (const auto n = integer_of(at)) caption += fmt::format(", {}={}", name, *n);
  }
  const std::string rows = given.text("rows").value_or("");
  const std::string columns = given.text("cols").value_or("");
  for (int i = 0; i < x.ndim() && x.ndim() > 2;) {
    const std::string name = x.shape().is_named() ? x.shape().dim(i).text() : "";
    if (!name.empty() && (name == rows || name == columns)) {
      ++i;
      continue;
    }
    caption += fmt::format(", {}={}", name.empty() ? fmt::format("({})", i + 1) : name, 1);
    x = x.select(i, 0);
  }
  if (x.ndim() != 2)
    fail(Code::shape, "show", "{} has {} dim{}; a picture needs two", whole.shape().braced(),
         whole.ndim(), whole.ndim() == 1 ? "" : "s");
  if (!rows.empty() && !columns.empty()) x = x.permute(rows + " " + columns);
  return x;
}

constexpr auto show = with_options(
    function(
        {.name = "show",
         .summary = "Tells what a picture of a tensor shows, and how to write it.",
         .returns = "nothing",
         .raises = {Code::shape, Code::dtype, Code::argument},
         .example = "lo.show(lo.ones \"y=4 x=4\", { window = { 0, 1 } })  --> abs of {y=4, x=4}, "
                    "window 0 to 1; lo.io.write(\"x.png\", x) writes the picture",
         .waits = true,
         .see = {"io.write"}},
        [](Context& context, const Tensor& x, const Given& given) {
          io::WriteOptions options;
          options.part = given.text("part").value_or("abs");
          options.percentile = given.number("percentile").value_or(99.5);
          if (const Value* window = given.option("window");
              window != nullptr && window->table()->list.size() == 2)
            options.window = {number_of(window->table()->list[0]).value_or(0),
                              number_of(window->table()->list[1]).value_or(1)};
          std::string place;
          const Tensor part = shown_part(x, given, place);
          const io::Picture picture = io::picture(part, options, context);
          const std::string text = fmt::format(
              "{} of {}{}, window {:.4g} to {:.4g}; lo.io.write(\"x.png\", x) writes the picture\n",
              options.part, part.shape().braced(), place, picture.low, picture.high);
          State& state = state_from(context);
          if (state.sink != nullptr) {
            const Span spans[] = {{Role::hint, text}};
            state.sink->write(lua::Stream::results, spans);
          } else {
            std::fwrite(text.data(), 1, text.size(), stdout);
          }
        },
        param<TensorArg>("x", "a tensor with at least two dims")),
    option("rows", Kind::text, "second last dim", "dim that runs down"),
    option("cols", Kind::text, "last dim", "dim that runs to the right"),
    option("slice", Kind::table, "1 along other dims", "index by dim"),
    option("part", Kind::text, "abs", "abs phase real imag"),
    option("window", Kind::table, "by percentile", "{ low, high }"),
    option("percentile", Kind::number, "99.5", "what is white, without a window"));

constexpr auto stages =
    function({.name = "stages",
              .summary = "A stopwatch: stage \"name\" starts a stage and ends the one before.",
              .returns = "a Stages object",
              .example = R"(local stage = lo.stages()
stage "read"
print(stage:report().read >= 0)  --> true)",
              .see = {"now"}},
             [](Context&) { return Stages(); });
// self first: the box is changed in place, so it is reached by pointer.
struct StagesArg : BoxArg<Stages> {
  static constexpr Kind kind = Kind::any;
  static Stages* own(Raw raw) { return &raw->value(); }
};
constexpr auto call_stage = metamethod(
    {.name = "Stages.__call",
     .summary = "Ends the running stage and starts this one.",
     .returns = "nothing",
     .example = R"(local stage = lo.stages()
stage "solve"
print(stage:report().solve >= 0)  --> true)",
     .waits = true,
     .notation = "stage \"name\""},
    [](Context& context, Stages* s, std::string_view name) {
      context.stream->wait();
      s->start(name);
    },
    param<StagesArg>("stage", "the stopwatch"),
    param<TextArg>("name", "the stage"));
constexpr auto report = method(
    {.name = "Stages:report",
     .summary = "Ends the running stage; seconds by stage.",
     .returns = "a table",
     .example = "print(next(lo.stages():report()))  --> nil",
     .waits = true},
    [](Context& context, Stages* s) -> Value {
      context.stream->wait();
      s->stop();
      Table table;
      for (const auto& [name, seconds] : s->seconds) table[name] = seconds;
      return table;
    },
    param<StagesArg>("stage", "the stopwatch"));

constexpr Record kRecords[] = {exported<now>(),     exported<wait>(),      exported<json>(),
                               exported<warn>(),    exported<warnings>(),  exported<defaults>(),
                               exported<threads>(), exported<operators>(), exported<type>(),
                               exported<show>(),    exported<stages>()};
constexpr Record kStages[] = {exported<call_stage>(), exported<report>()};

}  // namespace

const BoxType Boxed<Stages>::type = {"lunops.Stages", "stopwatch", [](void* slot) noexcept {
                                       static_cast<Stages*>(slot)->~Stages();
                                     }};

void Stages::start(std::string_view name) {
  stop();
  current = std::string(name);
  began = seconds_now();
}

void Stages::stop() {
  if (current.empty()) return;
  const double took = seconds_now() - began;
  for (auto& [name, sum] : seconds) {
    if (name != current) continue;
    sum += took;
    current.clear();
    return;
  }
  seconds.emplace_back(std::move(current), took);
  current.clear();
}

std::span<const Record> script_records() { return kRecords; }
std::span<const Record> stages_records() { return kStages; }

}  // namespace lunops::lua
