// SPDX-License-Identifier: MIT
#include "interpreter/binding/operators/common.hpp"

#include "interpreter/binding/lua_function.hpp"

namespace lunops::lua {

namespace {

// One call of a function that takes a tensor and returns one.
struct TensorCall {
  const Tensor* x;
  Tensor result;
  const char* got = nullptr;  // the type of a result that is no tensor
};

int push_input(lua_State* L, State& state, void* data) {
  lua_pushvalue(L, 2);
  push_tensor(L, state, *static_cast<TensorCall*>(data)->x);
  return 1;
}

int read_result(lua_State* L, State&, void* data) {
  auto& call = *static_cast<TensorCall*>(data);
  const auto* box = box_at<Tensor>(L, -1);
  if (box != nullptr && box->full) {
    call.result = const_cast<Box<Tensor>*>(box)->value();
  } else if (const BoxHeader* other = any_box(L, -1)) {
    call.got = other->full ? other->type->noun : "a closed tensor";
  } else {
    call.got = luaL_typename(L, -1);
  }
  return 0;
}

HostFunction tensor_function(State& state,
                             const FunctionSlot* slot,
                             std::string owner,
                             std::string role) {
  if (slot == nullptr) return {};
  return [f = LuaFunction(state, *slot), owner = std::move(owner), role = std::move(role)](
             const Tensor& x, Context&) {
    TensorCall call{&x, {}};
    f.call(push_input, read_result, &call, owner);
    if (call.got != nullptr)
      fail(Code::argument, owner, "{} returned {}; it must return a tensor", role, call.got);
    return call.result;
  };
}

const FunctionSlot* function_at(const Value* value) {
  return value == nullptr ? nullptr : value->get<FunctionSlot>();
}

CustomFunctions functions_of(State& state,
                             const std::string& owner,
                             const Value* apply,
                             const Value* adjoint,
                             const Value* normal) {
  return {tensor_function(state, function_at(apply), owner, "apply"),
          tensor_function(state, function_at(adjoint), owner, "adjoint"),
          tensor_function(state, function_at(normal), owner, "normal")};
}

// One call of `split`: the tile goes in as { m = {first, last} }, the part comes out.
struct SplitCall {
  const std::vector<CustomCut>* cuts;
  const std::string* owner;
  CustomPart part;
};

int push_cuts(lua_State* L, State&, void* data) {
  const auto& cuts = *static_cast<SplitCall*>(data)->cuts;
  lua_pushvalue(L, 2);
  lua_createtable(L, 0, static_cast<int>(cuts.size()));
  for (const CustomCut& cut : cuts) {
    lua_pushlstring(L, cut.dim.data(), cut.dim.size());
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, cut.first + 1);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, cut.first + cut.count);
    lua_rawseti(L, -2, 2);
    lua_rawset(L, -3);
  }
  return 1;
}

constexpr lunops::lua::Field kPart[] = {
    option("apply", Kind::function, "", "tensor in, tensor out"),
    option("adjoint", Kind::function, "", "of the part"),
    option("extent", Kind::table, "", "extents that the cut does not say")};

int read_part(lua_State* L, State& state, void* data) {
  auto& call = *static_cast<SplitCall*>(data);
  state.running = L;
  const Value* value = decode_value(L, state, -1, "split");
  Failure why;
  const bool ok = run(state, why, [&] {
    const Given given("split", *value, {}, kPart);
    call.part.functions =
        functions_of(state, *call.owner, given.option("apply"), given.option("adjoint"), nullptr);
    call.part.extent = given.extents("extent");
  });
  if (!ok) raise(L, why);
  return 0;
}

constexpr auto custom = with_options(
    constructor(
        {.name = "Custom",
         .summary = "An operator made of Lua functions.",
         .signature = "n -> m",
         .adjoint = "the function adjoint; without it .H is an error",
         .normal = "the function normal, else adjoint after apply",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument, Code::unsupported, Code::numeric},
         .example = R"(local A = lo.Custom{ "x -> x", name = "double",
  apply = function(x) return 2 * x end,
  adjoint = function(y) return 2 * y end }
print(A.N(lo.ones "x=3"):sum())  --> 12+0i)",
         .waits = true},
        [](Context& context, const Given& given) {
          State& state = state_of(context);
          CustomOptions options;
          common(given, options);
          const std::string owner =
              options.name.empty() ? "Custom" : fmt::format("Custom '{}'", options.name);
          const std::string field = given.text("field").value_or("complex");
          if (field != "complex" && field != "real")
            fail(Code::argument, "Custom", "option 'field' is \"complex\" or \"real\", got \"{}\"",
                 field);
          options.field = field == "real" ? lunops::Field::real : lunops::Field::complex;
          const std::string linear = given.text("linear").value_or("complex");
          if (linear != "complex" && linear != "real")
            fail(Code::argument, "Custom", "option 'linear' is \"complex\" or \"real\", got \"{}\"",
                 linear);
          options.is_real_linear = linear == "real";
          options.check = given.boolean("check", true);
          options.cuts = given.dims("cuts");
          if (const FunctionSlot* slot = function_at(given.option("split")))
            options.split = [f = LuaFunction(state, *slot),
                             owner](const std::vector<CustomCut>& cuts) {
              SplitCall call{&cuts, &owner, {}};
              f.call(push_cuts, read_part, &call, owner);
              return std::move(call.part);
            };
          return Custom(given.text(1),
                        functions_of(state, owner, given.option("apply"), given.option("adjoint"),
                                     given.option("normal")),
                        options);
        },
        operand("text", Kind::text, "\"n -> m\"; with \"...\" the functions take batch dims too")),
    option("apply", Kind::function, "", "tensor in, tensor out"),
    option("adjoint", Kind::function, "none", "the adjoint; without it, .H is an error"),
    option("normal", Kind::function, "adjoint after apply", "A.N"),
    option(
        "split", Kind::function, "none", "takes { m = {first, last} }, returns { apply, adjoint }"),
    option("cuts", Kind::dims, "none", "dims that split can cut"),
    option("field", Kind::text, "\"complex\"", "\"real\" if real data will do"),
    option("linear", Kind::text, "\"complex\"", "\"real\" if linear over real numbers only"),
    option("check", Kind::boolean, "true", "tests adjoint and linearity before the first use"),
    kExtent,
    kName,
    kBatch);

