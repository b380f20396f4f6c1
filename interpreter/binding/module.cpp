// SPDX-License-Identifier: MIT
#include "interpreter/binding/module.hpp"

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/members.hpp"
#include "interpreter/binding/stages.hpp"
#include "interpreter/binding/stdlib.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/timeline.hpp"
#include "interpreter/binding/topics.hpp"
#include "interpreter/binding/types.hpp"

namespace lunops::lua {

void install_shapes(lua_State* L, State& state);

namespace {

constexpr char kModuleKey = 0;

void install_scratch(lua_State* L, State& state) {
  for (const BoxType* type :
       {&Boxed<Value>::type, &Boxed<Results>::type, &Boxed<std::string>::type}) {
    push_new_metatable(L, state, *type);
    lua_pop(L, 1);
  }
}

int open(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kModuleKey) == LUA_TTABLE) return 1;
  State& state = open_state(L);
  install_errors(L);
  install_scratch(L, state);
  install_type(L, state, Boxed<c128>::type, {complex_records(), complex_arithmetic_records()});
  install_shapes(L, state);
  install_type(L, state, Boxed<Signature>::type, {signature_records()});
  install_type(L, state, Boxed<Tensor>::type,
               {tensor_records(), tensor_arithmetic_records(), reduction_records()},
               tensor_missing());
  install_type(L, state, Boxed<Linop>::type,
               {linop_records(), linop_arithmetic_records(), linop_parts_records(),
                linop_tiles_records(), linop_plan_records()},
               linop_missing(), linop_assign());
  install_type(L, state, Boxed<Stages>::type, {stages_records()});
  install_type(L, state, Boxed<TimelineHandle>::type, {timeline_members()});

  lua_createtable(L, 0, 128);
  for (const Topic& topic : all_topics())
    if (topic.name != "files") install_functions(L, state, topic.records);
  lua_createtable(L, 0, 4);
  install_functions(L, state, io_records());
  lua_setfield(L, -2, "io");
  push_complex(L, state, c128(0, 1));
  lua_setfield(L, -2, "i");
  lua_pushliteral(L, LUNOPS_VERSION);
  lua_setfield(L, -2, "version");
  install_stdlib(L, state);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kModuleKey);
  return 1;
}

}  // namespace

std::span<const Topic> all_topics() {
  static const Topic topics[] = {
      {"numbers", complex_records()},
      {"arithmetic of numbers", complex_arithmetic_records()},
      {"shapes", shape_records()},
      {"signatures", signature_records()},
      {"factories", factory_records()},
      {"tensors", tensor_records()},
      {"arithmetic of tensors", tensor_arithmetic_records()},
      {"reductions", reduction_records()},
      {"comparisons", comparison_records()},
      {"rearrangement", rearrange_records()},
      {"combinations", lincomb_records()},
      {"elementary operators", elementary_records()},
      {"moving and selecting", moving_records()},
      {"sampling and blocks", cutting_records()},
      {"field and precision", field_records()},
      {"transforms", transform_records()},
      {"differences", difference_records()},
      {"containers", container_records()},
      {"user code and system", system_records()},
      {"operator values", linop_records()},
      {"algebra of operators", linop_arithmetic_records()},
      {"weights and gradients", linop_parts_records()},
      {"solvers", solver_records()},
      {"plans", explain_records()},
      {"laws", law_records()},
      {"tiles", split_records()},
      {"tiled operators", batch_records()},
      {"parts of tiled operators", linop_tiles_records()},
      {"automatic plans", plan_records()},
      {"figures of plans", linop_plan_records()},
      {"files", io_records()},
      {"phantoms", phantom_records()},
      {"memory", memory_records()},
      {"devices", device_records()},
      {"timelines", timeline_records()},
      {"timeline values", timeline_members()},
      {"scripts", script_records()},
      {"stopwatch", stages_records()},
      {"calls", call_records()},
      {"arguments", argument_records()},
      {"display", display_records()},
      {"help", help_records()},
  };
  return topics;
}

}  // namespace lunops::lua

int luaopen_lunops(lua_State* L) { return lunops::lua::open(L); }
