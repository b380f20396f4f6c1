// SPDX-License-Identifier: MIT
#include "runtime/solver/solver.hpp"

#include "interpreter/binding/callback.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/factories.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

constexpr Field kSolver[] = {
    option("iters", Kind::integer, "100", "most iterations"),
    option("tol", Kind::number_false, "1e-6", "stops when |r| <= tol*|b|; false: never"),
    option("x0", Kind::tensor, "zeros", "where to start; it is copied"),
    option("precond", Kind::linop, "identity", "self-adjoint, positive, near the inverse"),
    option("batch", Kind::dims, "none", "dims of independent problems"),
    option("on_iteration",
           Kind::function,
           "",
           "called with {iteration, of, residual, seconds, x}; false stops"),
    option("max_seconds", Kind::number, "no limit", "stops after this time"),
    option("refresh",
           Kind::integer,
           "50",
           "recomputes the residual every so many iterations; 0: never"),
};
constexpr Field kCgOperands[] = {
    {"M", Kind::linop, "self-adjoint and >= 0", {}, true},
    {"b", Kind::tensor, "the right-hand side", {}, true},
};

Value info_of(const SolverInfo& info) {
  Table table;
  table["algorithm"] = info.algorithm;
  table["why"] = info.why;
  table["converged"] = info.converged;
  table["reason"] = lunops::name_of(info.reason);
  table["iterations"] = info.iterations;
  Table applications;
  applications["A"] = info.applications;
  table["applications"] = std::move(applications);
  table["residual"] = info.residual;
  Table residual;
  for (const double r : info.history) residual.list.emplace_back(r);
  Table history;
  history["residual"] = std::move(residual);
  table["history"] = std::move(history);
  table["seconds"] = info.seconds;
  table["setup_seconds"] = info.setup_seconds;
  table["peak"] = static_cast<int64_t>(info.peak);
  if (info.batch_iterations) table["iterations"] = *info.batch_iterations;
  if (info.batch_residual) table["residual"] = *info.batch_residual;
  table.text = info.text();
  return table;
}

// on_iteration: the table is made inside the protected call; x is closed when it returns.
struct Step {
  const Iteration* iteration;
  BoxHeader* live = nullptr;
  bool goes_on = true;
};

int push_step(lua_State* L, State& state, void* data) {
  Step& step = *static_cast<Step*>(data);
  const Iteration& it = *step.iteration;
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, it.iteration);
  lua_setfield(L, -2, "iteration");
  lua_pushinteger(L, it.of);
  lua_setfield(L, -2, "of");
  lua_pushnumber(L, it.residual);
  lua_setfield(L, -2, "residual");
  lua_pushnumber(L, it.seconds);
  lua_setfield(L, -2, "seconds");
  Box<Tensor>* x = push_box<Tensor>(L, state, false);
  x->emplace(Tensor(it.x));
  lua_pushvalue(L, -1);
  lua_insert(L, 3);  // keeps the box alive until the call is over
  lua_setfield(L, -2, "x");
  step.live = x;
  lua_pushvalue(L, 2);
  lua_insert(L, -2);
  return 1;
}

int read_step(lua_State* L, State&, void* data) {
  static_cast<Step*>(data)->goes_on = !lua_isboolean(L, -1) || lua_toboolean(L, -1);
  return 0;
}