// One call of a Trace's function.
struct LookCall {
  const Tensor* x;
  std::string_view mode;
};

int push_look(lua_State* L, State& state, void* data) {
  const auto& call = *static_cast<LookCall*>(data);
  lua_pushvalue(L, 2);
  push_tensor(L, state, *call.x);
  lua_pushlstring(L, call.mode.data(), call.mode.size());
  return 2;
}

int read_nothing(lua_State*, State&, void*) { return 0; }

constexpr auto trace = with_options(
    constructor(
        {.name = "Trace",
         .summary = "The identity that tells what passes, in forward and in adjoint direction.",
         .signature = "...",
         .adjoint = "the same, which tells what passes backwards",
         .normal = "the composition: both tell",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = R"(local A = lo.Trace{ "...", fn = function(x, mode) print(mode, x.shape) end }
A.H(lo.ones "x=3")  --> adjoint	x=3)"},
        [](Context& context, const Given& given) {
          TraceOptions options;
          common(given, options);
          options.label = given.text("label").value_or("");
          if (const FunctionSlot* slot = function_at(given.option("fn"))) {
            const std::string owner =
                options.name.empty() ? "Trace" : fmt::format("Trace '{}'", options.name);
            options.look = [f = LuaFunction(state_of(context), *slot), owner](
                               const Tensor& x, std::string_view mode, Context&) {
              LookCall call{&x, mode};
              f.call(push_look, read_nothing, &call, owner);
            };
          }
          return Trace(given.text(1, "..."), options);
        },
        optional_operand("text", Kind::text, "dims; default any")),
    option(
        "fn", Kind::function, "prints norm, |x| and the number of NaN", "called with x and mode"),
    option("label", Kind::text, "", "begins the line that is printed"),
    kExtent,
    kName,
    kBatch);

constexpr auto breakpoint = with_options(
    constructor(
        {.name = "Breakpoint",
         .summary = "The identity that stops at a prompt with x and mode, where there is one.",
         .signature = "...",
         .adjoint = "the same, which stops on the way back",
         .normal = "the composition: both stop",
         .returns = "an operator; in scripts it is a Trace",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Breakpoint \"x\")  --> Breakpoint {x} -> {x}"},
        [](Context&, const Given& given) {
          BreakpointOptions options;
          common(given, options);
          options.label = given.text("label").value_or("");
          return Breakpoint(given.text(1, "..."), options);
        },
        optional_operand("text", Kind::text, "dims; default any")),
    option("label", Kind::text, "", "begins the line that is printed"),
    kExtent,
    kName,
    kBatch);

constexpr auto sleep_ = with_options(
    constructor(
        {.name = "Sleep",
         .summary = "The identity that takes its time in forward direction.",
         .signature = "...",
         .adjoint = "the identity, at once",
         .normal = "the composition",
         .returns = "an operator",
         .raises = {Code::shape, Code::argument},
         .example = "print(lo.Sleep{ \"x\", seconds = 0.001 }(lo.ones \"x=3\"):sum())  --> 3+0i"},
        [](Context&, const Given& given) {
          return Sleep(given.number("seconds").value_or(0.01), given.text(1, "..."), common(given));
        },
        optional_operand("text", Kind::text, "dims; default any")),
    option("seconds", Kind::number, "0.01", "how long"),
    kExtent,
    kName,
    kBatch);

constexpr auto to_device = with_options(
    constructor(
        {.name = "ToDevice",
         .summary = "The identity that moves data to another device; the adjoint moves them back.",
         .signature = "...",
         .adjoint = "ToDevice with the devices exchanged",
         .normal = "Identity",
         .returns = "an operator",
         .raises = {Code::device, Code::not_built, Code::unsupported, Code::argument},
         .example = R"(lo.virtual_devices{ cpu = 2 }
print(lo.ToDevice{ "cpu", "cpu:1" }(lo.ones "x=3").device)  --> cpu:1)"},
        [](Context&, const Given& given) {
          return ToDevice(Device::parse(given.text(1)), Device::parse(given.text(2)),
                          common(given));
        },
        operand("source", Kind::text, "where the input lies"),
        operand("target", Kind::text, "where the output lies")),
    kExtent,
    kName,
    kBatch);

constexpr Record kRecords[] = {exported<custom>(), exported<trace>(), exported<breakpoint>(),
                               exported<sleep_>(), exported<to_device>()};

}  // namespace

std::span<const Record> system_records() { return kRecords; }

}  // namespace lunops::lua