int cg_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 3);
  const auto m = LinopArg::decode(L, Place{state, "cg", "M", 1});
  const auto b = TensorArg::decode(L, Place{state, "cg", "b", 2});
  const Value* options = decode_value(L, state, 3, "cg");
  // Reserved for the callback: its function and the slot of its error value.
  lua_pushnil(L);
  const Callback callback{L, &state, lua_gettop(L), lua_gettop(L) + 1};
  lua_pushnil(L);
  if (options->table() != nullptr)
    if (const Value* f = options->table()->find("on_iteration"))
      if (const auto* slot = f->get<FunctionSlot>()) {
        slot->push(L);
        lua_replace(L, callback.function);
      }
  return finish(L, state, [&](Context& context) {
    const Linop a = m->value();
    const Tensor rhs = b->value();
    const Given given("cg", *options, {}, kSolver);
    CgOptions cg;
    cg.iters = static_cast<int>(given.integer("iters").value_or(cg.iters));
    if (given.has("tol")) cg.tol = given.number("tol");
    cg.x0 = given.tensor("x0");
    cg.precond = given.linop("precond");
    cg.batch = given.dims("batch");
    cg.max_seconds = given.number("max_seconds").value_or(cg.max_seconds);
    cg.refresh = static_cast<int>(given.integer("refresh").value_or(cg.refresh));
    if (given.has("on_iteration") && lua_isfunction(L, callback.function))
      cg.on_iteration = [&callback](const Iteration& iteration) {
        Step step{&iteration};
        struct Expire {
          Step& step;
          ~Expire() {
            if (step.live != nullptr)
              close_box(step.live, "the iterate of a call that is over; use it.x:clone()");
          }
        } expire{step};
        callback.call(push_step, read_step, &step);
        return step.goes_on;
      };
    auto [x, info] = lunops::cg(a, rhs, context, cg);
    Results results;
    results.values.emplace_back(std::move(x));
    results.values.push_back(info_of(info));
    return results;
  });
}
constexpr Manual cg_ = {
    {.name = "cg",
     .summary = "Solves M x = b by conjugate gradients, M self-adjoint and >= 0.",
     .returns = "x and an info table",
     .raises = {Code::shape, Code::dtype, Code::device, Code::numeric, Code::interrupted},
     .example = R"(local x, info = lo.cg(2*lo.Identity "x", lo.ones "x=3")
print(x:sum(), info.iterations)  --> 1.5+0i	1)",
     .source = "Hestenes, Stiefel, J. Res. NBS 49 (1952) 409",
     .waits = true}};

constexpr auto power_ = with_options(
    function(
        {.name = "power",
         .summary =
             "The eigenvalue of largest magnitude of a self-adjoint operator, and its vector.",
         .returns = "the value, the vector and an info table",
         .raises = {Code::shape, Code::dtype, Code::numeric, Code::interrupted},
         .example = R"(local value = lo.power(2*lo.Identity{ "x", extent = { x = 3 } })
print(("%.3f"):format(value))  --> 2.000)",
         .waits = true},
        [](Context& context, const Linop& m, const Given& given) {
          PowerOptions options;
          options.iters = static_cast<int>(given.integer("iters").value_or(options.iters));
          options.tol = given.number("tol").value_or(options.tol);
          options.v0 = given.tensor("v0");
          options.seed = static_cast<uint64_t>(given.integer("seed").value_or(0));
          options.batch = given.dims("batch");
          DType dtype = m.dtype().value_or(static_cast<State*>(context.listener)->dtype);
          if (const auto name = given.text("dtype")) dtype = dtype_named("power", *name);
          if (!is_floating(dtype)) dtype = DType::c64;
          PowerResult found = power_method(m, context, options, {}, dtype);
          Results results;
          results.values.push_back(found.values ? Value(*found.values) : Value(found.value));
          results.values.emplace_back(found.vector);
          results.values.push_back(info_of(found.info));
          return results;
        },
        param<LinopArg>("M", "self-adjoint")),
    option("iters", Kind::integer, "50", "most iterations"),
    option("tol", Kind::number, "1e-4", "stops when the value changes by less, relative"),
    option("v0", Kind::tensor, "random", "where to start"),
    option("seed", Kind::integer, "0", "of the random start"),
    option("batch", Kind::dims, "none", "dims of independent problems"),
    option("dtype", Kind::text, "the operator's, else c64", "of the random start"));

constexpr Record kRecords[] = {manual(cg_, cg_entry, kCgOperands, kSolver), exported<power_>()};

}  // namespace

std::span<const Record> solver_records() { return kRecords; }

}  // namespace lunops::lua
